/*
 * In: the dissection, by context. Out: the same by site, and the program's figures by slice.
 */
#include "analyzer/timeline.h"

#include "analyzer/arena.h"
#include "analyzer/dissection.h"
#include "analyzer/label_parts.h"
#include "analyzer/moments.h"
#include "analyzer/site_group.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <stdio.h>
#include <stdlib.h>

/* "2,048": NUMBER with its thousands parted. */
static void put_number(char *text, size_t size, uint64_t number)
{
	char digits[32];
	int count = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	size_t at = 0;

	for (int i = 0; i < count && at + 2 < size; i++) {
		if (i && (count - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = 0;
}

/* A bucket's name, as "1,024–2,047 goroutines". */
static const char *name_range(struct arena *arena, uint64_t low, uint64_t high, const char *one, const char *many)
{
	char from[48], to[48];

	if (low == UINT64_MAX)
		return arena_string(arena, "not known");
	put_number(from, sizeof(from), low);
	put_number(to, sizeof(to), high);
	if (high == UINT64_MAX)
		return arena_format(arena, "%s %s or more", from, many);
	if (low == high)
		return arena_format(arena, "%s %s", from, low == 1 ? one : many);
	return arena_format(arena, "%s–%s %s", from, to, many);
}

static void name_buckets(struct analysis *out, struct arena *arena)
{
	uint64_t low, high;

	out->goroutine_buckets.count = DISSECTION_GOROUTINES;
	out->goroutine_buckets.names = arena_alloc(arena, DISSECTION_GOROUTINES, sizeof(char *));
	for (size_t i = 0; i < DISSECTION_GOROUTINES; i++) {
		dissection_goroutine_range(i, &low, &high);
		out->goroutine_buckets.names[i] = name_range(arena, low, high, "goroutine", "goroutines");
	}
	out->proc_buckets.count = DISSECTION_PROCS;
	out->proc_buckets.names = arena_alloc(arena, DISSECTION_PROCS, sizeof(char *));
	for (size_t i = 0; i < DISSECTION_PROCS; i++) {
		dissection_proc_range(i, &low, &high);
		out->proc_buckets.names[i] = name_range(arena, low, high, "running P", "running Ps");
	}
}

static void fill_slices(struct timeline *timeline, struct arena *arena, const struct dissection *dissection)
{
	double *gc_share = arena_alloc(arena, DISSECTION_SLICES, sizeof(double));
	double *goroutines = arena_alloc(arena, DISSECTION_SLICES, sizeof(double));
	double *procs = arena_alloc(arena, DISSECTION_SLICES, sizeof(double));
	double *bytes = arena_alloc(arena, DISSECTION_SLICES, sizeof(double));
	double *live = arena_alloc(arena, DISSECTION_SLICES, sizeof(double));
	double *goal = arena_alloc(arena, DISSECTION_SLICES, sizeof(double));
	uint64_t *cycles = arena_alloc(arena, DISSECTION_SLICES, sizeof(uint64_t));

	for (size_t i = 0; i < DISSECTION_SLICES; i++) {
		struct moments_span span =
		    moments_between(dissection->moments, i * dissection->slice_ns, (i + 1) * dissection->slice_ns);

		bytes[i] = dissection->slices[i];
		gc_share[i] = span.gc_share;
		goroutines[i] = span.goroutines;
		procs[i] = span.running;
		cycles[i] = span.cycles;
		live[i] = span.heap_live;
		goal[i] = span.heap_goal;
	}
	*timeline = (struct timeline){.count = DISSECTION_SLICES,
				      .slice_seconds = (double)dissection->slice_ns * 1e-9,
				      .alloc_bytes = bytes,
				      .gc_share = gc_share,
				      .goroutines = goroutines,
				      .procs = procs,
				      .gc_cycles = cycles,
				      .heap_live = live,
				      .heap_goal = goal};
}

/* The sets by their numbers in samples: none, not known, and those of the trace. */
static void copy_label_sets(struct analysis *out, struct arena *arena, const struct trace *trace)
{
	struct label_set *sets;

	out->nlabel_sets = TRACE_LABELS_FIRST + trace->nlabel_sets;
	out->label_sets = sets = arena_alloc(arena, out->nlabel_sets, sizeof(*sets));
	sets[TRACE_LABELS_UNKNOWN].unknown = true;
	for (size_t i = 0; i < trace->nlabel_sets; i++) {
		const struct trace_label_set *from = &trace->label_sets[i];
		struct label *labels = arena_alloc(arena, from->count + 1, sizeof(*labels));

		for (size_t k = 0; k < from->count; k++)
			labels[k] = (struct label){arena_string(arena, from->labels[k].key),
						   arena_string(arena, from->labels[k].value)};
		sets[TRACE_LABELS_FIRST + i] = (struct label_set){labels, from->count, false};
	}
}

void timeline_fill(struct analysis *out, struct arena *arena, const struct dissection *dissection,
		   const struct trace *trace)
{
	name_buckets(out, arena);
	copy_label_sets(out, arena, trace);
	if (dissection->slice_ns)
		fill_slices(&out->timeline, arena, dissection);
}

static void add_all(double *to, const double *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] += from[i];
}

void timeline_fill_site(struct site *site, struct arena *arena, const struct dissection *dissection,
			const struct site_group *group)
{
	struct dissection_row *sum = arena_alloc(arena, 1, sizeof(*sum));

	for (size_t i = 0; i < group->ncontexts; i++) {
		const struct dissection_row *row = dissection->rows[group->contexts[i]];

		if (!row)
			continue;
		add_all(sum->slices, row->slices, DISSECTION_SLICES);
		add_all(sum->goroutines, row->goroutines, DISSECTION_GOROUTINES);
		add_all(sum->procs, row->procs, DISSECTION_PROCS);
	}
	site->slices = dissection->slice_ns ? sum->slices : NULL;
	site->by_goroutines = sum->goroutines;
	site->by_procs = sum->procs;
	site->by_labels = label_parts_make(arena, dissection, group->contexts, group->ncontexts, &site->nlabels);
}
