/*
 * Go's function table, read where it lies in the file. Offsets found in it are untrusted: each read is bounded by the
 * section, and each chain by a limit.
 */
#include "binary/go_pclntab.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/go_layout.h"
#include "binary/go_layout_table.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_118            0xfffffff0u
#define MAGIC_120            0xfffffff1u
#define HEADER_SIZE          0x48
#define PCDATA_INLINE_TREE   2 /* cmd/internal/objabi/funcdata.go: PCDATA_InlTreeIndex */
#define FUNCDATA_INLINE_TREE 3 /* FUNCDATA_InlTree */
#define INLINE_DEPTH_MAX     256
#define BEFORE_NEWEST        26   /* minor version whose moduledata a newer one may have, too */
#define SOUND_TREES          16   /* inline trees that are looked at in a newer one, at least */
#define NAME_PROBES_MAX      4096 /* only a damaged table has so many functions of one name */

/* Words of runtime.moduledata (runtime/symtab.go). */
#define MODULE_TEXT  22
#define MODULE_ETEXT 23

struct go_pclntab {
	struct elf_image *image;
	const uint8_t *data;
	size_t size;
	uint64_t address;
	unsigned minor;
	bool is_118; /* layout of Go 1.18 and 1.19: no start lines, inline tree entries of 20 bytes */
	uint32_t nfuncs;
	uint64_t text_start, text_end;
	uint64_t names, cus, files, pcs, funcs; /* offsets in data */
	uint64_t moduledata, types_start, types_end;
	uint64_t gofunc;   /* address that funcdata offsets are relative to; 0 unknown */
	uint32_t *by_name; /* open addressing over names, index + 1; built on first use */
	size_t nby_name;
};

/* One _func record (runtime/runtime2.go), with what is needed of it. */
struct pclntab_record {
	uint64_t entry;
	uint32_t name, pcfile, pcline, npcdata, cu;
	int32_t start_line;
	uint8_t func_id, nfuncdata;
	uint64_t tables; /* offset in data of pcdata[], then funcdata[] */
};

static bool pclntab_u32(const struct go_pclntab *table, uint64_t offset, uint32_t *value)
{
	if (offset > table->size || table->size - offset < 4)
		return false;
	memcpy(value, table->data + offset, 4);
	return true;
}

static const char *pclntab_string(const struct go_pclntab *table, uint64_t offset)
{
	if (offset >= table->size || !memchr(table->data + offset, 0, table->size - offset))
		return NULL;
	return (const char *)table->data + offset;
}

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

static bool pclntab_is_laid_out(const struct go_pclntab *table, unsigned etypes, unsigned gofunc);

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

void go_pclntab_text(const struct go_pclntab *table, uint64_t *start, uint64_t *end)
{
	*start = table->text_start;
	*end = table->text_end;
}

void go_pclntab_types(const struct go_pclntab *table, uint64_t *start, uint64_t *end)
{
	*start = table->types_start;
	*end = table->types_end;
}

uint32_t go_pclntab_count(const struct go_pclntab *table)
{
	return table->nfuncs;
}

/* Entry of the function at INDEX; the table's end for the one past the last. */
static bool pclntab_entry(const struct go_pclntab *table, uint32_t index, uint64_t *entry)
{
	uint32_t offset;

	if (!pclntab_u32(table, table->funcs + 8ull * index, &offset))
		return false;
	*entry = table->text_start + offset;
	return true;
}

static bool pclntab_record_at(const struct go_pclntab *table, uint32_t index, struct pclntab_record *record)
{
	struct cursor cursor;
	uint32_t offset;
	uint64_t at;

	if (index >= table->nfuncs || !pclntab_u32(table, table->funcs + 8ull * index + 4, &offset))
		return false;
	at = table->funcs + offset;
	if (at > table->size)
		return false;
	cursor = cursor_make(table->data + at, table->size - at);
	record->entry = table->text_start + cursor_u32(&cursor);
	record->name = cursor_u32(&cursor);
	cursor_skip(&cursor, 12);
	record->pcfile = cursor_u32(&cursor);
	record->pcline = cursor_u32(&cursor);
	record->npcdata = cursor_u32(&cursor);
	record->cu = cursor_u32(&cursor);
	record->start_line = table->is_118 ? 0 : (int32_t)cursor_u32(&cursor);
	record->func_id = cursor_u8(&cursor);
	cursor_skip(&cursor, 2);
	record->nfuncdata = cursor_u8(&cursor);
	record->tables = at + (table->is_118 ? 40 : 44);
	return !cursor.failed;
}

bool go_pclntab_func(const struct go_pclntab *table, uint32_t index, struct go_func *func)
{
	struct pclntab_record record;

	if (!pclntab_record_at(table, index, &record))
		return false;
	func->entry = record.entry;
	func->name = pclntab_string(table, table->names + record.name);
	func->index = index;
	func->func_id = record.func_id;
	return func->name && pclntab_entry(table, index + 1, &func->end) && func->end >= func->entry;
}

/* Index of the function that holds PC. */
static bool pclntab_search(const struct go_pclntab *table, uint64_t pc, uint32_t *index)
{
	uint32_t low = 0, high = table->nfuncs;
	uint64_t entry;

	if (pc < table->text_start || pc >= table->text_end)
		return false;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (!pclntab_entry(table, middle, &entry))
			return false;
		if (pc >= entry)
			low = middle;
		else
			high = middle;
	}
	*index = low;
	return table->nfuncs && pclntab_entry(table, low, &entry) && pc >= entry;
}

bool go_pclntab_find(const struct go_pclntab *table, uint64_t pc, struct go_func *func)
{
	uint32_t index;

	return pclntab_search(table, pc, &index) && go_pclntab_func(table, index, func);
}

static uint64_t pclntab_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3ull;
	return hash;
}

static void pclntab_index_names(struct go_pclntab *table)
{
	struct go_func func;
	uint32_t i, probes;
	size_t at;

	table->nby_name = 16;
	while (table->nby_name < 2ull * table->nfuncs)
		table->nby_name *= 2;
	table->by_name = memory_alloc(table->nby_name, sizeof(*table->by_name));
	for (i = 0; i < table->nfuncs; i++) {
		if (!go_pclntab_func(table, i, &func))
			continue;
		at = pclntab_hash(func.name) & (table->nby_name - 1);
		for (probes = 0; table->by_name[at] && probes < NAME_PROBES_MAX; probes++)
			at = (at + 1) & (table->nby_name - 1);
		if (probes < NAME_PROBES_MAX)
			table->by_name[at] = i + 1;
	}
}

/* Where NAME's functions begin in the index, which is made on first use. */
static size_t pclntab_first_by_name(const struct go_pclntab *table, const char *name)
{
	if (!table->by_name)
		pclntab_index_names((struct go_pclntab *)table); /* a cache: nothing observable changes */
	return pclntab_hash(name);
}

/* The next function named NAME from the place *AT in the index on, which pclntab_first_by_name begins. */
static bool pclntab_next_by_name(const struct go_pclntab *table, const char *name, size_t *at, struct go_func *func)
{
	for (*at &= table->nby_name - 1; table->by_name[*at]; *at = (*at + 1) & (table->nby_name - 1)) {
		if (!go_pclntab_func(table, table->by_name[*at] - 1, func) || strcmp(func->name, name) != 0)
			continue;
		*at += 1;
		return true;
	}
	return false;
}

size_t go_pclntab_all_by_name(const struct go_pclntab *table, const char *name, struct go_func *funcs, size_t capacity)
{
	size_t at = pclntab_first_by_name(table, name), count = 0;

	while (count < capacity && pclntab_next_by_name(table, name, &at, &funcs[count]))
		count++;
	return count;
}

bool go_pclntab_by_name(const struct go_pclntab *table, const char *name, struct go_func *found)
{
	size_t at = pclntab_first_by_name(table, name);
	struct go_func func;
	bool any = false;

	while (pclntab_next_by_name(table, name, &at, &func)) {
		if (!any || func.end - func.entry > found->end - found->entry)
			*found = func;
		any = true;
	}
	return any;
}

/* The value at PC of the pc-value table at OFFSET (runtime/symtab.go, pcvalue); -1 when there is none. */
static int32_t pclntab_value(const struct go_pclntab *table, uint32_t offset, uint64_t entry, uint64_t pc)
{
	uint64_t at = table->pcs + offset, here = entry;
	struct cursor cursor;
	int32_t value = -1;
	bool first = true;

	if (!offset || at >= table->size)
		return -1;
	cursor = cursor_make(table->data + at, table->size - at);
	while (!cursor.failed) {
		uint64_t delta = cursor_uleb(&cursor);

		if (!delta && !first)
			break;
		first = false;
		/* Unsigned: a damaged table may overflow. */
		value = (int32_t)((uint32_t)value + (uint32_t)(delta & 1 ? ~(delta >> 1) : delta >> 1));
		here += cursor_uleb(&cursor);
		if (pc < here)
			return cursor.failed ? -1 : value;
	}
	return -1;
}

static int32_t pclntab_pcdata(const struct go_pclntab *table, const struct pclntab_record *record, uint32_t which,
			      uint64_t pc)
{
	uint32_t offset;

	if (which >= record->npcdata || !pclntab_u32(table, record->tables + 4ull * which, &offset))
		return -1;
	return pclntab_value(table, offset, record->entry, pc);
}

/* The address of the function's inline tree; 0 when it has none. */
static uint64_t pclntab_inline_tree(const struct go_pclntab *table, const struct pclntab_record *record)
{
	uint32_t offset;

	if (record->nfuncdata <= FUNCDATA_INLINE_TREE || !table->gofunc ||
	    !pclntab_u32(table, record->tables + 4ull * record->npcdata + 4ull * FUNCDATA_INLINE_TREE, &offset) ||
	    offset == UINT32_MAX)
		return 0;
	return table->gofunc + offset;
}

struct pclntab_inlined {
	uint32_t name;
	int32_t parent_pc, start_line;
	uint8_t func_id;
};

/* An entry of an inline tree (runtime/symtabinl.go, inlinedCall; Go 1.20 and later 16 bytes, before that 20). */
static bool pclntab_inlined_at(const struct go_pclntab *table, uint64_t tree, int32_t index,
			       struct pclntab_inlined *inlined)
{
	uint64_t entry_size = table->is_118 ? 20 : 16, at = tree + entry_size * (uint64_t)index;
	struct cursor cursor;
	const uint8_t *bytes;
	size_t available;

	bytes = tree && index >= 0 ? elf_image_at(table->image, at, &available) : NULL;
	if (!bytes || available < entry_size)
		return false;
	cursor = cursor_make(bytes, entry_size);
	if (table->is_118) { /* int16 parent, uint8 funcID, pad; int32 file, line, func; int32 parentPc */
		cursor_skip(&cursor, 2);
		inlined->func_id = cursor_u8(&cursor);
		cursor_skip(&cursor, 9);
		inlined->name = cursor_u32(&cursor);
		inlined->parent_pc = (int32_t)cursor_u32(&cursor);
		inlined->start_line = 0;
		return true;
	}
	inlined->func_id = cursor_u8(&cursor);
	cursor_skip(&cursor, 3);
	inlined->name = cursor_u32(&cursor);
	inlined->parent_pc = (int32_t)cursor_u32(&cursor);
	inlined->start_line = (int32_t)cursor_u32(&cursor);
	return true;
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

static const char *pclntab_file(const struct go_pclntab *table, const struct pclntab_record *record, uint64_t pc)
{
	int32_t number = pclntab_value(table, record->pcfile, record->entry, pc);
	const char *name;
	uint32_t offset;

	if (number < 0 || !pclntab_u32(table, table->cus + 4ull * ((uint64_t)record->cu + (uint32_t)number), &offset) ||
	    offset == UINT32_MAX)
		return "";
	name = pclntab_string(table, table->files + offset);
	return name ? name : "";
}

static bool pclntab_is_wrapper(const struct go_pclntab *table, uint8_t func_id)
{
	return func_id == go_layout_table_version(table->minor)->func_id_wrapper;
}

size_t go_pclntab_frames(const struct go_pclntab *table, uint64_t pc, struct go_frame *frames, size_t capacity)
{
	struct pclntab_record record;
	struct pclntab_inlined inlined;
	uint32_t index;
	uint64_t tree;
	size_t count = 0, depth;

	if (!pclntab_search(table, pc, &index) || !pclntab_record_at(table, index, &record))
		return 0;
	tree = pclntab_inline_tree(table, &record);
	for (depth = 0; count < capacity && depth < INLINE_DEPTH_MAX; depth++) {
		struct go_frame *frame = &frames[count++];
		bool is_inlined =
		    pclntab_inlined_at(table, tree, pclntab_pcdata(table, &record, PCDATA_INLINE_TREE, pc), &inlined);
		const char *name = pclntab_string(table, table->names + (is_inlined ? inlined.name : record.name));

		frame->function = name ? name : "?";
		frame->file = pclntab_file(table, &record, pc);
		frame->line = pclntab_value(table, record.pcline, record.entry, pc);
		frame->start_line = is_inlined ? inlined.start_line : record.start_line;
		frame->is_wrapper = pclntab_is_wrapper(table, is_inlined ? inlined.func_id : record.func_id);
		if (!is_inlined)
			break;
		pc = record.entry + (uint64_t)(int64_t)inlined.parent_pc;
	}
	return count;
}
