/*
 * Reading the records of a trace: a frame's bytes in, what happened out to the callbacks. What is defined meanwhile
 * goes into the struct trace (trace_definitions.h). Every byte is doubted: records are read through a cursor with an
 * end, counts have limits, and a number that names nothing leaves its record out.
 */
#include "trace/trace_records.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "trace/trace_definitions.h"
#include "trace/trace_format.h"

#include <string.h>

static void reader_state(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_sample *state = &reader->deltas.state;

	state->processor = (uint32_t)cursor_uleb(cursor);
	state->rate = cursor_uleb(cursor);
	state->live_rate = cursor_uleb(cursor);
	state->cycle = (uint32_t)cursor_uleb(cursor);
}

/* A set that is not defined becomes one that is not known. */
static void reader_labelled(struct trace_records *reader, struct cursor *cursor)
{
	uint64_t labels = cursor_uleb(cursor);

	if (labels >= TRACE_LABELS_FIRST + reader->trace->nlabel_sets) {
		reader->trace->skipped++;
		labels = TRACE_LABELS_UNKNOWN;
	}
	reader->deltas.state.labels = (uint32_t)labels;
}

static uint64_t reader_delta(struct cursor *cursor, uint64_t *previous)
{
	return *previous += (uint64_t)cursor_zigzag(cursor);
}

static void reader_saw_time(struct trace *trace, uint64_t time_ns)
{
	if (time_ns > trace->end_ns)
		trace->end_ns = time_ns;
}

/* Hand on SAMPLE, read to its end, if CONTEXT is one. */
static void reader_give_sample(struct trace_records *reader, struct trace_sample *sample, uint64_t context)
{
	struct trace *trace = reader->trace;

	if (context >= trace->ncontexts || !sample->rate) {
		trace->skipped++;
		return;
	}
	sample->context = (uint32_t)context;
	trace->nsamples += sample->count;
	reader_saw_time(trace, sample->time_ns);
	if (reader->callbacks && reader->callbacks->sample)
		reader->callbacks->sample(reader->callbacks->user, trace, sample);
}

static void reader_sample(struct trace_records *reader, struct cursor *cursor, bool tracked)
{
	struct trace_sample sample = reader->deltas.state;
	uint64_t context;

	sample.count = 1;
	sample.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	context = cursor_uleb(cursor);
	sample.goroutine = reader_delta(cursor, &reader->deltas.goroutine);
	if (tracked)
		sample.address = reader_delta(cursor, &reader->deltas.address);
	else
		sample.live_rate = 0;
	if (!cursor->failed)
		reader_give_sample(reader, &sample, context);
}

static void reader_counted_samples(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_sample sample = reader->deltas.state;
	uint64_t context;

	sample.live_rate = 0;
	sample.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	context = cursor_uleb(cursor);
	sample.count = cursor_uleb(cursor);
	if (sample.count == 0 || sample.count > TRACE_COUNT_MAX)
		cursor->failed = true;
	if (!cursor->failed)
		reader_give_sample(reader, &sample, context);
}

static void reader_cpu_sample(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_cpu_sample sample = {.time_ns = reader_delta(cursor, &reader->deltas.time_ns)};
	uint64_t stack = cursor_uleb(cursor);

	if (cursor->failed)
		return;
	if (stack >= trace->ncpu_stacks) {
		trace->skipped++;
		return;
	}
	sample.stack = (uint32_t)stack;
	trace->ncpu_samples++;
	reader_saw_time(trace, sample.time_ns);
	if (reader->callbacks && reader->callbacks->cpu_sample)
		reader->callbacks->cpu_sample(reader->callbacks->user, trace, &sample);
}

static void reader_death(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_death death;

	death.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	death.address = reader_delta(cursor, &reader->deltas.address);
	death.cycle = (uint32_t)cursor_uleb(cursor);
	if (cursor->failed)
		return;
	reader->trace->ndeaths++;
	reader_saw_time(reader->trace, death.time_ns);
	if (reader->callbacks && reader->callbacks->death)
		reader->callbacks->death(reader->callbacks->user, reader->trace, &death);
}

static void reader_gc(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_gc gc = {0};
	uint64_t *const words[] = {
	    &gc.memory_limit,    &gc.heap_live,       &gc.heap_marked,      &gc.heap_goal,           &gc.heap_minimum,
	    &gc.heap_scan,       &gc.stack_scan,      &gc.globals_scan,     &gc.total_alloc,         &gc.total_free,
	    &gc.pause_total_ns,  &gc.goroutines,      &gc.cpu_gc_assist_ns, &gc.cpu_gc_dedicated_ns, &gc.cpu_gc_idle_ns,
	    &gc.cpu_gc_pause_ns, &gc.cpu_gc_total_ns, &gc.cpu_scavenge_ns,  &gc.cpu_idle_ns,         &gc.cpu_user_ns,
	    &gc.cpu_total_ns,    &gc.process_cpu_ns,  &gc.mem_profile_rate, &gc.goroutines_live,     &gc.procs_running,
	    &gc.procs,           &gc.forced_cycles,
	};
	uint64_t count, i;

	gc.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	gc.cycle = (uint32_t)cursor_uleb(cursor);
	gc.gc_percent = (int32_t)cursor_zigzag(cursor);
	count = cursor_uleb(cursor);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		*words[i] = i < count ? cursor_uleb(cursor) - 1 : UINT64_MAX;
	for (; i < count && !cursor->failed; i++) /* of a later version */
		cursor_uleb(cursor);
	if (cursor->failed)
		return;
	reader->trace->ngcs++;
	reader_saw_time(reader->trace, gc.time_ns);
	if (reader->callbacks && reader->callbacks->gc)
		reader->callbacks->gc(reader->callbacks->user, reader->trace, &gc);
}

static void reader_run_end(struct trace_records *reader, struct cursor *cursor)
{
	uint32_t cycle = (uint32_t)cursor_uleb(cursor);

	if (cursor->failed)
		return;
	reader->trace->run_ends++;
	if (reader->callbacks && reader->callbacks->run_end)
		reader->callbacks->run_end(reader->callbacks->user, reader->trace, cycle);
}

static void reader_losses(struct trace *trace, struct cursor *cursor)
{
	struct trace_losses losses;

	losses.samples = cursor_uleb(cursor);
	losses.sample_bytes = cursor_uleb(cursor);
	losses.deaths = cursor_uleb(cursor);
	losses.contended = cursor_uleb(cursor);
	losses.throttled = cursor_uleb(cursor);
	if (!cursor->failed)
		trace->losses = losses;
}

static void reader_c_counts(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_c_counts counts = {.time_ns = reader_delta(cursor, &reader->deltas.c_time_ns)};
	uint64_t *const words[] = {&counts.allocs,      &counts.bytes,     &counts.frees,
				   &counts.freed_bytes, &counts.untracked, &counts.untracked_bytes};
	uint64_t context = cursor_uleb(cursor), lives, i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*words[i] = cursor_uleb(cursor);
		if (*words[i] > TRACE_COUNT_MAX)
			cursor->failed = true;
	}
	lives = cursor_uleb(cursor);
	if (lives != TRACE_C_LIVES)
		cursor->failed = true;
	for (i = 0; i < TRACE_C_LIVES; i++)
		counts.lives[i] = cursor_uleb(cursor);
	if (cursor->failed)
		return;
	if (context >= trace->nc_contexts) {
		trace->skipped++;
		return;
	}
	counts.context = (uint32_t)context;
	trace->nc_allocs += counts.allocs;
	reader_saw_time(trace, counts.time_ns);
	if (reader->callbacks && reader->callbacks->c_counts)
		reader->callbacks->c_counts(reader->callbacks->user, trace, &counts);
}

static void reader_rings(struct trace *trace, struct cursor *cursor)
{
	uint64_t ring_size = cursor_uleb(cursor), count = cursor_uleb(cursor), i;
	struct trace_ring rings[TRACE_RINGS_MAX];

	if (count > TRACE_RINGS_MAX) {
		cursor->failed = true;
		return;
	}
	for (i = 0; i < count; i++) {
		rings[i].samples = cursor_uleb(cursor);
		rings[i].sample_bytes = cursor_uleb(cursor);
		rings[i].deaths = cursor_uleb(cursor);
		rings[i].throttled = cursor_uleb(cursor);
		rings[i].peak = cursor_uleb(cursor);
	}
	if (cursor->failed)
		return;
	trace->rings = memory_resize(trace->rings, count + 1, sizeof(*trace->rings));
	memcpy(trace->rings, rings, count * sizeof(*rings));
	trace->nrings = count;
	trace->ring_size = ring_size;
}

/* A record of which only the number of bytes need be known. */
static void reader_counted_record(struct trace_records *reader, struct cursor *cursor, uint8_t tag)
{
	size_t size;
	const uint8_t *bytes = cursor_counted(cursor, &size);
	struct cursor body = cursor_make(bytes, bytes ? size : 0);

	if (tag == TRACE_TAG_C_COUNTS)
		reader_c_counts(reader, &body);
	else if (tag == TRACE_TAG_RINGS)
		reader_rings(reader->trace, &body);
	else if (!trace_definitions_read(reader, &body, tag))
		reader->trace->skipped++; /* of a later version */
	if (body.failed)
		cursor->failed = true;
}

static void reader_record(struct trace_records *reader, struct cursor *cursor)
{
	uint8_t tag = cursor_u8(cursor);

	if (tag >= TRACE_TAG_COUNTED_FROM) {
		reader_counted_record(reader, cursor, tag);
		return;
	}
	switch (tag) {
	case TRACE_TAG_STATE:
		reader_state(reader, cursor);
		break;
	case TRACE_TAG_SAMPLE:
		reader_sample(reader, cursor, false);
		break;
	case TRACE_TAG_TRACKED:
		reader_sample(reader, cursor, true);
		break;
	case TRACE_TAG_COUNTED:
		reader_counted_samples(reader, cursor);
		break;
	case TRACE_TAG_CPU_SAMPLE:
		reader_cpu_sample(reader, cursor);
		break;
	case TRACE_TAG_DEATH:
		reader_death(reader, cursor);
		break;
	case TRACE_TAG_GC:
		reader_gc(reader, cursor);
		break;
	case TRACE_TAG_LOSSES:
		reader_losses(reader->trace, cursor);
		break;
	case TRACE_TAG_LABELLED:
		reader_labelled(reader, cursor);
		break;
	case TRACE_TAG_RUN_END:
		reader_run_end(reader, cursor);
		break;
	case TRACE_TAG_END:
		reader->trace->complete = true;
		break;
	default:
		if (!trace_definitions_read(reader, cursor, tag))
			cursor->failed = true;
	}
}

bool trace_records_read(struct trace_records *reader, const uint8_t *raw, size_t size)
{
	struct cursor cursor = cursor_make(raw, size);

	reader->deltas = (struct trace_deltas){0};
	while (!cursor.failed && cursor.at < cursor.end)
		reader_record(reader, &cursor);
	return !cursor.failed;
}
