/*
 * The second reading of a trace, when its moments are known: at which time each context's bytes were allocated, among
 * how many goroutines and on how many running Ps; and, apart, the sums of what was allocated at the moments that
 * --when is about. Memory is bounded by the contexts and the objects alive at once. Not thread-safe.
 */
#ifndef ANALYZER_DISSECTION_H
#define ANALYZER_DISSECTION_H

#include "analyzer/accumulate.h"
#include "trace/trace_model.h"

#include <stddef.h>
#include <stdint.h>

struct moments;
struct trace_callbacks;
struct when;

#define DISSECTION_SLICES     60
#define DISSECTION_GOROUTINES 22 /* 1, 2–3, 4–7, …; the last: not known */
#define DISSECTION_PROCS      24 /* 1 to 16 one by one, 17–32, 33–64, …; the last: not known */

struct dissection_labels; /* what one context allocated under one set of labels */

/* One context's allocated bytes, divided in four ways. */
struct dissection_row {
	double slices[DISSECTION_SLICES]; /* of time */
	double goroutines[DISSECTION_GOROUTINES];
	double procs[DISSECTION_PROCS];
	struct dissection_labels *labels; /* the first of its sets */
	double weight;                    /* of a sample at the rate below: exp() is what costs here */
	uint64_t rate;
};

struct dissection {
	const struct moments *moments;    /* borrowed */
	const struct when *when;          /* borrowed; NULL: all moments */
	uint64_t slice_ns;                /* 0: the trace has no length */
	double slices[DISSECTION_SLICES]; /* the whole program's bytes, whatever WHEN says */
	struct dissection_row **rows;     /* by context; NULL: it has no samples */
	size_t nrows;
	struct dissection_labels *labels; /* a hash table, by context and set */
	struct accumulation part;         /* only with WHEN: what was allocated at its moments */
	uint64_t c_read_ns, c_before_ns;  /* of C's counts: when they were read last, and the time before */
};

/* Begin with MOMENTS, which are finished; WHEN may be NULL. Free with dissection_free. */
void dissection_begin(struct dissection *dissection, const struct moments *moments, const struct when *when);

/* Callbacks for the second trace_read; DISSECTION must outlive it. */
struct trace_callbacks dissection_callbacks(struct dissection *dissection);

/* Add one sample of an object of SIZE bytes by hand; dissection_callbacks' function does no more. */
void dissection_sample(struct dissection *dissection, const struct trace_sample *sample, uint64_t size);

/* Add BYTES of CONTEXT, allocated evenly from FROM_NS to TO_NS, which is later: they fall to slices, and to no bucket.
 */
void dissection_add(struct dissection *dissection, uint32_t context, uint64_t from_ns, uint64_t to_ns, double bytes);

/* All is read: of NCONTEXTS contexts, with the GC's figures GC, which are those of the whole trace. */
void dissection_finish(struct dissection *dissection, size_t ncontexts, const struct gc_totals *gc);

/* The smallest and the largest number that the bucket AT stands for; both UINT64_MAX: not known. */
void dissection_goroutine_range(size_t at, uint64_t *low, uint64_t *high);
void dissection_proc_range(size_t at, uint64_t *low, uint64_t *high);

/*
 * Hand each set of labels (a number, as in struct trace_sample) that CONTEXT allocated under, and its bytes, to TAKE;
 * in no order.
 */
void dissection_each_label(const struct dissection *dissection, uint32_t context,
			   void (*take)(void *user, uint32_t set, double bytes), void *user);

/* Free what it holds; a zeroed one is fine. */
void dissection_free(struct dissection *dissection);

#endif
