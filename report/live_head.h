/* The head of what `escprof top` shows: the program, its figures, and how they went lately. */
#ifndef REPORT_LIVE_HEAD_H
#define REPORT_LIVE_HEAD_H

#include "report/live_view.h"
#include "report/page.h"

#include <stdbool.h>

struct live_head {
	const struct analysis *analysis; /* NULL: none yet */
	const struct live_facts *facts;
	bool paused;
};

/* Append the lines of HEAD to PAGE: what HEIGHT lines of a screen have room for besides the table. */
void live_head_put(struct page *page, const struct live_head *head, int height);

#endif
