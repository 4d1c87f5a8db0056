/*
 * The state machine of DWARF 5, section 6.2, which the older versions share but for the header. In goes a section's
 * bytes, which nobody vouches for; out go rows sorted by address, to be searched.
 */
#include "symbolizer/dwarf_lines.h"

#include "base/cursor.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROWS       (1u << 24) /* of one unit; the largest seen have some hundred thousands */
#define MIN_VERSION    2
#define MAX_VERSION    5
#define DWARF64_ESCAPE 0xffffffffu

enum standard_opcode {
	OP_EXTENDED = 0,
	OP_COPY = 1,
	OP_ADVANCE_PC = 2,
	OP_ADVANCE_LINE = 3,
	OP_SET_FILE = 4,
	OP_CONST_ADD_PC = 8,
	OP_FIXED_ADVANCE_PC = 9,
};

enum extended_opcode {
	EXT_END_SEQUENCE = 1,
	EXT_SET_ADDRESS = 2,
};

struct machine {
	struct cursor program;
	struct dwarf_lines *lines;
	uint8_t min_instruction;
	int8_t line_base;
	uint8_t line_range;
	uint8_t opcode_base;
	const uint8_t *operands; /* how many operands each standard opcode has, from opcode 1 */
	uint64_t address;
	uint64_t file;
	uint64_t line;
};

static void start_sequence(struct machine *machine)
{
	machine->address = 0;
	machine->file = 1;
	machine->line = 1;
}

static void add_row(struct machine *machine, bool end_sequence)
{
	struct dwarf_lines *lines = machine->lines;

	if (lines->count >= MAX_ROWS) {
		machine->program.failed = true;
		return;
	}
	lines->rows = memory_reserve(lines->rows, lines->count, &lines->capacity, sizeof(*lines->rows));
	lines->rows[lines->count] = (struct dwarf_line){
	    .order = (uint32_t)lines->count,
	    .address = machine->address,
	    .file = (uint32_t)machine->file,
	    .line = (uint32_t)machine->line,
	    .end_sequence = end_sequence,
	};
	lines->count++;
}

static void advance_address(struct machine *machine, uint64_t instructions)
{
	machine->address += instructions * machine->min_instruction;
}

static void run_extended(struct machine *machine)
{
	uint64_t length = cursor_uleb(&machine->program);
	const uint8_t *bytes = cursor_bytes(&machine->program, length);
	struct cursor operands = cursor_make(bytes, bytes ? length : 0);

	switch (cursor_u8(&operands)) {
	case EXT_END_SEQUENCE:
		add_row(machine, true);
		start_sequence(machine);
		break;
	case EXT_SET_ADDRESS:
		machine->address = length == 1 + sizeof(uint32_t) ? cursor_u32(&operands) : cursor_u64(&operands);
		machine->program.failed |= operands.failed;
		break;
	default: /* says nothing of files and lines */
		break;
	}
}

static void run_standard(struct machine *machine, uint8_t opcode)
{
	uint8_t operand;

	switch (opcode) {
	case OP_COPY:
		add_row(machine, false);
		break;
	case OP_ADVANCE_PC:
		advance_address(machine, cursor_uleb(&machine->program));
		break;
	case OP_ADVANCE_LINE:
		machine->line += (uint64_t)cursor_sleb(&machine->program);
		break;
	case OP_SET_FILE:
		machine->file = cursor_uleb(&machine->program);
		break;
	case OP_CONST_ADD_PC:
		advance_address(machine, (255 - machine->opcode_base) / machine->line_range);
		break;
	case OP_FIXED_ADVANCE_PC:
		machine->address += cursor_u16(&machine->program);
		break;
	default: /* says nothing of files and lines, or is newer than this: the header tells how much to pass over */
		for (operand = 0; operand < machine->operands[opcode - 1]; operand++)
			cursor_uleb(&machine->program);
		break;
	}
}

static void run_special(struct machine *machine, uint8_t opcode)
{
	uint8_t adjusted = opcode - machine->opcode_base;

	advance_address(machine, adjusted / machine->line_range);
	machine->line += (uint64_t)(int64_t)(machine->line_base + adjusted % machine->line_range);
	add_row(machine, false);
}

static void run(struct machine *machine)
{
	start_sequence(machine);
	while (cursor_left(&machine->program)) {
		uint8_t opcode = cursor_u8(&machine->program);

		if (opcode >= machine->opcode_base)
			run_special(machine, opcode);
		else if (opcode == OP_EXTENDED)
			run_extended(machine);
		else
			run_standard(machine, opcode);
	}
}

/* An offset or a length: 4 bytes, or 8 in the 64-bit format. */
static uint64_t read_offset(struct cursor *cursor, bool is_64_bit)
{
	return is_64_bit ? cursor_u64(cursor) : cursor_u32(cursor);
}

/* Cut CURSOR to the SIZE bytes that follow. */
static void narrow(struct cursor *cursor, uint64_t size)
{
	if (size > cursor_left(cursor))
		cursor->failed = true;
	else
		cursor->end = cursor->at + size;
}

/* Read the header up to where the directories begin, and put the machine before its program. */
static enum status read_header(struct machine *machine, struct error *error)
{
	struct cursor *cursor = &machine->program;
	uint64_t length = cursor_u32(cursor);
	bool is_64_bit = length == DWARF64_ESCAPE;
	const uint8_t *program;
	uint16_t version;

	narrow(cursor, is_64_bit ? cursor_u64(cursor) : length);
	version = cursor_u16(cursor);
	if (cursor->failed || version < MIN_VERSION || version > MAX_VERSION)
		return error_set(error, "line table of version %u: only %d to %d are known", version, MIN_VERSION,
				 MAX_VERSION);
	if (version >= 5)
		cursor_skip(cursor, 2); /* sizes of an address and of a segment selector */
	length = read_offset(cursor, is_64_bit);
	if (length > cursor_left(cursor))
		return error_set(error, "line table: the header is longer than the table");
	program = cursor->at + length;
	machine->lines->version = version;
	machine->min_instruction = cursor_u8(cursor);
	cursor_skip(cursor, version >= 4 ? 2 : 1); /* operations an instruction (VLIW machines), default_is_stmt */
	machine->line_base = (int8_t)cursor_u8(cursor);
	machine->line_range = cursor_u8(cursor);
	machine->opcode_base = cursor_u8(cursor);
	if (cursor->failed || !machine->line_range || !machine->opcode_base)
		return error_set(error, "line table: the header is damaged");
	machine->operands = cursor_bytes(cursor, machine->opcode_base - 1u);
	if (cursor->failed || cursor->at > program)
		return error_set(error, "line table: the header is damaged");
	cursor->at = program;
	return STATUS_OK;
}

/* By address; where a sequence ends and another begins, the end first; else in the table's order. */
static int compare_rows(const void *left, const void *right)
{
	const struct dwarf_line *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->end_sequence != b->end_sequence)
		return a->end_sequence ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* A linker that drops a function leaves its sequence, at address 0: it would lie over others. */
static void drop_dead_sequences(struct dwarf_lines *lines)
{
	size_t from = 0, to = 0;

	while (from < lines->count) {
		size_t end = from;
		bool dead = !lines->rows[from].address;

		while (end < lines->count && !lines->rows[end].end_sequence)
			end++;
		end += end < lines->count;
		if (!dead) {
			memmove(lines->rows + to, lines->rows + from, (end - from) * sizeof(*lines->rows));
			to += end - from;
		}
		from = end;
	}
	lines->count = to;
}

enum status dwarf_lines_decode(struct dwarf_lines *lines, const void *data, size_t size, uint64_t offset,
			       struct error *error)
{
	struct machine machine = {.lines = lines, .program = cursor_make(data, size)};

	memset(lines, 0, sizeof(*lines));
	if (offset >= size)
		return error_set(error, "line table at offset %llu: past the section's end",
				 (unsigned long long)offset);
	cursor_skip(&machine.program, offset);
	if (read_header(&machine, error) != STATUS_OK)
		return STATUS_ERROR;
	run(&machine);
	if (machine.program.failed) {
		dwarf_lines_free(lines);
		return error_set(error, "line table at offset %llu: damaged", (unsigned long long)offset);
	}
	drop_dead_sequences(lines);
	if (lines->count)
		qsort(lines->rows, lines->count, sizeof(*lines->rows), compare_rows);
	return STATUS_OK;
}

void dwarf_lines_free(struct dwarf_lines *lines)
{
	free(lines->rows);
	memset(lines, 0, sizeof(*lines));
}

const struct dwarf_line *dwarf_lines_find(const struct dwarf_lines *lines, uint64_t address)
{
	size_t low = 0, high = lines->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lines->rows[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || lines->rows[low - 1].end_sequence)
		return NULL;
	return &lines->rows[low - 1];
}
