/* Sites gathered by where their flow ends: one parameter that leaks may cause a hundred of them. */
#ifndef REPORT_ROOTS_H
#define REPORT_ROOTS_H

#include "analyzer/analysis.h"

#include <stddef.h>

struct root {
	const char *name; /* the flow's last step, borrowed from the analysis */
	size_t sites;
	double alloc_bytes;
	double gc_saved_share; /* the sites' sum: an estimate, as savings do not quite add up */
};

/*
 * The roots of ANALYSIS, most saved first (most bytes where no GC figures are known), as an array in *ROOTS that the
 * caller frees with free() (NULL when there are none). Sites without a reason belong to none. Returns how many.
 */
size_t roots_collect(struct root **roots, const struct analysis *analysis);

#endif
