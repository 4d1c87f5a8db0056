/*
 * The sites as `escprof top` lists them: which are shown, in which order, and which one is chosen. Sites come and go
 * and change their ranks with each analysis, so the chosen one is known by what it is and not by where it stands.
 */
#ifndef REPORT_LIVE_ORDER_H
#define REPORT_LIVE_ORDER_H

#include "analyzer/analysis.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum live_sort { LIVE_SORT_SAVED, LIVE_SORT_BYTES, LIVE_SORT_OBJECTS, LIVE_SORT_LIVE };

/* Zero-initialise it; `sort` and `filter` are the caller's to set, and live_order_arrange makes the rest of them. */
struct live_order {
	enum live_sort sort;
	struct buf filter; /* a text that the shown ones hold; "": all are shown */
	size_t *numbers;   /* of the sites that are shown, as they stand; owned */
	size_t count, at;  /* all of these, and the chosen one */
	uint64_t chosen;   /* what identifies the chosen site; 0: whichever stands first */
	bool lost;         /* it is not among those shown */
};

/* Free what it holds. */
void live_order_free(struct live_order *order);

/* Arrange the sites of ANALYSIS (NULL: there are none) anew, and find the chosen one again. */
void live_order_arrange(struct live_order *order, const struct analysis *analysis);

/* Choose the one that stands at AT, or the last. ANALYSIS is what was arranged. */
void live_order_choose(struct live_order *order, const struct analysis *analysis, size_t at);

#endif
