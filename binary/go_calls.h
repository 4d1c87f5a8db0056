/* The direct calls in a Go function's machine code. */
#ifndef BINARY_GO_CALLS_H
#define BINARY_GO_CALLS_H

#include <stddef.h>
#include <stdint.h>

struct elf_image;
struct go_func;

struct go_call {
	uint64_t return_pc; /* link-time address behind the CALL */
	uint64_t target;    /* first address of what is called */
};

/*
 * The direct calls of FUNC in IMAGE (E8 rel32), in the order of their addresses: an array for the caller to free(),
 * *COUNT its length. NULL when there is none, the code is not in the file, or not amd64's.
 */
struct go_call *go_calls(const struct elf_image *image, const struct go_func *func, size_t *count);

#endif
