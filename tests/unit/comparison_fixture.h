/* Analyses made by hand for the tests of comparing: sites that were sampled as a trace's are. */
#ifndef TESTS_UNIT_COMPARISON_FIXTURE_H
#define TESTS_UNIT_COMPARISON_FIXTURE_H

#include "analyzer/analysis.h"
#include "tests/simulate/chance.h"

#include <stdint.h>

#define MADE_SITES  64
#define MADE_SLICES 60

/* A site that is made up: as many OBJECTS of SIZE bytes are allocated, all over the run. */
struct made_site {
	const char *function;
	uint32_t line;
	const char *type;
	double objects;
	double size;
};

struct made_run {
	struct analysis analysis;
	struct site sites[MADE_SITES];
	struct analysis_frame frames[MADE_SITES];
	double slices[MADE_SITES][MADE_SLICES], all[MADE_SLICES];
};

/*
 * Fill RUN with COUNT sites, sampled at a mean of RATE bytes by chance (CHANCE), over SECONDS. Each site's
 * objects come at random times.
 */
void comparison_make_run(struct made_run *run, const struct made_site *sites, size_t count, double rate, double seconds,
			 struct chance *chance);

/* A number of things that come at random, MEAN of them on average (a Poisson variable). */
double comparison_draw_count(double mean, struct chance *chance);

#endif
