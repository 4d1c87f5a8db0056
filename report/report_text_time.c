/*
 * The run over time: a line of blocks for what was allocated, the GC's share, goroutines and running Ps; and one for a
 * site's own bytes.
 */
#include "report/report_text_parts.h"
#include "report/sparkline.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>

#define LABEL_COLUMNS 14
#define NAME_COLUMNS  12
#define MOST_COLUMNS  14 /* of the greatest number, behind the blocks */

/* The columns of a line that has LEFT columns before it: a slice each, or two slices each where there is less room. */
static size_t line_columns(const struct page *page, const struct analysis *analysis, int left)
{
	size_t count = analysis->timeline.count;

	return (size_t)(page->width - left - MOST_COLUMNS) >= count ? count : (count + 1) / 2;
}

static void put_blocks(struct page *page, const double *values, size_t count, size_t columns)
{
	struct buf blocks = {0};

	sparkline_append(&blocks, values, count, columns);
	page_put(page, buf_string(&blocks));
	buf_free(&blocks);
}

/* One line of the summary: VALUES, and the greatest of them in words. */
static void put_values(struct page *page, const struct analysis *analysis, const char *name, const double *values,
		       const char *most)
{
	page_left(page, PAGE_PLAIN, name, NAME_COLUMNS);
	put_blocks(page, values, analysis->timeline.count, line_columns(page, analysis, LABEL_COLUMNS + NAME_COLUMNS));
	page_printf(page, " to %s", most);
	page_put(page, "\n");
}

/* The greatest number of bytes in a slice, as "12 MB/s". */
static const char *most_a_second(char *text, const struct analysis *analysis, const double *bytes)
{
	char number[WORDS_NUMBER_SIZE];

	words_bytes(number, sparkline_most(bytes, analysis->timeline.count) / analysis->timeline.slice_seconds);
	snprintf(text, 2 * WORDS_NUMBER_SIZE, "%s/s", number);
	return text;
}

void report_text_timeline(struct page *page, const struct analysis *analysis)
{
	const struct timeline *timeline = &analysis->timeline;
	char text[2 * WORDS_NUMBER_SIZE];
	double most;

	if (!timeline->count)
		return;
	page_left(page, PAGE_FAINT, "Over time", LABEL_COLUMNS);
	put_values(page, analysis, "allocated", timeline->alloc_bytes,
		   most_a_second(text, analysis, timeline->alloc_bytes));
	most = sparkline_most(timeline->gc_share, timeline->count);
	if (!isnan(most)) {
		char percent[WORDS_NUMBER_SIZE];

		page_pad(page, LABEL_COLUMNS);
		snprintf(text, sizeof(text), "%s %%", words_percent(percent, most));
		put_values(page, analysis, "GC's share", timeline->gc_share, text);
	}
	most = sparkline_most(timeline->goroutines, timeline->count);
	if (!isnan(most)) {
		page_pad(page, LABEL_COLUMNS);
		put_values(page, analysis, "goroutines", timeline->goroutines, words_integer(text, most));
	}
	most = sparkline_most(timeline->procs, timeline->count);
	if (!isnan(most)) {
		page_pad(page, LABEL_COLUMNS);
		put_values(page, analysis, "running Ps", timeline->procs, words_count(text, most));
	}
}

void report_text_site_time(struct page *page, const struct analysis *analysis, const struct site *site, int left)
{
	char text[2 * WORDS_NUMBER_SIZE];

	put_blocks(page, site->slices, analysis->timeline.count, line_columns(page, analysis, left));
	page_printf(page, " to %s", most_a_second(text, analysis, site->slices));
	page_put(page, "\n");
}
