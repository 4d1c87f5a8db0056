/*
 * A sample, where it comes from, and the counters that each P has of such places: fine means are counted there, once
 * the place itself has gone through a ring.
 */
#ifndef COLLECTOR_AGENT_AGENT_CONTEXT_H
#define COLLECTOR_AGENT_AGENT_CONTEXT_H

#include "collector/agent/agent_shared.h"
#include "collector/agent/agent_walk.h"

/* A sample on its way into a record. */
struct agent_sample {
	uint64_t object, size;
	uint64_t time; /* 0: the clock was not looked at */
	uint64_t m;
	struct agent_start start;
	uint32_t rate, live_rate;
	uint32_t processor;
};

/* Where an allocation comes from: what tells it from others. */
struct agent_context {
	uint64_t size, type, creator;
	uint64_t hash; /* of all that and the stack */
	uint32_t depth, flags;
};

#define AGENT_NO_TYPE UINT64_MAX /* where a type cannot be told; 0 is an allocation without one */

/*
 * The type that mallocgc was asked for, as its owner spilled it in the frame at FRAME (Go 1.18 to 1.26), where the
 * words behind the return address can be read; checked against the range of types and the size. Or AGENT_NO_TYPE.
 */
AGENT_INLINE uint64_t agent_type_in(const struct agent_plan *plan, uint64_t frame, uint64_t size)
{
	uint64_t requested = load64(frame + 16), type = load64(frame + 24);

	if (size - requested > requested + 16)
		return AGENT_NO_TYPE;
	if (type && (type < plan->types_start || type >= plan->types_end))
		return AGENT_NO_TYPE;
	return type;
}

/* The same for the allocation whose innermost frame is at FRAME, on STACK. */
static uint64_t agent_type(const struct agent_plan *plan, struct agent_bounds stack, uint64_t frame, uint64_t size)
{
	uint32_t hops = plan->type_hops;

	if (hops == UINT32_MAX)
		return AGENT_NO_TYPE;
	for (;; hops--) {
		if (!agent_within(stack, frame))
			return AGENT_NO_TYPE;
		frame = load64(frame);
		if (!hops)
			break;
	}
	if (frame < stack.low || frame > stack.last - 16)
		return AGENT_NO_TYPE;
	return agent_type_in(plan, frame, size);
}

/*
 * The hash of a context: of the stack with the hash WALKED, and all else that tells it from others. Odd factors that
 * have nothing to do with each other, so that nothing waits for anything; the upper bits are well mixed.
 */
static inline uint64_t agent_context_hash(uint64_t walked, uint64_t size, uint64_t type, uint64_t creator)
{
	return walked + size * AGENT_SIZE_FACTOR + type * AGENT_TYPE_FACTOR + creator * AGENT_CREATOR_FACTOR;
}

/* The tally of the P with the number PROCESSOR, which is below `ntallies`. */
static inline struct agent_tally *agent_tally_at(struct agent_control *control, uint32_t processor)
{
	return (struct agent_tally *)((uint8_t *)control + control->plan.tallies_offset) + processor;
}

/* The same for any number; NULL for those that have none. */
static inline struct agent_tally *agent_tally_of(struct agent_control *control, uint32_t processor)
{
	return processor < control->plan.ntallies ? agent_tally_at(control, processor) : 0;
}

/* Where SAMPLE comes from; by the walk that its P has kept, which saves most of the walk. */
static void agent_identify(struct agent_control *control, const struct agent_sample *sample,
			   struct agent_context *context)
{
	struct agent_tally *tally = agent_tally_of(control, sample->processor);
	const struct agent_plan *plan = &control->plan;
	const struct agent_start *start = &sample->start;
	uint64_t hash = AGENT_HASH_START;
	uint32_t depth = tally ? agent_walk_again(start, &tally->chain, &hash) : agent_walk(start, 0, &hash);
	uint64_t type = agent_type(plan, agent_stack_of(start->g), start->frame, sample->size);

	context->size = sample->size;
	context->type = type == AGENT_NO_TYPE ? 0 : type;
	context->creator = start->curg ? load64(start->curg + plan->g_gopc) : 0;
	context->hash = agent_context_hash(hash, sample->size, type, context->creator);
	context->depth = depth;
	context->flags =
	    (type == AGENT_NO_TYPE ? 0 : AGENT_FLAG_TYPE) | (depth == AGENT_MAX_FRAMES ? AGENT_FLAG_TRUNCATED : 0);
}

/* Where a counter of HASH would be in a table without others. */
static inline uint32_t agent_slot(uint64_t hash)
{
	return (uint32_t)(hash >> (64 - AGENT_SLOT_BITS));
}

static inline bool agent_counts_for(const struct agent_counter *counter, uint64_t hash, uint32_t rate)
{
	return counter->hash == hash && counter->rate == rate;
}

/* The counter of HASH and RATE in TALLY, or the free one for it; NULL when there is no room near its place. */
static struct agent_counter *agent_counter_at(struct agent_tally *tally, uint64_t hash, uint32_t rate)
{
	uint32_t at = agent_slot(hash), i;

	for (i = 0; i < AGENT_PROBES; i++) {
		struct agent_counter *counter = &tally->slots[(at + i) & (AGENT_SLOTS - 1)];

		if (agent_counts_for(counter, hash, rate) || !counter->rate)
			return counter;
	}
	return 0;
}

static inline void agent_add_one(struct agent_counter *counter)
{
	__atomic_store_n(&counter->count, counter->count + 1, __ATOMIC_RELAXED);
}

/* The next sample of HASH at RATE, whose stack the ring has now, will be counted in COUNTER, a free one of TALLY. */
static void agent_claim(struct agent_tally *tally, struct agent_counter *counter, uint64_t hash, uint32_t rate)
{
	uint32_t used = tally->used;

	if (used >= AGENT_COUNTERS)
		return;
	counter->hash = hash;
	counter->rate = rate;
	tally->order[used] = (uint16_t)(counter - tally->slots);
	__atomic_store_n(&tally->used, used + 1, __ATOMIC_RELEASE);
}

#endif
