/*
 * The table of `--by`: one line for all sites that have a root, a category, a type, a goroutine's origin or a package
 * in common.
 */
#include "report/gather.h"
#include "report/report_text_parts.h"
#include "report/words.h"

#include <math.h>

/* What the lines are, for the heading and the last column. */
static const struct group_words {
	const char *heading, *column;
} group_words[] = {
    [REPORT_BY_SITE] = {"By site", "site"},
    [REPORT_BY_ROOT] = {"By root: where the escapes begin", "root"},
    [REPORT_BY_CATEGORY] = {"By reason", "why it is on the heap"},
    [REPORT_BY_TYPE] = {"By type", "type"},
    [REPORT_BY_GOROUTINE] = {"By goroutine: the go statement that started it", "started by"},
    [REPORT_BY_PACKAGE] = {"By package", "package"},
    [REPORT_BY_GOROUTINES] = {"By how many goroutines there were at the time", "at the time"},
    [REPORT_BY_LABEL] = {"By the goroutine's profiler labels", "labels"},
    [REPORT_BY_PROCS] = {"By how many Ps were running at the time", "at the time"},
};

struct group_columns {
	int saved; /* 0: not shown */
	bool rates;
	double per; /* bytes and objects are divided by it */
};

static void put_header(struct page *page, const struct group_columns *columns, enum report_by by)
{
	if (columns->saved)
		page_right(page, PAGE_FAINT, "GC saved", columns->saved);
	page_right(page, PAGE_FAINT, columns->rates ? "bytes/s" : "bytes", 9);
	page_right(page, PAGE_FAINT, "share", 8);
	page_right(page, PAGE_FAINT, columns->rates ? "obj/s" : "objs", 7);
	page_right(page, PAGE_FAINT, "live", 8);
	page_right(page, PAGE_FAINT, "sites", 7);
	page_put(page, "  ");
	page_put_styled(page, PAGE_FAINT, group_words[by].column);
	page_put(page, "\n");
}

static void put_percent(struct page *page, double share, int columns)
{
	char text[WORDS_NUMBER_SIZE];

	page_right(page, PAGE_PLAIN, words_percent(text, share), columns - 2);
	page_put(page, isnan(share) ? "  " : " %");
}

static void put_group(struct page *page, const struct analysis *analysis, const struct group_columns *columns,
		      const struct gathered *row)
{
	char text[WORDS_NUMBER_SIZE];
	int taken = columns->saved + 41;

	if (columns->saved)
		put_percent(page, row->saving.share, columns->saved);
	page_right(page, PAGE_PLAIN, words_bytes(text, row->alloc_bytes / columns->per), 9);
	put_percent(page, analysis->alloc_bytes > 0 ? row->alloc_bytes / analysis->alloc_bytes : NAN, 8);
	page_right(page, PAGE_PLAIN, words_count(text, row->alloc_objects / columns->per), 7);
	page_right(page, PAGE_PLAIN, words_bytes(text, row->live_bytes), 8);
	page_right(page, PAGE_PLAIN, words_integer(text, (double)row->sites), 7);
	page_put(page, "  ");
	page_short(page, PAGE_NAME, row->name, page->width - taken);
	page_put(page, "\n");
}

void report_text_groups(struct page *page, const struct analysis *analysis, const struct report_options *options)
{
	size_t top = options->top;
	struct group_columns columns = {.saved = analysis->gc.known ? 9 : 0, .per = 1};
	struct gathering gathering;

	columns.rates = !analysis->is_heap_profile && analysis_seconds(analysis) >= 1;
	if (columns.rates)
		columns.per = analysis_seconds(analysis);
	if (options->by == REPORT_BY_LABEL)
		gather_labels(&gathering, analysis, options->label);
	else
		gather(&gathering, analysis, options->by);
	page_heading(page, group_words[options->by].heading);
	put_header(page, &columns, options->by);
	for (size_t i = 0; i < top && i < gathering.count; i++)
		put_group(page, analysis, &columns, &gathering.rows[i]);
	if (gathering.count == 0)
		page_put(page, "  nothing is known to gather them by\n");
	if (gathering.count > top) {
		page_printf(page, "  and %zu more", gathering.count - top);
		page_put(page, "\n");
	}
	page_wrap(
	    page, PAGE_FAINT,
	    "GC saved: without all of a line's sites together, which is not quite the sum of their savings. Sites "
	    "that have nothing to be gathered by are left out.",
	    0);
	gather_free(&gathering);
}
