/* What is left for the collector: records of samples and of deaths, and the GC's figures at every cycle. */
#ifndef COLLECTOR_AGENT_AGENT_RECORD_H
#define COLLECTOR_AGENT_AGENT_RECORD_H

#include "collector/agent/agent_context.h"
#include "collector/agent/agent_math.h"
#include "collector/agent/agent_ring.h"

static inline uint64_t agent_now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Fill RECORD for SAMPLE; returns its bytes. The stack is sent only when this shard has not sent it lately. */
static uint64_t agent_fill_alloc(const struct agent_plan *plan, struct agent_shard *shard,
				 const struct agent_sample *sample, const struct agent_context *context,
				 struct agent_alloc *record)
{
	struct agent_stack *stack = (struct agent_stack *)(record + 1);
	uint64_t hash = 0, *seen = &shard->seen[context->hash >> (64 - AGENT_SEEN_BITS)];

	record->hash = context->hash;
	record->record.kind = AGENT_ALLOC;
	record->record.time = agent_now();
	record->address = sample->object;
	record->goroutine = sample->start.curg ? load64(sample->start.curg + plan->g_goid) : 0;
	record->labels = sample->start.curg && plan->g_labels ? load64(sample->start.curg + plan->g_labels) : 0;
	record->rate = sample->rate;
	record->live_rate = sample->live_rate;
	record->cycle = plan->numgc ? load32(plan->numgc) : 0;
	record->processor = (uint16_t)sample->processor;
	record->depth = 0;
	record->record.size = sizeof(*record);
	record->record.flags = (uint16_t)context->flags;
	if (*seen != record->hash) {
		*seen = record->hash;
		record->record.flags |= AGENT_FLAG_STACK;
		record->depth = (uint16_t)context->depth;
		record->record.size += (uint32_t)(sizeof(*stack) + 8 * context->depth);
		stack->size = context->size;
		stack->type = context->type;
		stack->creator = context->creator;
		agent_walk(&sample->start, stack->frames, &hash);
	}
	return record->record.size;
}

/*
 * Whether the GC's figures are due: a cycle has ended since the last look, or it is long ago (TIME 0: not asked). One
 * caller is told so.
 */
static inline bool agent_figures_are_due(struct agent_control *control, uint64_t time)
{
	uint32_t last = __atomic_load_n(&control->last_numgc, __ATOMIC_RELAXED), cycle;
	uint64_t before = __atomic_load_n(&control->last_figures, __ATOMIC_RELAXED);

	if (!control->plan.numgc)
		return false;
	cycle = load32(control->plan.numgc);
	if (cycle != last)
		return __atomic_compare_exchange_n(&control->last_numgc, &last, cycle, false, __ATOMIC_RELAXED,
						   __ATOMIC_RELAXED);
	return time && time - before > control->plan.figures_ticks &&
	       __atomic_compare_exchange_n(&control->last_figures, &before, time, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

/* Copy the GC's figures into SHARD, which is ours. */
static void agent_gc_figures(struct agent_control *control, struct agent_shard *shard)
{
	const struct agent_plan *plan = &control->plan;
	uint64_t size = sizeof(struct agent_gc) + 8 * plan->nfigures;
	struct agent_gc *gc = agent_room(control, shard, size, 0);
	uint32_t i;

	if (!gc)
		return;
	gc->record.size = (uint32_t)size;
	gc->record.kind = AGENT_GC;
	gc->record.flags = 0;
	gc->record.time = agent_now();
	gc->cycle = load32(plan->numgc);
	gc->count = plan->nfigures;
	for (i = 0; i < plan->nfigures; i++)
		gc->words[i] = plan->figures[i] ? load64(plan->figures[i]) : UINT64_MAX;
	agent_publish(shard, size);
}

static void agent_tell_figures(struct agent_control *control, uint32_t processor)
{
	struct agent_shard *shard = agent_take_shard(control, processor);

	if (!shard)
		return;
	agent_gc_figures(control, shard);
	agent_give_shard(shard);
}

/* The bytes that an object of SIZE bytes, sampled with the mean RATE, stands for. */
static uint64_t agent_stands_for(uint64_t size, uint32_t rate)
{
	return rate <= 1 ? size : (uint64_t)((double)size / agent_hit_probability((double)size / rate));
}

/* Leave a record of SAMPLE from CONTEXT; false when it is lost. *EIGHTHS is how full the shard's ring is. */
static bool agent_record_alloc(struct agent_control *control, const struct agent_sample *sample,
			       const struct agent_context *context, uint32_t *eighths)
{
	struct agent_shard *shard = agent_take_shard(control, sample->processor);
	struct agent_alloc *record;

	if (!shard) {
		__atomic_fetch_add(&control->contended, 1, __ATOMIC_RELAXED);
		return false;
	}
	*eighths = 8;
	record = agent_room(control, shard, AGENT_ALLOC_MAX, control->plan.ring_reserve);
	if (record) {
		agent_publish(shard, agent_fill_alloc(&control->plan, shard, sample, context, record));
		*eighths = (uint32_t)((shard->head - shard->tail) * 8 / control->plan.ring_size);
	} else {
		shard->lost_samples++;
		shard->lost_bytes += agent_stands_for(sample->size, sample->rate);
	}
	if (*eighths >= 4)
		shard->throttled++;
	agent_give_shard(shard);
	return record != 0;
}

/* Count SAMPLE where that is enough, or leave a record of it. *EIGHTHS: how full the ring is. False when it is lost. */
static bool agent_keep(struct agent_control *control, const struct agent_sample *sample, uint32_t *eighths)
{
	struct agent_tally *tally = agent_tally_of(control, sample->processor);
	struct agent_counter *counter = 0;
	struct agent_context context;

	agent_identify(control, sample, &context);
	if (tally && !sample->live_rate && sample->rate < AGENT_COUNT_BELOW)
		counter = agent_counter_at(tally, context.hash, sample->rate);
	if (counter && counter->rate) {
		agent_add_one(counter);
		return true;
	}
	if (!agent_record_alloc(control, sample, &context, eighths))
		return false;
	if (counter)
		agent_claim(tally, counter, context.hash, sample->rate);
	return true;
}

/* The object's death into a ring. */
static void agent_record_death(struct agent_control *control, uint64_t object, uint32_t processor, uint64_t now)
{
	struct agent_shard *shard = agent_take_shard(control, processor);
	struct agent_death *death;

	if (!shard) {
		__atomic_fetch_add(&control->contended_deaths, 1, __ATOMIC_RELAXED);
		return;
	}
	death = agent_room(control, shard, sizeof(*death), 0);
	if (death) {
		death->record.size = sizeof(*death);
		death->record.kind = AGENT_DEATH;
		death->record.flags = 0;
		death->record.time = now;
		death->address = object;
		death->cycle = control->plan.numgc ? load32(control->plan.numgc) : 0;
		agent_publish(shard, sizeof(*death));
	} else {
		shard->lost_deaths++;
	}
	agent_give_shard(shard);
}

#endif
