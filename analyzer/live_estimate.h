/*
 * What of a site is alive at the mean cycle's end, from the lives of those of its objects that were followed, and how
 * sure that is. docs/ESTIMATOR.md derives it. Pure functions.
 */
#ifndef ANALYZER_LIVE_ESTIMATE_H
#define ANALYZER_LIVE_ESTIMATE_H

#include "analyzer/analysis.h"

struct site_group;
struct site_groups;
struct life_totals;

/* What is the same for all sites of a run. */
struct live_run {
	double cycles;           /* ends of cycles over which lives were counted; above 0 */
	double marked;           /* bytes that the GC marked at the mean one: no site has more alive */
	double unswept;          /* share of the garbage found by the last cycle that was not swept before the end */
	double black;            /* of what dies, the share that survives one end more than it lives to see */
	struct interval between; /* where that share may lie */
	double typical_life;     /* mean cycle ends survived by those objects of all sites that survive any */
};

/* One site's. */
struct live_estimate {
	double bytes, objects; /* at the mean cycle's end */
	struct interval bytes_ci;
	struct interval bytes_by_life; /* the same if what the site allocates were known, and only its lives in doubt */
	struct interval bytes_black;   /* what it would be for the largest and the smallest `black` that may be */
	double lifetime_cycles;        /* NAN when no life was followed */
};

/* Fill RUN from all sites; CYCLES, MARKED and UNSWEPT as in the struct. */
void live_run_prepare(struct live_run *run, const struct site_groups *groups, double cycles, double marked,
		      double unswept);

/* What is alive of GROUP. */
struct live_estimate live_estimate_of(const struct live_run *run, const struct site_group *group);

/* The share, 0 to 1, of a site's LIVES that outlive a cycle, those that only died while one marked not counted; 0 where
 * no life was followed. */
double live_survivor_share(const struct live_run *run, const struct life_totals *lives);

/* The share, 0 to 1, of what a site allocates that dies among objects that live on; 1 where LIVES don't tell. */
double live_scattered_share(const struct life_totals *lives);

#endif
