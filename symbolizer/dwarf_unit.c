/*
 * In: the unit's entries and its line table. Out: its functions by address, each with the ranges of all that was
 * inlined into it. A walk over the entries reads them, and gives functions within namespaces and classes their full
 * names.
 */
#include "symbolizer/dwarf_unit.h"

#include "base/buf.h"
#include "base/memory.h"
#include "binary/dwarf_entry.h"
#include "binary/elf_image.h"
#include "symbolizer/dwarf_lines.h"
#include "symbolizer/dwarf_names.h"

#include <libdwarf/dwarf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#define MAX_DEPTH 256 /* of entries within entries */
#define NO_SCOPE  UINT32_MAX

struct scope_range {
	uint64_t low, high;
	uint32_t scope;
};

/* A function's addresses, and where the ranges of all that was inlined into it stand (its own included). */
struct function_range {
	uint64_t low, high;
	size_t first, last; /* of `ranges`, one past */
};

struct dwarf_unit {
	struct dwarf_scope *scopes;
	struct scope_range *ranges;
	struct function_range *functions; /* by address */
	size_t nscopes, nranges, nfunctions;
	size_t scope_capacity, range_capacity, function_capacity;
	struct dwarf_lines lines;
	const char **files; /* of the names, in the order of the line table's own */
	size_t nfiles;
};

/* A walk over the unit's entries. */
struct walk {
	Dwarf_Debug debug;
	struct dwarf_names *names;
	struct dwarf_unit *unit;
	uint64_t base;
	struct buf qualifier; /* "outer::inner::" of the namespaces and classes around */
	uint32_t scope;       /* the innermost scope that is being read */
	unsigned depth;
};

static void walk_children(struct walk *walk, Dwarf_Die entry);

static void add_scope_range(void *context, uint64_t low, uint64_t high)
{
	struct walk *walk = context;
	struct dwarf_unit *unit = walk->unit;

	unit->ranges = memory_reserve(unit->ranges, unit->nranges, &unit->range_capacity, sizeof(*unit->ranges));
	unit->ranges[unit->nranges++] = (struct scope_range){.low = low, .high = high, .scope = walk->scope};
}

static void add_function_range(struct dwarf_unit *unit, const struct scope_range *range, size_t first)
{
	unit->functions =
	    memory_reserve(unit->functions, unit->nfunctions, &unit->function_capacity, sizeof(*unit->functions));
	unit->functions[unit->nfunctions++] = (struct function_range){
	    .low = range->low,
	    .high = range->high,
	    .first = first,
	    .last = unit->nranges,
	};
}

static uint32_t add_scope(struct walk *walk, Dwarf_Die entry, uint32_t parent)
{
	struct dwarf_unit *unit = walk->unit;
	struct dwarf_scope scope = {.entry = dwarf_entry_offset(walk->debug, entry), .parent = parent};
	uint64_t number;

	if (parent != NO_SCOPE)
		scope.depth = unit->scopes[parent].depth + 1;
	if (dwarf_entry_number(walk->debug, entry, DW_AT_call_file, &number))
		scope.call_file = (uint32_t)number;
	if (dwarf_entry_number(walk->debug, entry, DW_AT_call_line, &number))
		scope.call_line = (uint32_t)number;
	unit->scopes = memory_reserve(unit->scopes, unit->nscopes, &unit->scope_capacity, sizeof(*unit->scopes));
	unit->scopes[unit->nscopes] = scope;
	return (uint32_t)unit->nscopes++;
}

/* A function named within a namespace or class gets its full name here, where what is around it is known. */
static void keep_qualified_name(struct walk *walk, Dwarf_Die entry)
{
	const char *own = dwarf_entry_name(walk->debug, entry);
	struct function_name *name;
	char *full;
	uint64_t line;

	if (!own || !walk->qualifier.size)
		return;
	name = dwarf_names_of(walk->names, dwarf_entry_offset(walk->debug, entry));
	full = memory_format("%s%s", buf_string(&walk->qualifier), own);
	name->name = dwarf_names_keep(walk->names, full);
	free(full);
	if (dwarf_entry_number(walk->debug, entry, DW_AT_decl_line, &line))
		name->line = (int32_t)line;
}

/* A function of its own: its pieces, and everything inlined into them, which the walk adds before it comes back. */
static void walk_function(struct walk *walk, Dwarf_Die entry)
{
	struct walk outer = *walk;
	struct dwarf_unit *unit = walk->unit;
	size_t first = unit->nranges, last, i;

	keep_qualified_name(walk, entry);
	walk->scope = add_scope(walk, entry, NO_SCOPE);
	dwarf_entry_visit_ranges(walk->debug, entry, walk->base, add_scope_range, walk);
	last = unit->nranges;
	if (last == first) {
		unit->nscopes--; /* a declaration, or abstract: nothing of it runs */
	} else {
		walk_children(walk, entry);
		for (i = first; i < last; i++)
			add_function_range(unit, &unit->ranges[i], first);
	}
	walk->scope = outer.scope;
}

static void walk_inlined(struct walk *walk, Dwarf_Die entry)
{
	uint32_t outer = walk->scope;

	if (outer == NO_SCOPE)
		return;
	walk->scope = add_scope(walk, entry, outer);
	dwarf_entry_visit_ranges(walk->debug, entry, walk->base, add_scope_range, walk);
	walk_children(walk, entry);
	walk->scope = outer;
}

static void walk_named_scope(struct walk *walk, Dwarf_Die entry)
{
	size_t size = walk->qualifier.size;
	const char *name = dwarf_entry_name(walk->debug, entry);

	buf_append_format(&walk->qualifier, "%s::", name ? name : "(anonymous)");
	walk_children(walk, entry);
	walk->qualifier.size = size;
}

static void walk_entry(struct walk *walk, Dwarf_Die entry)
{
	switch (dwarf_entry_tag(walk->debug, entry)) {
	case DW_TAG_subprogram:
		walk_function(walk, entry);
		break;
	case DW_TAG_inlined_subroutine:
		walk_inlined(walk, entry);
		break;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		walk_children(walk, entry);
		break;
	case DW_TAG_namespace:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		walk_named_scope(walk, entry);
		break;
	default:
		break;
	}
}

static void walk_children(struct walk *walk, Dwarf_Die entry)
{
	Dwarf_Debug debug = walk->debug;
	Dwarf_Die child, next;
	bool more;

	if (walk->depth >= MAX_DEPTH)
		return;
	walk->depth++;
	more = dwarf_entry_child(debug, entry, &child);
	while (more) {
		walk_entry(walk, child);
		more = dwarf_entry_sibling(debug, child, &next);
		dwarf_entry_free(debug, child);
		child = next;
	}
	walk->depth--;
}

/* "/a/./b//c" → "/a/b/c"; what ".." means only the file system knows. */
static void tidy_path(char *path)
{
	char *to = path, *from = path;

	while (*from) {
		bool at_start = from == path || from[-1] == '/';

		if (at_start && from[0] == '.' && from[1] == '/')
			from += 2;
		else if (at_start && from != path && from[0] == '/')
			from++;
		else
			*to++ = *from++;
	}
	*to = '\0';
}

static void read_files(struct dwarf_unit *unit, Dwarf_Debug debug, Dwarf_Die entry, struct dwarf_names *names)
{
	Dwarf_Error error = NULL;
	Dwarf_Signed count = 0, i;
	char **files;

	switch (dwarf_srcfiles(entry, &files, &count, &error)) {
	case DW_DLV_OK:
		break;
	case DW_DLV_ERROR:
		dwarf_dealloc(debug, error, DW_DLA_ERROR);
		return;
	default:
		return;
	}
	unit->files = memory_alloc((size_t)count + 1, sizeof(*unit->files));
	unit->nfiles = (size_t)count;
	for (i = 0; i < count; i++) {
		tidy_path(files[i]);
		unit->files[i] = dwarf_names_keep(names, files[i]);
		dwarf_dealloc(debug, files[i], DW_DLA_STRING);
	}
	dwarf_dealloc(debug, files, DW_DLA_LIST);
}

static void read_lines(struct dwarf_unit *unit, Dwarf_Debug debug, Dwarf_Die entry, struct elf_image *image)
{
	struct elf_section section;
	uint64_t offset;

	/* Damaged lines leave the functions' names. */
	if (dwarf_entry_number(debug, entry, DW_AT_stmt_list, &offset) &&
	    elf_image_section(image, ".debug_line", &section, NULL) == STATUS_OK && section.data)
		dwarf_lines_decode(&unit->lines, section.data, section.size, offset, NULL);
}

static int compare_functions(const void *left, const void *right)
{
	const struct function_range *a = left, *b = right;

	return a->low < b->low ? -1 : a->low > b->low;
}

struct dwarf_unit *dwarf_unit_read(Dwarf_Debug debug, Dwarf_Off offset, struct elf_image *image,
				   struct dwarf_names *names)
{
	struct dwarf_unit *unit = memory_alloc(1, sizeof(*unit));
	struct walk walk = {.debug = debug, .names = names, .unit = unit, .scope = NO_SCOPE};
	Dwarf_Die entry;

	if (!dwarf_entry_at(debug, offset, &entry))
		return unit;
	walk.base = dwarf_entry_low(debug, entry);
	if (dwarf_entry_tag(debug, entry) != DW_TAG_partial_unit) { /* which has names for others alone */
		read_lines(unit, debug, entry, image);
		read_files(unit, debug, entry, names);
	}
	walk_children(&walk, entry);
	buf_free(&walk.qualifier);
	dwarf_entry_free(debug, entry);
	if (unit->nfunctions)
		qsort(unit->functions, unit->nfunctions, sizeof(*unit->functions), compare_functions);
	return unit;
}

void dwarf_unit_free(struct dwarf_unit *unit)
{
	if (!unit)
		return;
	dwarf_lines_free(&unit->lines);
	free(unit->scopes);
	free(unit->ranges);
	free(unit->functions);
	free(unit->files);
	free(unit);
}

static const struct function_range *function_at(const struct dwarf_unit *unit, uint64_t pc)
{
	size_t low = 0, high = unit->nfunctions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unit->functions[middle].low <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low && pc < unit->functions[low - 1].high ? &unit->functions[low - 1] : NULL;
}

const struct dwarf_scope *dwarf_unit_scope(const struct dwarf_unit *unit, uint64_t pc)
{
	const struct function_range *function = function_at(unit, pc);
	const struct dwarf_scope *best = NULL;
	size_t i;

	for (i = function ? function->first : 0; function && i < function->last; i++) {
		const struct scope_range *range = &unit->ranges[i];
		const struct dwarf_scope *scope = &unit->scopes[range->scope];

		if (range->low <= pc && pc < range->high && (!best || scope->depth >= best->depth))
			best = scope;
	}
	return best;
}

const struct dwarf_scope *dwarf_unit_parent(const struct dwarf_unit *unit, const struct dwarf_scope *scope)
{
	return scope->parent != NO_SCOPE ? &unit->scopes[scope->parent] : NULL;
}

const struct dwarf_line *dwarf_unit_line(const struct dwarf_unit *unit, uint64_t pc)
{
	return dwarf_lines_find(&unit->lines, pc);
}

const char *dwarf_unit_file(const struct dwarf_unit *unit, uint32_t file)
{
	uint32_t index = unit->lines.version >= 5 ? file : file - 1;

	return index < unit->nfiles ? unit->files[index] : "";
}
