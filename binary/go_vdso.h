/* Where the Go runtime notes that a thread runs code of the kernel's vDSO, which it cannot unwind. */
#ifndef BINARY_GO_VDSO_H
#define BINARY_GO_VDSO_H

#include <stdint.h>

struct elf_image;
struct go_pclntab;

/*
 * From the instructions of the Go program IMAGE that set them: the offset in runtime.m of vdsoSP, a stack pointer, 0
 * while no such code runs. vdsoPC, the address that it returns to, stands behind it. 0 when they cannot be found.
 */
uint32_t go_vdso_find(const struct elf_image *image, const struct go_pclntab *table);

#endif
