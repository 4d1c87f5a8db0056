/*
 * The agent: what runs inside the target, at each heap sample and at the death of one that was passed on.
 *
 * In come the registers of the runtime's patched calls; out go records in a shared ring, and whether the runtime's own
 * profile gets the sample too. The code holds no data of its own, allocates nothing, waits for nobody, and trusts only
 * the plan. It is called with m.locks held, on a Go stack with some 800 bytes left: every path stays under 512.
 */
#include "collector/agent/agent_control.h"
#include "collector/agent/agent_rate.h"
#include "collector/agent/agent_record.h"

int agent_malloc(uint64_t object, uint64_t size, uint64_t g, uint64_t frame);
void agent_free(uint64_t special, uint64_t object, uint64_t g);
void agent_draw_next(struct agent_processor *processor, uint64_t mcache, uint32_t mean);
int agent_keep_walk(struct agent_tally *tally, uint32_t count, uint32_t new, uint64_t frame);

/* The user's goroutine: what runs may be the system stack's. */
static inline uint64_t agent_user_goroutine(const struct agent_plan *plan, const struct agent_sample *sample)
{
	return sample->start.g == load64(sample->m + plan->m_g0) ? load64(sample->m + plan->m_curg) : sample->start.g;
}

/*
 * Where it is marked that the agent runs for the P with the number PROCESSOR. Only one thread holds a P at a time, so
 * that a plain count does; *SHARED where that is not so.
 */
static inline uint32_t *agent_inside(struct agent_control *control, bool has_p, uint32_t processor, bool *shared)
{
	*shared = !has_p || processor >= AGENT_PROCESSORS;
	return *shared ? &control->inside : &control->processors[processor].inside;
}

/*
 * From here on what lies behind the control block stays mapped, if it is there: returns whether it is. The collector
 * changes `enabled` only while every thread is stopped, and looks at the counts then: the compiler alone must keep
 * the order.
 */
static inline bool agent_begin(struct agent_control *control, uint32_t *inside, bool shared)
{
	if (shared)
		__atomic_fetch_add(inside, 1, __ATOMIC_SEQ_CST);
	else
		(*inside)++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&control->enabled, __ATOMIC_RELAXED);
}

static inline void agent_end(uint32_t *inside, bool shared)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (shared)
		__atomic_fetch_sub(inside, 1, __ATOMIC_SEQ_CST);
	else
		(*inside)--;
}

/* Decide, record and draw anew. Returns whether the runtime's own profile gets the sample. */
static bool agent_decide(struct agent_control *control, struct agent_processor *processor, struct agent_sample *sample,
			 uint64_t mcache, int64_t own, bool alone)
{
	uint64_t rate = control->rate, drawn = processor->mean ? processor->mean : 1, mean;
	double chance = agent_chance(agent_random(&processor->random)), size = (double)sample->size;
	bool pass, record, all = agent_sees_all(control, own);
	uint32_t eighths = 0;
	int64_t live;

	rate = agent_rate_for_room(control, sample->processor, rate < drawn ? drawn : rate);
	live = agent_live_rate(control, own);
	pass = own > 0 && agent_is_kept(chance, size, (double)drawn, (double)live);
	record = !alone && agent_is_kept(chance, size, (double)drawn, (double)rate);
	if (all)
		pass = agent_rate_is_the_programs(control);
	if (!record && control->plan.switched_on)
		pass = false; /* the profile is ours, and a death of what is not recorded tells nothing */
	if (record) {
		sample->rate = (uint32_t)rate;
		sample->live_rate = pass ? (uint32_t)(live > 0x7fffffff ? 0x7fffffff : live) : 0;
		if (!agent_keep(control, sample, &eighths) && control->plan.switched_on)
			pass = false; /* its death would only take a place in the ring */
	}
	mean = agent_next_mean(control, alone, eighths, all ? 0 : own);
	processor->mean = (uint32_t)mean;
	processor->quick = agent_is_quick(control, mean, alone) ? (uint32_t)mean : UINT32_MAX;
	agent_set_next(&control->plan, processor, mcache, mean);
	return pass;
}

/* What comes with every sample but the quick ones. Returns whether the runtime's own profile gets it. */
static bool agent_sample_one(struct agent_control *control, struct agent_sample *sample, uint64_t mcache)
{
	struct agent_processor *processor = &control->processors[sample->processor % AGENT_PROCESSORS];
	int64_t own = (int64_t)load64(control->plan.mem_profile_rate);
	uint32_t drawn = processor->mean ? processor->mean : 1;
	bool pass, alone;

	if (agent_sees_all(control, own) &&
	    (int64_t)sample->size < processor->countdown) { /* we count our own interval */
		processor->countdown -= (int64_t)sample->size;
		return agent_rate_is_the_programs(control);
	}
	alone = agent_look(control, processor, drawn, sample);
	sample->start.curg = agent_user_goroutine(&control->plan, sample);
	pass = agent_decide(control, processor, sample, mcache, own, alone);
	if (!alone && agent_figures_are_due(control, sample->time))
		agent_tell_figures(control, sample->processor);
	if (sample->time)
		agent_add_spent(processor, drawn, sample->time);
	return pass;
}

/*
 * agent_malloc in a forked child: nobody collects there, and all that is written is seen by the parent. To Go 1.23 the
 * runtime, where it starts in the child only, still has to get its own rate.
 */
static __attribute__((noinline)) int agent_let_pass(const struct agent_control *control)
{
	const struct agent_plan *plan = &control->plan;

	if (plan->first_rate && !control->rate_restored && load64(plan->mem_profile_rate) == 1) {
		agent_replace_rate(plan, 1);
		return 0;
	}
	return !plan->switched_on;
}

/*
 * In place of runtime.mProf_Malloc: SIZE bytes at OBJECT, G, and the frame pointer of profilealloc. Returns 1 when the
 * original is to run too. What is usual at a fine mean has not come here (agent_quick.S).
 */
int agent_malloc(uint64_t object, uint64_t size, uint64_t g, uint64_t frame)
{
	struct agent_control *control = agent_control_get();
	const struct agent_plan *plan = &control->plan;
	struct agent_sample sample = {.object = object, .size = size, .start = {.g = g, .frame = frame}};
	uint64_t p, mcache;
	uint32_t *inside;
	bool shared;
	int pass;

	if (__builtin_expect(agent_is_forked(), 0))
		return agent_let_pass(control);
	sample.m = load64(g + plan->g_m);
	p = load64(sample.m + plan->m_p);
	if (p) {
		agent_restore_rate(control);
		mcache = load64(p + plan->p_mcache);
		sample.processor = load32(p + plan->p_id);
	} else { /* the runtime is starting */
		mcache = plan->mcache0 ? load64(plan->mcache0) : 0;
	}
	if (!mcache)
		return agent_rate_is_the_programs(control);
	inside = agent_inside(control, p != 0, sample.processor, &shared);
	pass = agent_begin(control, inside, shared) ? agent_sample_one(control, &sample, mcache) : !plan->switched_on;
	agent_end(inside, shared);
	return pass;
}

/* The end of agent_quick.S's way where the mean is not 1. */
void agent_draw_next(struct agent_processor *processor, uint64_t mcache, uint32_t mean)
{
	const struct agent_plan *plan = &agent_control_get()->plan;

	agent_put_next(plan, processor, mcache, agent_interval(plan, processor, mean));
}

/*
 * What agent_quick.S leaves to C of a walk with many NEW frames, from the one at FRAME outwards to COUNT that are kept.
 * Returns 0 where anything is odd, which was not looked for.
 */
int agent_keep_walk(struct agent_tally *tally, uint32_t count, uint32_t new, uint64_t frame)
{
	uint64_t at = frame, next;
	uint32_t i;

	for (i = 0; i < new; i++, at = next) {
		next = load64(at);
		if (next <= at || next & 7 || !load64(at + 8))
			return 0;
	}
	agent_chain_keep(&tally->chain, count, new, frame);
	return 1;
}

/* Before runtime.freeSpecial: the sweep has found OBJECT dead. */
void agent_free(uint64_t special, uint64_t object, uint64_t g)
{
	struct agent_control *control = agent_control_get();
	const struct agent_plan *plan = &control->plan;
	uint64_t now = agent_now(), p;
	uint32_t processor, *inside;
	bool shared;

	if (*(const volatile uint8_t *)(special + plan->special_kind) != plan->special_kind_profile ||
	    agent_is_forked() || agent_alone(control, now))
		return;
	p = load64(load64(g + plan->g_m) + plan->m_p);
	processor = p ? load32(p + plan->p_id) : 0;
	inside = agent_inside(control, p != 0, processor, &shared);
	if (agent_begin(control, inside, shared))
		agent_record_death(control, object, processor, now);
	agent_end(inside, shared);
}
