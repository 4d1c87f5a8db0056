/* In: entries of functions. Out: what has been found out of their names so far. */
#include "symbolizer/dwarf_names.h"

#include "base/memory.h"
#include "base/strtab.h"

#include <stdlib.h>
#include <uthash.h>

struct entry_name {
	UT_hash_handle hh;
	Dwarf_Off entry;
	struct function_name function;
};

struct dwarf_names {
	struct entry_name *table;
	struct strtab *strings;
};

struct dwarf_names *dwarf_names_new(void)
{
	struct dwarf_names *names = memory_alloc(1, sizeof(*names));

	names->strings = strtab_new();
	return names;
}

void dwarf_names_free(struct dwarf_names *names)
{
	struct entry_name *name, *next;

	if (!names)
		return;
	name = names->table;
	HASH_CLEAR(hh, names->table);
	for (; name; name = next) {
		next = name->hh.next;
		free(name);
	}
	strtab_free(names->strings);
	free(names);
}

struct function_name *dwarf_names_of(struct dwarf_names *names, Dwarf_Off entry)
{
	struct entry_name *name;

	HASH_FIND(hh, names->table, &entry, sizeof(entry), name);
	if (!name) {
		name = memory_alloc(1, sizeof(*name));
		name->entry = entry;
		HASH_ADD(hh, names->table, entry, sizeof(name->entry), name);
	}
	return &name->function;
}

const struct function_name *dwarf_names_find(const struct dwarf_names *names, Dwarf_Off entry)
{
	struct entry_name *name;

	HASH_FIND(hh, names->table, &entry, sizeof(entry), name);
	return name ? &name->function : NULL;
}

const char *dwarf_names_keep(struct dwarf_names *names, const char *text)
{
	return text ? strtab_get(names->strings, strtab_add(names->strings, text)) : NULL;
}
