/*
 * In: a PC and an image's debug information. Out: the chain of functions, files and lines that cover it.
 *
 * At the opening only the units' ranges are read. The first PC in a unit has it read (dwarf_unit.h), and kept. Go's
 * units are passed over, so a unit of C in a large Go program costs what it is itself.
 */
#include "symbolizer/dwarf_frames.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "binary/dwarf_entry.h"
#include "binary/dwarf_object.h"
#include "binary/elf_image.h"
#include "symbolizer/dwarf_lines.h"
#include "symbolizer/dwarf_names.h"
#include "symbolizer/dwarf_unit.h"
#include "symbolizer/symbolizer.h"

#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#include <stdlib.h>

#define MAX_ORIGINS 8 /* from an inlined call to its abstract function to that one's declaration */
#define MAX_UNITS   (1u << 20)

struct unit_place {
	Dwarf_Off entry;
	struct dwarf_unit *unit; /* NULL: not read yet */
};

struct unit_range {
	uint64_t low, high;
	size_t unit;
};

struct dwarf_frames {
	struct elf_image *image;
	struct dwarf_object *object;
	Dwarf_Debug debug;
	struct dwarf_frames *shared; /* the names in a file that several share; NULL: there is none */
	struct dwarf_names *names;
	struct unit_place *units;  /* by entry */
	struct unit_range *ranges; /* by address */
	size_t nunits, nranges;
	size_t unit_capacity, range_capacity;
};

/* The unit at PLACE, read. */
static struct dwarf_unit *unit_of(struct dwarf_frames *frames, struct unit_place *place)
{
	if (!place->unit)
		place->unit = dwarf_unit_read(frames->debug, place->entry, frames->image, frames->names);
	return place->unit;
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
	frames->units[frames->nunits++] = (struct unit_place){.entry = dwarf_entry_offset(frames->debug, entry)};
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
	opened->names = dwarf_names_new();
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

void dwarf_frames_close(struct dwarf_frames *frames)
{
	size_t i;

	if (!frames)
		return;
	for (i = 0; i < frames->nunits; i++)
		dwarf_unit_free(frames->units[i].unit);
	free(frames->units);
	free(frames->ranges);
	dwarf_names_free(frames->names);
	dwarf_object_close(frames->object);
	dwarf_frames_close(frames->shared);
	free(frames);
}

/* The unit that covers PC, read; NULL when none does. */
static struct dwarf_unit *unit_at(struct dwarf_frames *frames, uint64_t pc)
{
	size_t low = 0, high = frames->nranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (frames->ranges[middle].low <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || frames->ranges[low - 1].high <= pc)
		return NULL;
	return unit_of(frames, &frames->units[frames->ranges[low - 1].unit]);
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
		name->name = dwarf_names_keep(own->names, dwarf_entry_name(own->debug, entry));
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
static void read_unit_of(struct dwarf_frames *frames, Dwarf_Off offset)
{
	size_t low = 0, high = frames->nunits;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (frames->units[middle].entry <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low)
		unit_of(frames, &frames->units[low - 1]);
}

/*
 * The function of ENTRY. An inlined call refers to its function, and a function to its declaration in a class, which
 * may be of another unit or in a file that several share: the first name along the way wins, or a qualified one that
 * the walk has kept.
 */
static const struct function_name *name_of(struct dwarf_frames *frames, Dwarf_Off entry)
{
	struct function_name *name = dwarf_names_of(frames->names, entry);
	const struct function_name *kept;
	struct function_name read = {.line = name->line};
	Dwarf_Off offset = entry;
	unsigned step;

	if (name->name)
		return name;
	for (step = 0; step < MAX_ORIGINS && offset; step++) {
		read_unit_of(frames, offset);
		kept = dwarf_names_find(frames->names, offset);
		if (kept && kept->name)
			read.name = kept->name;
		offset = read_name(&frames, offset, &read);
	}
	name->name = read.name ? read.name : "?";
	name->line = read.line;
	return name;
}

static size_t fill_chain(struct dwarf_frames *frames, const struct dwarf_unit *unit, const struct dwarf_scope *scope,
			 const struct dwarf_line *row, struct symbol_frame *chain, size_t capacity)
{
	const char *path = row ? dwarf_unit_file(unit, row->file) : "";
	uint32_t line = row ? row->line : 0;
	size_t count;

	for (count = 0; scope && count < capacity; count++) {
		const struct function_name *name = name_of(frames, scope->entry);

		chain[count] = (struct symbol_frame){
		    .function = name->name,
		    .file = path,
		    .line = (int32_t)line,
		    .start_line = name->line,
		};
		path = dwarf_unit_file(unit, scope->call_file);
		line = scope->call_line;
		scope = dwarf_unit_parent(unit, scope);
	}
	return count;
}

/* Units with lines but no functions: assembler, and C whose debug information is split off into .dwo files. */
static size_t fill_from_line(const struct dwarf_unit *unit, const struct dwarf_line *row, struct symbol_frame *chain)
{
	*chain = (struct symbol_frame){
	    .function = "?", /* the symbols may know */
	    .file = dwarf_unit_file(unit, row->file),
	    .line = (int32_t)row->line,
	};
	return 1;
}

size_t dwarf_frames_at(struct dwarf_frames *frames, uint64_t pc, struct symbol_frame *chain, size_t capacity)
{
	struct dwarf_unit *unit = unit_at(frames, pc);
	const struct dwarf_scope *scope;
	const struct dwarf_line *row;

	if (!unit || !capacity)
		return 0;
	row = dwarf_unit_line(unit, pc);
	scope = dwarf_unit_scope(unit, pc);
	if (scope)
		return fill_chain(frames, unit, scope, row, chain, capacity);
	return row ? fill_from_line(unit, row, chain) : 0;
}
