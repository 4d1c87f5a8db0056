/*
 * The drain. A million records a second may come through here, on a machine that the target also needs. At fine rates
 * most samples are counted by the agent (collector/tally.h) and come through here as sums, a few times a second.
 */
#include "collector/drain.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collector/context_table.h"
#include "collector/gc_record.h"
#include "collector/labels.h"
#include "collector/rate_control.h"
#include "collector/rings.h"
#include "collector/tally.h"

#include <stdlib.h>
#include <time.h>

#define DRAIN_TALLY_NS 50000000u /* between readings of the tallies: how fine counted samples stand in time */
#define DRAIN_HURRY_NS 1000000000u
#define LOOKS_AT_ALL   32 /* of drain_costs: one in so many is at all processors */

struct drain {
	struct region *region;
	struct trace_writer *writer;
	struct rings *rings;
	struct tally *tally;
	struct context_table *contexts;
	struct gc_record *gc;
	struct labels *labels;
	uint64_t start_ticks, start_ns;
	double ns_a_tick;
	uint64_t samples, unusable;   /* the latter without a context or a rate */
	size_t nprocessors;           /* that have taken samples, as far as known */
	unsigned looks;               /* at what they have spent */
	uint64_t followed;            /* samples that the runtime will tell the deaths of */
	uint64_t bytes;               /* that the samples stand for */
	uint64_t tally_ns, uncounted; /* time of the last reading of the tallies; samples it had no context for */
	uint64_t work_ns;             /* of CPU, that taking records has taken */
	uint64_t late, hurry_ns;      /* labels that came too late so far; until when to hurry for them */
};

struct drain *drain_new(struct region *region, struct trace_writer *writer, pid_t pid, uint64_t bias)
{
	struct drain *drain = memory_alloc(1, sizeof(*drain));

	drain->region = region;
	drain->writer = writer;
	drain->rings = rings_new(region);
	drain->tally = tally_new(region);
	drain->contexts = context_table_new(writer, bias);
	drain->gc = gc_record_new(region, writer, pid);
	drain->start_ticks = region_ticks();
	drain->start_ns = clock_ns(CLOCK_MONOTONIC);
	drain->ns_a_tick = 1;
	return drain;
}

void drain_free(struct drain *drain)
{
	if (!drain)
		return;
	rings_free(drain->rings);
	tally_free(drain->tally);
	context_table_free(drain->contexts);
	gc_record_free(drain->gc);
	labels_free(drain->labels);
	free(drain);
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

/* A sample stands for its rate, or itself where that is more: near enough to tell the large from the small. */
static void drain_add_bytes(struct drain *drain, const struct known_context *context, uint32_t rate, uint64_t count)
{
	drain->bytes += count * (context->size > rate ? context->size : rate);
}

static void drain_take_alloc(struct drain *drain, const struct agent_alloc *alloc)
{
	const struct known_context *context = context_table_of(drain->contexts, alloc);
	struct trace_sample sample = {
	    .time_ns = drain_time(drain, alloc->record.time),
	    .processor = alloc->processor,
	    .rate = alloc->rate,
	    .goroutine = alloc->goroutine,
	    .cycle = alloc->cycle,
	    .count = 1,
	};

	if (!context || !sample.rate) {
		drain->unusable++;
		return;
	}
	drain_add_bytes(drain, context, alloc->rate, 1);
	sample.context = context->number;
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
	const struct known_context *context = context_table_find(drain->contexts, step->hash);
	struct trace_sample sample = {.time_ns = drain->tally_ns,
				      .processor = step->processor,
				      .rate = step->rate,
				      .cycle = gc_record_cycle(drain->gc),
				      .labels = TRACE_LABELS_UNKNOWN,
				      .count = step->count};

	if (!context || !step->rate) {
		drain->uncounted += step->count;
		return false;
	}
	sample.context = context->number;
	trace_writer_sample(drain->writer, &sample);
	drain->samples += step->count;
	drain_add_bytes(drain, context, step->rate, step->count);
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

static void drain_take(void *user, const struct agent_record *record)
{
	struct drain *drain = user;
	const struct agent_gc *gc = (const struct agent_gc *)record;

	switch (record->kind) {
	case AGENT_ALLOC:
		drain_take_alloc(drain, (const struct agent_alloc *)record);
		break;
	case AGENT_DEATH:
		drain_take_death(drain, (const struct agent_death *)record);
		break;
	case AGENT_GC:
		gc_record_write(drain->gc, drain_time(drain, record->time), gc->cycle, gc->words, gc->count);
		break;
	default:
		break;
	}
}

static void drain_set_clock(struct drain *drain)
{
	uint64_t ticks = region_ticks() - drain->start_ticks;
	uint64_t ns = clock_ns(CLOCK_MONOTONIC) - drain->start_ns;

	if (ticks > 1000000)
		drain->ns_a_tick = (double)ns / (double)ticks;
}

void drain_watch(struct drain *drain, struct concurrency *concurrency)
{
	gc_record_watch(drain->gc, concurrency);
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
	gc_record_read_cpu(drain->gc);
	began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	count = rings_take(drain->rings, now, drain_take, drain);
	drain->work_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
	now_ns = drain_time(drain, now);
	if (now_ns - drain->tally_ns >= DRAIN_TALLY_NS)
		drain_take_tallies(drain, now_ns);
	if (gc_record_has_changed(drain->gc, now_ns))
		gc_record_write_now(drain->gc, drain_time(drain, region_ticks()));
	drain_hurry(drain, now_ns);
	return count;
}

uint64_t drain_rest(struct drain *drain)
{
	uint64_t count = rings_take(drain->rings, UINT64_MAX, drain_take, drain);

	drain_take_tallies(drain, drain_time(drain, region_ticks()));
	drain->unusable += drain->uncounted;
	return count;
}

void drain_poll_figures(struct drain *drain)
{
	gc_record_poll(drain->gc, drain_time(drain, region_ticks()));
}

void drain_write_losses(struct drain *drain)
{
	rings_write_losses(drain->rings, drain->writer, drain->unusable);
}

double drain_pressure(const struct drain *drain)
{
	return rings_pressure(drain->rings);
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
	costs->target = gc_record_cpu(drain->gc) != UINT64_MAX ? gc_record_cpu(drain->gc) : 0;
}

uint64_t drain_bytes(const struct drain *drain)
{
	uint64_t own = gc_record_total_alloc(drain->gc);

	return drain->bytes > own ? drain->bytes : own;
}

uint64_t drain_samples(const struct drain *drain)
{
	return drain->samples;
}

uint64_t drain_start_ns(const struct drain *drain)
{
	return drain->start_ns;
}

uint64_t *drain_addresses(const struct drain *drain, const uint64_t *more, size_t nmore, size_t *count)
{
	return context_table_addresses(drain->contexts, more, nmore, count);
}

uint64_t *drain_types(const struct drain *drain, size_t *count)
{
	return context_table_types(drain->contexts, count);
}
