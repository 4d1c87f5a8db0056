/* Interned strings: a uthash table over the text, an array over the number. */
#include "base/strtab.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Texts are long, and eight bytes at a time are five times as fast to hash as uthash's own way. */
static unsigned strtab_hash(const void *bytes, size_t length)
{
	const uint64_t multiplier = 0x9e3779b97f4a7c15u; /* 2^64 divided by the golden ratio: odd, and no pattern */
	uint64_t hash = length, word;

	for (size_t at = 0; at < length; at += 8) {
		word = 0;
		memcpy(&word, (const char *)bytes + at, length - at < 8 ? length - at : 8);
		hash = (hash ^ word) * multiplier;
		hash ^= hash >> 32;
	}
	return (unsigned)hash;
}

#define HASH_FUNCTION(key, length, hash) ((hash) = strtab_hash((key), (length)))
#include <uthash.h>

struct strtab_entry {
	UT_hash_handle hh;
	uint32_t number;
	char text[];
};

struct strtab {
	struct strtab_entry *by_text;
	struct strtab_entry **by_number;
	size_t capacity;
	uint32_t count;
};

struct strtab *strtab_new(void)
{
	struct strtab *table = memory_alloc(1, sizeof(*table));

	strtab_add(table, "");
	return table;
}

void strtab_free(struct strtab *table)
{
	uint32_t number;

	if (!table)
		return;
	HASH_CLEAR(hh, table->by_text);
	for (number = 0; number < table->count; number++)
		free(table->by_number[number]);
	free(table->by_number);
	free(table);
}

uint32_t strtab_add_bytes(struct strtab *table, const char *text, size_t length)
{
	struct strtab_entry *entry;

	HASH_FIND(hh, table->by_text, text, length, entry);
	if (entry)
		return entry->number;
	entry = memory_alloc(1, sizeof(*entry) + length + 1);
	if (length)
		memcpy(entry->text, text, length);
	entry->number = table->count;
	table->by_number = memory_reserve(table->by_number, table->count, &table->capacity, sizeof(*table->by_number));
	table->by_number[table->count++] = entry;
	HASH_ADD_KEYPTR(hh, table->by_text, entry->text, length, entry);
	return entry->number;
}

uint32_t strtab_add(struct strtab *table, const char *text)
{
	return strtab_add_bytes(table, text ? text : "", text ? strlen(text) : 0);
}

uint32_t strtab_find_bytes(const struct strtab *table, const char *text, size_t length)
{
	struct strtab_entry *entry;

	HASH_FIND(hh, table->by_text, text, length, entry);
	return entry ? entry->number : table->count;
}

const char *strtab_get(const struct strtab *table, uint32_t number)
{
	return number < table->count ? table->by_number[number]->text : "";
}

uint32_t strtab_count(const struct strtab *table)
{
	return table->count;
}
