/* A Go function's machine code, instruction by instruction. For binary/ alone. */
#ifndef BINARY_GO_CODE_H
#define BINARY_GO_CODE_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image;
struct go_func;

struct go_code {
	const uint8_t *bytes; /* of the current instruction */
	uint64_t pc;          /* its link-time address */
	bool decoded;         /* false: a byte that begins no instruction */
	ZydisDecodedInstruction instruction;
	size_t rest; /* bytes from it to the function's end */
	ZydisDecoder decoder;
};

/*
 * Stand before the first instruction of FUNC in IMAGE; the padding behind its last is left out. False when the code is
 * not in the file, or not amd64's.
 */
bool go_code_begin(struct go_code *code, const struct elf_image *image, const struct go_func *func);

/* Go to the next instruction; false at the end. */
bool go_code_next(struct go_code *code);

/* The address that the signed 32-bit displacement at OFFSET in the current instruction leads to, from its end. */
uint64_t go_code_displaced(const struct go_code *code, size_t offset);

#endif
