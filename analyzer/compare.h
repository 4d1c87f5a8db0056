/*
 * Two analyses held against each other: what a program allocates more or less of than before, beyond what differs
 * between two runs of the same. docs/COMPARING.md has the statistics. Pure functions over struct analysis.
 */
#ifndef ANALYZER_COMPARE_H
#define ANALYZER_COMPARE_H

#include "analyzer/analysis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compare_per {
	COMPARE_PER_SECOND,
	COMPARE_PER_BYTE, /* of all that is allocated */
	COMPARE_PER_UNIT, /* of the user's own count: requests, operations */
};

struct compare_options {
	enum compare_per per;
	double counts[2];   /* for COMPARE_PER_UNIT, both above 0 */
	double least_share; /* of the bytes, both together: of sites with less nothing is said */
};

/* By the second, sites with 0.1 % of the bytes at least. */
struct compare_options compare_options_default(void);

enum change_kind {
	CHANGE_NONE, /* none that another run of the same might not show */
	CHANGE_APPEARED,
	CHANGE_WENT,
	CHANGE_GREW,
	CHANGE_SHRANK,
};

/* "none", "appeared", "went", "grew", "shrank": a static string. */
const char *change_kind_name(enum change_kind kind);

/* A figure before and after; differences are after − before. */
struct change {
	enum change_kind kind;
	double before, after;
	struct interval difference; /* 95 %, of this figure alone */
	struct interval certain;    /* of all together: kind says whether 0 lies within */
};

/* By how much it grew at the least: CHANGE's certain difference, of what was before. Infinite for what appeared;
 * negative or 0 where that it grew is not certain. */
double change_least_growth(const struct change *change);

/* One site, or several of a side that the compiler inlines otherwise. */
struct site_change {
	const struct site *before, *after; /* the largest of each side; NULL: none */
	size_t nbefore, nafter;
	bool reshaped;       /* the inline chains differ */
	bool tested;         /* large enough to be asked about */
	struct change bytes; /* for a unit of work */
	double objects_before, objects_after;
	double share_before, share_after; /* of all bytes */
};

enum total_kind {
	TOTAL_BYTES,    /* allocated, for a unit of work; nothing to compare by COMPARE_PER_BYTE */
	TOTAL_OBJECTS,  /* the same */
	TOTAL_GC_CPU,   /* seconds for a unit of work: a slower machine takes more */
	TOTAL_GC_SHARE, /* of the CPU */
	TOTAL_CYCLES,   /* for a unit of work */
	TOTAL_LIVE,     /* bytes, mean over the cycles */
	TOTAL_C_BYTES,  /* C's, allocated, for a unit of work */
	TOTAL_C_LIVE,   /* C's, mean over the time */
	TOTAL_C_KEPT,   /* C's, not freed at the end */
	TOTAL_COUNT,
};

/* "alloc_bytes", "alloc_objects", …: the JSON contract's words. Static strings. */
const char *total_kind_name(enum total_kind total);

struct total_change {
	bool known; /* in both, and fit for the normalisation */
	struct change change;
};

struct comparison {
	const struct analysis *before, *after; /* borrowed */
	struct compare_options options;
	double work[2]; /* that figures are divided by: seconds, bytes, or the counts */
	struct interval
	    common;           /* factor by which two runs of the same may differ in all; 1 to 1 for the user's counts */
	double common_middle; /* the median of the sites' */
	double tail;          /* of one site's certain interval, on each side */
	size_t tested;        /* sites */
	struct site_change *sites; /* those that changed first, by how much; then the others likewise */
	size_t nsites, nchanged;
	struct total_change totals[TOTAL_COUNT];
};

/* Hold AFTER against BEFORE, both borrowed until compare_free. STATUS_ERROR where there is no work to divide by. */
enum status compare(struct comparison *out, const struct analysis *before, const struct analysis *after,
		    const struct compare_options *options, struct error *error);

/* Free; a zeroed one is fine. */
void compare_free(struct comparison *comparison);

/*
 * What SITE is known by in other builds of the program, number INDEX of ANALYSIS' sites: the same for sites of one key
 * but for their order in the source.
 */
uint64_t compare_fingerprint(const struct analysis *analysis, size_t index);

#endif
