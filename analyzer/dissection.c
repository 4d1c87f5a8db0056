/*
 * In: samples with their times. Out: each context's bytes by time, goroutines and running Ps, and the part's own sums.
 */
#include "analyzer/dissection.h"

#include "analyzer/moments.h"
#include "analyzer/weights.h"
#include "analyzer/when.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#define C_READING_NS 250000000u /* between two readings of C's counts */
#define PROCS_SINGLE 16         /* numbers of Ps with a bucket of their own */

struct dissection_labels {
	uint64_t key; /* context and set */
	double bytes;
	struct dissection_labels *next; /* of the same context */
	UT_hash_handle hh;
};

void dissection_begin(struct dissection *dissection, const struct moments *moments, const struct when *when)
{
	uint64_t end = moments_end(moments);

	*dissection = (struct dissection){.moments = moments, .when = when};
	dissection->slice_ns = end ? end / DISSECTION_SLICES + 1 : 0;
}

static struct dissection_row *row_at(struct dissection *dissection, size_t context)
{
	if (context >= dissection->nrows) {
		size_t count = dissection->nrows ? dissection->nrows : 256;

		while (count <= context)
			count *= 2;
		dissection->rows = memory_resize(dissection->rows, count, sizeof(struct dissection_row *));
		memset(dissection->rows + dissection->nrows, 0,
		       (count - dissection->nrows) * sizeof(struct dissection_row *));
		dissection->nrows = count;
	}
	if (!dissection->rows[context])
		dissection->rows[context] = memory_alloc(1, sizeof(struct dissection_row));
	return dissection->rows[context];
}

/* The power of two that is at most NUMBER, which is at least 1. */
static size_t power_below(uint64_t number)
{
	return 63 - (size_t)__builtin_clzll(number);
}

static size_t goroutine_bucket(double goroutines)
{
	size_t at;

	if (!isfinite(goroutines))
		return DISSECTION_GOROUTINES - 1;
	at = power_below(goroutines < 1 ? 1 : (uint64_t)goroutines);
	return at < DISSECTION_GOROUTINES - 1 ? at : DISSECTION_GOROUTINES - 2;
}

void dissection_goroutine_range(size_t at, uint64_t *low, uint64_t *high)
{
	*low = at == DISSECTION_GOROUTINES - 1 ? UINT64_MAX : 1ull << at;
	*high = at >= DISSECTION_GOROUTINES - 2 ? UINT64_MAX : (2ull << at) - 1;
}

/* RUNNING is of the last look; the P that allocates runs, whatever was seen before. */
static size_t proc_bucket(double running)
{
	uint64_t number = running > 1 ? (uint64_t)running : 1;
	size_t at;

	if (!isfinite(running))
		return DISSECTION_PROCS - 1;
	if (number <= PROCS_SINGLE)
		return (size_t)number - 1;
	at = PROCS_SINGLE + power_below((number - 1) / PROCS_SINGLE);
	return at < DISSECTION_PROCS - 1 ? at : DISSECTION_PROCS - 2;
}

void dissection_proc_range(size_t at, uint64_t *low, uint64_t *high)
{
	if (at < PROCS_SINGLE) {
		*low = *high = at + 1;
		return;
	}
	*low = at == DISSECTION_PROCS - 1 ? UINT64_MAX : ((uint64_t)PROCS_SINGLE << (at - PROCS_SINGLE)) + 1;
	*high = at >= DISSECTION_PROCS - 2 ? UINT64_MAX : (uint64_t)PROCS_SINGLE << (at - PROCS_SINGLE + 1);
}

static void add_labels(struct dissection *dissection, struct dissection_row *row, const struct trace_sample *sample,
		       double bytes)
{
	uint64_t key = (uint64_t)sample->context << 32 | sample->labels;
	struct dissection_labels *labels = row->labels;

	if (!labels || labels->key != key)
		HASH_FIND(hh, dissection->labels, &key, sizeof(key), labels);
	if (!labels) {
		labels = memory_alloc(1, sizeof(*labels));
		labels->key = key;
		labels->next = row->labels;
		row->labels = labels;
		HASH_ADD(hh, dissection->labels, key, sizeof(key), labels);
	}
	labels->bytes += bytes;
}

void dissection_each_label(const struct dissection *dissection, uint32_t context,
			   void (*take)(void *user, uint32_t set, double bytes), void *user)
{
	const struct dissection_row *row = context < dissection->nrows ? dissection->rows[context] : NULL;

	for (const struct dissection_labels *labels = row ? row->labels : NULL; labels; labels = labels->next)
		take(user, (uint32_t)labels->key, labels->bytes);
}

static double bytes_of(struct dissection_row *row, const struct trace_sample *sample, uint64_t size)
{
	uint64_t rate = sample->rate ? sample->rate : 1;

	if (row->rate != rate) {
		row->rate = rate;
		row->weight = weights_of(size, rate);
	}
	return row->weight * (double)size * (double)sample->count;
}

static size_t slice_of(const struct dissection *dissection, uint64_t time_ns)
{
	uint64_t slice = dissection->slice_ns ? time_ns / dissection->slice_ns : 0;

	return slice < DISSECTION_SLICES ? (size_t)slice : DISSECTION_SLICES - 1;
}

void dissection_sample(struct dissection *dissection, const struct trace_sample *sample, uint64_t size)
{
	struct moment moment = moments_at(dissection->moments, sample->time_ns);
	struct dissection_row *row = row_at(dissection, sample->context);
	size_t slice = slice_of(dissection, sample->time_ns);
	double bytes = bytes_of(row, sample, size);

	dissection->slices[slice] += bytes;
	if (dissection->when && !when_holds(dissection->when, &moment)) {
		accumulate_left_out(&dissection->part, sample);
		return;
	}
	if (dissection->when)
		accumulate_sample(&dissection->part, sample, size);
	add_labels(dissection, row, sample, bytes);
	row->slices[slice] += bytes;
	row->goroutines[goroutine_bucket(moment.values[MOMENT_GOROUTINES])] += bytes;
	row->procs[proc_bucket(moment.values[MOMENT_RUNNING])] += bytes;
}

void dissection_add(struct dissection *dissection, uint32_t context, uint64_t from_ns, uint64_t to_ns, double bytes)
{
	struct dissection_row *row = row_at(dissection, context);
	size_t last = slice_of(dissection, to_ns - 1);

	for (size_t i = slice_of(dissection, from_ns); i <= last; i++) {
		uint64_t begin = i * dissection->slice_ns, end = begin + dissection->slice_ns;
		double part;

		begin = begin > from_ns ? begin : from_ns;
		end = end < to_ns && i < last ? end : to_ns;
		part = end > begin ? bytes * (double)(end - begin) / (double)(to_ns - from_ns) : 0;
		row->slices[i] += part;
		dissection->slices[i] += part;
	}
}

static void on_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	dissection_sample(user, sample, trace->contexts[sample->context].size);
}

static void on_death(void *user, const struct trace *trace, const struct trace_death *death)
{
	struct dissection *dissection = user;

	(void)trace;
	if (dissection->when)
		accumulate_death(&dissection->part, death);
}

static void on_run_end(void *user, const struct trace *trace, uint32_t cycle)
{
	struct dissection *dissection = user;

	(void)trace;
	if (dissection->when)
		accumulate_run_end(&dissection->part, cycle);
}

/*
 * C is counted, and stands where its counts were read, four times a second: what they tell of the time since the
 * reading before, which is in the trace where it found anything, goes to the middle of it. What was freed may have been
 * allocated at other moments, so of that nothing is kept.
 */
static void on_c_counts(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct dissection *dissection = user;
	struct trace_c_counts allocated = *counts;
	struct moment moment;
	uint64_t since;

	if (!dissection->when)
		return;
	if (counts->time_ns != dissection->c_read_ns) {
		dissection->c_before_ns = dissection->c_read_ns;
		dissection->c_read_ns = counts->time_ns;
	}
	since = counts->time_ns > dissection->c_before_ns ? counts->time_ns - dissection->c_before_ns : 0;
	since = since < C_READING_NS ? since : C_READING_NS;
	moment = moments_at(dissection->moments, counts->time_ns - since / 2);
	if (!when_holds(dissection->when, &moment))
		return;
	allocated.frees = allocated.freed_bytes = 0;
	allocated.untracked = allocated.allocs;
	allocated.untracked_bytes = allocated.bytes;
	memset(allocated.lives, 0, sizeof(allocated.lives));
	c_accumulate(&dissection->part.c, trace, &allocated);
}

struct trace_callbacks dissection_callbacks(struct dissection *dissection)
{
	return (struct trace_callbacks){
	    .sample = on_sample, .death = on_death, .run_end = on_run_end, .c_counts = on_c_counts, .user = dissection};
}

void dissection_finish(struct dissection *dissection, size_t ncontexts, const struct gc_totals *gc)
{
	if (ncontexts)
		row_at(dissection, ncontexts - 1);
	dissection->part.gc = *gc;
	accumulate_finish(&dissection->part, ncontexts, 0);
}

void dissection_free(struct dissection *dissection)
{
	struct dissection_labels *labels = dissection->labels, *next;

	HASH_CLEAR(hh, dissection->labels);
	for (; labels; labels = next) {
		next = labels->hh.next;
		free(labels);
	}
	for (size_t i = 0; i < dissection->nrows; i++)
		free(dissection->rows[i]);
	free(dissection->rows);
	accumulate_free(&dissection->part);
	*dissection = (struct dissection){0};
}
