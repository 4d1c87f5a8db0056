/*
 * The ranked table. One line a site: what would be saved, with its interval; what it allocates and keeps; why; where.
 * Sites whose intervals overlap can't be told apart, so each shows the range of ranks that it may have.
 */
#include "report/report_text_parts.h"
#include "base/memory.h"
#include "report/clean_text.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct interval interval_of(const struct analysis *analysis, const struct site *site)
{
	return analysis_knows_savings(analysis) ? site->saving.share_ci : site->alloc_bytes_ci;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How many of the COUNT ascending VALUES are below LIMIT. */
static size_t count_below(const double *values, size_t count, double limit)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (values[middle] < limit)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

struct rank_range *report_text_ranks(const struct analysis *analysis)
{
	size_t count = analysis->nsites;
	struct rank_range *ranks = NULL;
	double *highs, *negated_lows;

	if (count == 0)
		return NULL;
	ranks = memory_alloc(count, sizeof(*ranks));
	highs = memory_alloc(count, sizeof(*highs));
	negated_lows = memory_alloc(count, sizeof(*negated_lows));
	for (size_t i = 0; i < count; i++) {
		struct interval interval = interval_of(analysis, &analysis->sites[i]);

		highs[i] = isnan(interval.high) ? INFINITY : interval.high;
		negated_lows[i] = isnan(interval.low) ? INFINITY : -interval.low;
	}
	qsort(highs, count, sizeof(*highs), compare_doubles);
	qsort(negated_lows, count, sizeof(*negated_lows), compare_doubles);
	for (size_t i = 0; i < count; i++) {
		struct interval interval = interval_of(analysis, &analysis->sites[i]);
		double high = isnan(interval.high) ? INFINITY : interval.high;
		double low = isnan(interval.low) ? -INFINITY : interval.low;

		ranks[i].first = 1 + count_below(negated_lows, count, -high);
		ranks[i].last = count - count_below(highs, count, low);
		if (ranks[i].last < ranks[i].first)
			ranks[i].last = ranks[i].first;
	}
	free(highs);
	free(negated_lows);
	return ranks;
}

/* The columns that a cell of WIDTH takes with the space after it. */
static int taken(int width)
{
	return width > 0 ? width + 1 : 0;
}

void report_text_table_widen(struct table_columns *columns, int width)
{
	columns->where = width - taken(columns->rank) - taken(columns->saved) - taken(columns->interval) -
			 taken(columns->bytes) - taken(columns->share) - taken(columns->objects) -
			 taken(columns->live) - columns->why - 3;
}

struct table_columns report_text_table_columns(const struct analysis *analysis, int width)
{
	struct table_columns columns = {
	    .rank = 5, .saved = 5, .interval = 9, .bytes = 7, .share = 5, .objects = 5, .live = 6, .why = 10};

	columns.rates = !analysis->is_heap_profile && analysis_seconds(analysis) >= 1;
	if (!analysis_knows_savings(analysis))
		columns.saved = columns.interval = 0;
	if (width < 95)
		columns.live = 0;
	if (width < 90)
		columns.objects = 0;
	report_text_table_widen(&columns, width);
	return columns;
}

static void put_cell(struct page *page, enum page_style style, const char *text, int columns)
{
	if (columns == 0)
		return;
	page_right(page, style, text, columns);
	page_put(page, " ");
}

void report_text_table_header(struct page *page, const struct table_columns *columns)
{
	put_cell(page, PAGE_FAINT, "rank", columns->rank);
	if (columns->saved)
		page_left(page, PAGE_FAINT, columns->interval ? " GC CPU saved %" : "saved",
			  taken(columns->saved) + taken(columns->interval));
	put_cell(page, PAGE_FAINT, columns->rates ? "bytes/s" : "bytes", columns->bytes);
	put_cell(page, PAGE_FAINT, "share", columns->share);
	put_cell(page, PAGE_FAINT, columns->rates ? "obj/s" : "objs", columns->objects);
	put_cell(page, PAGE_FAINT, "live", columns->live);
	page_left(page, PAGE_FAINT, "why", columns->why);
	page_put_styled(page, PAGE_FAINT, "   where");
	page_put(page, "\n");
}

static void format_rank(char *text, const struct rank_range *rank, size_t nsites)
{
	if (rank->first == rank->last)
		snprintf(text, WORDS_NUMBER_SIZE, "%zu", rank->first);
	else if (rank->last > 99 || (rank->last == nsites && rank->last - rank->first >= 10))
		snprintf(text, WORDS_NUMBER_SIZE, "%zu+", rank->first);
	else
		snprintf(text, WORDS_NUMBER_SIZE, "%zu–%zu", rank->first, rank->last);
}

const char *report_text_mark(const struct site *site)
{
	if (site->class_ == CLASS_AMBIGUOUS)
		return "?";
	if (site->class_ == CLASS_HEAP_NOT_ESCAPING)
		return "!";
	return site->verdict.message ? "✓" : "·";
}

static enum page_style style_of(const struct site *site)
{
	if (site->saving.share_ci.low > 0)
		return PAGE_GOOD;
	return site->saving.share < 0 ? PAGE_BAD : PAGE_PLAIN;
}

/* Function and file:line in COLUMNS; when there is too little room for both, the function is shortened first. */
static void put_own_place(struct page *page, const struct site *site, int columns)
{
	struct buf name = {0};
	const char *function;
	char place[96];
	int place_columns, room;

	words_append_function(&name, site->function);
	function = buf_string(&name);
	snprintf(place, sizeof(place), "%s:%u", words_base_name(site->file), site->line);
	place_columns = clean_text_columns(place);
	room = columns - 1 - place_columns;
	if (room < columns / 2)
		room = clean_text_columns(function) < columns / 2 ? clean_text_columns(function) : columns / 2;
	room = page_short(page, PAGE_NAME, function, room);
	buf_free(&name);
	if (!site->file || !*site->file)
		return;
	page_put(page, " ");
	page_short(page, PAGE_FAINT, place, columns - 1 - room);
}

/* What stands behind the last dot of FUNCTION, of which those in "[...]" are none. */
static const char *last_part(const char *function)
{
	const char *part = function;

	for (const char *at = function; *at; at++) {
		if (strncmp(at, "[...]", 5) == 0)
			at += 4;
		else if (*at == '.')
			part = at + 1;
	}
	return part;
}

/*
 * The same of a site in somebody else's code: the function and line of the user's own module that leads there, then the
 * site's function, each in half of COLUMNS when both are long.
 */
static void put_foreign_place(struct page *page, const struct site *site, int columns)
{
	static const char arrow[] = " › ";
	struct buf shown = {0};
	const char *function, *dot;
	struct buf callee = {0};
	int half = (columns - 3) / 2, callee_columns;
	char place[192];

	words_append_function(&shown, site->shown.function);
	function = buf_string(&shown);
	dot = last_part(function);
	words_append_function(&callee, site->function);
	callee_columns = clean_text_columns(buf_string(&callee));
	snprintf(place, sizeof(place), "%s:%u", dot, site->shown.line);
	buf_free(&shown);
	if (callee_columns < half)
		half = columns - 3 - callee_columns;
	half = page_short(page, PAGE_NAME, place, half);
	page_put_styled(page, PAGE_FAINT, arrow);
	page_short(page, PAGE_FAINT, buf_string(&callee), columns - 3 - half);
	buf_free(&callee);
}

void report_text_where(struct page *page, const struct site *site, int columns)
{
	if (words_is_own(site))
		put_own_place(page, site, columns);
	else
		put_foreign_place(page, site, columns);
}

void report_text_table_row(struct page *page, const struct analysis *analysis, const struct table_columns *columns,
			   const struct site *site, const struct rank_range *rank)
{
	double per = columns->rates ? analysis_seconds(analysis) : 1;
	double share = analysis->alloc_bytes > 0 ? site->alloc_bytes / analysis->alloc_bytes : NAN;
	char text[WORDS_NUMBER_SIZE];

	format_rank(text, rank, analysis->nsites);
	put_cell(page, PAGE_PLAIN, text, columns->rank);
	put_cell(page, style_of(site), words_percent(text, site->saving.share), columns->saved);
	if (columns->interval)
		page_left(page, PAGE_FAINT, words_percent_cell(text, &site->saving.share_ci), columns->interval + 1);
	put_cell(page, PAGE_PLAIN, words_bytes(text, site->alloc_bytes / per), columns->bytes);
	words_percent(text, share);
	put_cell(page, PAGE_PLAIN, text, columns->share);
	put_cell(page, PAGE_PLAIN, words_count(text, site->alloc_objects / per), columns->objects);
	put_cell(page, PAGE_PLAIN, words_bytes(text, site->live_bytes), columns->live);
	page_left(page, PAGE_PLAIN, words_site(site), columns->why);
	page_put(page, report_text_mark(site));
	page_put(page, site->tiny ? "~ " : "  ");
	report_text_where(page, site, columns->where);
	page_put(page, "\n");
}

static void put_rest(struct page *page, const struct analysis *analysis, size_t shown)
{
	char text[WORDS_NUMBER_SIZE], bytes[WORDS_NUMBER_SIZE];
	double rest = 0;

	for (size_t i = shown; i < analysis->nsites; i++)
		rest += analysis->sites[i].alloc_bytes;
	page_printf(page, "      and %s more site%s with %s %% of the bytes",
		    words_integer(text, (double)(analysis->nsites - shown)), analysis->nsites - shown == 1 ? "" : "s",
		    words_percent(bytes, analysis->alloc_bytes > 0 ? rest / analysis->alloc_bytes : NAN));
	page_put(page, "\n");
}

static void put_legend(struct page *page, const struct analysis *analysis, size_t top)
{
	bool tiny = false, negative = false, foreign = false, known = analysis_knows_savings(analysis);
	struct buf words = {0};

	for (size_t i = 0; i < top; i++) {
		foreign |= !words_is_own(&analysis->sites[i]);
		tiny |= analysis->sites[i].tiny;
		negative |= known && analysis->sites[i].saving.share < 0;
	}
	buf_append_string(&words,
			  "✓ the compiler's verdict is known; ! it says stack, the run says heap; ? several fit; "
			  "· none");
	if (tiny)
		buf_append_string(&words, "\n~ tiny objects share blocks of 16 bytes: their counts are not exact");
	if (foreign)
		buf_append_string(&words, "\nf:8 › g: line 8 of your function f leads to g, which allocates");
	if (negative)
		buf_append_string(
		    &words, "\n− below zero: without it the heap goal shrinks, cycles come more often, and the GC "
			    "would take more CPU");
	if (!known)
		buf_append_format(&words, "\nRanked by bytes: %s.",
				  analysis->is_heap_profile ? "the profile has no GC figures" : "no GC cycle was seen");
	buf_append_string(
	    &words, known ? "\nA range of ranks, as 2–4: the intervals (95 %) overlap, so their order is not certain."
			  : " A range of ranks, as 2–4: the intervals overlap.");
	page_wrap(page, PAGE_FAINT, buf_string(&words), 0);
	buf_free(&words);
}

void report_text_table(struct page *page, const struct analysis *analysis, size_t top)
{
	struct table_columns columns = report_text_table_columns(analysis, page->width);
	struct rank_range *ranks = report_text_ranks(analysis);

	if (top > analysis->nsites)
		top = analysis->nsites;
	page_heading(page, analysis_knows_savings(analysis) ? "What removing each allocation would save"
							    : "The largest allocation sites");
	report_text_table_header(page, &columns);
	for (size_t i = 0; i < top; i++)
		report_text_table_row(page, analysis, &columns, &analysis->sites[i], &ranks[i]);
	if (top < analysis->nsites)
		put_rest(page, analysis, top);
	put_legend(page, analysis, top);
	free(ranks);
}
