/*
 * In: tables of symbols. A name is looked for from the first symbol on. Addresses are looked up often: the functions
 * are sorted, each with how far it and those before it reach, since ranges may overlap.
 */
#include "binary/elf_symbols.h"

#include "base/memory.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct elf_function {
	uint64_t start, last; /* its first address and its last one */
	uint64_t reach;       /* the highest `last` of this function and those before it in the table */
	size_t order;         /* among the file's symbols, of which the first that holds an address is the answer */
	const char *name;
};

struct elf_functions {
	struct elf_function *items; /* by start, then order */
	size_t count, capacity;
};

/* Call VISIT for each symbol until it returns true. */
static bool each_symbol(const struct elf_symbol_table *table,
			bool (*visit)(void *user, const Elf64_Sym *symbol, const char *name), void *user)
{
	size_t i;

	if (!table->strings_size || table->strings[table->strings_size - 1])
		return false;
	for (i = 0; i < table->size / sizeof(Elf64_Sym); i++) {
		Elf64_Sym symbol;

		memcpy(&symbol, table->symbols + i * sizeof(symbol), sizeof(symbol));
		if (symbol.st_name < table->strings_size && symbol.st_value && symbol.st_shndx != SHN_UNDEF &&
		    visit(user, &symbol, (const char *)table->strings + symbol.st_name))
			return true;
	}
	return false;
}

struct search {
	const char *name;
	Elf64_Sym symbol;
};

static bool visit_name(void *user, const Elf64_Sym *symbol, const char *name)
{
	struct search *search = user;

	if (strcmp(name, search->name) != 0)
		return false;
	search->symbol = *symbol;
	return true;
}

bool elf_symbols_find(const struct elf_symbol_table *table, const char *name, uint64_t *address, uint64_t *size)
{
	struct search search = {.name = name};

	if (!each_symbol(table, visit_name, &search))
		return false;
	*address = search.symbol.st_value;
	*size = search.symbol.st_size;
	return true;
}

static bool visit_function(void *user, const Elf64_Sym *symbol, const char *name)
{
	struct elf_functions *functions = user;
	uint64_t size = symbol->st_size ? symbol->st_size : 1;
	struct elf_function *function;

	if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC)
		return false;
	functions->items =
	    memory_reserve(functions->items, functions->count, &functions->capacity, sizeof(*functions->items));
	function = &functions->items[functions->count];
	function->start = symbol->st_value;
	function->last = size - 1 > UINT64_MAX - symbol->st_value ? UINT64_MAX : symbol->st_value + size - 1;
	function->order = functions->count++;
	function->name = name;
	return false;
}

static int compare_functions(const void *a, const void *b)
{
	const struct elf_function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

struct elf_functions *elf_functions_new(const struct elf_symbol_table *tables, size_t count)
{
	struct elf_functions *functions = memory_alloc(1, sizeof(*functions));
	uint64_t reach = 0;
	size_t i;

	for (i = 0; i < count; i++)
		each_symbol(&tables[i], visit_function, functions);
	if (functions->count)
		qsort(functions->items, functions->count, sizeof(*functions->items), compare_functions);
	for (i = 0; i < functions->count; i++) {
		if (functions->items[i].last > reach)
			reach = functions->items[i].last;
		functions->items[i].reach = reach;
	}
	return functions;
}

void elf_functions_free(struct elf_functions *functions)
{
	if (!functions)
		return;
	free(functions->items);
	free(functions);
}

/* How many functions start at or before ADDRESS. */
static size_t functions_to(const struct elf_functions *functions, uint64_t address)
{
	size_t low = 0, high = functions->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (functions->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum status elf_functions_at(const struct elf_functions *functions, uint64_t address, const char **name,
			     uint64_t *start)
{
	const struct elf_function *function, *found = NULL;
	size_t i;

	/* Ranges may overlap, so those that start earlier count too, as far back as one of them reaches here. */
	for (i = functions_to(functions, address); i > 0; i--) {
		function = &functions->items[i - 1];
		if (function->reach < address)
			break;
		if (function->last >= address && (!found || function->order < found->order))
			found = function;
	}
	if (!found)
		return STATUS_NO_ENTRY;
	*name = found->name;
	*start = found->start;
	return STATUS_OK;
}
