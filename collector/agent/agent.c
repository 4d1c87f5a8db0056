/*
 * The agent: what runs inside the target, at each heap sample and at the death of one that was passed on.
 *
 * In come the registers of the runtime's patched calls; out go records in a shared ring, and whether the runtime's own
 * profile gets the sample too. The code holds no data of its own, allocates nothing, waits for nobody, and trusts only
 * the plan. It is called with m.locks held, on a Go stack with some 800 bytes left: every path stays under 512.
 */
#include "collector/agent/agent_shared.h"
#include "collector/agent/agent_math.h"

#include <stdbool.h>

int agent_malloc(uint64_t ax, uint64_t bx, uint64_t cx, uint64_t g, uint64_t frame);
void agent_free(uint64_t special, uint64_t object, uint64_t g);

/* A sample on its way into a record. */
struct agent_sample {
	uint64_t time, object, size;
	uint64_t g;    /* on whose stack the frames are */
	uint64_t curg; /* the user's goroutine */
	uint64_t m;
	uint64_t frame; /* frame pointer of profilealloc */
	uint32_t rate, live_rate;
	uint32_t processor;
};

/* The control block, which the linker script puts behind the code. */
static inline struct agent_control *agent_control_get(void)
{
	struct agent_control *control;

	__asm__("lea agent_control_block(%%rip), %0" : "=r"(control));
	return control;
}

static inline uint64_t load64(uint64_t address)
{
	return *(const volatile uint64_t *)address;
}

static inline uint32_t load32(uint64_t address)
{
	return *(const volatile uint32_t *)address;
}

static inline uint64_t agent_now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline struct agent_shard *agent_shard_at(struct agent_control *control, uint32_t index)
{
	return (struct agent_shard *)((uint8_t *)control + ((sizeof(*control) + 4095) & ~4095ull) +
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

/* The bounds of the stack of goroutine G. */
static inline bool agent_on_stack(uint64_t g, uint64_t address)
{
	return g && address >= load64(g) && address + 16 <= load64(g + 8);
}

static inline uint64_t agent_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9fb21c651e98df25ull;
	return hash ^ (hash >> 35);
}

/*
 * Write the return addresses from profilealloc's caller outwards to FRAMES, and mix them into *HASH. The chain of frame
 * pointers may cross once from the system stack to the goroutine's (systemstack switches SP alone); on one stack it
 * only rises, so that it ends. Returns the number of frames.
 */
static uint32_t agent_walk(const struct agent_sample *sample, uint64_t *frames, uint64_t *hash)
{
	uint64_t frame = sample->frame, g = sample->g, mixed = *hash;
	uint32_t depth = 0;

	while (depth < AGENT_MAX_FRAMES && !(frame & 7)) {
		uint64_t pc, next;

		if (!agent_on_stack(g, frame)) {
			if (g == sample->curg || !agent_on_stack(sample->curg, frame))
				break;
			g = sample->curg;
		}
		pc = load64(frame + 8);
		next = load64(frame);
		if (!pc)
			break;
		frames[depth++] = pc;
		mixed = agent_mix(mixed, pc);
		if (agent_on_stack(g, next) && next <= frame)
			break;
		frame = next;
	}
	*hash = mixed;
	return depth;
}

/*
 * The type that mallocgc was asked for, from where its frame's owner spilled it (Go 1.18 to 1.26); checked against the
 * range of types and the size. False when it cannot be told.
 */
static bool agent_type(const struct agent_plan *plan, const struct agent_sample *sample, uint64_t *type)
{
	uint64_t frame = sample->frame, requested;
	uint32_t hop;

	*type = 0;
	if (plan->type_hops == UINT32_MAX)
		return false;
	for (hop = 0; hop <= plan->type_hops; hop++) {
		if (!agent_on_stack(sample->g, frame))
			return false;
		frame = load64(frame);
	}
	if (!agent_on_stack(sample->g, frame) || !agent_on_stack(sample->g, frame + 16))
		return false;
	requested = load64(frame + 16);
	*type = load64(frame + 24);
	if (requested <= sample->size && requested * 2 + 16 >= sample->size &&
	    (!*type || (*type >= plan->types_start && *type < plan->types_end)))
		return true;
	*type = 0;
	return false;
}

/* Fill RECORD for SAMPLE; returns its bytes. The stack is sent only when this shard has not sent it lately. */
static uint64_t agent_fill_alloc(struct agent_control *control, struct agent_shard *shard,
				 const struct agent_sample *sample, struct agent_alloc *record)
{
	const struct agent_plan *plan = &control->plan;
	struct agent_stack *stack = (struct agent_stack *)(record + 1);
	uint64_t hash, type;
	uint32_t depth, flags = 0;

	if (agent_type(plan, sample, &type))
		flags |= AGENT_FLAG_TYPE;
	stack->size = sample->size;
	stack->type = type;
	stack->creator = sample->curg ? load64(sample->curg + plan->g_gopc) : 0;
	hash = agent_mix(agent_mix(agent_mix(flags, stack->size), stack->type), stack->creator);
	depth = agent_walk(sample, stack->frames, &hash);
	if (depth == AGENT_MAX_FRAMES)
		flags |= AGENT_FLAG_TRUNCATED;
	record->record.kind = AGENT_ALLOC;
	record->record.time = sample->time;
	record->hash = hash;
	record->address = sample->object;
	record->goroutine = sample->curg ? load64(sample->curg + plan->g_goid) : 0;
	record->rate = sample->rate;
	record->live_rate = sample->live_rate;
	record->cycle = plan->numgc ? load32(plan->numgc) : 0;
	record->processor = (uint16_t)sample->processor;
	record->depth = 0;
	record->record.size = sizeof(*record);
	if (shard->seen[hash % AGENT_SEEN] != hash) {
		shard->seen[hash % AGENT_SEEN] = hash;
		flags |= AGENT_FLAG_STACK;
		record->depth = (uint16_t)depth;
		record->record.size += (uint32_t)(sizeof(*stack) + 8 * depth);
	}
	record->record.flags = (uint16_t)flags;
	return record->record.size;
}

/* Whether the GC's figures are due: a cycle has ended since the last look, or it is long ago. One caller is told so. */
static bool agent_figures_are_due(struct agent_control *control, uint32_t cycle, uint64_t time)
{
	uint32_t last = __atomic_load_n(&control->last_numgc, __ATOMIC_RELAXED);
	uint64_t before = __atomic_load_n(&control->last_figures, __ATOMIC_RELAXED);

	if (cycle != last)
		return __atomic_compare_exchange_n(&control->last_numgc, &last, cycle, false, __ATOMIC_RELAXED,
						   __ATOMIC_RELAXED);
	return time - before > control->plan.figures_ticks &&
	       __atomic_compare_exchange_n(&control->last_figures, &before, time, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

/* Copy the GC's figures when they are due. */
static void agent_gc_figures(struct agent_control *control, struct agent_shard *shard, uint64_t time)
{
	const struct agent_plan *plan = &control->plan;
	uint32_t cycle, i;
	uint64_t size = sizeof(struct agent_gc) + 8 * plan->nfigures;
	struct agent_gc *gc;

	if (!plan->numgc)
		return;
	cycle = load32(plan->numgc);
	if (!agent_figures_are_due(control, cycle, time))
		return;
	gc = agent_room(control, shard, size, 0);
	if (!gc)
		return;
	gc->record.size = (uint32_t)size;
	gc->record.kind = AGENT_GC;
	gc->record.flags = 0;
	gc->record.time = time;
	gc->cycle = cycle;
	gc->count = plan->nfigures;
	for (i = 0; i < plan->nfigures; i++)
		gc->words[i] = plan->figures[i] ? load64(plan->figures[i]) : UINT64_MAX;
	agent_publish(shard, size);
}

/* Leave a record of SAMPLE. Returns how full the ring of the shard is, in eighths; 8 when there was no room. */
static uint32_t agent_record_alloc(struct agent_control *control, const struct agent_sample *sample)
{
	struct agent_shard *shard = agent_take_shard(control, sample->processor);
	struct agent_alloc *record;
	uint32_t eighths = 8;

	if (!shard) {
		__atomic_fetch_add(&control->contended, 1, __ATOMIC_RELAXED);
		return 0;
	}
	record = agent_room(control, shard, AGENT_ALLOC_MAX, AGENT_RESERVE);
	if (record) {
		agent_publish(shard, agent_fill_alloc(control, shard, sample, record));
		eighths = (uint32_t)((shard->head - shard->tail) * 8 / control->plan.ring_size);
	} else {
		shard->lost_samples++;
		shard->lost_bytes += sample->size;
	}
	if (eighths >= 4)
		shard->throttled++;
	agent_gc_figures(control, shard, sample->time);
	agent_give_shard(shard);
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

/*
 * To Go 1.23 the first interval of each P is drawn when the P is made, from MemProfileRate: the collector has put 1
 * there, so that it ends at once, and the program's own rate comes back as soon as there is a P.
 */
static void agent_restore_rate(struct agent_control *control)
{
	if (!control->plan.first_rate || control->rate_restored)
		return;
	control->rate_restored = 1;
	if (load64(control->plan.mem_profile_rate) == 1)
		*(volatile int64_t *)control->plan.mem_profile_rate = control->plan.first_rate;
}

/* Not so only while the collector's 1 stands in MemProfileRate: what came then would be scaled up wrongly. */
static inline bool agent_rate_is_the_programs(const struct agent_control *control)
{
	return !control->plan.first_rate || control->rate_restored;
}

static void agent_fill_sample(const struct agent_plan *plan, struct agent_sample *sample)
{
	sample->time = agent_now();
	sample->curg = sample->g;
	if (sample->g == load64(sample->m + plan->m_g0))
		sample->curg = load64(sample->m + plan->m_curg);
}

/* Decide, record and draw anew. Returns whether the runtime's own profile gets the sample. */
static int agent_sample_one(struct agent_control *control, struct agent_sample *sample, uint64_t mcache)
{
	struct agent_processor *processor = &control->processors[sample->processor % AGENT_PROCESSORS];
	int64_t own = (int64_t)load64(control->plan.mem_profile_rate);
	uint64_t rate = control->rate, drawn = processor->mean ? processor->mean : 1;
	double chance, size = (double)sample->size;
	bool pass, record, alone;
	uint32_t eighths = 0;

	if (control->plan.rate_one_is_all && own == 1) {
		/* Every allocation comes, and the program's profile wants each; we count our own interval. */
		if ((int64_t)sample->size < processor->countdown) {
			processor->countdown -= (int64_t)sample->size;
			return agent_rate_is_the_programs(control);
		}
	}
	agent_fill_sample(&control->plan, sample);
	alone = agent_alone(control, sample->time);
	if (rate < drawn)
		rate = drawn;
	chance = agent_uniform(&processor->random);
	pass = own > 0 && chance <= agent_thin(size, (double)drawn, (double)own);
	record = !alone && chance <= agent_thin(size, (double)drawn, (double)rate);
	if (control->plan.rate_one_is_all && own == 1)
		pass = agent_rate_is_the_programs(control);
	if (alone && control->plan.switched_on)
		pass = false;
	if (record) {
		sample->rate = (uint32_t)rate;
		sample->live_rate = pass ? (uint32_t)(own > 0x7fffffff ? 0x7fffffff : own) : 0;
		eighths = agent_record_alloc(control, sample);
	}
	agent_set_next(control, processor, mcache,
		       control->plan.rate_one_is_all && own == 1 ? agent_next_mean(control, alone, eighths, 0)
								 : agent_next_mean(control, alone, eighths, own));
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
	struct agent_sample sample = {.g = g, .frame = frame};
	uint64_t p, mcache;

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
	return agent_sample_one(control, &sample, mcache);
}

/* Before runtime.freeSpecial: the sweep has found OBJECT dead. */
void agent_free(uint64_t special, uint64_t object, uint64_t g)
{
	struct agent_control *control = agent_control_get();
	const struct agent_plan *plan = &control->plan;
	uint64_t now = agent_now(), p;
	struct agent_shard *shard;
	struct agent_death *death;

	if (*(const volatile uint8_t *)(special + plan->special_kind) != plan->special_kind_profile ||
	    agent_alone(control, now))
		return;
	p = load64(load64(g + plan->g_m) + plan->m_p);
	shard = agent_take_shard(control, p ? load32(p + plan->p_id) : 0);
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
		death->cycle = plan->numgc ? load32(plan->numgc) : 0;
		agent_publish(shard, sizeof(*death));
	} else {
		shard->lost_deaths++;
	}
	agent_give_shard(shard);
}
