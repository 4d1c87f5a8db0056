/*
 * One view of an analysis for those who ask where memory comes from, whichever heap it is: C's sites as sites of the
 * class c, after Go's or instead of them.
 */
#ifndef ANALYZER_HEAP_SITES_H
#define ANALYZER_HEAP_SITES_H

#include "analyzer/analysis.h"

enum heap_choice {
	HEAP_ALL,
	HEAP_GO, /* what the garbage collector looks after */
	HEAP_C,  /* what malloc gives */
};

struct heap_sites {
	/*
	 * Borrows all but its sites, and is not for analysis_free. Totals stay Go's, and 0 without it; C's are in `c`,
	 * which is not known without C, as `gc` is not without Go. Ranks are those of each heap.
	 */
	struct analysis analysis;
	struct site *sites; /* owned */
};

/* View ANALYSIS, which outlives the view, as CHOICE says; free with heap_sites_free. */
void heap_sites_make(struct heap_sites *view, const struct analysis *analysis, enum heap_choice choice);

/* Free; a zeroed one is fine. */
void heap_sites_free(struct heap_sites *view);

#endif
