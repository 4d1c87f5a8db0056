/*
 * Go's assembler has three ways to load g into R14 on linux/amd64 (cmd/internal/obj/x86, the TLS rewrites): by a
 * constant in the instruction, by a constant in the one before (PIE), and by an entry of the GOT that the loader fills
 * (PIE, linked by the C linker). The first that is found counts: a program has only one of them.
 */
#include "binary/go_tls.h"

#include "binary/elf_image.h"
#include "binary/go_pclntab.h"

#include <stddef.h>
#include <string.h>

#define LONGEST  16
#define FARTHEST (1 << 20) /* bytes from the thread pointer */

static int32_t number_at(const uint8_t *bytes)
{
	int32_t number;

	memcpy(&number, bytes, sizeof(number));
	return number;
}

static bool is_offset(int64_t offset)
{
	return offset < 0 && offset > -FARTHEST && !(offset & 7);
}

/* Whether the code at CODE, whose address is PC, loads g. */
static bool loads_g(const uint8_t *code, uint64_t pc, uint64_t *slot, int64_t *offset)
{
	static const uint8_t by_constant[] = {0x64, 0x4c, 0x8b, 0x34, 0x25}; /* mov %fs:disp32, %r14 */
	static const uint8_t constant[] = {0x49, 0xc7, 0xc6};                /* mov $imm32, %r14 */
	static const uint8_t got[] = {0x4c, 0x8b, 0x35};                     /* mov rel32(%rip), %r14 */
	static const uint8_t through[] = {0x64, 0x4d, 0x8b, 0x36};           /* mov %fs:(%r14), %r14 */

	*slot = 0;
	*offset = 0;
	if (!memcmp(code, by_constant, sizeof(by_constant)))
		*offset = number_at(code + sizeof(by_constant));
	else if (memcmp(code + 7, through, sizeof(through)) != 0)
		return false;
	else if (!memcmp(code, constant, sizeof(constant)))
		*offset = number_at(code + sizeof(constant));
	else if (!memcmp(code, got, sizeof(got)))
		*slot = pc + 7 + (uint64_t)(int64_t)number_at(code + sizeof(got));
	return *slot || is_offset(*offset);
}

bool go_tls_find(const struct elf_image *image, const struct go_pclntab *table, uint64_t *slot, int64_t *offset)
{
	uint64_t start, end, at;
	const uint8_t *code;
	size_t available;

	go_pclntab_text(table, &start, &end);
	code = end > start ? elf_image_at(image, start, &available) : NULL;
	if (!code)
		return false;
	if (available > end - start)
		available = end - start;
	for (at = 0; at + LONGEST <= available; at++)
		if ((code[at] == 0x64 || code[at] == 0x49 || code[at] == 0x4c) &&
		    loads_g(code + at, start + at, slot, offset))
			return true;
	return false;
}
