/* Offsets of the runtime's fields by Go version, for programs without debug information. */
#ifndef BINARY_GO_LAYOUT_TABLE_H
#define BINARY_GO_LAYOUT_TABLE_H

#include <stdint.h>

#define GO_LAYOUT_TABLE_FIELDS 35 /* as go_layout.c has members */

/*
 * The offsets for go1.MINOR.PATCH, in the order of go_layout.c's members; GO_LAYOUT_NONE for a field that version does
 * not have. NULL when the version is not in the table. Measured on linux/amd64 from programs that carry DWARF.
 */
const uint32_t *go_layout_table_find(unsigned minor, unsigned patch);

#endif
