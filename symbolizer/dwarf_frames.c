/*
 * The scopes of C and C++ programs: which functions, and which calls inlined into them, cover a PC. In goes an image's
 * debug information, out go chains of function, file and line.
 *
 * At the opening only the units' ranges are read. The first PC in a unit has its functions, inlined calls, file names
 * and lines read, and kept. Go's units are passed over, so a unit of C in a large Go program costs what it is itself.
 */
#include "symbolizer/dwarf_frames.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "binary/dwarf_object.h"
#include "binary/elf_image.h"
#include "binary/dwarf_entry.h"
#include "symbolizer/dwarf_lines.h"
#include "symbolizer/symbolizer.h"

#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define MAX_DEPTH   256 /* of entries within entries */
#define MAX_ORIGINS 8   /* from an inlined call to its abstract function to that one's declaration */
#define MAX_UNITS   (1u << 20)
#define NO_SCOPE    UINT32_MAX

/* A function, or a call that was inlined: what a range of addresses belongs to. */
struct scope {
	Dwarf_Off entry;
	uint32_t parent; /* the scope it was inlined into; NO_SCOPE for a function of its own */
	uint32_t depth;
	uint32_t call_file; /* as the line table numbers them */
	uint32_t call_line;
};

struct scope_range {
	uint64_t low, high;
	uint32_t scope;
};

/* A function's addresses, and where the ranges of all that was inlined into it stand (its own included). */
struct function_range {
	uint64_t low, high;
	size_t first, last; /* of `ranges`, one past */
};

struct unit {
	Dwarf_Off entry;
	bool loaded;
	struct scope *scopes;
	struct scope_range *ranges;
	struct function_range *functions; /* by address */
	size_t nscopes, nranges, nfunctions;
	size_t scope_capacity, range_capacity, function_capacity;
	struct dwarf_lines lines;
	uint32_t *files; /* numbers of `strings`, in the order of the line table's own */
	size_t nfiles;
};

struct unit_range {
	uint64_t low, high;
	size_t unit;
};

/* What an entry says of its function; kept because each inlined call asks again. */
struct function_name {
	UT_hash_handle hh;
	Dwarf_Off entry;
	const char *name; /* NULL: only the scope it is declared in is known yet */
	int32_t line;
};

struct dwarf_frames {
	struct elf_image *image;
	struct dwarf_object *object;
	Dwarf_Debug debug;
	struct dwarf_frames *shared; /* the names in a file that several share; NULL: there is none */
	struct strtab *strings;
	struct function_name *names;
	struct unit *units;
	struct unit_range *ranges; /* by address */
	size_t nunits, nranges;
	size_t unit_capacity, range_capacity;
};

/* TEXT kept for as long as FRAMES; NULL for NULL. */
static const char *keep_string(struct dwarf_frames *frames, const char *text)
{
	return text ? strtab_get(frames->strings, strtab_add(frames->strings, text)) : NULL;
}

/* A walk over one unit's entries. */
struct walk {
	struct dwarf_frames *frames;
	struct unit *unit;
	uint64_t base;
	struct buf qualifier; /* "outer::inner::" of the namespaces and classes around */
	uint32_t scope;       /* the innermost scope that is being read */
	unsigned depth;
};

static void walk_children(struct walk *walk, Dwarf_Die entry);

static void add_scope_range(void *context, uint64_t low, uint64_t high)
{
	struct walk *walk = context;
	struct unit *unit = walk->unit;

	unit->ranges = memory_reserve(unit->ranges, unit->nranges, &unit->range_capacity, sizeof(*unit->ranges));
	unit->ranges[unit->nranges++] = (struct scope_range){.low = low, .high = high, .scope = walk->scope};
}

static void add_function_range(struct unit *unit, const struct scope_range *range, size_t first)
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
	struct unit *unit = walk->unit;
	struct scope scope = {.entry = dwarf_entry_offset(walk->frames->debug, entry), .parent = parent};
	uint64_t number;

	if (parent != NO_SCOPE)
		scope.depth = unit->scopes[parent].depth + 1;
	if (dwarf_entry_number(walk->frames->debug, entry, DW_AT_call_file, &number))
		scope.call_file = (uint32_t)number;
	if (dwarf_entry_number(walk->frames->debug, entry, DW_AT_call_line, &number))
		scope.call_line = (uint32_t)number;
	unit->scopes = memory_reserve(unit->scopes, unit->nscopes, &unit->scope_capacity, sizeof(*unit->scopes));
	unit->scopes[unit->nscopes] = scope;
	return (uint32_t)unit->nscopes++;
}

static struct function_name *add_name(struct dwarf_frames *frames, Dwarf_Off entry)
{
	struct function_name *name;

	HASH_FIND(hh, frames->names, &entry, sizeof(entry), name);
	if (!name) {
		name = memory_alloc(1, sizeof(*name));
		name->entry = entry;
		HASH_ADD(hh, frames->names, entry, sizeof(name->entry), name);
	}
	return name;
}

/* A function named within a namespace or class gets its full name here, where what is around it is known. */
static void keep_qualified_name(struct walk *walk, Dwarf_Die entry)
{
	const char *own = dwarf_entry_name(walk->frames->debug, entry);
	struct function_name *name;
	char *full;
	uint64_t line;

	if (!own || !walk->qualifier.size)
		return;
	name = add_name(walk->frames, dwarf_entry_offset(walk->frames->debug, entry));
	full = memory_format("%s%s", buf_string(&walk->qualifier), own);
	name->name = keep_string(walk->frames, full);
	free(full);
	if (dwarf_entry_number(walk->frames->debug, entry, DW_AT_decl_line, &line))
		name->line = (int32_t)line;
}

/* A function of its own: its pieces, and everything inlined into them, which the walk adds before it comes back. */
static void walk_function(struct walk *walk, Dwarf_Die entry)
{
	struct walk outer = *walk;
	struct unit *unit = walk->unit;
	size_t first = unit->nranges, last, i;

	keep_qualified_name(walk, entry);
	walk->scope = add_scope(walk, entry, NO_SCOPE);
	dwarf_entry_visit_ranges(walk->frames->debug, entry, walk->base, add_scope_range, walk);
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
	dwarf_entry_visit_ranges(walk->frames->debug, entry, walk->base, add_scope_range, walk);
	walk_children(walk, entry);
	walk->scope = outer;
}

static void walk_named_scope(struct walk *walk, Dwarf_Die entry)
{
	size_t size = walk->qualifier.size;
	const char *name = dwarf_entry_name(walk->frames->debug, entry);

	buf_append_format(&walk->qualifier, "%s::", name ? name : "(anonymous)");
	walk_children(walk, entry);
	walk->qualifier.size = size;
}

static void walk_entry(struct walk *walk, Dwarf_Die entry)
{
	switch (dwarf_entry_tag(walk->frames->debug, entry)) {
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
	Dwarf_Debug debug = walk->frames->debug;
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

static void load_files(struct dwarf_frames *frames, struct unit *unit, Dwarf_Die entry)
{
	Dwarf_Error error = NULL;
	Dwarf_Signed count = 0, i;
	char **files;

	switch (dwarf_srcfiles(entry, &files, &count, &error)) {
	case DW_DLV_OK:
		break;
	case DW_DLV_ERROR:
		dwarf_dealloc(frames->debug, error, DW_DLA_ERROR);
		return;
	default:
		return;
	}
	unit->files = memory_alloc((size_t)count + 1, sizeof(*unit->files));
	unit->nfiles = (size_t)count;
	for (i = 0; i < count; i++) {
		tidy_path(files[i]);
		unit->files[i] = strtab_add(frames->strings, files[i]);
		dwarf_dealloc(frames->debug, files[i], DW_DLA_STRING);
	}
	dwarf_dealloc(frames->debug, files, DW_DLA_LIST);
}

static void load_lines(struct dwarf_frames *frames, struct unit *unit, Dwarf_Die entry)
{
	struct elf_section section;
	uint64_t offset;

	/* Damaged lines leave the functions' names. */
	if (dwarf_entry_number(frames->debug, entry, DW_AT_stmt_list, &offset) &&
	    elf_image_section(frames->image, ".debug_line", &section, NULL) == STATUS_OK && section.data)
		dwarf_lines_decode(&unit->lines, section.data, section.size, offset, NULL);
}

static int compare_functions(const void *left, const void *right)
{
	const struct function_range *a = left, *b = right;

	return a->low < b->low ? -1 : a->low > b->low;
}

static void load_unit(struct dwarf_frames *frames, struct unit *unit)
{
	struct walk walk = {.frames = frames, .unit = unit, .scope = NO_SCOPE};
	Dwarf_Die entry;

	unit->loaded = true;
	if (!dwarf_entry_at(frames->debug, unit->entry, &entry))
		return;
	walk.base = dwarf_entry_low(frames->debug, entry);
	if (dwarf_entry_tag(frames->debug, entry) != DW_TAG_partial_unit) { /* which has names for others alone */
		load_lines(frames, unit, entry);
		load_files(frames, unit, entry);
	}
	walk_children(&walk, entry);
	buf_free(&walk.qualifier);
	dwarf_entry_free(frames->debug, entry);
	if (unit->nfunctions)
		qsort(unit->functions, unit->nfunctions, sizeof(*unit->functions), compare_functions);
}

static void add_unit_range(void *context, uint64_t low, uint64_t high)
{
	struct dwarf_frames *frames = context;

	frames->ranges =
	    memory_reserve(frames->ranges, frames->nranges, &frames->range_capacity, sizeof(*frames->ranges));
	frames->ranges[frames->nranges++] = (struct unit_range){.low = low, .high = high, .unit = frames->nunits - 1};
}

/* Note the unit of ENTRY, unless it is Go's. */
static void add_unit(struct dwarf_frames *frames, Dwarf_Die entry)
{
	uint64_t language = 0;

	dwarf_entry_number(frames->debug, entry, DW_AT_language, &language);
	if (language == DW_LANG_Go)
		return;
	frames->units = memory_reserve(frames->units, frames->nunits, &frames->unit_capacity, sizeof(*frames->units));
	frames->units[frames->nunits++] = (struct unit){.entry = dwarf_entry_offset(frames->debug, entry)};
	dwarf_entry_visit_ranges(frames->debug, entry, dwarf_entry_low(frames->debug, entry), add_unit_range, frames);
}

static int compare_unit_ranges(const void *left, const void *right)
{
	const struct unit_range *a = left, *b = right;

	return a->low < b->low ? -1 : a->low > b->low;
}

static void find_units(struct dwarf_frames *frames)
{
	Dwarf_Die entry;

	while (frames->nunits < MAX_UNITS && dwarf_entry_next_unit(frames->debug)) {
		if (!dwarf_entry_of_unit(frames->debug, &entry))
			continue;
		add_unit(frames, entry);
		dwarf_entry_free(frames->debug, entry);
	}
	if (frames->nranges)
		qsort(frames->ranges, frames->nranges, sizeof(*frames->ranges), compare_unit_ranges);
}

/*
 * Can every header of the lists of ranges be walked? libdwarf 20210528 frees what it has twice when one cannot
 * (dwarf_load_rnglists), so it must not see such a section. It sees no location lists at all (dwarf_object.c).
 */
static bool lists_are_sound(struct elf_image *image)
{
	struct elf_section section;
	struct cursor cursor;

	if (elf_image_section(image, ".debug_rnglists", &section, NULL) != STATUS_OK || !section.data)
		return true;
	cursor = cursor_make(section.data, section.size);
	while (cursor_left(&cursor)) {
		uint64_t length = cursor_u32(&cursor);
		bool is_64_bit = length == UINT32_MAX;
		const uint8_t *bytes;
		struct cursor list;
		uint64_t offsets;

		if (is_64_bit)
			length = cursor_u64(&cursor);
		bytes = cursor_bytes(&cursor, length);
		list = cursor_make(bytes, bytes ? length : 0);
		if (cursor_u16(&list) != 5 || cursor_u8(&list) != sizeof(uint64_t) || cursor_u8(&list) != 0)
			return false;
		offsets = cursor_u32(&list);
		if (list.failed || offsets > cursor_left(&list) / (is_64_bit ? 8 : 4))
			return false;
	}
	return !cursor.failed;
}

/* The debug information of IMAGE, with or without addresses in it; NULL for what *STATUS then says. */
static struct dwarf_frames *open_image(struct elf_image *image, enum status *status, struct error *error)
{
	struct dwarf_frames *opened;

	if (!lists_are_sound(image)) {
		*status = error_set(error, "%s: the debug information's lists are damaged: build the program anew",
				    elf_image_path(image));
		return NULL;
	}
	opened = memory_alloc(1, sizeof(*opened));
	opened->image = image;
	opened->strings = strtab_new();
	*status = dwarf_object_open(&opened->object, image, error);
	if (*status != STATUS_OK) {
		dwarf_frames_close(opened);
		return NULL;
	}
	opened->debug = dwarf_object_debug(opened->object);
	find_units(opened);
	return opened;
}

enum status dwarf_frames_open(struct dwarf_frames **frames, struct elf_image *image, struct error *error)
{
	enum status status;
	struct dwarf_frames *opened = open_image(image, &status, error);

	if (!opened)
		return status;
	if (!opened->nranges) {
		dwarf_frames_close(opened);
		return STATUS_NO_ENTRY;
	}
	*frames = opened;
	return STATUS_OK;
}

void dwarf_frames_share(struct dwarf_frames *frames, struct elf_image *shared)
{
	Dwarf_Error error = NULL;
	enum status status;

	if (!frames->shared)
		frames->shared = open_image(shared, &status, NULL);
	/* Strings that are shared libdwarf finds by itself. */
	if (frames->shared && dwarf_set_tied_dbg(frames->debug, frames->shared->debug, &error) == DW_DLV_ERROR)
		dwarf_dealloc(frames->debug, error, DW_DLA_ERROR);
}

static void free_unit(struct unit *unit)
{
	dwarf_lines_free(&unit->lines);
	free(unit->scopes);
	free(unit->ranges);
	free(unit->functions);
	free(unit->files);
}

void dwarf_frames_close(struct dwarf_frames *frames)
{
	struct function_name *name, *next;
	size_t i;

	if (!frames)
		return;
	name = frames->names;
	HASH_CLEAR(hh, frames->names);
	for (; name; name = next) {
		next = name->hh.next;
		free(name);
	}
	for (i = 0; i < frames->nunits; i++)
		free_unit(&frames->units[i]);
	free(frames->units);
	free(frames->ranges);
	strtab_free(frames->strings);
	dwarf_object_close(frames->object);
	dwarf_frames_close(frames->shared);
	free(frames);
}

/* The unit that covers PC, read; NULL when none does. */
static struct unit *unit_at(struct dwarf_frames *frames, uint64_t pc)
{
	size_t low = 0, high = frames->nranges;
	struct unit *unit;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (frames->ranges[middle].low <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || frames->ranges[low - 1].high <= pc)
		return NULL;
	unit = &frames->units[frames->ranges[low - 1].unit];
	if (!unit->loaded)
		load_unit(frames, unit);
	return unit;
}

static const struct function_range *function_at(const struct unit *unit, uint64_t pc)
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

/* The innermost scope of FUNCTION at PC. */
static uint32_t scope_at(const struct unit *unit, const struct function_range *function, uint64_t pc)
{
	uint32_t best = NO_SCOPE;
	size_t i;

	for (i = function->first; i < function->last; i++) {
		const struct scope_range *range = &unit->ranges[i];

		if (range->low <= pc && pc < range->high &&
		    (best == NO_SCOPE || unit->scopes[range->scope].depth >= unit->scopes[best].depth))
			best = range->scope;
	}
	return best;
}

/*
 * Read what the entry at OFFSET says of its function into NAME, and return where the rest stands (0: nowhere), of the
 * debug information that *FRAMES then is.
 */
static Dwarf_Off read_name(struct dwarf_frames **frames, Dwarf_Off offset, struct function_name *name)
{
	struct dwarf_frames *own = *frames;
	bool shared = false;
	Dwarf_Off origin = 0;
	uint64_t line;
	Dwarf_Die entry;

	if (!dwarf_entry_at(own->debug, offset, &entry))
		return 0;
	if (!name->name)
		name->name = keep_string(own, dwarf_entry_name(own->debug, entry));
	if (!name->line && dwarf_entry_number(own->debug, entry, DW_AT_decl_line, &line))
		name->line = (int32_t)line;
	if (!dwarf_entry_reference(own->debug, entry, DW_AT_abstract_origin, &origin, &shared))
		dwarf_entry_reference(own->debug, entry, DW_AT_specification, &origin, &shared);
	dwarf_entry_free(own->debug, entry);
	if (shared)
		*frames = own->shared;
	return *frames ? origin : 0;
}

/* Read the unit that the entry at OFFSET is in, so that its qualified names are known. */
static void load_unit_of(struct dwarf_frames *frames, Dwarf_Off offset)
{
	size_t low = 0, high = frames->nunits;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (frames->units[middle].entry <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && !frames->units[low - 1].loaded)
		load_unit(frames, &frames->units[low - 1]);
}

/*
 * The function of ENTRY. An inlined call refers to its function, and a function to its declaration in a class, which
 * may be of another unit or in a file that several share: the first name along the way wins, or a qualified one that
 * the walk has kept.
 */
static const struct function_name *name_of(struct dwarf_frames *frames, Dwarf_Off entry)
{
	struct function_name *name = add_name(frames, entry), *kept;
	struct function_name read = {.line = name->line};
	Dwarf_Off offset = entry;
	unsigned step;

	if (name->name)
		return name;
	for (step = 0; step < MAX_ORIGINS && offset; step++) {
		load_unit_of(frames, offset);
		HASH_FIND(hh, frames->names, &offset, sizeof(offset), kept);
		if (kept && kept->name)
			read.name = kept->name;
		offset = read_name(&frames, offset, &read);
	}
	name->name = read.name ? read.name : "?";
	name->line = read.line;
	return name;
}

/* The file that the unit's line table numbers FILE, "" when it has no such. */
static const char *file_name(struct dwarf_frames *frames, const struct unit *unit, uint32_t file)
{
	uint32_t index = unit->lines.version >= 5 ? file : file - 1;

	return index < unit->nfiles ? strtab_get(frames->strings, unit->files[index]) : "";
}

static size_t fill_chain(struct dwarf_frames *frames, const struct unit *unit, uint32_t scope,
			 const struct dwarf_line *row, struct symbol_frame *chain, size_t capacity)
{
	uint32_t file = row ? row->file : 0, line = row ? row->line : 0;
	const char *path = row ? file_name(frames, unit, file) : "";
	size_t count;

	for (count = 0; scope != NO_SCOPE && count < capacity; count++) {
		const struct scope *at = &unit->scopes[scope];
		const struct function_name *name = name_of(frames, at->entry);

		chain[count] = (struct symbol_frame){
		    .function = name->name,
		    .file = path,
		    .line = (int32_t)line,
		    .start_line = name->line,
		};
		path = file_name(frames, unit, at->call_file);
		line = at->call_line;
		scope = at->parent;
	}
	return count;
}

/* Units with lines but no functions: assembler, and C whose debug information is split off into .dwo files. */
static size_t fill_from_line(struct dwarf_frames *frames, const struct unit *unit, const struct dwarf_line *row,
			     struct symbol_frame *chain)
{
	*chain = (struct symbol_frame){
	    .function = "?", /* the symbols may know */
	    .file = file_name(frames, unit, row->file),
	    .line = (int32_t)row->line,
	};
	return 1;
}

size_t dwarf_frames_at(struct dwarf_frames *frames, uint64_t pc, struct symbol_frame *chain, size_t capacity)
{
	struct unit *unit = unit_at(frames, pc);
	const struct function_range *function;
	const struct dwarf_line *row;

	if (!unit || !capacity)
		return 0;
	row = dwarf_lines_find(&unit->lines, pc);
	function = function_at(unit, pc);
	if (function)
		return fill_chain(frames, unit, scope_at(unit, function, pc), row, chain, capacity);
	return row ? fill_from_line(frames, unit, row, chain) : 0;
}
