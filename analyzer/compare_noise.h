/* How far a figure of one run may be from what another run of the same would give: docs/COMPARING.md derives it. */
#ifndef ANALYZER_COMPARE_NOISE_H
#define ANALYZER_COMPARE_NOISE_H

#include "analyzer/analysis.h"

#include <stddef.h>

/* A figure of a run with what it may be off by; variances in the figure's unit squared. */
struct noisy {
	double value;
	double chance;  /* variance by sampling, and by objects that come at random times */
	double scatter; /* variance of the whole as seen in the run's slices; 0: not seen */
	double freedom; /* degrees of freedom of that */
	double step;    /* the most that one sample more would add */
	double floor;   /* relative deviation between runs that no run shows, 1 standard deviation */
};

/* Bytes of COUNT of ANALYSIS' sites together. FLOOR as in the result. */
struct noisy noise_of_sites(const struct analysis *analysis, const struct site *const *sites, size_t count,
			    double floor);

/* Where the figure may be: outside on each side with the probability TAIL (below 0.5). */
struct interval noise_interval(const struct noisy *noisy, double tail);

/*
 * Where AFTER/WORK[1] − g·BEFORE/WORK[0] may be, for any g in COMMON, the factor by which two runs of the same differ
 * in all. Outside on each side with a probability of TAIL.
 */
struct interval noise_difference(const struct noisy *before, const struct noisy *after, const double *work,
				 const struct interval *common, double tail);

#endif
