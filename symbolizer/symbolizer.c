/*
 * The way from a PC to names asks the sources in the order of what they know: Go's function table has every Go PC with
 * its inline chain, stripped or not; then DWARF, for C and C++; then the ELF symbols, which have a name alone. In goes
 * a program's path, out go frames and call sites that the analyzer joins with verdicts.
 */
#include "symbolizer/symbolizer.h"

#include "base/memory.h"
#include "base/strtab.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_patch.h"
#include "binary/go_pclntab.h"
#include "binary/go_types.h"
#include "symbolizer/debug_file.h"
#include "symbolizer/demangle.h"
#include "symbolizer/dwarf_frames.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CHAIN 128 /* the deepest inlining that is looked at; compilers stop long before */

struct symbolizer {
	struct elf_image *image;
	struct go_buildinfo info;
	struct go_pclntab *pclntab; /* NULL: no Go program */
	struct dwarf_frames *dwarf; /* NULL: none, or not tried yet */
	bool dwarf_tried;           /* DWARF is opened by the first PC that needs it: a Go program may never */
	struct elf_image *debug;    /* a file of its own with debug information; NULL: none, or not tried yet */
	struct elf_image *shared;   /* the file that its debug information shares with others'; NULL likewise */
	struct strtab *names;       /* demangled ones */
	struct go_frame go[MAX_CHAIN];
};

static enum status open_go(struct symbolizer *symbolizer, struct error *error)
{
	enum status status = go_buildinfo_read(&symbolizer->info, symbolizer->image, error);

	if (status != STATUS_OK)
		return status;
	return go_pclntab_open(&symbolizer->pclntab, symbolizer->image, symbolizer->info.minor, error);
}

enum status symbolizer_open(struct symbolizer **symbolizer, const char *path, struct error *error)
{
	struct symbolizer *opened = memory_alloc(1, sizeof(*opened));

	if (elf_image_open(&opened->image, path, error) != STATUS_OK)
		goto fail;
	if (open_go(opened, error) == STATUS_ERROR)
		goto fail;
	opened->names = strtab_new();
	*symbolizer = opened;
	return STATUS_OK;
fail:
	symbolizer_close(opened);
	return STATUS_ERROR;
}

void symbolizer_close(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	dwarf_frames_close(symbolizer->dwarf);
	elf_image_close(symbolizer->debug);
	elf_image_close(symbolizer->shared);
	strtab_free(symbolizer->names);
	go_pclntab_close(symbolizer->pclntab);
	go_buildinfo_free(&symbolizer->info);
	elf_image_close(symbolizer->image);
	free(symbolizer);
}

struct elf_image *symbolizer_image(struct symbolizer *symbolizer)
{
	return symbolizer->image;
}

struct go_pclntab *symbolizer_pclntab(struct symbolizer *symbolizer)
{
	return symbolizer->pclntab;
}

static size_t frames_of_go(struct symbolizer *symbolizer, uint64_t pc, struct symbol_frame *frames, size_t capacity)
{
	size_t count, i;

	if (!symbolizer->pclntab)
		return 0;
	count = go_pclntab_frames(symbolizer->pclntab, pc, symbolizer->go, capacity < MAX_CHAIN ? capacity : MAX_CHAIN);
	for (i = 0; i < count; i++) {
		const struct go_frame *go = &symbolizer->go[i];

		frames[i].function = go->function && *go->function ? go->function : "?";
		frames[i].file = go->file ? go->file : "";
		frames[i].line = go->line > 0 ? go->line : 0; /* -1 in the gaps between functions */
		frames[i].start_line = go->start_line;
	}
	return count;
}

/* Damaged debug information must not stop the profile: the symbol table still has names. */
static void open_dwarf(struct symbolizer *symbolizer)
{
	struct elf_image *image = symbolizer->image;
	struct elf_section section;

	symbolizer->dwarf_tried = true;
	if (elf_image_section(image, ".debug_info", &section, NULL) != STATUS_OK) {
		symbolizer->debug = debug_file_open(image);
		image = symbolizer->debug;
	}
	if (!image || dwarf_frames_open(&symbolizer->dwarf, image, NULL) != STATUS_OK) {
		symbolizer->dwarf = NULL;
		return;
	}
	symbolizer->shared = debug_file_open_shared(image);
	if (symbolizer->shared)
		dwarf_frames_share(symbolizer->dwarf, symbolizer->shared);
}

/* The name of the symbol at PC as people write it; NULL when there is none. */
static const char *name_of_symbol(struct symbolizer *symbolizer, uint64_t pc)
{
	const char *name;
	uint64_t start;
	char *plain;

	if (elf_image_symbol_at(symbolizer->image, pc, &name, &start) != STATUS_OK &&
	    (!symbolizer->debug || elf_image_symbol_at(symbolizer->debug, pc, &name, &start) != STATUS_OK))
		return NULL;
	plain = demangle(name);
	if (!plain)
		return name;
	name = strtab_get(symbolizer->names, strtab_add(symbolizer->names, plain));
	free(plain);
	return name;
}

static size_t frames_of_dwarf(struct symbolizer *symbolizer, uint64_t pc, struct symbol_frame *frames, size_t capacity)
{
	const char *name;
	size_t count;

	if (!symbolizer->dwarf_tried)
		open_dwarf(symbolizer);
	count = symbolizer->dwarf ? dwarf_frames_at(symbolizer->dwarf, pc, frames, capacity) : 0;
	if (count && !strcmp(frames[count - 1].function, "?")) { /* named in a file that is not at hand */
		name = name_of_symbol(symbolizer, pc);
		frames[count - 1].function = name ? name : "?";
	}
	return count;
}

static size_t frame_of_symbol(struct symbolizer *symbolizer, uint64_t pc, struct symbol_frame *frame)
{
	const char *name = name_of_symbol(symbolizer, pc);

	*frame = (struct symbol_frame){.function = name ? name : "?", .file = ""};
	return 1;
}

size_t symbolizer_frames(struct symbolizer *symbolizer, uint64_t pc, struct symbol_frame *frames, size_t capacity)
{
	size_t count;

	if (!capacity)
		return 0;
	count = frames_of_go(symbolizer, pc, frames, capacity);
	if (!count)
		count = frames_of_dwarf(symbolizer, pc, frames, capacity);
	if (!count)
		count = frame_of_symbol(symbolizer, pc, frames);
	return count;
}

/* The name of the function that begins at TARGET; NULL when none does. */
static const char *function_at(struct symbolizer *symbolizer, uint64_t target)
{
	struct go_func func;
	const char *name;
	uint64_t start;

	if (symbolizer->pclntab && go_pclntab_find(symbolizer->pclntab, target, &func))
		return func.entry == target ? func.name : NULL;
	if (elf_image_symbol_at(symbolizer->image, target, &name, &start) == STATUS_OK && start == target)
		return name;
	return NULL;
}

void symbolizer_call_site(struct symbolizer *symbolizer, uint64_t return_pc, const char **entry, uint64_t *type_address)
{
	uint64_t target = go_patch_call_target(symbolizer->image, return_pc);

	*type_address = 0;
	*entry = target ? function_at(symbolizer, target) : NULL;
	if (*entry && symbolizer->pclntab)
		*type_address = go_patch_call_type(symbolizer->image, symbolizer->pclntab, return_pc, *entry);
}

bool symbolizer_type(struct symbolizer *symbolizer, uint64_t address, struct symbol_type *type)
{
	struct go_type descriptor;
	char *name;

	if (!symbolizer->pclntab || !go_type_read(symbolizer->image, symbolizer->pclntab, address, &descriptor))
		return false;
	name = go_type_name(symbolizer->image, symbolizer->pclntab, address);
	type->name = name ? name : memory_copy_string("?");
	type->size = descriptor.size;
	type->ptr_bytes = descriptor.ptr_bytes;
	type->kind = descriptor.kind;
	type->self_links = (uint8_t)go_type_self_links(symbolizer->image, symbolizer->pclntab, address);
	return true;
}
