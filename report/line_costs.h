/* What each line of the program's source costs, in Go's heap and in C's: all that is allocated by it or by what it
 * calls. */
#ifndef REPORT_LINE_COSTS_H
#define REPORT_LINE_COSTS_H

#include "analyzer/analysis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sums over stacks; a stack that passes a line, or a file, more than once counts once. */
struct cost_sums {
	double gc_saved_share;              /* of the GC's CPU, the sites taken in the proportion of their bytes */
	double alloc_bytes, alloc_objects;  /* of Go's heap */
	double c_alloc_bytes, c_kept_bytes; /* of C's: allocated, and not freed at the end */
};

struct line_cost {
	uint32_t line;
	const char *function; /* of one of its frames; borrowed from the analysis, as all names here */
	struct cost_sums sums;
	const struct site **sites; /* that stand on this line itself, by rank */
	size_t nsites;
};

struct file_cost {
	const char *file;
	bool own; /* the user's own code: the report shows a site by a frame in it */
	struct cost_sums sums;
	struct line_cost *lines; /* by line */
	size_t nlines;
};

struct line_costs {
	struct file_cost
	    *files; /* own ones first, then by what is saved without them, then by bytes of Go, then of C */
	size_t count;
};

/* Fill COSTS from ANALYSIS (a view with C's sites among the others: analyzer/heap_sites.h), which must outlive it. Free
 * with line_costs_free. */
void line_costs_make(struct line_costs *costs, const struct analysis *analysis);

/* Release what it holds. */
void line_costs_free(struct line_costs *costs);

#endif
