/*
 * The agent: what runs inside the target, at each heap sample and at the death of one that was passed on.
 *
 * In come the registers of the runtime's patched calls; out go records in a shared ring, and whether the runtime's own
 * profile gets the sample too. The code holds no data of its own, allocates nothing, waits for nobody, and trusts only
 * the plan. It is called with m.locks held, on a Go stack with some 800 bytes left: every path stays under 512.
 */
#include "collector/agent/agent_control.h"
#include "collector/agent/agent_math.h"
#include "collector/agent/agent_walk.h"

int agent_malloc(uint64_t ax, uint64_t bx, uint64_t cx, uint64_t g, uint64_t frame);
void agent_free(uint64_t special, uint64_t object, uint64_t g);

/* A sample on its way into a record. */
struct agent_sample {
	uint64_t object, size;
	uint64_t time; /* 0: the clock was not looked at */
	uint64_t m;
	struct agent_start start;
	uint32_t rate, live_rate;
	uint32_t processor;
};

static inline uint64_t agent_now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline struct agent_shard *agent_shard_at(struct agent_control *control, uint32_t index)
{
	return (struct agent_shard *)((uint8_t *)control + control->plan.shards_offset +
				      index * control->plan.shard_size);
}

/* A shard for this P, or the next that nobody is writing to; NULL when all are busy. */
static struct agent_shard *agent_take_shard(struct agent_control *control, uint32_t processor)
{
	uint32_t count = control->plan.nshards, i;

	for (i = 0; i < count; i++) {
		struct agent_shard *shard = agent_shard_at(control, (processor + i) % count);

		if (!__atomic_exchange_n(&shard->lock, 1, __ATOMIC_ACQUIRE))
			return shard;
	}
	return 0;
}

static inline void agent_give_shard(struct agent_shard *shard)
{
	__atomic_store_n(&shard->lock, 0, __ATOMIC_RELEASE);
}

/*
 * Where a record of at most SIZE bytes goes, RESERVE bytes left free behind it; NULL when the ring is too full. A rest
 * at the ring's end that is too short becomes padding.
 */
static void *agent_room(struct agent_control *control, struct agent_shard *shard, uint64_t size, uint64_t reserve)
{
	uint64_t ring = control->plan.ring_size, head = shard->head;
	uint64_t used = head - __atomic_load_n(&shard->tail, __ATOMIC_ACQUIRE);
	uint64_t offset = head & (ring - 1), rest = ring - offset;

	if (used > ring || ring - used < size + reserve + (rest < size ? rest : 0))
		return 0;
	if (rest < size) {
		struct agent_record *pad = (struct agent_record *)(shard->ring + offset);

		pad->size = (uint32_t)rest;
		pad->kind = AGENT_PAD;
		__atomic_store_n(&shard->head, head + rest, __ATOMIC_RELEASE);
		offset = 0;
	}
	return shard->ring + offset;
}

static inline void agent_publish(struct agent_shard *shard, uint64_t size)
{
	__atomic_store_n(&shard->head, shard->head + size, __ATOMIC_RELEASE);
}

/*
 * The type that mallocgc was asked for, from where its frame's owner spilled it (Go 1.18 to 1.26); checked against the
 * range of types and the size. False when it cannot be told.
 */
static bool agent_type(const struct agent_plan *plan, const struct agent_sample *sample, uint64_t *type)
{
	struct agent_bounds stack = agent_stack_of(sample->start.g);
	uint64_t frame = sample->start.frame, requested;
	uint32_t hop;

	*type = 0;
	if (plan->type_hops == UINT32_MAX)
		return false;
	for (hop = 0; hop <= plan->type_hops; hop++) {
		if (!agent_within(stack, frame))
			return false;
		frame = load64(frame);
	}
	if (!agent_within(stack, frame) || !agent_within(stack, frame + 16))
		return false;
	requested = load64(frame + 16);
	*type = load64(frame + 24);
	if (requested <= sample->size && requested * 2 + 16 >= sample->size &&
	    (!*type || (*type >= plan->types_start && *type < plan->types_end)))
		return true;
	*type = 0;
	return false;
}

/*
 * Where an allocation comes from: what tells its context from others. Fills STACK; without its frames when there is a
 * CHAIN, the last walk of this P, which saves most of the walk. Returns the hash of it all.
 */
static inline uint64_t agent_identify(const struct agent_plan *plan, const struct agent_sample *sample,
				      struct agent_chain *chain, struct agent_stack *stack, uint32_t *depth,
				      uint32_t *flags)
{
	uint64_t hash;

	*flags = agent_type(plan, sample, &stack->type) ? AGENT_FLAG_TYPE : 0;
	stack->size = sample->size;
	stack->creator = sample->start.curg ? load64(sample->start.curg + plan->g_gopc) : 0;
	hash = agent_step(agent_step(agent_step(*flags, stack->size), stack->type), stack->creator);
	*depth =
	    chain ? agent_walk_again(&sample->start, chain, &hash) : agent_walk(&sample->start, stack->frames, &hash);
	if (*depth == AGENT_MAX_FRAMES)
		*flags |= AGENT_FLAG_TRUNCATED;
	return agent_mix(hash, *depth);
}

/* Fill RECORD for SAMPLE; returns its bytes. The stack is sent only when this shard has not sent it lately. */
static uint64_t agent_fill_alloc(struct agent_control *control, struct agent_shard *shard,
				 const struct agent_sample *sample, struct agent_alloc *record)
{
	const struct agent_plan *plan = &control->plan;
	struct agent_stack *stack = (struct agent_stack *)(record + 1);
	uint32_t depth, flags;

	record->hash = agent_identify(plan, sample, 0, stack, &depth, &flags);
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
	if (shard->seen[record->hash % AGENT_SEEN] != record->hash) {
		shard->seen[record->hash % AGENT_SEEN] = record->hash;
		flags |= AGENT_FLAG_STACK;
		record->depth = (uint16_t)depth;
		record->record.size += (uint32_t)(sizeof(*stack) + 8 * depth);
	}
	record->record.flags = (uint16_t)flags;
	return record->record.size;
}

/* The counter of HASH and RATE in TALLY, or the free one for it; NULL when there is no room near its place. */
static inline struct agent_counter *agent_counter_at(struct agent_tally *tally, uint64_t hash, uint32_t rate)
{
	uint32_t mask = 2 * AGENT_COUNTERS - 1, at = (uint32_t)(hash ^ rate), i;

	for (i = 0; i < 8; i++) {
		struct agent_counter *counter = &tally->slots[(at + i) & mask];

		if ((counter->hash == hash && counter->rate == rate) || !counter->rate)
			return counter;
	}
	return 0;
}

static inline struct agent_tally *agent_tally_of(struct agent_control *control, uint32_t processor)
{
	if (processor >= control->plan.ntallies)
		return 0;
	return (struct agent_tally *)((uint8_t *)control + control->plan.tallies_offset) + processor;
}

/* Count SAMPLE if its context has a counter; else false, and *COUNTER is a free one for it, or NULL. */
static bool agent_count(struct agent_control *control, const struct agent_sample *sample,
			struct agent_counter **counter, uint64_t *hash)
{
	struct agent_tally *tally = agent_tally_of(control, sample->processor);
	struct agent_stack head;
	uint32_t depth, flags;

	*counter = 0;
	if (!tally)
		return false;
	*hash = agent_identify(&control->plan, sample, &tally->chain, &head, &depth, &flags);
	*counter = agent_counter_at(tally, *hash, sample->rate);
	if (!*counter || !(*counter)->rate)
		return false;
	__atomic_store_n(&(*counter)->count, (*counter)->count + 1, __ATOMIC_RELAXED);
	return true;
}

/* The next sample like SAMPLE, whose stack the ring has now, will be counted in COUNTER, a free one. */
static void agent_claim(struct agent_control *control, const struct agent_sample *sample, struct agent_counter *counter,
			uint64_t hash)
{
	struct agent_tally *tally = agent_tally_of(control, sample->processor);
	uint32_t used = tally->used;

	if (used >= AGENT_COUNTERS)
		return;
	counter->hash = hash;
	counter->rate = sample->rate;
	tally->order[used] = (uint16_t)(counter - tally->slots);
	__atomic_store_n(&tally->used, used + 1, __ATOMIC_RELEASE);
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

/* Leave a record of SAMPLE; false when it is lost. *EIGHTHS is how full the shard's ring is. */
static bool agent_record_alloc(struct agent_control *control, const struct agent_sample *sample, uint32_t *eighths)
{
	struct agent_shard *shard = agent_take_shard(control, sample->processor);
	struct agent_alloc *record;

	if (!shard) {
		__atomic_fetch_add(&control->contended, 1, __ATOMIC_RELAXED);
		return false;
	}
	*eighths = 8;
	record = agent_room(control, shard, AGENT_ALLOC_MAX, AGENT_RESERVE);
	if (record) {
		agent_publish(shard, agent_fill_alloc(control, shard, sample, record));
		*eighths = (uint32_t)((shard->head - shard->tail) * 8 / control->plan.ring_size);
	} else {
		shard->lost_samples++;
		shard->lost_bytes += sample->size;
	}
	if (*eighths >= 4)
		shard->throttled++;
	agent_give_shard(shard);
	return record != 0;
}

/* Count SAMPLE where that is enough, or leave a record of it. Returns how full the ring is, in eighths. */
static uint32_t agent_keep(struct agent_control *control, const struct agent_sample *sample)
{
	struct agent_counter *counter = 0;
	uint32_t eighths = 0;
	uint64_t hash = 0;

	if (!sample->live_rate && sample->rate < AGENT_COUNT_BELOW && agent_count(control, sample, &counter, &hash))
		return 0;
	if (agent_record_alloc(control, sample, &eighths) && counter)
		agent_claim(control, sample, counter, hash);
	return eighths;
}

/* The collector has not looked in for so long that it must be gone. */
static inline bool agent_alone(const struct agent_control *control, uint64_t now)
{
	int64_t since = (int64_t)(now - __atomic_load_n(&control->heartbeat, __ATOMIC_RELAXED));

	return since > (int64_t)control->heartbeat_ticks;
}

/* The mean to draw the next interval with: the finer of ours, raised while the ring is full, and the program's. */
static uint64_t agent_next_mean(const struct agent_control *control, bool alone, uint32_t eighths, int64_t own)
{
	uint64_t mean = control->rate ? control->rate : 1;

	if (alone)
		return own > 0 && !control->plan.switched_on ? (uint64_t)own : 0x7000000;
	if (eighths >= 4)
		mean = mean < 512 ? 512u << (eighths - 4) : mean << (eighths - 2);
	if (own > 0 && mean > (uint64_t)own)
		mean = (uint64_t)own;
	return mean > 0x7000000 ? 0x7000000 : mean;
}

/* Draw the next interval of the P whose mcache counts at NEXT_SAMPLE. */
static void agent_set_next(const struct agent_control *control, struct agent_processor *processor, uint64_t mcache,
			   uint64_t mean)
{
	int64_t next = mean <= 1 ? 0 : agent_draw(&processor->random, (double)mean) + control->plan.next_sample_add;

	processor->mean = (uint32_t)mean;
	processor->countdown = next;
	*(volatile int64_t *)(mcache + control->plan.next_sample) = next;
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

/* Not so only while the collector's 1 stands in MemProfileRate: what came then would be scaled up wrongly. */
static inline bool agent_rate_is_the_programs(const struct agent_control *control)
{
	return !control->plan.first_rate || control->rate_restored;
}

/* The user's goroutine: what runs may be the system stack's. */
static inline uint64_t agent_user_goroutine(const struct agent_plan *plan, const struct agent_sample *sample)
{
	return sample->start.g == load64(sample->m + plan->m_g0) ? load64(sample->m + plan->m_curg) : sample->start.g;
}

/*
 * Look at the clock: for every sample of a coarse mean, for one in AGENT_LOOK_EVERY of a fine one. Fills SAMPLE's time,
 * or leaves it 0. Returns whether the collector is gone.
 */
static inline bool agent_look(const struct agent_control *control, struct agent_processor *processor, uint64_t drawn,
			      struct agent_sample *sample)
{
	if (drawn < AGENT_COUNT_BELOW && processor->calls++ % AGENT_LOOK_EVERY)
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
		__atomic_store_n(inside, *inside + 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&control->enabled, __ATOMIC_RELAXED);
}

static inline void agent_end(uint32_t *inside, bool shared)
{
	if (shared)
		__atomic_fetch_sub(inside, 1, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n(inside, *inside - 1, __ATOMIC_RELEASE);
}

/* Decide, record and draw anew. Returns whether the runtime's own profile gets the sample. */
static int agent_sample_one(struct agent_control *control, struct agent_sample *sample, uint64_t mcache)
{
	struct agent_processor *processor = &control->processors[sample->processor % AGENT_PROCESSORS];
	int64_t own = (int64_t)load64(control->plan.mem_profile_rate);
	uint64_t rate = control->rate, drawn = processor->mean ? processor->mean : 1;
	bool pass, record, alone, all = agent_sees_all(control, own);
	double chance, size = (double)sample->size;
	uint32_t eighths = 0;

	if (all && (int64_t)sample->size < processor->countdown) { /* we count our own interval */
		processor->countdown -= (int64_t)sample->size;
		return agent_rate_is_the_programs(control);
	}
	alone = agent_look(control, processor, drawn, sample);
	sample->start.curg = agent_user_goroutine(&control->plan, sample);
	if (rate < drawn)
		rate = drawn;
	chance = agent_uniform(&processor->random);
	pass = own > 0 && agent_is_kept(chance, size, (double)drawn, (double)own);
	record = !alone && agent_is_kept(chance, size, (double)drawn, (double)rate);
	if (all)
		pass = agent_rate_is_the_programs(control);
	if (alone && control->plan.switched_on)
		pass = false;
	if (record) {
		sample->rate = (uint32_t)rate;
		sample->live_rate = pass ? (uint32_t)(own > 0x7fffffff ? 0x7fffffff : own) : 0;
		eighths = agent_keep(control, sample);
	}
	if (!alone && agent_figures_are_due(control, sample->time))
		agent_tell_figures(control, sample->processor);
	agent_set_next(control, processor, mcache, agent_next_mean(control, alone, eighths, all ? 0 : own));
	if (sample->time)
		agent_add_spent(processor, drawn, sample->time);
	return pass;
}

/*
 * In place of runtime.mProf_Malloc: its registers, g, and the frame pointer of profilealloc. Returns 1 when the
 * original is to run too.
 */
int agent_malloc(uint64_t ax, uint64_t bx, uint64_t cx, uint64_t g, uint64_t frame)
{
	struct agent_control *control = agent_control_get();
	const struct agent_plan *plan = &control->plan;
	struct agent_sample sample = {.start = {.g = g, .frame = frame}};
	uint64_t p, mcache;
	uint32_t *inside;
	bool shared;
	int pass;

	sample.object = plan->arguments_shift ? bx : ax;
	sample.size = plan->arguments_shift ? cx : bx;
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

/* The object's death into a ring. */
static void agent_record_death(struct agent_control *control, uint64_t object, uint32_t processor, uint64_t now)
{
	struct agent_shard *shard = agent_take_shard(control, processor);
	struct agent_death *death;

	if (!shard) {
		__atomic_fetch_add(&control->contended, 1, __ATOMIC_RELAXED);
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

/* Before runtime.freeSpecial: the sweep has found OBJECT dead. */
void agent_free(uint64_t special, uint64_t object, uint64_t g)
{
	struct agent_control *control = agent_control_get();
	const struct agent_plan *plan = &control->plan;
	uint64_t now = agent_now(), p;
	uint32_t processor, *inside;
	bool shared;

	if (*(const volatile uint8_t *)(special + plan->special_kind) != plan->special_kind_profile ||
	    agent_alone(control, now))
		return;
	p = load64(load64(g + plan->g_m) + plan->m_p);
	processor = p ? load32(p + plan->p_id) : 0;
	inside = agent_inside(control, p != 0, processor, &shared);
	if (agent_begin(control, inside, shared))
		agent_record_death(control, object, processor, now);
	agent_end(inside, shared);
}
