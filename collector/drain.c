/*
 * The drain. A million records a second may come through here, on a machine that the target also needs: one lookup by
 * hash a sample, and everything else only for stacks seen the first time. At fine rates most samples are counted by
 * the agent (collector/tally.h) and come through here as sums, a few times a second.
 */
#include "collector/drain.h"

#include "base/memory.h"
#include "collector/concurrency.h"
#include "collector/figures.h"
#include "collector/labels.h"
#include "collector/rate_control.h"
#include "collector/tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#define DRAIN_EMPTY    UINT32_MAX
#define DRAIN_TALLY_NS 50000000u /* between readings of the tallies: how fine counted samples stand in time */
#define DRAIN_HURRY_NS 1000000000u
#define LOOKS_AT_ALL   32        /* of drain_costs: one in so many is at all processors */
#define DRAIN_WATCH_NS 20000000u /* between looks at the goroutines and Ps */

/* Open addressing: from the agent's hash of a stack to the trace's context. */
struct drain_slot {
	uint64_t hash;
	uint32_t context; /* DRAIN_EMPTY: free */
	uint32_t size;    /* of the objects, at most UINT32_MAX */
};

/* A growing list of words, sorted and made distinct when asked for. */
struct drain_words {
	uint64_t *words;
	size_t count, capacity;
};

struct drain {
	struct region *region;
	struct trace_writer *writer;
	struct tally *tally;
	pid_t pid;
	uint64_t bias;
	struct drain_slot *slots;
	size_t nslots, used; /* nslots is a power of two */
	struct drain_words addresses, types;
	uint64_t start_ticks, start_ns;
	double ns_a_tick;
	uint64_t samples, bad_records;
	size_t nprocessors;              /* that have taken samples, as far as known */
	unsigned looks;                  /* at what they have spent */
	uint64_t followed;               /* samples that the runtime will tell the deaths of */
	struct trace_ring *rings, *told; /* what each has lost, as the trace has it; peaks as seen */
	uint64_t bytes, total_alloc;     /* that the samples stand for; by the runtime's own count, as last heard */
	double pressure;
	uint64_t tally_ns, uncounted; /* time of the last reading of the tallies; samples it had no context for */
	uint32_t cycle;               /* numgc, as last heard */
	uint64_t process_cpu;         /* ns at the last look */
	uint64_t work_ns;             /* of CPU, that taking records has taken */
	struct concurrency *concurrency;
	struct labels *labels;
	uint64_t late, hurry_ns;             /* labels that came too late so far; until when to hurry for them */
	struct concurrency_now now, written; /* as last seen, and as the trace has it */
	uint64_t watch_ns;                   /* when it was seen */
	uint64_t *frames;                    /* room for one stack */
};

static uint64_t drain_clock_ns(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) ? UINT64_MAX : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* CPU of the target so far; as of the last look once it has exited. */
static uint64_t drain_process_cpu(struct drain *drain)
{
	clockid_t clock;
	uint64_t now = clock_getcpuclockid(drain->pid, &clock) ? UINT64_MAX : drain_clock_ns(clock);

	if (now != UINT64_MAX)
		drain->process_cpu = now;
	return drain->process_cpu;
}

static void drain_clear_slots(struct drain_slot *slots, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		slots[i].context = DRAIN_EMPTY;
}

struct drain *drain_new(struct region *region, struct trace_writer *writer, pid_t pid, uint64_t bias)
{
	struct drain *drain = memory_alloc(1, sizeof(*drain));

	drain->region = region;
	drain->writer = writer;
	drain->tally = tally_new(region);
	drain->rings = memory_alloc(region->nshards, sizeof(*drain->rings));
	drain->told = memory_alloc(region->nshards, sizeof(*drain->told));
	drain->pid = pid;
	drain->bias = bias;
	drain->nslots = 1 << 14;
	drain->slots = memory_alloc(drain->nslots, sizeof(*drain->slots));
	drain_clear_slots(drain->slots, drain->nslots);
	drain->frames = memory_alloc(AGENT_MAX_FRAMES, sizeof(*drain->frames));
	drain->start_ticks = region_ticks();
	drain->start_ns = drain_clock_ns(CLOCK_MONOTONIC);
	drain->ns_a_tick = 1;
	drain->process_cpu = UINT64_MAX;
	drain->now = drain->written = (struct concurrency_now){UINT64_MAX, UINT64_MAX, UINT64_MAX};
	return drain;
}

void drain_free(struct drain *drain)
{
	if (!drain)
		return;
	tally_free(drain->tally);
	concurrency_free(drain->concurrency);
	labels_free(drain->labels);
	free(drain->rings);
	free(drain->told);
	free(drain->slots);
	free(drain->addresses.words);
	free(drain->types.words);
	free(drain->frames);
	free(drain);
}

static void drain_add_word(struct drain_words *words, uint64_t word)
{
	words->words = memory_reserve(words->words, words->count, &words->capacity, sizeof(word));
	words->words[words->count++] = word;
}

static struct drain_slot *drain_find_slot(struct drain_slot *slots, size_t nslots, uint64_t hash)
{
	size_t i = hash & (nslots - 1);

	while (slots[i].context != DRAIN_EMPTY && slots[i].hash != hash)
		i = (i + 1) & (nslots - 1);
	return &slots[i];
}

static void drain_grow(struct drain *drain)
{
	size_t nslots = drain->nslots * 2, i;
	struct drain_slot *slots = memory_alloc(nslots, sizeof(*slots));

	drain_clear_slots(slots, nslots);
	for (i = 0; i < drain->nslots; i++)
		if (drain->slots[i].context != DRAIN_EMPTY)
			*drain_find_slot(slots, nslots, drain->slots[i].hash) = drain->slots[i];
	free(drain->slots);
	drain->slots = slots;
	drain->nslots = nslots;
}

/* A new stack: into the trace, its addresses link-time. */
static uint32_t drain_define(struct drain *drain, const struct agent_alloc *alloc)
{
	const struct agent_stack *stack = (const struct agent_stack *)(alloc + 1);
	struct trace_context context = {
	    .stack_depth = alloc->depth,
	    .stack = drain->frames,
	    .size = stack->size,
	    .type = stack->type ? stack->type - drain->bias : 0,
	    .creator_pc = stack->creator ? stack->creator - drain->bias : 0,
	    .type_known = alloc->record.flags & AGENT_FLAG_TYPE,
	    .truncated = alloc->record.flags & AGENT_FLAG_TRUNCATED,
	};
	uint32_t i;

	for (i = 0; i < alloc->depth; i++) {
		drain->frames[i] = stack->frames[i] - drain->bias;
		drain_add_word(&drain->addresses, drain->frames[i]);
	}
	if (context.creator_pc)
		drain_add_word(&drain->addresses, context.creator_pc);
	if (context.type)
		drain_add_word(&drain->types, context.type);
	return trace_writer_context(drain->writer, &context);
}

/* A sample stands for its rate, or itself where that is more: near enough to tell the large from the small. */
static void drain_add_bytes(struct drain *drain, const struct drain_slot *slot, uint32_t rate, uint64_t count)
{
	drain->bytes += count * (slot->size > rate ? slot->size : rate);
}

/* The context of a sample; DRAIN_EMPTY when its stack never came. */
static uint32_t drain_context(struct drain *drain, const struct agent_alloc *alloc)
{
	struct drain_slot *slot = drain_find_slot(drain->slots, drain->nslots, alloc->hash);
	const struct agent_stack *stack = (const struct agent_stack *)(alloc + 1);

	if (slot->context != DRAIN_EMPTY) {
		drain_add_bytes(drain, slot, alloc->rate, 1);
		return slot->context;
	}
	if (!(alloc->record.flags & AGENT_FLAG_STACK))
		return DRAIN_EMPTY;
	slot->hash = alloc->hash;
	slot->context = drain_define(drain, alloc);
	slot->size = stack->size > UINT32_MAX ? UINT32_MAX : (uint32_t)stack->size;
	drain_add_bytes(drain, slot, alloc->rate, 1);
	if (++drain->used * 2 > drain->nslots)
		drain_grow(drain);
	return trace_writer_contexts(drain->writer) - 1;
}

static uint64_t drain_time(const struct drain *drain, uint64_t ticks)
{
	int64_t since = (int64_t)(ticks - drain->start_ticks);

	return since < 0 ? 0 : (uint64_t)((double)since * drain->ns_a_tick);
}

static uint32_t drain_labels(struct drain *drain, const struct agent_alloc *alloc)
{
	return drain->labels ? labels_at(drain->labels, alloc->labels, alloc->cycle) : TRACE_LABELS_UNKNOWN;
}

static void drain_take_alloc(struct drain *drain, const struct agent_alloc *alloc)
{
	struct trace_sample sample = {
	    .time_ns = drain_time(drain, alloc->record.time),
	    .processor = alloc->processor,
	    .rate = alloc->rate,
	    .goroutine = alloc->goroutine,
	    .cycle = alloc->cycle,
	    .count = 1,
	};

	sample.context = drain_context(drain, alloc);
	if (sample.context == DRAIN_EMPTY || !sample.rate) {
		drain->bad_records++;
		return;
	}
	sample.labels = drain_labels(drain, alloc);
	if (alloc->live_rate) {
		sample.address = alloc->address;
		sample.live_rate = alloc->live_rate;
		drain->followed++;
	}
	trace_writer_sample(drain->writer, &sample);
	drain->samples++;
}

/* What the agent has counted since the last reading. */
static bool drain_take_step(void *user, const struct tally_step *step)
{
	struct drain *drain = user;
	const struct drain_slot *slot = drain_find_slot(drain->slots, drain->nslots, step->hash);
	struct trace_sample sample = {.time_ns = drain->tally_ns,
				      .context = slot->context,
				      .processor = step->processor,
				      .rate = step->rate,
				      .cycle = drain->cycle,
				      .labels = TRACE_LABELS_UNKNOWN,
				      .count = step->count};

	if (slot->context == DRAIN_EMPTY || !step->rate) {
		drain->uncounted += step->count;
		return false;
	}
	trace_writer_sample(drain->writer, &sample);
	drain->samples += step->count;
	drain_add_bytes(drain, slot, step->rate, step->count);
	return true;
}

static void drain_take_tallies(struct drain *drain, uint64_t time_ns)
{
	drain->tally_ns = time_ns;
	drain->uncounted = 0;
	tally_read(drain->tally, drain_take_step, drain);
}

static void drain_take_death(struct drain *drain, const struct agent_death *record)
{
	struct trace_death death = {
	    .time_ns = drain_time(drain, record->record.time), .address = record->address, .cycle = record->cycle};

	trace_writer_death(drain->writer, &death);
}

static void drain_write_gc(struct drain *drain, uint64_t time_ns, uint32_t cycle, const uint64_t *words, size_t count)
{
	struct trace_gc gc;

	memset(&gc, 0xff, sizeof(gc));
	gc.time_ns = time_ns;
	gc.cycle = cycle;
	gc.gc_percent = 100;
	figures_decode(words, count, &gc);
	gc.process_cpu_ns = drain->process_cpu;
	gc.goroutines_live = drain->now.goroutines;
	gc.procs_running = drain->now.running;
	gc.procs = drain->now.procs;
	drain->written = drain->now;
	drain->cycle = cycle;
	if (gc.total_alloc != UINT64_MAX)
		drain->total_alloc = gc.total_alloc;
	trace_writer_gc(drain->writer, &gc);
}

/* Whether RECORD, of which SIZE bytes are there, holds what its kind needs. */
static bool drain_is_sound(const struct agent_record *record, uint64_t size)
{
	const struct agent_alloc *alloc = (const struct agent_alloc *)record;

	switch (record->kind) {
	case AGENT_PAD:
		return true;
	case AGENT_DEATH:
		return size == sizeof(struct agent_death);
	case AGENT_GC:
		return size >= sizeof(struct agent_gc) &&
		       ((const struct agent_gc *)record)->count == (size - sizeof(struct agent_gc)) / 8;
	case AGENT_ALLOC:
		if (size < sizeof(*alloc))
			return false;
		if (!(record->flags & AGENT_FLAG_STACK))
			return size == sizeof(*alloc);
		return alloc->depth <= AGENT_MAX_FRAMES &&
		       size == sizeof(*alloc) + sizeof(struct agent_stack) + 8ull * alloc->depth;
	default:
		return false;
	}
}

static void drain_take(struct drain *drain, const struct agent_record *record)
{
	const struct agent_gc *gc = (const struct agent_gc *)record;

	switch (record->kind) {
	case AGENT_ALLOC:
		drain_take_alloc(drain, (const struct agent_alloc *)record);
		break;
	case AGENT_DEATH:
		drain_take_death(drain, (const struct agent_death *)record);
		break;
	case AGENT_GC:
		drain_write_gc(drain, drain_time(drain, record->time), gc->cycle, gc->words, gc->count);
		break;
	default:
		break;
	}
}

/* One shard's records that are to be taken in this pass. */
struct drain_cursor {
	struct agent_shard *shard;
	uint64_t tail, head;
	uint64_t next_time; /* of the record at tail; UINT64_MAX: no more in this pass */
};

/* The record at the cursor's tail and its size, padding passed over; NULL when there is none, or none that is sound. */
static const struct agent_record *drain_peek(struct drain *drain, struct drain_cursor *cursor, uint64_t *size)
{
	uint64_t ring = drain->region->ring_size;

	while (cursor->tail < cursor->head) {
		uint64_t offset = cursor->tail & (ring - 1), left = cursor->head - cursor->tail;
		const struct agent_record *record = (const struct agent_record *)(cursor->shard->ring + offset);

		if (left > ring - offset)
			left = ring - offset;
		*size = record->size;
		if (*size < 8 || *size > left || *size & 7 || (*size >= 16 && !drain_is_sound(record, *size))) {
			drain->bad_records++; /* not what an agent writes: go on behind it all */
			cursor->tail = cursor->head;
			return NULL;
		}
		if (*size >= 16 && record->kind != AGENT_PAD)
			return record;
		cursor->tail += *size;
	}
	return NULL;
}

static void drain_look(struct drain *drain, struct drain_cursor *cursor, uint64_t until)
{
	uint64_t size;
	const struct agent_record *record = drain_peek(drain, cursor, &size);

	cursor->next_time = record && record->time < until ? record->time : UINT64_MAX;
}

static void drain_begin(struct drain *drain, struct drain_cursor *cursor, uint32_t index, uint64_t until)
{
	struct agent_shard *shard = region_shard(drain->region, index);
	uint64_t ring = drain->region->ring_size;

	cursor->shard = shard;
	cursor->tail = shard->tail;
	cursor->head = __atomic_load_n(&shard->head, __ATOMIC_ACQUIRE);
	if (cursor->head - cursor->tail > ring || (cursor->head | cursor->tail) & 7) {
		drain->bad_records++;
		cursor->tail = cursor->head &= ~7ull;
	}
	if ((double)(cursor->head - cursor->tail) / (double)ring > drain->pressure)
		drain->pressure = (double)(cursor->head - cursor->tail) / (double)ring;
	if (cursor->head - cursor->tail > drain->rings[index].peak)
		drain->rings[index].peak = cursor->head - cursor->tail;
	drain_look(drain, cursor, until);
}

/* Take CURSOR's records up to the time LIMIT (at least one). Returns how many. */
static uint64_t drain_take_run(struct drain *drain, struct drain_cursor *cursor, uint64_t limit, uint64_t until)
{
	uint64_t count = 0, size;

	do {
		drain_take(drain, drain_peek(drain, cursor, &size));
		cursor->tail += size;
		if (!(++count & 1023)) /* make room while at it */
			__atomic_store_n(&cursor->shard->tail, cursor->tail, __ATOMIC_RELEASE);
		drain_look(drain, cursor, until);
	} while (cursor->next_time <= limit && cursor->next_time != UINT64_MAX);
	return count;
}

/*
 * Take the records of all shards that are older than UNTIL, in the order of their times: an object's death may stand in
 * another shard than its allocation, and must not come first. An allocation is published before its object can die, so
 * that what a pass has not seen yet cannot have died before the pass began.
 */
static uint64_t drain_pass(struct drain *drain, uint64_t until)
{
	uint32_t nshards = drain->region->nshards, i;
	struct drain_cursor cursors[AGENT_MAX_SHARDS];
	uint64_t count = 0;

	assert(nshards); /* ours, not the target's */
	for (i = 0; i < nshards; i++)
		drain_begin(drain, &cursors[i], i, until);
	for (;;) {
		struct drain_cursor *first = &cursors[0];
		uint64_t limit = UINT64_MAX;

		for (i = 1; i < nshards; i++) {
			if (cursors[i].next_time < first->next_time) {
				limit = first->next_time;
				first = &cursors[i];
			} else if (cursors[i].next_time < limit) {
				limit = cursors[i].next_time;
			}
		}
		if (first->next_time == UINT64_MAX)
			break;
		count += drain_take_run(drain, first, limit, until);
	}
	for (i = 0; i < nshards; i++)
		__atomic_store_n(&cursors[i].shard->tail, cursors[i].tail, __ATOMIC_RELEASE);
	return count;
}

static void drain_set_clock(struct drain *drain)
{
	uint64_t ticks = region_ticks() - drain->start_ticks;
	uint64_t ns = drain_clock_ns(CLOCK_MONOTONIC) - drain->start_ns;

	if (ticks > 1000000)
		drain->ns_a_tick = (double)ns / (double)ticks;
}

/* The words of the GC's figures and numgc, by one system call; false when they cannot be read. */
static bool drain_read_figures(const struct drain *drain, uint64_t *words, uint32_t *cycle)
{
	const struct agent_plan *plan = &drain->region->control->plan;
	struct iovec local[AGENT_MAX_FIGURES + 1] = {{.iov_base = cycle, .iov_len = sizeof(*cycle)}};
	struct iovec remote[AGENT_MAX_FIGURES + 1] = {{.iov_base = (void *)plan->numgc, .iov_len = sizeof(*cycle)}};
	uint32_t i, count = 1;

	if (!plan->numgc || plan->nfigures > AGENT_MAX_FIGURES)
		return false;
	for (i = 0; i < plan->nfigures; i++) {
		words[i] = UINT64_MAX;
		if (!plan->figures[i])
			continue;
		local[count] = (struct iovec){.iov_base = &words[i], .iov_len = sizeof(words[i])};
		remote[count++] = (struct iovec){.iov_base = (void *)plan->figures[i], .iov_len = sizeof(words[i])};
	}
	return process_vm_readv(drain->pid, local, count, remote, count, 0) ==
	       (ssize_t)(sizeof(*cycle) + (count - 1) * sizeof(*words));
}

static void drain_write_figures(struct drain *drain)
{
	uint64_t words[AGENT_MAX_FIGURES];
	uint32_t cycle;

	if (drain_read_figures(drain, words, &cycle))
		drain_write_gc(drain, drain_time(drain, region_ticks()), cycle, words,
			       drain->region->control->plan.nfigures);
}

/* Look at what the target does at once when it is time, and write the figures when that has changed. */
static void drain_look_around(struct drain *drain, uint64_t now_ns)
{
	if (now_ns - drain->watch_ns < DRAIN_WATCH_NS)
		return;
	drain->watch_ns = now_ns;
	if (concurrency_read(drain->concurrency, drain->pid, &drain->now) &&
	    (drain->now.goroutines != drain->written.goroutines || drain->now.running != drain->written.running ||
	     drain->now.procs != drain->written.procs))
		drain_write_figures(drain);
}

void drain_watch(struct drain *drain, struct concurrency *concurrency)
{
	concurrency_free(drain->concurrency);
	drain->concurrency = concurrency;
}

static void drain_hurry(struct drain *drain, uint64_t now_ns)
{
	if (labels_late(drain->labels) == drain->late)
		return;
	drain->late = labels_late(drain->labels);
	drain->hurry_ns = now_ns + DRAIN_HURRY_NS;
}

bool drain_is_hurried(const struct drain *drain)
{
	return drain_time(drain, region_ticks()) < drain->hurry_ns;
}

void drain_name_labels(struct drain *drain, struct labels *labels)
{
	labels_free(drain->labels);
	drain->labels = labels;
}

uint64_t drain_run(struct drain *drain)
{
	uint64_t now = region_ticks(), count, now_ns, began;

	region_heartbeat(drain->region);
	drain_set_clock(drain);
	drain_process_cpu(drain);
	drain->pressure = 0;
	began = drain_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	count = drain_pass(drain, now);
	drain->work_ns += drain_clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
	now_ns = drain_time(drain, now);
	if (now_ns - drain->tally_ns >= DRAIN_TALLY_NS)
		drain_take_tallies(drain, now_ns);
	drain_look_around(drain, now_ns);
	drain_hurry(drain, now_ns);
	return count;
}

uint64_t drain_rest(struct drain *drain)
{
	uint64_t count = drain_pass(drain, UINT64_MAX);

	drain_take_tallies(drain, drain_time(drain, region_ticks()));
	drain->bad_records += drain->uncounted;
	return count;
}

void drain_poll_figures(struct drain *drain)
{
	drain_process_cpu(drain);
	concurrency_read(drain->concurrency, drain->pid, &drain->now);
	drain_write_figures(drain);
}

/* By ring: written only where something has changed, for most rings lose nothing. */
static void drain_write_rings(struct drain *drain)
{
	size_t size = drain->region->nshards * sizeof(*drain->rings);

	if (!memcmp(drain->rings, drain->told, size))
		return;
	memcpy(drain->told, drain->rings, size);
	trace_writer_rings(drain->writer, drain->region->ring_size, drain->rings, drain->region->nshards);
}

void drain_write_losses(struct drain *drain)
{
	const struct agent_control *control = drain->region->control;
	struct trace_losses losses = {.contended = control->contended, .deaths = control->contended_deaths};
	uint32_t i;

	for (i = 0; i < drain->region->nshards; i++) {
		const struct agent_shard *shard = region_shard(drain->region, i);
		struct trace_ring *ring = &drain->rings[i];

		ring->samples = shard->lost_samples;
		ring->sample_bytes = shard->lost_bytes;
		ring->deaths = shard->lost_deaths;
		ring->throttled = shard->throttled;
		losses.samples += ring->samples;
		losses.sample_bytes += ring->sample_bytes;
		losses.deaths += ring->deaths;
		losses.throttled += ring->throttled;
	}
	losses.samples += drain->bad_records + losses.contended;
	trace_writer_losses(drain->writer, &losses);
	drain_write_rings(drain);
}

double drain_pressure(const struct drain *drain)
{
	return drain->pressure;
}

/* Each processor's count is on a cache line of its own: those that never had any are looked at only now and then. */
void drain_costs(struct drain *drain, struct rate_costs *costs)
{
	const struct agent_control *control = drain->region->control;
	uint64_t ticks = 0;
	size_t i, used = 0;

	if (!(drain->looks++ % LOOKS_AT_ALL))
		drain->nprocessors = AGENT_PROCESSORS;
	for (i = 0; i < drain->nprocessors; i++) {
		ticks += control->processors[i].spent;
		if (control->processors[i].spent)
			used = i + 1;
	}
	drain->nprocessors = used;
	costs->agent = (uint64_t)((double)ticks * drain->ns_a_tick);
	costs->count = drain->samples;
	costs->followed = control->plan.switched_on ? drain->followed : 0;
	costs->taking = drain->work_ns;
	costs->target = drain->process_cpu != UINT64_MAX ? drain->process_cpu : 0;
}

uint64_t drain_bytes(const struct drain *drain)
{
	return drain->bytes > drain->total_alloc ? drain->bytes : drain->total_alloc;
}

uint64_t drain_samples(const struct drain *drain)
{
	return drain->samples;
}

static int drain_compare_words(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t *drain_distinct(const struct drain_words *words, const uint64_t *more, size_t nmore, size_t *count)
{
	size_t all = words->count + nmore, i, kept = 0;
	uint64_t *copy = memory_alloc(all, sizeof(*copy));

	if (words->count)
		memcpy(copy, words->words, words->count * sizeof(*copy));
	if (nmore)
		memcpy(copy + words->count, more, nmore * sizeof(*copy));
	qsort(copy, all, sizeof(*copy), drain_compare_words);
	for (i = 0; i < all; i++)
		if (!kept || copy[kept - 1] != copy[i])
			copy[kept++] = copy[i];
	*count = kept;
	return copy;
}

uint64_t drain_start_ns(const struct drain *drain)
{
	return drain->start_ns;
}

uint64_t *drain_addresses(const struct drain *drain, const uint64_t *more, size_t nmore, size_t *count)
{
	return drain_distinct(&drain->addresses, more, nmore, count);
}

uint64_t *drain_types(const struct drain *drain, size_t *count)
{
	return drain_distinct(&drain->types, NULL, 0, count);
}
