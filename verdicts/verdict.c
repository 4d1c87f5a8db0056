/*
 * The set of verdicts: an array of them, their strings interned, each one's chain and steps in a block of its own.
 * Two hash tables over it: by content, kept up to date, so that what is said twice is kept once; by outermost place,
 * built by the first lookup after a change. Comes in: verdicts of the readers and of the store. Goes out: pointers.
 */
#include "verdicts/verdict.h"

#include "base/memory.h"
#include "base/strtab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing over indexes of verdicts, as index + 1; 0 is an empty slot. The size is a power of two. */
struct verdict_table {
	uint32_t *slots;
	size_t size;
};

/* The verdicts sorted by place: each group's run in `order`, found through its first member. */
struct verdict_places {
	struct verdict_table groups; /* of indexes into first[] */
	uint32_t *first;             /* where group N starts in order[]; one more than there are groups */
	uint32_t *order;
};

struct verdict_set {
	struct strtab *strings;
	struct verdict *items;
	size_t count, capacity;
	struct verdict_table contents;
	struct verdict_places *places; /* NULL until looked up */
};

static uint64_t hash_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 29);
}

static const char *verdict_set_intern(struct verdict_set *set, const char *text)
{
	return strtab_get(set->strings, strtab_add(set->strings, text));
}

/* Interned strings are the same when their addresses are. */
static uint64_t verdict_hash(const struct verdict *verdict)
{
	uint64_t hash = hash_mix(verdict->kind, (uintptr_t)verdict->what);
	size_t i;

	for (i = 0; i < verdict->nchain; i++) {
		hash = hash_mix(hash, (uintptr_t)verdict->chain[i].file);
		hash = hash_mix(hash, (uint64_t)verdict->chain[i].line << 32 | verdict->chain[i].column);
	}
	return hash;
}

static bool verdict_same_place(const struct verdict_position *a, const struct verdict_position *b)
{
	return a->file == b->file && a->line == b->line;
}

static bool verdict_equal(const struct verdict *a, const struct verdict *b)
{
	size_t i;

	if (a->kind != b->kind || a->what != b->what || a->nchain != b->nchain)
		return false;
	if (a->kind == VERDICT_LEAK && a->message != b->message) /* a parameter leaks to the heap, and to results */
		return false;
	for (i = 0; i < a->nchain; i++)
		if (!verdict_same_place(&a->chain[i], &b->chain[i]) || a->chain[i].column != b->chain[i].column)
			return false;
	return true;
}

struct verdict_set *verdict_set_new(void)
{
	struct verdict_set *set = memory_alloc(1, sizeof(*set));

	set->strings = strtab_new();
	return set;
}

static void verdict_places_free(struct verdict_places *places)
{
	if (!places)
		return;
	free(places->groups.slots);
	free(places->first);
	free(places->order);
	free(places);
}

/* Chain and steps share a block that starts with the chain. */
static void verdict_release(struct verdict *verdict)
{
	free((void *)(uintptr_t)verdict->chain);
}

void verdict_set_free(struct verdict_set *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->count; i++)
		verdict_release(&set->items[i]);
	verdict_places_free(set->places);
	free(set->contents.slots);
	free(set->items);
	strtab_free(set->strings);
	free(set);
}

static void verdict_position_copy(struct verdict_set *set, struct verdict_position *to,
				  const struct verdict_position *from)
{
	*to = *from;
	to->function = verdict_set_intern(set, from->function);
	to->file = verdict_set_intern(set, from->file);
}

static void verdict_step_copy(struct verdict_set *set, struct verdict_step *to, const struct verdict_step *from)
{
	*to = *from;
	to->text = verdict_set_intern(set, from->text);
	to->why = verdict_set_intern(set, from->why);
	to->target = verdict_set_intern(set, from->target);
	to->file = verdict_set_intern(set, from->file);
}

static struct verdict verdict_copy(struct verdict_set *set, const struct verdict *verdict)
{
	struct verdict copy = *verdict;
	struct verdict_position *chain =
	    memory_alloc(1, verdict->nchain * sizeof(*chain) + verdict->nsteps * sizeof(*verdict->steps));
	struct verdict_step *steps = (struct verdict_step *)(void *)(chain + verdict->nchain);
	size_t i;

	for (i = 0; i < verdict->nchain; i++)
		verdict_position_copy(set, &chain[i], &verdict->chain[i]);
	for (i = 0; i < verdict->nsteps; i++)
		verdict_step_copy(set, &steps[i], &verdict->steps[i]);
	copy.package = verdict_set_intern(set, verdict->package);
	copy.function = verdict_set_intern(set, verdict->function);
	copy.what = verdict_set_intern(set, verdict->what);
	copy.message = verdict_set_intern(set, verdict->message);
	copy.chain = chain;
	copy.steps = verdict->nsteps ? steps : NULL;
	return copy;
}

static void verdict_contents_grow(struct verdict_set *set)
{
	struct verdict_table *table = &set->contents;
	size_t i, slot;

	if (set->count + 1 <= table->size / 2)
		return;
	free(table->slots);
	table->size = table->size ? table->size * 2 : 64;
	table->slots = memory_alloc(table->size, sizeof(*table->slots));
	for (i = 0; i < set->count; i++) {
		slot = verdict_hash(&set->items[i]) & (table->size - 1);
		while (table->slots[slot])
			slot = (slot + 1) & (table->size - 1);
		table->slots[slot] = i + 1;
	}
}

/* The slot that holds VERDICT's equal, or the empty one where it belongs. */
static uint32_t *verdict_contents_find(struct verdict_set *set, const struct verdict *verdict)
{
	struct verdict_table *table = &set->contents;
	size_t slot = verdict_hash(verdict) & (table->size - 1);

	while (table->slots[slot] && !verdict_equal(&set->items[table->slots[slot] - 1], verdict))
		slot = (slot + 1) & (table->size - 1);
	return &table->slots[slot];
}

/* ADDED says the same as OLD: what either of them knows is kept, and ADDED is released or takes OLD's place. */
static void verdict_merge_equal(struct verdict *old, struct verdict *added)
{
	struct verdict lesser = *added, better = *old;

	if (added->nsteps > old->nsteps) {
		better = *added;
		lesser = *old;
	}
	if (!*better.function)
		better.function = lesser.function;
	if (!*better.package)
		better.package = lesser.package;
	better.chain_known |= lesser.chain_known;
	better.too_large |= lesser.too_large;
	better.non_constant |= lesser.non_constant;
	better.is_constant |= lesser.is_constant;
	verdict_release(&lesser);
	*old = better;
}

bool verdict_set_add(struct verdict_set *set, const struct verdict *verdict)
{
	struct verdict copy;
	uint32_t *slot;

	assert(verdict->nchain >= 1);
	verdict_places_free(set->places);
	set->places = NULL;
	copy = verdict_copy(set, verdict);
	verdict_contents_grow(set);
	slot = verdict_contents_find(set, &copy);
	if (*slot) {
		verdict_merge_equal(&set->items[*slot - 1], &copy);
		return false;
	}
	set->items = memory_reserve(set->items, set->count, &set->capacity, sizeof(*set->items));
	set->items[set->count++] = copy;
	*slot = set->count;
	return true;
}

size_t verdict_set_count(const struct verdict_set *set)
{
	return set->count;
}

const struct verdict *verdict_set_at(const struct verdict_set *set, size_t index)
{
	assert(index < set->count);
	return &set->items[index];
}

void verdict_set_mark_constant(struct verdict_set *set, size_t index)
{
	assert(index < set->count);
	set->items[index].is_constant = true;
}

static uint64_t verdict_place_hash(const struct verdict_position *place)
{
	return hash_mix(hash_mix(0, (uintptr_t)place->file), place->line);
}

/* The slot of the group at PLACE, or the empty one where it belongs; SAMPLES[g] is a verdict of group g. */
static uint32_t *verdict_groups_find(const struct verdict_set *set, struct verdict_table *groups,
				     const uint32_t *samples, const struct verdict_position *place)
{
	size_t slot = verdict_place_hash(place) & (groups->size - 1);

	while (groups->slots[slot] && !verdict_same_place(set->items[samples[groups->slots[slot] - 1]].chain, place))
		slot = (slot + 1) & (groups->size - 1);
	return &groups->slots[slot];
}

/* Counting sort: number the groups and count their members, sum up the counts, then put each verdict in its run. */
static struct verdict_places *verdict_places_new(const struct verdict_set *set)
{
	struct verdict_places *places = memory_alloc(1, sizeof(*places));
	uint32_t *group_of = memory_alloc(set->count + 1, sizeof(*group_of));
	uint32_t *samples = memory_alloc(set->count + 1, sizeof(*samples));
	uint32_t ngroups = 0, *slot;
	size_t i;

	places->order = memory_alloc(set->count + 1, sizeof(*places->order));
	places->first = memory_alloc(set->count + 2, sizeof(*places->first));
	for (places->groups.size = 64; places->groups.size < 2 * set->count;)
		places->groups.size *= 2;
	places->groups.slots = memory_alloc(places->groups.size, sizeof(*places->groups.slots));
	for (i = 0; i < set->count; i++) {
		slot = verdict_groups_find(set, &places->groups, samples, set->items[i].chain);
		if (!*slot) {
			samples[ngroups++] = i;
			*slot = ngroups;
		}
		group_of[i] = *slot - 1;
		places->first[*slot]++;
	}
	for (i = 0; i < ngroups; i++)
		places->first[i + 1] += places->first[i];
	/* From the last to the first, so that a group's members keep their order. */
	for (i = set->count; i-- > 0;)
		places->order[--places->first[group_of[i] + 1]] = i;
	/* Each first[g + 1] came down to the start of group g: move them one place back, and the end behind them. */
	memmove(places->first, places->first + 1, ngroups * sizeof(*places->first));
	places->first[ngroups] = set->count;
	free(samples);
	free(group_of);
	return places;
}

const uint32_t *verdict_set_lookup(const struct verdict_set *set, const char *file, uint32_t line, size_t *count)
{
	struct verdict_set *cache = (struct verdict_set *)(uintptr_t)set; /* its places are a cache */
	struct verdict_position place = {"", verdict_set_intern(cache, file), line, 0};
	struct verdict_places *places;
	size_t slot;
	uint32_t group;

	*count = 0;
	if (!set->places)
		cache->places = verdict_places_new(set);
	places = set->places;
	for (slot = verdict_place_hash(&place);; slot++) {
		slot &= places->groups.size - 1;
		if (!places->groups.slots[slot])
			return NULL;
		group = places->groups.slots[slot] - 1;
		if (verdict_same_place(set->items[places->order[places->first[group]]].chain, &place))
			break;
	}
	*count = places->first[group + 1] - places->first[group];
	return places->order + places->first[group];
}
