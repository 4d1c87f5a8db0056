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

#define SAVED    5
#define INTERVAL 9

/* Columns with a space after each of the first two. */
struct group_columns {
	bool saved, live, rates; /* what is shown; a second's bytes and objects, not all */
	int name;
	double per; /* bytes and objects are divided by it */
};

static struct group_columns choose_columns(const struct page *page, const struct analysis *analysis)
{
	double seconds = analysis_seconds(analysis);
	struct group_columns columns = {.saved = analysis_knows_savings(analysis),
					.live = page->width >= 90,
					.rates = !analysis->is_heap_profile && seconds >= 1,
					.per = 1};

	if (columns.rates)
		columns.per = seconds;
	columns.name = page->width - 33 - (columns.live ? 8 : 0) - (columns.saved ? SAVED + INTERVAL + 2 : 0);
	return columns;
}

static void put_header(struct page *page, const struct group_columns *columns, enum report_by by)
{
	if (columns->saved)
		page_left(page, PAGE_FAINT, " GC CPU saved %", SAVED + INTERVAL + 2);
	page_right(page, PAGE_FAINT, columns->rates ? "bytes/s" : "bytes", 9);
	page_right(page, PAGE_FAINT, "share", 8);
	page_right(page, PAGE_FAINT, columns->rates ? "obj/s" : "objs", 7);
	if (columns->live)
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

	if (columns->saved) {
		page_right(page, PAGE_PLAIN, words_percent(text, row->saving.share), SAVED);
		page_put(page, " ");
		page_left(page, PAGE_FAINT, words_percent_cell(text, &row->saving.share_ci), INTERVAL + 1);
	}
	page_right(page, PAGE_PLAIN, words_bytes(text, row->alloc_bytes / columns->per), 9);
	put_percent(page, analysis->alloc_bytes > 0 ? row->alloc_bytes / analysis->alloc_bytes : NAN, 8);
	page_right(page, PAGE_PLAIN, words_count(text, row->alloc_objects / columns->per), 7);
	if (columns->live)
		page_right(page, PAGE_PLAIN, words_bytes(text, row->live_bytes), 8);
	page_right(page, PAGE_PLAIN, words_integer(text, (double)row->sites), 7);
	page_put(page, "  ");
	page_short(page, PAGE_NAME, row->name, columns->name);
	page_put(page, "\n");
}

static void put_legend(struct page *page, const struct group_columns *columns)
{
	struct buf words = {0};

	if (columns->saved)
		buf_append_string(&words,
				  "GC CPU saved, with its interval (95 %): without all of a line's sites together, "
				  "which is not quite the sum of their savings. ");
	buf_append_string(&words, "Sites that have nothing to be gathered by are left out.");
	page_wrap(page, PAGE_FAINT, buf_string(&words), 0);
	buf_free(&words);
}

void report_text_groups(struct page *page, const struct analysis *analysis, const struct report_options *options)
{
	struct group_columns columns = choose_columns(page, analysis);
	size_t top = options->top;
	struct gathering gathering;

	gather_as_asked(&gathering, analysis, options);
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
	put_legend(page, &columns);
	gather_free(&gathering);
}
