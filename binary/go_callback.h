/*
 * What C's stack looks like where C called Go back: runtime/cgo's crosscall2 saves C's registers and calls
 * runtime.cgocallback, which notes its stack pointer and goes over to the goroutine's stack. By this the walk of a
 * stack finds its way back to the C that called.
 */
#ifndef BINARY_GO_CALLBACK_H
#define BINARY_GO_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>

struct elf_image;
struct go_pclntab;

enum go_callback_register {
	GO_CALLBACK_RBX,
	GO_CALLBACK_RBP,
	GO_CALLBACK_R12,
	GO_CALLBACK_R13,
	GO_CALLBACK_R14,
	GO_CALLBACK_R15,
	GO_CALLBACK_REGISTERS
};

struct go_callback {
	uint64_t crosscall_start, crosscall_end; /* link-time addresses of crosscall2 */
	uint32_t frame; /* bytes from cgocallback's stack pointer to its return address, which is in crosscall2 */
	uint32_t
	    depth; /* bytes from crosscall2's stack pointer at that call to its own return address, which is in C */
	uint32_t saved[GO_CALLBACK_REGISTERS]; /* bytes from there to where it has saved what C's callers will want */
};

/*
 * Read CALLBACK from the instructions of both functions of the Go program IMAGE. False when they are not there (no
 * cgo), or not as they are understood; CALLBACK is then all 0.
 */
bool go_callback_find(const struct elf_image *image, const struct go_pclntab *table, struct go_callback *callback);

#endif
