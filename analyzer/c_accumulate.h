/* Counts of C allocations as they are read, summed up by context, and what was alive over the time. Not thread-safe. */
#ifndef ANALYZER_C_ACCUMULATE_H
#define ANALYZER_C_ACCUMULATE_H

#include "trace/trace_model.h"

#include <stddef.h>
#include <stdint.h>

struct trace;

/* One context's totals; what was sampled, unweighted. */
struct c_totals {
	uint64_t allocs, bytes, frees, freed_bytes, untracked, untracked_bytes;
	uint64_t lives[TRACE_C_LIVES];
	double held_objects, held_bytes; /* alive, times the nanoseconds for which so */
	uint64_t last_ns;                /* up to where that is summed up */
	uint64_t left, left_bytes;       /* alive at the ends of merged runs: they live no longer */
};

struct c_accumulation {
	struct c_totals *contexts; /* by context number */
	size_t ncontexts;
	double rate;       /* mean bytes between two samples; 0: C was not sampled */
	double live, peak; /* bytes alive, weighted; the most at one reading */
	uint64_t peak_ns, now_ns;
};

/* Add one record's counts; TRACE holds its fact c_rate. */
void c_accumulate(struct c_accumulation *sums, const struct trace *trace, const struct trace_c_counts *counts);

/* One of several merged runs has ended at TIME_NS, and with it all that was alive. */
void c_accumulate_run_end(struct c_accumulation *sums, uint64_t time_ns);

/* At the end, END_NS: every one of NCONTEXTS contexts has totals. */
void c_accumulate_finish(struct c_accumulation *sums, size_t ncontexts, uint64_t end_ns);

/* What is alive of TOTALS' objects, and their bytes: not freed, as far as that can be told. */
uint64_t c_totals_alive(const struct c_totals *totals);
uint64_t c_totals_alive_bytes(const struct c_totals *totals);

/* How many objects each sampled one of TOTALS stands for, at a mean of RATE bytes. */
double c_totals_weight(const struct c_totals *totals, double rate);

/* Free what it holds; zeroed and usable again. */
void c_accumulate_free(struct c_accumulation *sums);

#endif
