/*
 * What the GC would cost without a site: a model of Go's pacer and marker ("V20"), measured on 207 real removals.
 * docs/ESTIMATOR.md derives it. Pure functions.
 */
#ifndef ANALYZER_GC_MODEL_H
#define ANALYZER_GC_MODEL_H

#include "analyzer/analysis.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The cost of a cycle: ns a cycle, a live object, a byte of big scannable objects, a byte of stacks and globals, and a
 * byte of the spans in which small live objects lie.
 */
struct gc_model_costs {
	double cycle, object, scan_byte, root_byte, span_byte;
};

/* What the GC's CPU goes to, as shares of 1; all 0: not measured. */
struct gc_model_parts {
	double rest;  /* starting and ending cycles */
	double roots; /* marking stacks and globals */
	double heap;  /* marking the heap */
	double barriers;
	double sweep;
};

/*
 * Small objects with pointers (up to 512 bytes) by size, in steps of 8 bytes: bytes allocated, bytes alive, and of
 * those allocated what dies here and there among objects that live on. Green Tea scans a span of them at a time, and
 * what garbage lies between the live ones makes those more.
 */
#define GC_MODEL_SMALL 65
struct gc_model_small {
	double allocated[GC_MODEL_SMALL], live[GC_MODEL_SMALL], scattered[GC_MODEL_SMALL];
};

/* The run as it was. Bytes; means over the cycles. */
struct gc_model_run {
	int gogc;                 /* negative: off */
	double memory_goal;       /* the goal that the memory limit allows; 0: no limit in force */
	double heap_minimum;      /* 4 MiB · GOGC/100 */
	double live, goal, roots; /* L, G and R: heap marked, heap goal, stacks + globals scanned */
	double allocated;         /* A: over the whole run */
	double forced_every; /* bytes between two cycles that the program asks for, whatever it allocates; 0: none */
	double sites_live;   /* Lt: Σ of the sites' live bytes */
	double older_live;   /* live bytes of before the trace began, of which no site knows */
	double sites_objects,
	    sites_scan;           /* O and S: Σ of live objects, of scannable live bytes in objects over 512 bytes */
	double spans, live_spans; /* allocated over the whole run, and with live bytes; 0: not known */
	struct gc_model_small small;
	struct gc_model_costs costs;
	struct gc_model_parts parts;
};

/* One site's part of it. */
struct gc_model_site {
	double allocated, live, objects, scan;
	double barriers;                    /* of all the CPU of write barriers, the share that goes with it */
	double spans;                       /* allocated */
	const struct gc_model_small *small; /* borrowed; NULL: none */
};

/*
 * How many objects with pointers one of SIZE bytes without any takes as long to mark as: it isn't scanned, but where
 * few share a span their spans and marks are many, and seldom in a cache.
 */
double gc_model_free_weight(double size);

/*
 * How many times as long one takes in RUN's heap of which the share SCATTERED dies here and there: its neighbours were
 * made at other times, so that it is not met beside them.
 */
double gc_model_scattered_weight(const struct gc_model_run *run, double scattered, bool has_pointers);

/* How many spans an object of SIZE bytes takes: runtime/sizeclasses.go. */
double gc_model_spans(double size);

/* What the model has measured once and for all: gc_model.c says of each what it is. */
struct gc_model_constants {
	double span, locality, paced, reused_barriers, heap_idle, heap_minimum;
};

/* Those that all functions here use. */
struct gc_model_constants gc_model_constants(void);

/* The cost constants for GO_VERSION ("go1.26.8"; NULL or "" is taken as the newest): Green Tea from 1.26 on. */
struct gc_model_costs gc_model_costs_for(const char *go_version);

/* The smallest goal that the pacer sets at GOGC, bytes; 0 when it is off. */
double gc_model_heap_minimum(int gogc);

/* What can be saved of: shares of what there was; negative: there would be more. */
enum gc_model_figure {
	GC_MODEL_CPU,
	GC_MODEL_CPU_EQUAL_MEMORY, /* if GOGC were then set anew so that the heap's peak stays what it was */
	GC_MODEL_CYCLES,           /* and of the pauses, as each cycle has the same */
	GC_MODEL_ASSISTS,          /* their CPU */
	GC_MODEL_FIGURES,
};
struct gc_model_savings {
	double of[GC_MODEL_FIGURES];
};
struct gc_model_intervals {
	struct interval of[GC_MODEL_FIGURES];
};

/* The share of the GC CPU that would be gone without SITE; negative when the GC would cost more. */
double gc_model_saving(const struct gc_model_run *run, const struct gc_model_site *site);

/* How the GC would be set: as with GOGC=GOGC (negative: off) and a memory limit that allows a goal of MEMORY_GOAL bytes
 * (0: no limit). */
struct gc_model_setting {
	int gogc;
	double memory_goal;
};

/* The same at another SETTING (NULL: the run's own): of the GC CPU as it was, what would be gone. */
double gc_model_saving_at(const struct gc_model_run *run, const struct gc_model_site *site,
			  const struct gc_model_setting *setting);

/* All that would be gone. At another SETTING memory isn't equal: that is NAN then. */
struct gc_model_savings gc_model_savings_at(const struct gc_model_run *run, const struct gc_model_site *site,
					    const struct gc_model_setting *setting);

/* The same if SITE's objects were used again: nothing is allocated, but what lives stays. */
double gc_model_saving_reused(const struct gc_model_run *run, const struct gc_model_site *site,
			      const struct gc_model_setting *setting);

/* The heap goal then, in bytes: what the heap may grow to between two cycles. */
double gc_model_goal_at(const struct gc_model_run *run, const struct gc_model_site *site,
			const struct gc_model_setting *setting);

/* The model's own error: how far, with 95 %, each of SAVINGS, gc_model_savings_at's of the same, may be off. */
struct gc_model_savings gc_model_errors(const struct gc_model_run *run, const struct gc_model_site *site,
					const struct gc_model_setting *setting, const struct gc_model_savings *savings);

/* Seconds of CPU that allocating OBJECTS slots of SIZE bytes takes by itself, in a real mix of other work. */
double gc_model_alloc_seconds(double objects, double size);

#endif
