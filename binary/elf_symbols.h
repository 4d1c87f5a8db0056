/*
 * The symbol tables of an ELF file: from a name to an address, and from an address to the function there. Offsets in
 * them are checked. For elf_image.c, which has their sections.
 */
#ifndef BINARY_ELF_SYMBOLS_H
#define BINARY_ELF_SYMBOLS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_functions;

/* One table and its strings, where they lie in the file. Zeroes: there is none. */
struct elf_symbol_table {
	const uint8_t *symbols, *strings;
	size_t size, strings_size; /* bytes */
};

/* The value and size of the first symbol of TABLE that is defined as NAME; false when there is none. */
bool elf_symbols_find(const struct elf_symbol_table *table, const char *name, uint64_t *address, uint64_t *size);

/*
 * The functions of COUNT TABLES, the first table's first, to be looked up by address. Names are borrowed from the
 * tables. Free with elf_functions_free.
 */
struct elf_functions *elf_functions_new(const struct elf_symbol_table *tables, size_t count);

/* Free FUNCTIONS, which may be NULL. */
void elf_functions_free(struct elf_functions *functions);

/* The first function, in the tables' order, that holds ADDRESS: its NAME and START. STATUS_NO_ENTRY: none does. */
enum status elf_functions_at(const struct elf_functions *functions, uint64_t address, const char **name,
			     uint64_t *start);

#endif
