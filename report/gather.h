/* Sites gathered by what they have in common: one parameter that leaks may cause a hundred of them. */
#ifndef REPORT_GATHER_H
#define REPORT_GATHER_H

#include "analyzer/analysis.h"
#include "report/report.h"

#include <stddef.h>

struct strtab;

/* Sums over sites; the saving is what the GC would save without all of them. */
struct gathered {
	const char *name;
	size_t order; /* rows of numbers stand in their order; 0: by what they would save */
	size_t sites;
	double alloc_bytes, alloc_objects, live_bytes;
	struct removal removal;
	struct saving saving; /* NAN where no GC figures are known */
};

struct gathering {
	struct gathered *rows; /* most saved first, most bytes where that says nothing */
	size_t count;
	struct strtab *names; /* the rows' */
};

/*
 * Gather ANALYSIS by BY (REPORT_BY_SITE is taken as the site's place) into GATHERING, to be freed with gather_free.
 * Sites that have nothing to be gathered by (no flow, no type) are in no row; by goroutine a site's stacks are gathered
 * one by one, by the go statement that made the goroutine; by how many there were at the time, its bytes are.
 */
void gather(struct gathering *gathering, const struct analysis *analysis, enum report_by by);
void gather_free(struct gathering *gathering);

/*
 * The same by the labels that goroutines had: a row for each value of the label KEY, or with KEY NULL for each set of
 * labels; a site is in as many rows as it has bytes in.
 */
void gather_labels(struct gathering *gathering, const struct analysis *analysis, const char *key);

/* The same by what OPTIONS ask for. */
void gather_as_asked(struct gathering *gathering, const struct analysis *analysis,
		     const struct report_options *options);

#endif
