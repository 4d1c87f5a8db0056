/*
 * One compilation unit of C or C++: its functions, what was inlined into them, its files and lines.
 */
#ifndef SYMBOLIZER_DWARF_UNIT_H
#define SYMBOLIZER_DWARF_UNIT_H

#include <libdwarf/libdwarf.h>
#include <stdint.h>

struct dwarf_line;
struct dwarf_names;
struct dwarf_unit;
struct elf_image;

/* A function, or a call that was inlined: what a range of addresses belongs to. */
struct dwarf_scope {
	Dwarf_Off entry;
	uint32_t parent; /* dwarf_unit_parent looks it up */
	uint32_t depth;
	uint32_t call_file; /* where it was inlined, as the line table numbers them */
	uint32_t call_line;
};

/*
 * Read the unit at ENTRY of DEBUG, which is IMAGE's, as a whole; what is damaged is left out. Never NULL. Qualified
 * names of functions and the files' go to NAMES, which must outlive it. Free with dwarf_unit_free.
 */
struct dwarf_unit *dwarf_unit_read(Dwarf_Debug debug, Dwarf_Off entry, struct elf_image *image,
				   struct dwarf_names *names);

/* Free UNIT, which may be NULL. */
void dwarf_unit_free(struct dwarf_unit *unit);

/* The innermost scope at PC, borrowed; NULL when no function covers PC. */
const struct dwarf_scope *dwarf_unit_scope(const struct dwarf_unit *unit, uint64_t pc);

/* The scope that SCOPE was inlined into; NULL for a function of its own. */
const struct dwarf_scope *dwarf_unit_parent(const struct dwarf_unit *unit, const struct dwarf_scope *scope);

/* The row of the line table that covers PC; NULL when none does. */
const struct dwarf_line *dwarf_unit_line(const struct dwarf_unit *unit, uint64_t pc);

/* The name of the file that the line table numbers FILE, "" when it has no such. */
const char *dwarf_unit_file(const struct dwarf_unit *unit, uint32_t file);

#endif
