/*
 * Horvitz–Thompson weights of sampled allocations, and intervals for the totals made of them.
 *
 * The sampling interval is exponential with mean `rate` bytes, so an object of s bytes is seen with probability
 * p = 1 − e^(−s/rate) and stands for 1/p objects. A total is Σ value/p, and Σ (1−p)/p² · value² estimates its variance
 * without bias. docs/ESTIMATOR.md derives both; the derivation of the interval is in weights.c.
 */
#ifndef ANALYZER_WEIGHTS_H
#define ANALYZER_WEIGHTS_H

#include "analyzer/analysis.h"

#include <stdint.h>

/* A total that grows by weighted samples; zero-initialise it. */
struct weighted_sum {
	uint64_t count;  /* samples */
	double seen;     /* what was really seen, unweighted */
	double total;    /* the estimate */
	double variance; /* of the estimate, given what the program did */
	double log_all;  /* logarithm of the chance that so many objects were all seen, none missed */
	/* What one more sample would add to what was not seen, and to the variance: the sample that adds most. */
	double step, step_variance;
};

/* The weight 1/p of an object of SIZE bytes sampled with a mean of RATE bytes. 1 when RATE or SIZE is at most 1 or 0.
 */
double weights_of(uint64_t size, uint64_t rate);

/* Add COUNT samples that have the same WEIGHT (at least 1) and each the VALUE (1 for objects, bytes for bytes). */
void weights_add(struct weighted_sum *sum, double value, double weight, uint64_t count);

/* There may be objects of this VALUE and WEIGHT in SUM, though none was seen: the interval reaches further up. */
void weights_expect(struct weighted_sum *sum, double value, double weight);

/* Add PART to SUM. */
void weights_merge(struct weighted_sum *sum, const struct weighted_sum *part);

/*
 * The 95 % interval of SUM's true total. Right for few samples too; never below what was seen. [0, 0] when nothing was
 * sampled, since then the rate is not known: weights_unseen_bound tells how much could have been missed.
 */
struct interval weights_interval(const struct weighted_sum *sum);

/* Bytes that a site may have allocated without one sample at a mean of RATE bytes, at 95 %. */
double weights_unseen_bound(uint64_t rate);

/* The standard normal quantile at PROBABILITY (0 to 1), at most 9 deviations out. */
double weights_normal_quantile(double probability);

/* The quantile at PROBABILITY (0 to 1) of the gamma distribution with this MEAN and VARIANCE (both above 0). */
double weights_gamma_quantile(double mean, double variance, double probability);

#endif
