/*
 * DWARF line tables, versions 2 to 5: which file and line stands behind an address.
 *
 * A decoder of its own, since libdwarf 20210528 names wrong files, without an error, for version 5 tables (its file
 * register starts at 0, the standard says 1; davea42/libdwarf-code issue 137), and is many times slower. File names
 * are left to libdwarf: rows hold the file's number as the table has it.
 */
#ifndef SYMBOLIZER_DWARF_LINES_H
#define SYMBOLIZER_DWARF_LINES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dwarf_line {
	uint64_t address;
	uint32_t file;     /* its number: from 0 in version 5, from 1 before */
	uint32_t line;     /* 0: the compiler knows none */
	uint32_t order;    /* its place in the table: of several rows at one address the last holds */
	bool end_sequence; /* the first address that is no longer of the table */
};

/* The lines of one unit, by address. Zero-initialise it. */
struct dwarf_lines {
	struct dwarf_line *rows; /* owned */
	size_t count;
	size_t capacity;
	uint16_t version;
};

/*
 * Decode the table at OFFSET of the .debug_line section's SIZE bytes at DATA. Errors: the table is damaged, too large,
 * or of an unknown version; LINES is empty then. Free with dwarf_lines_free.
 */
enum status dwarf_lines_decode(struct dwarf_lines *lines, const void *data, size_t size, uint64_t offset,
			       struct error *error);

/* Free the rows; a zeroed struct is fine. */
void dwarf_lines_free(struct dwarf_lines *lines);

/* The row that covers ADDRESS, borrowed; NULL when none does. */
const struct dwarf_line *dwarf_lines_find(const struct dwarf_lines *lines, uint64_t address);

#endif
