/* The table; the version matrix compares it with the DWARF of real programs. */
#include "binary/go_layout_table.h"

#include <stddef.h>

const uint32_t *go_layout_table_find(unsigned minor, unsigned patch)
{
	(void)minor;
	(void)patch;
	return NULL;
}
