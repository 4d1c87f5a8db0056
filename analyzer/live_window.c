/*
 * In: records, one at a time. Out: an analysis of the newest. Each pane is an accumulation of its own, and old ones are
 * dropped whole. A life belongs to the pane of its birth, wherever its end is told of; the GC's figures are few, so
 * they are kept as they are and added up anew for each analysis.
 */
#include "analyzer/live_window.h"

#include "analyzer/accumulate.h"
#include "analyzer/analyze.h"
#include "analyzer/dissection.h"
#include "analyzer/moments.h"
#include "analyzer/weights.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <stdlib.h>
#include <string.h>

#define PANES        (LIVE_WINDOW_PANES + 1)
#define LENGTH_SLOTS 60 /* of a window's length */
#define SLOTS        80 /* a pane more must fit */

/* A span of the trace's time, its sums, and the losses before it. */
struct pane {
	uint64_t from_ns;
	struct accumulation sums;
	struct trace_losses losses;
};

/* A context's bytes by time: slot number N stands at N % SLOTS. */
struct slots {
	float bytes[SLOTS];
};

struct live_window {
	uint64_t pane_ns, slot_ns;
	struct pane panes[PANES]; /* the oldest first */
	size_t npanes;
	struct trace_gc *gcs; /* in the window, and the last before it */
	size_t ngcs, gcs_capacity;
	struct slots *slots; /* by context */
	size_t nslots;
	uint64_t slot; /* the newest */
};

struct live_window *live_window_new(uint64_t length_ns)
{
	struct live_window *window = memory_alloc(1, sizeof(*window));

	window->pane_ns = length_ns / LIVE_WINDOW_PANES;
	window->slot_ns = length_ns / LENGTH_SLOTS;
	window->npanes = 1;
	return window;
}

void live_window_free(struct live_window *window)
{
	if (!window)
		return;
	for (size_t i = 0; i < window->npanes; i++)
		accumulate_free(&window->panes[i].sums);
	free(window->gcs);
	free(window->slots);
	free(window);
}

uint64_t live_window_start(const struct live_window *window)
{
	return window->panes[0].from_ns;
}

static struct pane *newest(struct live_window *window)
{
	return &window->panes[window->npanes - 1];
}

/* Keep the figures from the window's start on, and the last before it: what was there when it began. */
static void drop_figures(struct live_window *window)
{
	uint64_t start = live_window_start(window), base_ns = 0;
	struct trace_gc base = {0};
	bool has_base = false;
	size_t kept = 0;

	for (size_t i = 0; i < window->ngcs; i++) {
		if (window->gcs[i].time_ns < start && (!has_base || window->gcs[i].time_ns >= base_ns)) {
			base = window->gcs[i];
			base_ns = base.time_ns;
			has_base = true;
		}
	}
	for (size_t i = 0; i < window->ngcs; i++) {
		if (window->gcs[i].time_ns >= start)
			window->gcs[kept++] = window->gcs[i];
	}
	window->ngcs = kept;
	if (!has_base)
		return;
	/* At least the base was taken out, so there is room for it. */
	memmove(window->gcs + 1, window->gcs, kept * sizeof(*window->gcs));
	window->gcs[0] = base;
	window->ngcs++;
}

/* Begin a pane at FROM_NS; LOSSES are those until then. */
static void begin_pane(struct live_window *window, uint64_t from_ns, const struct trace_losses *losses)
{
	if (window->npanes == PANES) {
		accumulate_free(&window->panes[0].sums);
		memmove(window->panes, window->panes + 1, (PANES - 1) * sizeof(*window->panes));
		window->npanes--;
		drop_figures(window);
	}
	window->panes[window->npanes++] = (struct pane){.from_ns = from_ns, .losses = *losses};
}

/* Slots that were not reached yet hold what was a whole round ago. */
static void advance_slots(struct live_window *window, uint64_t slot)
{
	uint64_t first = window->slot + 1;

	if (slot - window->slot > SLOTS)
		first = slot - SLOTS + 1;
	for (size_t i = 0; i < window->nslots; i++) {
		for (uint64_t at = first; at <= slot; at++)
			window->slots[i].bytes[at % SLOTS] = 0;
	}
	window->slot = slot;
}

/* Something happened at TIME_NS. */
static void advance(struct live_window *window, const struct trace *trace, uint64_t time_ns)
{
	uint64_t from = newest(window)->from_ns + window->pane_ns;

	if (time_ns / window->slot_ns > window->slot)
		advance_slots(window, time_ns / window->slot_ns);
	if (time_ns < from)
		return;
	/* Of panes that nothing fell into, only those that still count. */
	if (time_ns - from > PANES * window->pane_ns)
		from += ((time_ns - from) / window->pane_ns - PANES) * window->pane_ns;
	for (; from <= time_ns; from += window->pane_ns)
		begin_pane(window, from, &trace->losses);
}

static struct slots *slots_at(struct live_window *window, size_t context)
{
	if (context >= window->nslots) {
		size_t count = window->nslots ? window->nslots : 256;

		while (count <= context)
			count *= 2;
		window->slots = memory_resize(window->slots, count, sizeof(*window->slots));
		memset(window->slots + window->nslots, 0, (count - window->nslots) * sizeof(*window->slots));
		window->nslots = count;
	}
	return &window->slots[context];
}

/* Its place was given anew: who is still thought to live there, born in an older pane, must be dead. */
static void end_former(struct live_window *window, const struct trace_sample *sample)
{
	for (size_t i = 0; i + 1 < window->npanes; i++) {
		if (accumulate_end_life(&window->panes[i].sums, sample->address, sample->cycle, true))
			return;
	}
}

/* A death that came before its birth, just before the newest pane began, is awaited there. */
static void hand_on_early(struct live_window *window, uint64_t address)
{
	struct live_object early, old;

	if (window->npanes > 1 && live_table_remove(&newest(window)[-1].sums.early, address, &early))
		live_table_insert(&newest(window)->sums.early, &early, &old);
}

static void on_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	uint64_t size = trace->contexts[sample->context].size, slot;
	struct live_window *window = user;
	struct accumulation *sums;

	advance(window, trace, sample->time_ns);
	sums = &newest(window)->sums;
	if (sample->address && sample->live_rate) {
		end_former(window, sample);
		hand_on_early(window, sample->address);
	}
	accumulate_sample(sums, sample, size);
	slot = sample->time_ns / window->slot_ns;
	if (slot + SLOTS > window->slot)
		slots_at(window, sample->context)->bytes[slot % SLOTS] +=
		    (float)(sums->contexts[sample->context].cached_weight * (double)size * (double)sample->count);
}

static void on_death(void *user, const struct trace *trace, const struct trace_death *death)
{
	struct live_window *window = user;

	advance(window, trace, death->time_ns);
	for (size_t i = window->npanes; i-- > 0;) {
		if (accumulate_end_life(&window->panes[i].sums, death->address, death->cycle, false))
			return;
	}
	accumulate_death(&newest(window)->sums, death);
}

static void on_cpu(void *user, const struct trace *trace, const struct trace_cpu_sample *sample)
{
	struct live_window *window = user;

	advance(window, trace, sample->time_ns);
	accumulate_cpu(&newest(window)->sums, sample);
}

static void on_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	struct live_window *window = user;

	advance(window, trace, gc->time_ns);
	window->gcs = memory_reserve(window->gcs, window->ngcs, &window->gcs_capacity, sizeof(*gc));
	window->gcs[window->ngcs++] = *gc;
}

struct trace_callbacks live_window_callbacks(struct live_window *window)
{
	return (struct trace_callbacks){
	    .sample = on_sample, .death = on_death, .cpu_sample = on_cpu, .gc = on_gc, .user = window};
}

/* All panes as one accumulation, its times from the window's start on. */
static void sum_up(struct accumulation *sums, const struct live_window *window, const struct trace *trace)
{
	uint64_t start = live_window_start(window);

	*sums = (struct accumulation){.moments = moments_new()};
	for (size_t i = 0; i < window->ngcs; i++) {
		struct trace_gc gc = window->gcs[i];

		gc.time_ns = gc.time_ns > start ? gc.time_ns - start : 0;
		accumulate_gc(sums, &gc);
	}
	for (size_t i = 0; i < window->npanes; i++)
		accumulate_merge(sums, &window->panes[i].sums);
	accumulate_finish(sums, trace->ncontexts, trace->ncpu_stacks);
	moments_finish(sums->moments, trace->end_ns > start ? trace->end_ns - start : 0);
}

/* A slot's bytes lie evenly in it, as far as the window and the trace go. */
static void dissect_slot(struct dissection *dissection, const struct live_window *window, uint32_t context,
			 uint64_t slot, uint64_t end_ns)
{
	uint64_t start = live_window_start(window), from = slot * window->slot_ns, to = from + window->slot_ns;
	double bytes = (double)window->slots[context].bytes[slot % SLOTS];

	from = from > start ? from : start;
	to = to < end_ns ? to : end_ns;
	if (bytes > 0 && to > from)
		dissection_add(dissection, context, from - start, to - start, bytes);
}

static void dissect(struct dissection *dissection, const struct live_window *window, const struct trace *trace)
{
	uint64_t first = live_window_start(window) / window->slot_ns;

	if (first + SLOTS <= window->slot)
		first = window->slot - SLOTS + 1;
	for (size_t i = 0; i < window->nslots && i < trace->ncontexts; i++) {
		for (uint64_t slot = first; slot <= window->slot; slot++)
			dissect_slot(dissection, window, (uint32_t)i, slot, trace->end_ns);
	}
}

static void subtract_losses(struct trace_losses *losses, const struct trace_losses *before)
{
	losses->samples -= before->samples;
	losses->sample_bytes -= before->sample_bytes;
	losses->deaths -= before->deaths;
	losses->contended -= before->contended;
	losses->throttled -= before->throttled;
}

void live_window_analyze(struct analysis *out, const struct live_window *window, const struct trace *trace,
			 const struct analyze_options *options)
{
	struct analyze_options all = options ? *options : (struct analyze_options){0};
	uint64_t start = live_window_start(window);
	struct trace part = *trace;
	struct dissection dissection;
	struct accumulation sums;

	part.end_ns = trace->end_ns > start ? trace->end_ns - start : 0;
	subtract_losses(&part.losses, &window->panes[0].losses);
	sum_up(&sums, window, trace);
	dissection_begin(&dissection, sums.moments, NULL);
	dissect(&dissection, window, trace);
	dissection_finish(&dissection, trace->ncontexts, &sums.gc);
	all.dissection = &dissection;
	analyze_totals(out, &part, sums.contexts, &sums.gc, sums.cpu_counts, &all);
	dissection_free(&dissection);
	accumulate_free(&sums);
}
