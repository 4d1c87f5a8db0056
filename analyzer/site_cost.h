/* What a group of contexts costs: what of it is alive, and what the GC would save without it. Pure functions. */
#ifndef ANALYZER_SITE_COST_H
#define ANALYZER_SITE_COST_H

#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"
#include "analyzer/live_estimate.h"
#include "analyzer/saving_interval.h"

#include <stdbool.h>
#include <stddef.h>

struct cpu_profile;
struct gc_totals;
struct site_group;
struct site_groups;

/* What is the same for all sites of a run. */
struct site_cost_run {
	bool known;         /* there were GC cycles: the model can be asked */
	bool attached_late; /* the heap of before the trace began is in no site */
	double cycles;      /* ends of cycles over which lives were counted */
	double live_scale;  /* 1, or less where sampling says more alive than the GC marked */
	double
	    alloc_scale; /* what was measured of the time that all allocating took, to its estimate; 1: not measured */
	double barrier_samples; /* of CPU, of all the program */
	double cpu_period;      /* seconds between samples of CPU; 0: there were none */
	struct live_run live;
	struct saving_doubts doubts; /* of the sums in the model */
	struct gc_model_run model;
};

/* One site's. */
struct site_cost {
	double live_objects, live_bytes, scan_bytes; /* means over the cycles */
	double mark_objects; /* live objects by what marking them takes: one of a chain counts as several */
	double scattered;    /* of the bytes, the share that dies among objects that live on */
	struct interval live_bytes_ci;
	struct interval live_by_life, live_black; /* as in struct live_estimate */
	double lifetime_cycles;                   /* NAN when no life was followed */
	struct saving saving;                     /* all of it 0, and no goal, where the model can't be asked */
	double barriers;                          /* of all the CPU of write barriers, the share that goes with it */
	double alloc_seconds;                     /* CPU of allocating itself */
	double miss_seconds; /* CPU that the program waits for the memory of those that outlive a cycle; NAN unknown */
	struct interval alloc_seconds_ci;
};

/*
 * Fill RUN from the GC's figures (GC may be NULL), all the groups, and the samples of CPU (CPU->known may be false).
 * COSTS are the model's constants.
 */
void site_cost_prepare(struct site_cost_run *run, const struct site_groups *groups, const struct gc_totals *gc,
		       const struct cpu_profile *cpu, struct gc_model_costs costs);

/* The cost of GROUP in RUN. */
struct site_cost site_cost_of(const struct site_cost_run *run, const struct site_group *group);

#endif
