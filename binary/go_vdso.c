/*
 * On linux/amd64 runtime.nanotime1 begins by loading both fields from m, which it has in BX, to have them back at its
 * end (runtime/sys_linux_amd64.s, the same in Go 1.18 to 1.27): `mov d(%rbx), %rcx` for vdsoPC, then
 * `mov d(%rbx), %rdx` for vdsoSP, each with a displacement of 32 bits.
 */
#include "binary/go_vdso.h"

#include "binary/elf_image.h"
#include "binary/go_pclntab.h"

#include <stddef.h>
#include <string.h>

#define LOAD_SIZE 7
#define FARTHEST  (1 << 14) /* bytes into runtime.m, which has some 2,000 */

/* The offset of vdsoSP when CODE is the two loads, else 0. */
static uint32_t vdso_loads(const uint8_t *code)
{
	static const uint8_t load_pc[] = {0x48, 0x8b, 0x8b}, load_sp[] = {0x48, 0x8b, 0x93};
	uint32_t pc, sp;

	if (memcmp(code, load_pc, sizeof(load_pc)) != 0 || memcmp(code + LOAD_SIZE, load_sp, sizeof(load_sp)) != 0)
		return 0;
	memcpy(&pc, code + sizeof(load_pc), sizeof(pc));
	memcpy(&sp, code + LOAD_SIZE + sizeof(load_sp), sizeof(sp));
	return pc == sp + 8 && sp < FARTHEST && !(sp & 7) ? sp : 0;
}

uint32_t go_vdso_find(const struct elf_image *image, const struct go_pclntab *table)
{
	size_t available, size, at;
	struct go_func func;
	const uint8_t *code;
	uint32_t found = 0;

	if (!go_pclntab_by_name(table, "runtime.nanotime1", &func) ||
	    !(code = elf_image_at(image, func.entry, &available)))
		return 0;
	size = func.end - func.entry < available ? func.end - func.entry : available;
	for (at = 0; !found && at + 2 * LOAD_SIZE <= size; at++)
		found = vdso_loads(code + at);
	return found;
}
