/*
 * Linear probing with removal by shifting back, so that there are no tombstones and a lookup stays one cache line or
 * two: ten million births and deaths must pass in about a second.
 */
#include "analyzer/live_table.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAPACITY 1024

static size_t home_of(const struct live_table *table, uint64_t address)
{
	/* Fibonacci hashing: addresses are multiples of 8 at least, so the high bits of the product are taken. */
	return (size_t)((address >> 3) * 0x9e3779b97f4a7c15u >> 20) & (table->capacity - 1);
}

/* The slot that holds ADDRESS, or the free one where it would go. */
static size_t find_slot(const struct live_table *table, uint64_t address)
{
	size_t at = home_of(table, address);

	while (table->slots[at].address && table->slots[at].address != address)
		at = (at + 1) & (table->capacity - 1);
	return at;
}

static void grow(struct live_table *table)
{
	struct live_table bigger = {.capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY};

	bigger.slots = memory_alloc(bigger.capacity, sizeof(*bigger.slots));
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->slots[i].address)
			bigger.slots[find_slot(&bigger, table->slots[i].address)] = table->slots[i];
	}
	bigger.count = table->count;
	free(table->slots);
	*table = bigger;
}

bool live_table_insert(struct live_table *table, const struct live_object *object, struct live_object *old)
{
	struct live_object *slot;
	bool there;

	assert(object->address);
	if (table->count * 10 >= table->capacity * 6)
		grow(table);
	slot = &table->slots[find_slot(table, object->address)];
	there = slot->address != 0;
	if (there)
		*old = *slot;
	else
		table->count++;
	*slot = *object;
	return there;
}

/* Close the gap at GAP by moving back what had been pushed on from it. */
static void close_gap(struct live_table *table, size_t gap)
{
	size_t mask = table->capacity - 1;

	for (size_t at = (gap + 1) & mask; table->slots[at].address; at = (at + 1) & mask) {
		size_t home = home_of(table, table->slots[at].address);

		if (((at - home) & mask) < ((at - gap) & mask))
			continue; /* its home lies after the gap */
		table->slots[gap] = table->slots[at];
		gap = at;
	}
	table->slots[gap].address = 0;
}

bool live_table_remove(struct live_table *table, uint64_t address, struct live_object *object)
{
	size_t at;

	if (table->count == 0 || address == 0)
		return false;
	at = find_slot(table, address);
	if (!table->slots[at].address)
		return false;
	*object = table->slots[at];
	close_gap(table, at);
	table->count--;
	return true;
}

void live_table_free(struct live_table *table)
{
	free(table->slots);
	*table = (struct live_table){0};
}
