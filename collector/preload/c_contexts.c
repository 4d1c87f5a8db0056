/*
 * A new context is put together first, in room of its own that nobody else knows, and then named in the index by one
 * compare-and-swap. Who comes second with the same stack uses the first one's, and its own room stays unused: that is
 * rare, and nobody ever waits or sees something half done.
 */
#include "collector/preload/c_contexts.h"

#include "collector/preload/c_modules.h"

#include <stdbool.h>
#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * C_HASH_FACTOR;
	return hash ^ (hash >> 35);
}

static uint64_t hash_of(const uint64_t *frames, uint32_t depth, uint32_t flags, uint32_t size_class)
{
	uint64_t hash = mix(depth, (uint64_t)flags << 32 | size_class);
	uint32_t i;

	for (i = 0; i < depth; i++)
		hash = mix(hash, c_modules_identity(frames[i]));
	return hash | 1; /* never that of a reserved context */
}

static uint32_t no_room(struct c_control *region, uint32_t size_class)
{
	__atomic_fetch_add(&region->no_room, 1, __ATOMIC_RELAXED);
	return size_class;
}

/* The stack's place in the arena; UINT64_MAX: it is full. */
static uint64_t store_stack(struct c_control *region, const uint64_t *frames, uint32_t depth, uint32_t flags)
{
	uint64_t size = sizeof(struct c_stack) + depth * sizeof(uint64_t), at;
	struct c_stack *stack;
	bool fresh = false;
	uint32_t i;

	if (__atomic_load_n(&region->arena_used, __ATOMIC_RELAXED) + size > C_ARENA)
		return UINT64_MAX;
	at = __atomic_fetch_add(&region->arena_used, size, __ATOMIC_RELAXED);
	if (at + size > C_ARENA)
		return UINT64_MAX;
	stack = (struct c_stack *)(c_arena_of(region) + at);
	stack->depth = depth;
	stack->flags = flags;
	for (i = 0; i < depth; i++)
		stack->frames[i] = c_modules_place(frames[i], &fresh);
	return at;
}

/* A context of its own, complete; C_CONTEXTS: there is no room. */
static uint32_t make_context(struct c_control *region, uint64_t hash, const uint64_t *frames, uint32_t depth,
			     uint32_t flags, uint32_t size_class)
{
	struct c_context *context;
	uint64_t stack;
	uint32_t number;

	if (__atomic_load_n(&region->ncontexts, __ATOMIC_RELAXED) >= C_CONTEXTS)
		return C_CONTEXTS;
	stack = store_stack(region, frames, depth, flags);
	if (stack == UINT64_MAX)
		return C_CONTEXTS;
	number = __atomic_fetch_add(&region->ncontexts, 1, __ATOMIC_RELAXED);
	if (number >= C_CONTEXTS)
		return C_CONTEXTS;
	context = &c_contexts_of(region)[number];
	context->hash = hash;
	context->stack = stack;
	context->size = size_class;
	__atomic_store_n(&context->ready, 1, __ATOMIC_RELEASE);
	return number;
}

uint32_t c_contexts_find(struct c_control *region, const uint64_t *frames, uint32_t depth, uint32_t flags,
			 uint32_t size_class)
{
	uint64_t hash = hash_of(frames, depth, flags, size_class);
	const struct c_context *contexts = c_contexts_of(region);
	uint32_t *index = c_index_of(region), made = C_CONTEXTS, i;

	for (i = 0; i < C_INDEX_PROBES; i++) {
		uint32_t *place = &index[(hash + i) & (C_INDEX - 1)], known = __atomic_load_n(place, __ATOMIC_ACQUIRE);

		if (!known) {
			if (made == C_CONTEXTS)
				made = make_context(region, hash, frames, depth, flags, size_class);
			if (made == C_CONTEXTS)
				return no_room(region, size_class);
			if (__atomic_compare_exchange_n(place, &known, made + 1, false, __ATOMIC_ACQ_REL,
							__ATOMIC_ACQUIRE))
				return made;
		}
		if (known <= C_CONTEXTS && contexts[known - 1].hash == hash)
			return known - 1;
	}
	return no_room(region, size_class);
}

static const struct c_stack *stack_of(const struct c_control *region, const struct c_context *context)
{
	return context->stack == UINT64_MAX ? NULL : (const struct c_stack *)(c_arena_of(region) + context->stack);
}

bool c_contexts_are_same(const struct c_control *region, uint32_t a, uint32_t b)
{
	const struct c_context *one = &c_contexts_of(region)[a], *other = &c_contexts_of(region)[b];
	const struct c_stack *its = stack_of(region, one), *others = stack_of(region, other);

	if (a == b)
		return true;
	return its && others && one->size == other->size && its->depth == others->depth &&
	       its->flags == others->flags && !memcmp(its->frames, others->frames, its->depth * sizeof(*its->frames));
}
