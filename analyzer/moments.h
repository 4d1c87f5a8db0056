/*
 * What was going on at any moment of a trace: goroutines, running Ps, the GC's share of the CPU, how fast was
 * allocated. Filled while the trace is read, asked afterwards. Not thread-safe.
 */
#ifndef ANALYZER_MOMENTS_H
#define ANALYZER_MOMENTS_H

#include "trace/trace_model.h"

#include <stdint.h>

enum moment_value {
	MOMENT_GOROUTINES, /* alive */
	MOMENT_RUNNING,    /* Ps that are not idle */
	MOMENT_GC_SHARE,   /* of the CPU used from the cycle's end before to the one after */
	MOMENT_ALLOC_RATE, /* bytes a second, in a tenth of a second or so */
	MOMENT_TIME,       /* seconds from the trace's start */
	MOMENT_VALUES,
};

/* One moment; NAN where it is not known. */
struct moment {
	double values[MOMENT_VALUES];
};

/* A span of time; NAN where nothing is known. */
struct moments_span {
	double goroutines, running;  /* means over the time */
	double heap_live, heap_goal; /* bytes: marked by the last cycle, and what the heap may grow to: means */
	double gc_share;
	uint64_t cycles; /* GC cycles that ended in it */
};

struct moments;

/* Nothing seen yet; free with moments_free, which ignores NULL. */
struct moments *moments_new(void);
void moments_free(struct moments *moments);

/* The GC's figures at their time; in any order. */
void moments_add_gc(struct moments *moments, const struct trace_gc *gc);

/* BYTES were allocated at TIME_NS. */
void moments_add_bytes(struct moments *moments, uint64_t time_ns, double bytes);

/* All is seen, up to END_NS; before it nothing may be asked, and after it nothing added. */
void moments_finish(struct moments *moments, uint64_t end_ns);

/*
 * The moment TIME_NS. Goroutines and Ps are those of the last look before it. The GC's share is not known after the
 * last cycle's end.
 */
struct moment moments_at(const struct moments *moments, uint64_t time_ns);

/* From FROM_NS to TO_NS, which is later. */
struct moments_span moments_between(const struct moments *moments, uint64_t from_ns, uint64_t to_ns);

/* The time up to which all is seen. */
uint64_t moments_end(const struct moments *moments);

#endif
