/*
 * Which mean the next interval is drawn with, and what decides it: ours, the program's own, the room in the rings,
 * whether anybody collects; and what samples take, by which the collector moves its mean.
 */
#ifndef COLLECTOR_AGENT_AGENT_RATE_H
#define COLLECTOR_AGENT_AGENT_RATE_H

#include "collector/agent/agent_math.h"
#include "collector/agent/agent_record.h"
#include "collector/agent/agent_ring.h"

/* The collector has not looked in for so long that it must be gone. */
static inline bool agent_alone(const struct agent_control *control, uint64_t now)
{
	int64_t since = (int64_t)(now - __atomic_load_n(&control->heartbeat, __ATOMIC_RELAXED));

	return since > (int64_t)control->heartbeat_ticks;
}

/*
 * RATE, made coarser while the ring of the P with the number PROCESSOR has little room left: what would find none is
 * thinned out before, so that it is in the others' weights. Draws alone don't do, as the program's own rate bounds
 * them.
 */
static inline uint64_t agent_rate_for_room(const struct agent_control *control, uint32_t processor, uint64_t rate)
{
	const struct agent_plan *plan = &control->plan;
	const struct agent_shard *shard = agent_shard_at((struct agent_control *)control, processor % plan->nshards);
	uint64_t room = plan->ring_size - plan->ring_reserve - AGENT_ALLOC_MAX;
	uint64_t used = shard->head - __atomic_load_n(&shard->tail, __ATOMIC_RELAXED);
	uint64_t left = used < room ? room - used : 0;
	uint32_t i;

	for (i = 2; i < 4 && left < room >> i; i++)
		rate = rate < 512 ? 4096 : rate << 3;
	return rate > AGENT_RATE_MAX ? AGENT_RATE_MAX : rate;
}

/* The mean to draw the next interval with: the finer of ours, raised while the ring is full, and the program's. */
static uint64_t agent_next_mean(const struct agent_control *control, bool alone, uint32_t eighths, int64_t own)
{
	uint64_t mean = control->rate ? control->rate : 1;

	if (alone)
		return own > 0 && own < AGENT_RATE_MAX && !control->plan.switched_on ? (uint64_t)own : AGENT_RATE_MAX;
	if (eighths >= 4)
		mean = mean < 512 ? 512u << (eighths - 4) : mean << (eighths - 2);
	if (own > 0 && mean > (uint64_t)own)
		mean = (uint64_t)own;
	return mean > AGENT_RATE_MAX ? AGENT_RATE_MAX : mean;
}

/* Not so only while the collector's 1 stands in MemProfileRate: what came then would be scaled up wrongly. */
static inline bool agent_rate_is_the_programs(const struct agent_control *control)
{
	return !control->plan.first_rate || control->rate_restored;
}

/* The next sample of the P whose mcache counts at NEXT_SAMPLE comes after NEXT bytes. */
AGENT_INLINE void agent_put_next(const struct agent_plan *plan, struct agent_processor *processor, uint64_t mcache,
				 int64_t next)
{
	processor->countdown = next;
	*(volatile int64_t *)(mcache + plan->next_sample) = next;
}

/* A new one, drawn with MEAN, above 1. */
AGENT_INLINE int64_t agent_interval(const struct agent_plan *plan, struct agent_processor *processor, uint64_t mean)
{
	return agent_draw(&processor->random, (double)(int64_t)mean) + plan->next_sample_add;
}

/* Draw the next interval of the P whose mcache counts at NEXT_SAMPLE. */
AGENT_INLINE void agent_set_next(const struct agent_plan *plan, struct agent_processor *processor, uint64_t mcache,
				 uint64_t mean)
{
	agent_put_next(plan, processor, mcache, mean <= 1 ? 0 : agent_interval(plan, processor, mean));
}

/* Whether what a sample drawn with MEAN usually comes to is a count: agent_quick.S will try. It looks at numgc. */
static inline bool agent_is_quick(const struct agent_control *control, uint64_t mean, bool alone)
{
	return mean < AGENT_COUNT_BELOW && !alone && control->plan.numgc && !control->plan.init_rate &&
	       agent_rate_is_the_programs(control);
}

/* Have FIRST_RATE in MemProfileRate, where UNWANTED stands. */
static void agent_replace_rate(const struct agent_plan *plan, int64_t unwanted)
{
	if ((int64_t)load64(plan->mem_profile_rate) == unwanted)
		*(volatile int64_t *)plan->mem_profile_rate = plan->first_rate;
}

/*
 * To Go 1.23 the first interval of each P is drawn when the P is made, from MemProfileRate: the collector has put 1
 * there, so that it ends at once, and the program's own rate comes back as soon as there is a P. To Go 1.19
 * runtime.init, which runs behind that, puts its own there once more.
 */
static void agent_restore_rate(struct agent_control *control)
{
	if (control->plan.init_rate)
		agent_replace_rate(&control->plan, control->plan.init_rate);
	if (!control->plan.first_rate || control->rate_restored)
		return;
	control->rate_restored = 1;
	agent_replace_rate(&control->plan, 1);
}

/*
 * Whether it is the turn of PROCESSOR's sample to look at the clock, which is that of one in AGENT_LOOK_EVERY: the
 * lower bits of the random state count its steps, of which a sample takes one or two.
 */
AGENT_INLINE bool agent_has_turn(const struct agent_processor *processor)
{
	return !(processor->random & AGENT_TURN_BITS);
}

/*
 * Look at the clock: for every sample of a coarse mean, for one in AGENT_LOOK_EVERY of a fine one. Fills SAMPLE's time,
 * or leaves it 0. Returns whether the collector is gone.
 */
static inline bool agent_look(const struct agent_control *control, struct agent_processor *processor, uint64_t drawn,
			      struct agent_sample *sample)
{
	if (drawn < AGENT_COUNT_BELOW && !agent_has_turn(processor))
		return processor->alone;
	sample->time = agent_now();
	processor->alone = agent_alone(control, sample->time);
	return processor->alone;
}

/*
 * Add what a sample that was begun at TIME has taken, for those too for which the clock was not looked at. One that
 * took much longer than any walk was interrupted.
 */
static inline void agent_add_spent(struct agent_processor *processor, uint64_t drawn, uint64_t time)
{
	uint64_t spent = agent_now() - time;

	if (spent > AGENT_SPENT_MAX)
		spent = AGENT_SPENT_USUAL;
	processor->spent += drawn < AGENT_COUNT_BELOW ? AGENT_LOOK_EVERY * spent : spent;
}

/* To Go 1.23, at a rate of 1 of the program's own: every allocation comes, and its profile wants each. */
static inline bool agent_sees_all(const struct agent_control *control, int64_t own)
{
	return control->plan.rate_one_is_all && own == 1;
}

/* The mean between objects that the runtime follows to their death: its own, or a coarser one where it asks for us. */
static inline int64_t agent_live_rate(const struct agent_control *control, int64_t own)
{
	int64_t wanted = (int64_t)control->live_rate;

	return control->plan.switched_on && wanted > own ? wanted : own;
}

#endif
