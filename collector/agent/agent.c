/*
 * The agent: what runs inside the target, at each heap sample and at the death of one that was passed on.
 *
 * In come the registers of the runtime's patched calls; out go records in a shared ring, and whether the runtime's own
 * profile gets the sample too. The code holds no data of its own, allocates nothing, waits for nobody, and trusts only
 * the plan. It is called with m.locks held, on a Go stack with some 800 bytes left: every path stays under 512.
 */
#include "collector/agent/agent_control.h"
#include "collector/agent/agent_math.h"
#include "collector/agent/agent_offsets.h"
#include "collector/agent/agent_walk.h"

int agent_malloc(uint64_t object, uint64_t size, uint64_t g, uint64_t frame);
void agent_free(uint64_t special, uint64_t object, uint64_t g);
void agent_draw_next(struct agent_processor *processor, int64_t *next);

#define AGENT_AT(type, member, offset)                                                                                 \
	_Static_assert(__builtin_offsetof(struct agent_##type, member) == (offset), "agent_offsets.h: " #member)

AGENT_AT(control, plan.g_m, CONTROL_G_M);
AGENT_AT(control, plan.m_vdso, CONTROL_M_VDSO);
AGENT_AT(control, plan.m_curg, CONTROL_M_CURG);
AGENT_AT(control, plan.m_p, CONTROL_M_P);
AGENT_AT(control, plan.p_id, CONTROL_P_ID);
AGENT_AT(control, plan.p_mcache, CONTROL_P_MCACHE);
AGENT_AT(control, plan.next_sample, CONTROL_NEXT_SAMPLE);
AGENT_AT(control, plan.g_gopc, CONTROL_G_GOPC);
AGENT_AT(control, plan.type_hops, CONTROL_TYPE_HOPS);
AGENT_AT(control, plan.ntallies, CONTROL_NTALLIES);
AGENT_AT(control, plan.types_start, CONTROL_TYPES_START);
AGENT_AT(control, plan.types_end, CONTROL_TYPES_END);
AGENT_AT(control, plan.mem_profile_rate, CONTROL_MEM_PROFILE_RATE);
AGENT_AT(control, plan.numgc, CONTROL_NUMGC);
AGENT_AT(control, plan.tallies_offset, CONTROL_TALLIES_OFFSET);
AGENT_AT(control, rate, CONTROL_RATE);
AGENT_AT(control, enabled, CONTROL_ENABLED);
AGENT_AT(control, last_numgc, CONTROL_LAST_NUMGC);
AGENT_AT(control, processors, CONTROL_PROCESSORS);
AGENT_AT(processor, random, PROCESSOR_RANDOM);
AGENT_AT(processor, quick, PROCESSOR_QUICK);
AGENT_AT(processor, inside, PROCESSOR_INSIDE);
AGENT_AT(tally, chain.count, TALLY_COUNT);
AGENT_AT(tally, chain.links, TALLY_LINKS);
AGENT_AT(tally, chain.links[1].next, TALLY_TOP);
AGENT_AT(tally, chain.rests, TALLY_RESTS);
AGENT_AT(rest, hash, 8);
AGENT_AT(tally, slots, TALLY_SLOTS);
AGENT_AT(tally, slots[AGENT_SLOTS], TALLY_END);
AGENT_AT(counter, hash, 0);
AGENT_AT(counter, count, COUNTER_COUNT);
AGENT_AT(counter, rate, COUNTER_RATE);
_Static_assert(sizeof(struct agent_processor) == 1 << PROCESSOR_SHIFT, "agent_offsets.h: processor");
_Static_assert(sizeof(struct agent_tally) == TALLY_SIZE, "agent_offsets.h: tally");
_Static_assert(sizeof(struct agent_link) == LINK_SIZE && LINK_SIZE == 1 << LINK_SHIFT, "agent_offsets.h: link");
_Static_assert(sizeof(struct agent_counter) == COUNTER_SIZE && COUNTER_SIZE == 1 << COUNTER_SHIFT,
	       "agent_offsets.h: counter");
_Static_assert(AGENT_TURN_BITS == 2 * (AGENT_LOOK_EVERY - 1), "one sample in AGENT_LOOK_EVERY has its turn");

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

/* Where SAMPLE comes from; by the last walk of its P, which saves most of the walk. */
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
		return own > 0 && !control->plan.switched_on ? (uint64_t)own : AGENT_RATE_MAX;
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

/* Draw the next interval of the P whose mcache counts at NEXT_SAMPLE. */
AGENT_INLINE void agent_set_next(const struct agent_plan *plan, struct agent_processor *processor, uint64_t mcache,
				 uint64_t mean)
{
	int64_t next = mean <= 1 ? 0 : agent_draw(&processor->random, (double)mean) + plan->next_sample_add;

	processor->countdown = next;
	*(volatile int64_t *)(mcache + plan->next_sample) = next;
}

/* Whether what a sample drawn with MEAN usually comes to is a count: agent_quick.S will try. It looks at numgc. */
static inline bool agent_is_quick(const struct agent_control *control, uint64_t mean, bool alone)
{
	return mean < AGENT_COUNT_BELOW && !alone && control->plan.numgc && !control->plan.init_rate &&
	       agent_rate_is_the_programs(control);
}

/* The end of agent_quick.S's way where the mean is not 1: PROCESSOR's next interval, for the mcache's word at NEXT. */
void agent_draw_next(struct agent_processor *processor, int64_t *next)
{
	const struct agent_plan *plan = &agent_control_get()->plan;

	processor->countdown = agent_draw(&processor->random, processor->quick) + plan->next_sample_add;
	*(volatile int64_t *)next = processor->countdown;
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

/* The user's goroutine: what runs may be the system stack's. */
static inline uint64_t agent_user_goroutine(const struct agent_plan *plan, const struct agent_sample *sample)
{
	return sample->start.g == load64(sample->m + plan->m_g0) ? load64(sample->m + plan->m_curg) : sample->start.g;
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

/* The mean between objects that the runtime follows to their death: its own, or a coarser one where it asks for us. */
static inline int64_t agent_live_rate(const struct agent_control *control, int64_t own)
{
	int64_t wanted = (int64_t)control->live_rate;

	return control->plan.switched_on && wanted > own ? wanted : own;
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
