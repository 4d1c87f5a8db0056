/*
 * Go's function table: where it stands in the file, and the struct moduledata that tells of it. Of a version that
 * nobody has seen all that is taken from there must be sound.
 */
#include "binary/go_pclntab_records.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/go_layout.h"
#include "binary/go_layout_table.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_118     0xfffffff0u
#define MAGIC_120     0xfffffff1u
#define BEFORE_NEWEST 26 /* minor version whose moduledata a newer one may have, too */
#define SOUND_TREES   16 /* inline trees that are looked at in a newer one, at least */

/* Words of runtime.moduledata (runtime/symtab.go). */
#define MODULE_TEXT  22
#define MODULE_ETEXT 23

/*
 * The C linker merges the table of a position-independent program into .data.rel.ro: there it is found by what it
 * begins with (the magic number of Go 1.18 or 1.20, two zeros, the least length of an instruction and the size of a
 * pointer).
 */
static enum status pclntab_in_merged_section(struct elf_image *image, struct elf_section *section, struct error *error)
{
	static const uint8_t begins[] = {0xff, 0xff, 0xff, 0, 0, 1, 8};
	enum status status = elf_image_section(image, ".data.rel.ro", section, error);
	uint64_t at;

	if (status != STATUS_OK || !section->data)
		return status == STATUS_OK ? STATUS_NO_ENTRY : status;
	for (at = -section->address & 7; at + 1 + sizeof(begins) <= section->size; at += 8) {
		if ((section->data[at] & 0xfe) != 0xf0 || memcmp(section->data + at + 1, begins, sizeof(begins)) != 0)
			continue;
		section->data += at;
		section->size -= at;
		section->address += at;
		return STATUS_OK;
	}
	return STATUS_NO_ENTRY;
}

static enum status pclntab_section(struct elf_image *image, struct elf_section *section, struct error *error)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	enum status status = STATUS_NO_ENTRY;
	size_t i;

	for (i = 0; status == STATUS_NO_ENTRY && i < 2; i++)
		status = elf_image_section(image, names[i], section, error);
	return status == STATUS_NO_ENTRY ? pclntab_in_merged_section(image, section, error) : status;
}

static uint64_t pclntab_word(const struct go_pclntab *table, unsigned index)
{
	uint64_t value = 0;

	return table->moduledata && elf_image_pointer(table->image, table->moduledata + 8ull * index, &value) ? value
													      : 0;
}

/* Whether a struct moduledata stands at ADDRESS: its first word leads to the table, its text range makes sense. */
static bool pclntab_is_module(const struct go_pclntab *table, uint64_t address)
{
	uint64_t header, text, end, executable, size;

	return elf_image_pointer(table->image, address, &header) && header == table->address &&
	       elf_image_pointer(table->image, address + 8 * MODULE_TEXT, &text) &&
	       elf_image_pointer(table->image, address + 8 * MODULE_ETEXT, &end) && text < end &&
	       elf_image_executable(table->image, &executable, &size) && text >= executable && end <= executable + size;
}

static void pclntab_find_module(struct go_pclntab *table)
{
	static const char *const names[] = {".go.module", ".noptrdata", ".data", ".data.rel.ro"};
	struct elf_section section;
	uint64_t offset;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (elf_image_section(table->image, names[i], &section, NULL) != STATUS_OK || !section.data)
			continue;
		for (offset = -section.address & 7; offset < section.size && section.size - offset >= 8; offset += 8)
			if (pclntab_is_module(table, section.address + offset)) {
				table->moduledata = section.address + offset;
				return;
			}
	}
}

/* Whether the first entry of RECORD's inline tree, at TREE, is one of a function of SIZE bytes. */
static bool pclntab_is_tree(const struct go_pclntab *table, uint64_t tree, uint64_t size)
{
	struct pclntab_inlined inlined;
	const char *name;

	if (!pclntab_inlined_at(table, tree, 0, &inlined) || inlined.parent_pc < 0 ||
	    (uint64_t)inlined.parent_pc >= size || inlined.start_line < 0)
		return false;
	name = inlined.name ? pclntab_string(table, table->names + inlined.name) : NULL;
	return name && *name && !pclntab_string(table, table->names + inlined.name - 1)[0];
}

/* Whether moduledata's words number ETYPES and GOFUNC are what these names say. */
static bool pclntab_is_laid_out(const struct go_pclntab *table, unsigned etypes, unsigned gofunc)
{
	struct go_pclntab other = *table;
	struct pclntab_record record;
	struct go_func func;
	uint32_t i, trees = 0;
	size_t available;

	other.types_start = pclntab_word(table, 37);
	other.types_end = pclntab_word(table, etypes);
	other.gofunc = pclntab_word(table, gofunc);
	if (table->is_118 || other.types_end <= other.types_start ||
	    !elf_image_at(table->image, other.types_start, &available) ||
	    available < other.types_end - other.types_start)
		return false;
	for (i = 0; i < table->nfuncs; i++) {
		uint64_t tree;

		if (!pclntab_record_at(table, i, &record) || !go_pclntab_func(table, i, &func))
			return false;
		tree = pclntab_inline_tree(&other, &record);
		if (tree && !pclntab_is_tree(&other, tree, func.end - func.entry))
			return false;
		trees += tree != 0;
	}
	return trees >= SOUND_TREES;
}

static bool pclntab_is_of(const struct go_pclntab *table, unsigned minor)
{
	const struct go_version *version = go_layout_table_version(minor);

	return pclntab_is_laid_out(table, version->module_etypes, version->module_gofunc);
}

static void pclntab_read_module(struct go_pclntab *table)
{
	/* The magic is surer than the version. */
	const struct go_version *version = go_layout_table_version(table->is_118 ? GO_LAYOUT_MINOR_MIN : table->minor);

	pclntab_find_module(table);
	if (!table->moduledata)
		return;
	table->text_start = pclntab_word(table, MODULE_TEXT);
	table->text_end = pclntab_word(table, MODULE_ETEXT);
	if (table->minor > GO_LAYOUT_MINOR_MAX && pclntab_is_of(table, BEFORE_NEWEST)) /* see which words are sound */
		version = go_layout_table_version(BEFORE_NEWEST);
	table->types_start = pclntab_word(table, version->module_types);
	table->types_end = pclntab_word(table, version->module_etypes);
	table->gofunc = pclntab_word(table, version->module_gofunc);
}

/* Of a version that nobody has seen: a wrong word would show wrong lines, so all that hangs on it must be sound. */
static bool pclntab_is_sound(const struct go_pclntab *table)
{
	return table->minor <= GO_LAYOUT_MINOR_MAX || pclntab_is_of(table, BEFORE_NEWEST) ||
	       pclntab_is_of(table, GO_LAYOUT_MINOR_MAX);
}

static enum status pclntab_read_header(struct go_pclntab *table, struct error *error)
{
	const char *path = elf_image_path(table->image);
	struct cursor cursor = cursor_make(table->data, table->size);
	uint32_t magic = cursor_u32(&cursor);
	uint64_t nfuncs;

	cursor_skip(&cursor, 4);
	nfuncs = cursor_u64(&cursor);
	cursor_skip(&cursor, 16);
	table->names = cursor_u64(&cursor);
	table->cus = cursor_u64(&cursor);
	table->files = cursor_u64(&cursor);
	table->pcs = cursor_u64(&cursor);
	table->funcs = cursor_u64(&cursor);
	if (cursor.failed)
		return error_set(error, "cut: the function table of %s has %zu bytes", path, table->size);
	if (magic != MAGIC_118 && magic != MAGIC_120)
		return error_set(error, "the function table of %s has the unknown magic %#x", path, magic);
	table->is_118 = magic == MAGIC_118;
	if (table->names > table->size || table->cus > table->size || table->files > table->size ||
	    table->pcs > table->size || table->funcs > table->size || nfuncs > (table->size - table->funcs) / 8)
		return error_set(error, "damaged: the function table of %s points outside itself", path);
	table->nfuncs = (uint32_t)nfuncs;
	return STATUS_OK;
}

enum status go_pclntab_open(struct go_pclntab **out, struct elf_image *image, unsigned go_minor, struct error *error)
{
	struct go_pclntab *table;
	struct elf_section section;
	enum status status = pclntab_section(image, &section, error);

	if (status != STATUS_OK)
		return status;
	table = memory_alloc(1, sizeof(*table));
	table->image = image;
	table->data = section.data;
	table->size = section.data ? section.size : 0;
	table->address = section.address;
	table->minor = go_minor;
	status = pclntab_read_header(table, error);
	if (status == STATUS_OK) {
		pclntab_read_module(table);
		if (!table->moduledata)
			status = error_set(error, "cannot find the runtime's moduledata in %s", elf_image_path(image));
		else if (!pclntab_is_sound(table))
			status = error_set(error,
					   "%s is built with Go 1.%u, newer than this escprof knows, and its "
					   "moduledata is laid out otherwise: get a newer escprof",
					   elf_image_path(image), go_minor);
	}
	if (status != STATUS_OK) {
		go_pclntab_close(table);
		return status;
	}
	*out = table;
	return STATUS_OK;
}

void go_pclntab_close(struct go_pclntab *table)
{
	if (!table)
		return;
	free(table->by_name);
	free(table);
}
