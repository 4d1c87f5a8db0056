/* C allocations gathered by what in Go pays for them: the line that called C, or its package. */
#ifndef REPORT_GATHER_C_H
#define REPORT_GATHER_C_H

#include "analyzer/analysis.h"

#include <stdbool.h>
#include <stddef.h>

struct strtab;

/* Sums over C's sites below one place in Go. */
struct c_gathered {
	const char *name;            /* the package, or the function of the line */
	struct analysis_frame frame; /* of a line; else function "" */
	size_t sites;
	double alloc_bytes, alloc_objects, live_bytes, kept_bytes;
};

struct c_gathering {
	struct c_gathered *rows; /* most bytes first */
	size_t count;
	double own_bytes;     /* allocated by threads of C's own, where no Go code called: in no row */
	struct strtab *names; /* packages' */
};

/* Gather ANALYSIS' sites of C by line, or BY_PACKAGE. Names are borrowed from it. Free with gather_c_free. */
void gather_c(struct c_gathering *gathering, const struct analysis *analysis, bool by_package);

/* Free; a zeroed one is fine. */
void gather_c_free(struct c_gathering *gathering);

#endif
