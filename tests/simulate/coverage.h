/*
 * How often the report's 95 % intervals hold what really was, by kind of figure and class of site. The figures counted
 * are those of sites that the report shows: that were sampled at least once.
 */
#ifndef TESTS_SIMULATE_COVERAGE_H
#define TESTS_SIMULATE_COVERAGE_H

#include "tests/simulate/simulated_program.h"

#include <stddef.h>
#include <stdint.h>

/* The report's figures. */
enum figure {
	FIGURE_ALLOC_BYTES,
	FIGURE_ALLOC_OBJECTS,
	FIGURE_LIVE_BYTES,
	FIGURE_SAVED, /* by the model, the model's own error left out on both sides */
	FIGURE_COUNT,
};

/* A site is in COVERAGE_ALL, in one class by samples, one by lives followed, one by life, one by sizes. */
enum coverage_class {
	COVERAGE_ALL,
	COVERAGE_SAMPLES,                      /* 1–4, 5–20, 21–100, more */
	COVERAGE_LIVES = COVERAGE_SAMPLES + 4, /* 0, 1–4, 5–20, 21–100, more */
	COVERAGE_KIND = COVERAGE_LIVES + 5,    /* one for each life_kind */
	COVERAGE_ONE_SIZE = COVERAGE_KIND + LIFE_KINDS,
	COVERAGE_MIXED_SIZES,
	COVERAGE_WIDE_SIZES, /* of these, those with sizes more than 16 times apart */
	COVERAGE_CLASSES,
};

struct coverage {
	uint64_t count;        /* intervals that are not a point */
	uint64_t below, above; /* the truth lies below, above the interval */
	uint64_t exact;        /* intervals that are a point: nothing was estimated */
	uint64_t exact_wrong;
	double *widths; /* relative to the truth, where that is not 0 */
	size_t nwidths, capacity;
};

struct coverages {
	struct coverage of[FIGURE_COUNT][COVERAGE_CLASSES];
	uint64_t sites, unseen; /* that allocated anything; of these, without a sample */
};

/* Run the program of SEED and count its sites' intervals. COVERAGES must be zeroed before the first. */
void coverages_add(struct coverages *coverages, uint64_t seed);

/* The share of COVERAGE's intervals that hold the truth; 1 where there are none. */
double coverage_share(const struct coverage *coverage);

/* The median relative width; sorts the widths. 0 where there are none. */
double coverage_width(struct coverage *coverage);

/* "alloc_bytes", …; "all", "1-4 samples", …: for a table. */
const char *coverage_figure_name(enum figure figure);
const char *coverage_class_name(unsigned class_);

/* Free what COVERAGES holds. */
void coverages_free(struct coverages *coverages);

#endif
