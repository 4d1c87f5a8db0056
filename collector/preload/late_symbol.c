/*
 * The dynamic section of each library that is loaded leads to its table of symbols, which is looked up by its GNU hash.
 * What is read here the loader has read before, and relocated from it: it is trusted.
 */
#include "collector/preload/late_symbol.h"

#include "collector/preload/quiet.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

extern const char __ehdr_start[] __attribute__((visibility("hidden"))); /* of this library, which is never meant */

enum rank { RANK_NONE, RANK_ANY, RANK_USUAL, RANK_OWN };

struct search {
	uint64_t caller;
	struct late_code *code; /* of the library that it is in */
	const char *const *usual;
	const char *name;
	void *found;
	enum rank rank; /* of the library in which it was found */
};

/* What of a dynamic section the search needs. */
struct tables {
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *hash; /* GNU's: number of buckets, first symbol, words and shift of the filter; then these */
};

static bool is_usual(const struct search *search, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL, *base = slash ? slash + 1 : path;
	size_t i;

	for (i = 0; base && search->usual[i]; i++)
		if (!strncmp(base, search->usual[i], strlen(search->usual[i])))
			return true;
	return false;
}

/* Whether the caller is in the library of INFO, and in which part of it. */
static bool has_caller(const struct search *search, const struct dl_phdr_info *info)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		uint64_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, size = info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && search->caller - start < size) {
			*search->code = (struct late_code){start, start + size};
			return true;
		}
	}
	return false;
}

static enum rank rank_of(const struct search *search, const struct dl_phdr_info *info)
{
	if (info->dlpi_addr == (ElfW(Addr))__ehdr_start)
		return RANK_NONE;
	if (has_caller(search, info))
		return RANK_OWN;
	return is_usual(search, info->dlpi_name) ? RANK_USUAL : RANK_ANY;
}

/* The loader may have made addresses of what are offsets in the file. */
static const void *address_of(const struct dl_phdr_info *info, ElfW(Addr) value)
{
	return (const void *)(value < info->dlpi_addr ? value + info->dlpi_addr : value);
}

static bool find_tables(struct tables *tables, const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *entry = NULL;
	int i;

	memset(tables, 0, sizeof(*tables));
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			entry = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			tables->symbols = address_of(info, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_STRTAB)
			tables->strings = address_of(info, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_GNU_HASH)
			tables->hash = address_of(info, entry->d_un.d_ptr);
	}
	return tables->symbols && tables->strings && tables->hash;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

/* The function NAME that TABLES define; NULL: they do not. */
static const ElfW(Sym) * look_up(const struct tables *tables, const char *name)
{
	uint32_t nbuckets = tables->hash[0], first = tables->hash[1], nwords = tables->hash[2], hash = hash_of(name);
	const uint32_t *buckets = tables->hash + 4 + nwords * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *chain = buckets + nbuckets;
	uint32_t i = nbuckets ? buckets[hash % nbuckets] : 0;

	if (i < first) /* an empty bucket */
		return NULL;
	for (;; i++) {
		const ElfW(Sym) *symbol = &tables->symbols[i];

		if ((chain[i - first] ^ hash) < 2 && symbol->st_shndx != SHN_UNDEF &&
		    ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && !strcmp(tables->strings + symbol->st_name, name))
			return symbol;
		if (chain[i - first] & 1) /* the last of its bucket */
			return NULL;
	}
}

static int search_library(struct dl_phdr_info *info, size_t size, void *user)
{
	struct search *search = user;
	enum rank rank = rank_of(search, info);
	const ElfW(Sym) * symbol;
	struct tables tables;

	(void)size;
	if (rank <= search->rank || !find_tables(&tables, info))
		return 0;
	symbol = look_up(&tables, search->name);
	if (!symbol)
		return 0;
	search->found = (void *)(info->dlpi_addr + symbol->st_value);
	search->rank = rank;
	return rank == RANK_OWN;
}

void *late_symbol_find(uint64_t caller, const char *const *usual, const char *name, struct late_code *code)
{
	struct search search = {.caller = caller, .code = code, .usual = usual, .name = name};
	struct quiet quiet;

	*code = (struct late_code){0, 0};
	quiet_begin(&quiet);
	dl_iterate_phdr(search_library, &search);
	quiet_end(&quiet);
	return search.found;
}
