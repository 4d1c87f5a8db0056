/*
 * One entry (DIE) of the debug information: its attributes and addresses, as values. libdwarf's errors end here: what
 * is damaged counts as not there, since a profile does better with a name less than without its report. libdwarf is
 * always given a place for its error: it dereferences it.
 */
#ifndef BINARY_DWARF_ENTRY_H
#define BINARY_DWARF_ENTRY_H

#include <libdwarf/libdwarf.h>
#include <stdbool.h>
#include <stdint.h>

/* Gets addresses [LOW, HIGH) of an entry; called once for each piece. */
typedef void dwarf_range_visitor(void *context, uint64_t low, uint64_t high);

/* The entry at OFFSET of .debug_info, to be freed with dwarf_entry_free; false when there is none. */
bool dwarf_entry_at(Dwarf_Debug debug, Dwarf_Off offset, Dwarf_Die *entry);

/* The unit's own entry, right after dwarf_entry_next_unit; freed with dwarf_entry_free. */
bool dwarf_entry_of_unit(Dwarf_Debug debug, Dwarf_Die *entry);

/* Go to the next unit's header; false at the last. */
bool dwarf_entry_next_unit(Dwarf_Debug debug);

/* The first child of ENTRY, and the entry after it, each to be freed with dwarf_entry_free; false when there is none.
 */
bool dwarf_entry_child(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Die *child);
bool dwarf_entry_sibling(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Die *sibling);

/* Free ENTRY. */
void dwarf_entry_free(Dwarf_Debug debug, Dwarf_Die entry);

/* Its DW_TAG, and its offset in .debug_info; 0 when damaged. */
Dwarf_Half dwarf_entry_tag(Dwarf_Debug debug, Dwarf_Die entry);
Dwarf_Off dwarf_entry_offset(Dwarf_Debug debug, Dwarf_Die entry);

/* The attribute NAME as a number, or a section's offset; NUMBER is left alone when there is none. */
bool dwarf_entry_number(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Half name, uint64_t *number);

/*
 * The offset in .debug_info of the entry that the attribute NAME refers to; *SHARED: in that of the file that several
 * share (DWZ's). Both are left alone when there is none.
 */
bool dwarf_entry_reference(Dwarf_Debug debug, Dwarf_Die entry, Dwarf_Half name, Dwarf_Off *offset, bool *shared);

/* Its DW_AT_name, borrowed from libdwarf; NULL when it has none. */
const char *dwarf_entry_name(Dwarf_Debug debug, Dwarf_Die entry);

/* Its DW_AT_low_pc; 0 when it has none. */
uint64_t dwarf_entry_low(Dwarf_Debug debug, Dwarf_Die entry);

/*
 * Hand VISIT the addresses that ENTRY covers, which may be none. BASE is the low address of its unit, which the ranges
 * of versions up to 4 are relative to.
 */
void dwarf_entry_visit_ranges(Dwarf_Debug debug, Dwarf_Die entry, uint64_t base, dwarf_range_visitor *visit,
			      void *context);

#endif
