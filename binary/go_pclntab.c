/* Functions of Go's table by number, address and name, and the levels of inlining at an address. */
#include "binary/go_pclntab_records.h"

#include "base/memory.h"
#include "binary/go_layout_table.h"

#include <stdlib.h>
#include <string.h>

#define PCDATA_INLINE_TREE 2 /* cmd/internal/objabi/funcdata.go: PCDATA_InlTreeIndex */
#define INLINE_DEPTH_MAX   256
#define NAME_PROBES_MAX    4096 /* only a damaged table has so many functions of one name */

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
