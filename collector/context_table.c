/*
 * In: allocations as the agent records them. Out: the trace's contexts. One lookup by hash a sample, and everything
 * else only for stacks that are seen the first time.
 */
#include "collector/context_table.h"

#include "base/memory.h"
#include "collector/agent/agent_shared.h"
#include "trace/trace_writer.h"

#include <stdlib.h>
#include <string.h>

#define EMPTY UINT32_MAX

/* A growing list of words, sorted and made distinct when asked for. */
struct words {
	uint64_t *words;
	size_t count, capacity;
};

struct context_table {
	struct trace_writer *writer;
	uint64_t bias;
	struct known_context *slots; /* open addressing; number EMPTY: free */
	size_t nslots, used;         /* nslots is a power of two */
	struct words addresses, types;
	uint64_t *frames; /* room for one stack */
};

static void clear(struct known_context *slots, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		slots[i].number = EMPTY;
}

struct context_table *context_table_new(struct trace_writer *writer, uint64_t bias)
{
	struct context_table *table = memory_alloc(1, sizeof(*table));

	table->writer = writer;
	table->bias = bias;
	table->nslots = 1 << 14;
	table->slots = memory_alloc(table->nslots, sizeof(*table->slots));
	clear(table->slots, table->nslots);
	table->frames = memory_alloc(AGENT_MAX_FRAMES, sizeof(*table->frames));
	return table;
}

void context_table_free(struct context_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table->addresses.words);
	free(table->types.words);
	free(table->frames);
	free(table);
}

static void add_word(struct words *words, uint64_t word)
{
	words->words = memory_reserve(words->words, words->count, &words->capacity, sizeof(word));
	words->words[words->count++] = word;
}

static struct known_context *find_slot(struct known_context *slots, size_t nslots, uint64_t hash)
{
	size_t i = (hash >> 32) & (nslots - 1); /* the agent's hashes are well mixed there */

	while (slots[i].number != EMPTY && slots[i].hash != hash)
		i = (i + 1) & (nslots - 1);
	return &slots[i];
}

static void grow(struct context_table *table)
{
	size_t nslots = table->nslots * 2, i;
	struct known_context *slots = memory_alloc(nslots, sizeof(*slots));

	clear(slots, nslots);
	for (i = 0; i < table->nslots; i++)
		if (table->slots[i].number != EMPTY)
			*find_slot(slots, nslots, table->slots[i].hash) = table->slots[i];
	free(table->slots);
	table->slots = slots;
	table->nslots = nslots;
}

/* A new stack: into the trace, its addresses link-time. */
static uint32_t define(struct context_table *table, const struct agent_alloc *alloc)
{
	const struct agent_stack *stack = (const struct agent_stack *)(alloc + 1);
	struct trace_context context = {
	    .stack_depth = alloc->depth,
	    .stack = table->frames,
	    .size = stack->size,
	    .type = stack->type ? stack->type - table->bias : 0,
	    .creator_pc = stack->creator ? stack->creator - table->bias : 0,
	    .type_known = alloc->record.flags & AGENT_FLAG_TYPE,
	    .truncated = alloc->record.flags & AGENT_FLAG_TRUNCATED,
	};
	uint32_t i;

	for (i = 0; i < alloc->depth; i++) {
		table->frames[i] = stack->frames[i] - table->bias;
		add_word(&table->addresses, table->frames[i]);
	}
	if (context.creator_pc)
		add_word(&table->addresses, context.creator_pc);
	if (context.type)
		add_word(&table->types, context.type);
	return trace_writer_context(table->writer, &context);
}

const struct known_context *context_table_find(const struct context_table *table, uint64_t hash)
{
	const struct known_context *slot = find_slot(table->slots, table->nslots, hash);

	return slot->number != EMPTY ? slot : NULL;
}

const struct known_context *context_table_of(struct context_table *table, const struct agent_alloc *alloc)
{
	struct known_context *slot = find_slot(table->slots, table->nslots, alloc->hash);
	const struct agent_stack *stack = (const struct agent_stack *)(alloc + 1);

	if (slot->number != EMPTY)
		return slot;
	if (!(alloc->record.flags & AGENT_FLAG_STACK))
		return NULL;
	slot->hash = alloc->hash;
	slot->number = define(table, alloc);
	slot->size = stack->size > UINT32_MAX ? UINT32_MAX : (uint32_t)stack->size;
	if (++table->used * 2 > table->nslots) {
		grow(table);
		slot = find_slot(table->slots, table->nslots, alloc->hash);
	}
	return slot;
}

static int compare_words(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t *distinct(const struct words *words, const uint64_t *more, size_t nmore, size_t *count)
{
	size_t all = words->count + nmore, i, kept = 0;
	uint64_t *copy = memory_alloc(all, sizeof(*copy));

	if (words->count)
		memcpy(copy, words->words, words->count * sizeof(*copy));
	if (nmore)
		memcpy(copy + words->count, more, nmore * sizeof(*copy));
	qsort(copy, all, sizeof(*copy), compare_words);
	for (i = 0; i < all; i++)
		if (!kept || copy[kept - 1] != copy[i])
			copy[kept++] = copy[i];
	*count = kept;
	return copy;
}

uint64_t *context_table_addresses(const struct context_table *table, const uint64_t *more, size_t nmore, size_t *count)
{
	return distinct(&table->addresses, more, nmore, count);
}

uint64_t *context_table_types(const struct context_table *table, size_t *count)
{
	return distinct(&table->types, NULL, 0, count);
}
