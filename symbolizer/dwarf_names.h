/*
 * The names of functions by their entries in the debug information; kept because each inlined call asks again. Strings
 * are kept as long as the table.
 */
#ifndef SYMBOLIZER_DWARF_NAMES_H
#define SYMBOLIZER_DWARF_NAMES_H

#include <libdwarf/libdwarf.h>
#include <stdint.h>

struct dwarf_names;

/* What an entry says of its function. */
struct function_name {
	const char *name; /* NULL: only the scope it is declared in is known yet */
	int32_t line;     /* that it is declared at; 0: not said */
};

/* An empty table; free with dwarf_names_free. */
struct dwarf_names *dwarf_names_new(void);

/* Free NAMES, which may be NULL, and all its strings. */
void dwarf_names_free(struct dwarf_names *names);

/* What is known of the function of ENTRY, added where nothing is. Borrowed; to be filled in. */
struct function_name *dwarf_names_of(struct dwarf_names *names, Dwarf_Off entry);

/* The same; NULL where nothing is known. */
const struct function_name *dwarf_names_find(const struct dwarf_names *names, Dwarf_Off entry);

/* TEXT kept for as long as NAMES; NULL for NULL. */
const char *dwarf_names_keep(struct dwarf_names *names, const char *text);

#endif
