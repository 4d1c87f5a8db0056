/*
 * Samples, deaths and GC figures as they are read, summed up: by context, and for the whole run. O(1) a sample; memory
 * is bounded by the contexts and the objects alive at once. Not thread-safe.
 */
#ifndef ANALYZER_ACCUMULATE_H
#define ANALYZER_ACCUMULATE_H

#include "analyzer/c_accumulate.h"
#include "analyzer/live_table.h"
#include "analyzer/weights.h"
#include "trace/trace_model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moments;
struct trace;
struct trace_callbacks;

/*
 * What is known of the lives of a context's objects. Each life counts the cycle ends that it survived: born when numgc
 * was b and found unmarked in cycle k it survived k − 1 − b of them, and by Little's law the mean number alive at a
 * cycle's end is the births in a cycle times the mean number survived. Weights are by the sampling that told of deaths.
 */
struct life_totals {
	uint64_t count;      /* lives followed, ended or not */
	uint64_t censored;   /* of these, still alive (or not yet swept) at the trace's end */
	double weight;       /* Σ w */
	double survived;     /* Σ w · cycle ends survived */
	double survived_any; /* Σ w of those that survived at least one */
	double ended;        /* Σ w of those that were found dead */
	double young;        /* Σ w of those still there that survived one at most: garbage may not be swept yet */
	/* Σ w(w − 1) · 1, · cycle ends survived, · their squares: variances of the sums, given what the program did. */
	double doubt, doubt_survived, doubt_squared;
	double still_there;                    /* Σ w of those still there that survived at least one */
	double old, old_survived, old_squared; /* Σ w · 1, · k, · k² of those found dead that survived k ≥ 2 ends */
	uint32_t first_cycle, last_cycle;      /* numgc at the first and the last birth */
};

/* One context's totals; all its objects have the context's size. */
struct context_totals {
	struct weighted_sum objects;
	struct life_totals lives;
	uint64_t rate_low, rate_high;             /* smallest and largest mean among its samples; 0 without samples */
	double live_objects;                      /* for inputs without lifetimes (a heap profile): alive now; else 0 */
	double cached_weight, cached_live_weight; /* of the last rate and live rate seen: exp() is what costs here */
	uint64_t cached_rate, cached_live_rate;
};

/* The GC's figures over the trace. Means are over the cycle ends seen; bytes and nanoseconds. */
struct gc_totals {
	struct trace_gc first, last;
	uint64_t records;                                        /* 0: nothing is known */
	uint64_t cycles;                                         /* cycle ends counted in the means */
	double heap_marked, heap_goal, stack_scan, globals_scan; /* means */
	uint64_t goroutines_max, goroutines_live_max;            /* the latter 0: not known */
	uint32_t cycle_low, cycle_high;                          /* numgc, smallest and largest, over all records */
	bool attached;  /* the program ran before the trace began (set by whoever knows the trace) */
	double unswept; /* share of the garbage found by the last cycle whose deaths the trace's end came before */
};

/* Whether the program ran before the first of GC's records: then what it had counted until then is not the trace's. */
bool gc_totals_begin_late(const struct gc_totals *gc);

/* Of the cycles over the trace, those that the program asked for (runtime.GC); NAN: not known. */
double gc_totals_forced(const struct gc_totals *gc);

/* Lives by the cycle of their birth, of the last few such cycles: how many there were, how many the next cycle ended.
 */
#define LIFE_COHORTS 4
struct life_cohort {
	uint32_t cycle;
	uint64_t births, ended_next;
};

struct accumulation {
	struct context_totals *contexts; /* by context number */
	size_t ncontexts;                /* those seen so far */
	struct live_table live;
	struct live_table early; /* deaths that were read before their births: processors' records come interleaved */
	struct life_cohort cohorts[LIFE_COHORTS], all_cohorts;
	struct gc_totals gc;
	uint64_t *cpu_counts; /* samples of each of the trace's CPU stacks */
	size_t ncpu_counts;   /* room in it */
	double unswept;       /* of merged runs that have ended, as gc.unswept */
	uint64_t samples;
	uint64_t
	    unmatched_deaths; /* of objects whose allocation was not seen or not kept; only after accumulate_finish */
	uint64_t reused;      /* addresses allocated anew without a death between: it was lost */
	uint64_t rate_low, rate_high;
	struct c_accumulation c;
	struct moments *moments; /* not finished; NULL where accumulate_callbacks was not asked */
};

/* Callbacks for trace_read that add to ACCUMULATION, which must be zeroed and outlive the reading. */
struct trace_callbacks accumulate_callbacks(struct accumulation *accumulation);

/* Add one record by hand; accumulate_callbacks' functions do no more. */
void accumulate_sample(struct accumulation *accumulation, const struct trace_sample *sample, uint64_t size);
void accumulate_death(struct accumulation *accumulation, const struct trace_death *death);
void accumulate_cpu(struct accumulation *accumulation, const struct trace_cpu_sample *sample);
void accumulate_gc(struct accumulation *accumulation, const struct trace_gc *gc);

/* One of several merged runs has ended, after CYCLE: the lives that go on are censored. */
void accumulate_run_end(struct accumulation *accumulation, uint32_t cycle);

/* A sample that counts for nothing: its object's life is followed, so that its death is not taken for another's. */
void accumulate_left_out(struct accumulation *accumulation, const struct trace_sample *sample);

/*
 * End the life of the object that is followed at ADDRESS: it was found dead in CYCLE, or with IS_REUSED its place was
 * given to another in CYCLE. False where none is followed there, or one that was found dead before its birth.
 */
bool accumulate_end_life(struct accumulation *accumulation, uint64_t address, uint32_t cycle, bool is_reused);

/*
 * Add the contexts, lives, followed objects and samples of CPU of FROM to TO, as if TO had seen its records after its
 * own. None of the GC's figures, none of the moments; neither may be finished yet. FROM is not changed.
 */
void accumulate_merge(struct accumulation *to, const struct accumulation *from);

/* At the end: the lives that go on are censored, every one of NCONTEXTS contexts has totals, and every one of
 * NCPU_STACKS stacks a count. */
void accumulate_finish(struct accumulation *accumulation, size_t ncontexts, size_t ncpu_stacks);

/* Free what it holds; zeroed and usable again. */
void accumulate_free(struct accumulation *accumulation);

#endif
