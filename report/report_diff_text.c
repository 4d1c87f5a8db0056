/*
 * What changed from one trace to another, for people: the totals, then the sites that grew, shrank, came or went, those
 * first that changed by the most bytes. In comes a comparison, out goes a page of text.
 */
#include "report/compare_words.h"
#include "report/page.h"
#include "report/report_compare.h"
#include "report/report_text_parts.h"
#include "report/report_write.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>

#define WIDTH_MIN      80
#define LABEL_COLUMNS  9
#define NAME_COLUMNS   27
#define FIGURE_COLUMNS 10
#define RATIO_COLUMNS  9
#define RANGE_COLUMNS  22
#define SITE_RANGE     17
#define WHY_COLUMNS    9
#define RANGES_FROM    96 /* columns of a page whose sites have room for intervals */

static void put_run(struct page *page, const char *label, const struct analysis *analysis)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	for (size_t i = 0; i < analysis->ncommand && words.size < 200; i++)
		buf_append_format(&words, "%s%.80s", i ? " " : "", analysis->command[i] ? analysis->command[i] : "");
	buf_append_format(&words, "%s%s, %s", words.size ? ": " : "", report_text_language(analysis),
			  words_seconds(a, analysis->duration_seconds));
	if (!report_text_is_c_alone(analysis))
		buf_append_format(&words, ", %s", words_bytes(b, analysis->alloc_bytes));
	if (analysis->c.known)
		buf_append_format(&words, ", %s of C", words_bytes(b, analysis->c.alloc_bytes));
	page_left(page, PAGE_FAINT, label, LABEL_COLUMNS);
	page_wrap(page, PAGE_PLAIN, buf_string(&words), LABEL_COLUMNS);
	buf_free(&words);
}

/* What figures are divided by, and what all sites have in common. */
static void put_normalisation(struct page *page, const struct comparison *comparison)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE], c[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	switch (comparison->options.per) {
	case COMPARE_PER_SECOND:
		buf_append_string(&words, "the second");
		break;
	case COMPARE_PER_BYTE:
		buf_append_string(&words, "the byte: shares of all that is allocated");
		break;
	case COMPARE_PER_UNIT:
		buf_append_format(&words, "what was counted: %s before, %s after",
				  words_integer(a, comparison->work[0]), words_integer(b, comparison->work[1]));
		break;
	}
	if (comparison->options.per != COMPARE_PER_UNIT && fabs(comparison->common_middle - 1) > 0.02)
		buf_append_format(
		    &words,
		    ". Half of the sites changed by more than %s%s %%: that may be the machine's speed or the load, "
		    "so a site counts as changed only if it did so both with and without this factor",
		    comparison->common_middle > 1 ? "+" : "", words_percent(c, comparison->common_middle - 1));
	page_left(page, PAGE_FAINT, "By", LABEL_COLUMNS);
	page_wrap(page, PAGE_PLAIN, buf_string(&words), LABEL_COLUMNS);
	buf_free(&words);
}

static enum page_style style_of(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_APPEARED:
	case CHANGE_GREW:
		return PAGE_BAD;
	case CHANGE_WENT:
	case CHANGE_SHRANK:
		return PAGE_GOOD;
	case CHANGE_NONE:
		break;
	}
	return PAGE_FAINT;
}

/* "−12 kB…3 MB": the interval of a difference. */
static void format_range(struct buf *out, const char *low, const char *high)
{
	out->size = 0;
	buf_append_format(out, "%s…%s", low, high);
}

static void put_total(struct page *page, const struct comparison *comparison, enum total_kind total)
{
	const struct change *change = &comparison->totals[total].change;
	enum compare_per per = comparison->options.per;
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	struct buf range = {0};

	page_pad(page, 2);
	page_left(page, PAGE_PLAIN, compare_words_total_name(total), NAME_COLUMNS);
	page_right(page, PAGE_PLAIN, compare_words_total(a, per, total, change->before), FIGURE_COLUMNS + 2);
	page_right(page, PAGE_PLAIN, compare_words_total(a, per, total, change->after), FIGURE_COLUMNS + 2);
	page_right(page, style_of(change->kind), compare_words_ratio(a, change), RATIO_COLUMNS + 1);
	format_range(&range, compare_words_total(a, per, total, change->difference.low),
		     compare_words_total(b, per, total, change->difference.high));
	page_put(page, "  ");
	page_left(page, PAGE_FAINT, buf_string(&range), RANGE_COLUMNS);
	page_put_styled(page, style_of(change->kind),
			change->kind == CHANGE_NONE ? "" : change_kind_name(change->kind));
	page_put(page, "\n");
	buf_free(&range);
}

static void put_totals(struct page *page, const struct comparison *comparison)
{
	page_heading(page, "In all");
	page_pad(page, 2 + NAME_COLUMNS);
	page_right(page, PAGE_FAINT, "before", FIGURE_COLUMNS + 2);
	page_right(page, PAGE_FAINT, "after", FIGURE_COLUMNS + 2);
	page_right(page, PAGE_FAINT, "change", RATIO_COLUMNS + 1);
	page_put_styled(page, PAGE_FAINT, "  difference, 95 %");
	page_put(page, "\n");
	for (int total = 0; total < TOTAL_COUNT; total++)
		if (comparison->totals[total].known)
			put_total(page, comparison, (enum total_kind)total);
}

static bool has_ranges(const struct page *page)
{
	return page->width >= RANGES_FROM;
}

static void put_sites_header(struct page *page)
{
	page_left(page, PAGE_FAINT, "", LABEL_COLUMNS);
	page_right(page, PAGE_FAINT, "before", FIGURE_COLUMNS);
	page_right(page, PAGE_FAINT, "after", FIGURE_COLUMNS);
	page_right(page, PAGE_FAINT, "change", RATIO_COLUMNS);
	page_put(page, "  ");
	if (has_ranges(page))
		page_left(page, PAGE_FAINT, "diff., 95 %", SITE_RANGE);
	page_left(page, PAGE_FAINT, "why", WHY_COLUMNS);
	page_put_styled(page, PAGE_FAINT, "   where");
	page_put(page, "\n");
}

static void put_site(struct page *page, const struct comparison *comparison, const struct site_change *change)
{
	const struct site *site = change->after ? change->after : change->before;
	int left = LABEL_COLUMNS + 2 * FIGURE_COLUMNS + RATIO_COLUMNS + 2 + (has_ranges(page) ? SITE_RANGE : 0) +
		   WHY_COLUMNS + 3;
	enum compare_per per = comparison->options.per;
	enum change_kind kind = change->bytes.kind;
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	struct buf range = {0};

	page_left(page, style_of(kind), kind == CHANGE_NONE ? "" : change_kind_name(kind), LABEL_COLUMNS);
	page_right(page, PAGE_PLAIN, change->before ? compare_words_bytes(a, per, change->bytes.before) : "–",
		   FIGURE_COLUMNS);
	page_right(page, PAGE_PLAIN, change->after ? compare_words_bytes(a, per, change->bytes.after) : "–",
		   FIGURE_COLUMNS);
	page_right(page, style_of(kind), compare_words_ratio(a, &change->bytes), RATIO_COLUMNS);
	page_put(page, "  ");
	if (has_ranges(page)) {
		format_range(&range,
			     per == COMPARE_PER_BYTE ? words_percent(a, change->bytes.difference.low)
						     : words_bytes(a, change->bytes.difference.low),
			     compare_words_bytes(b, per, change->bytes.difference.high));
		page_left(page, PAGE_FAINT, buf_string(&range), SITE_RANGE);
	}
	page_left(page, PAGE_PLAIN, words_site(site), WHY_COLUMNS);
	page_put(page, report_text_mark(site));
	page_put(page, change->reshaped ? "* " : "  ");
	report_text_where(page, site, page->width - left);
	page_put(page, "\n");
	buf_free(&range);
}

static void put_sites_legend(struct page *page, const struct comparison *comparison, size_t shown)
{
	bool reshaped = false;
	struct buf words = {0};
	char a[WORDS_NUMBER_SIZE];

	for (size_t i = 0; i < shown; i++)
		reshaped |= comparison->sites[i].reshaped;
	buf_append_format(
	    &words,
	    "Figures are %s. Of %s sites with enough of the bytes those are said to have changed that two runs of "
	    "the same do not explain: the chance that any is named wrongly is 1 %%.",
	    compare_words_unit(comparison->options.per), words_integer(a, (double)comparison->tested));
	if (reshaped)
		buf_append_string(&words,
				  "\n* inlined otherwise than before: all that the function allocates there together");
	page_wrap(page, PAGE_FAINT, buf_string(&words), 0);
	buf_free(&words);
}

static void put_sites(struct page *page, const struct comparison *comparison, const struct diff_options *options)
{
	size_t all = options->all ? comparison->nsites : comparison->nchanged;
	size_t shown = all < options->top ? all : options->top;
	char text[WORDS_NUMBER_SIZE];

	page_heading(page, options->all ? "All sites" : "Sites that changed");
	if (shown)
		put_sites_header(page);
	else
		page_put(page, comparison->nchanged ? "" : "None, beyond what differs from run to run.\n");
	for (size_t i = 0; i < shown; i++)
		put_site(page, comparison, &comparison->sites[i]);
	if (shown < all)
		page_printf(page, "         and %s more", words_integer(text, (double)(all - shown)));
	if (shown < all)
		page_put(page, "\n");
	put_sites_legend(page, comparison, shown);
}

enum status report_diff_text(FILE *stream, const struct comparison *comparison, const struct diff_options *options,
			     struct error *error)
{
	struct page page = {.colour = options->colour,
			    .width = options->width > WIDTH_MIN ? options->width : WIDTH_MIN};
	enum status status;

	put_run(&page, "Before", comparison->before);
	put_run(&page, "After", comparison->after);
	put_normalisation(&page, comparison);
	put_totals(&page, comparison);
	put_sites(&page, comparison, options);
	status = report_write(stream, &page.out, error);
	buf_free(&page.out);
	return status;
}
