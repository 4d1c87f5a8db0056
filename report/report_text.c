/*
 * The report for people: what the program did, the ranked sites, more about the first of them, where the bytes go, and
 * what is uncertain. In comes an analysis, out goes a page of text that fits the terminal.
 */
#include "report/report.h"
#include "report/report_text_parts.h"
#include "report/report_write.h"
#include "report/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_COLUMNS 44
#define BAR_COLUMNS   24
#define OTHER_COLUMNS 28 /* of the table's other columns, with what parts them */

/* The columns that a bar for all may take. */
static int bar_columns(const struct page *page)
{
	int room = page->width - WORDS_COLUMNS - OTHER_COLUMNS;

	return room < BAR_COLUMNS ? room : BAR_COLUMNS;
}

/* A bar for SHARE, in eighths of a column. */
static void put_bar(struct page *page, double share)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	int most = bar_columns(page), parts = share > 0 ? (int)lround(fmin(share, 1) * most * 8) : 0;
	int columns = parts / 8 + (parts % 8 != 0);

	for (int i = 0; i < parts / 8; i++)
		page_put(page, "█");
	page_put(page, eighths[parts % 8]);
	page_pad(page, most - columns);
}

static void put_class(struct page *page, const struct class_share *share)
{
	char text[WORDS_NUMBER_SIZE];

	page_put(page, "  ");
	page_left(page, PAGE_PLAIN, words_class(share->class_), WORDS_COLUMNS);
	page_put(page, " ");
	put_bar(page, share->bytes_share);
	page_right(page, PAGE_PLAIN, words_percent(text, share->bytes_share), 6);
	page_put(page, " %");
	page_right(page, PAGE_PLAIN, words_bytes(text, share->bytes), 9);
	page_right(page, PAGE_PLAIN, words_count(text, share->objects), 8);
	page_put(page, "\n");
}

/* Classes with any bytes, the largest first. */
static void put_classes(struct page *page, const struct analysis *analysis)
{
	bool done[CLASS_COUNT] = {false};

	page_heading(page, "Where the bytes go");
	page_pad(page, WORDS_COLUMNS + 3 + bar_columns(page));
	page_put_styled(page, PAGE_FAINT, "   share    bytes objects");
	page_put(page, "\n");
	for (;;) {
		const struct class_share *best = NULL;
		size_t best_at = 0;

		for (size_t i = 0; i < CLASS_COUNT; i++) {
			const struct class_share *share = &analysis->classes[i];

			if (!done[i] && share->bytes > 0 && (!best || share->bytes > best->bytes)) {
				best = share;
				best_at = i;
			}
		}
		if (!best)
			break;
		done[best_at] = true;
		put_class(page, best);
	}
}

static void put_notes(struct page *page, const struct analysis *analysis)
{
	if (analysis->nnotes == 0)
		return;
	page_heading(page, "What is uncertain");
	for (size_t i = 0; i < analysis->nnotes; i++) {
		page_put(page, "  – ");
		page_wrap(page, PAGE_PLAIN, analysis->notes[i], 4);
	}
}

static void put_all(struct page *page, const struct analysis *analysis, const struct report_options *options)
{
	report_text_summary(page, analysis);
	if (report_text_is_c_alone(analysis)) {
		report_text_c(page, analysis, options);
		put_notes(page, analysis);
		return;
	}
	report_text_timeline(page, analysis);
	if (report_what_if_asks(&options->what_if))
		report_text_what_if(page, analysis, &options->what_if);
	if (analysis->nsites == 0) {
		page_put(page, "\n");
		page_wrap(
		    page, PAGE_PLAIN,
		    analysis->selection.all_samples
			? "No stack that was sampled is among those asked for, so there is nothing to rank."
			: "No allocation was sampled, so there is nothing to rank. The program may have run too briefly or "
			  "allocated too little; a smaller --rate sees more.",
		    0);
	} else if (options->by != REPORT_BY_SITE) {
		report_text_groups(page, analysis, options);
	} else {
		report_text_table(page, analysis, options->top);
		report_text_details(page, analysis, options);
	}
	report_text_c(page, analysis, options);
	if (analysis->nsites || analysis->c.nsites)
		put_classes(page, analysis);
	put_notes(page, analysis);
}

enum status report_text(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			struct error *error)
{
	struct report_options defaults = report_options_default();
	struct page page = {.width = 0};
	enum status status;

	if (!options)
		options = &defaults;
	page.width = options->width < 80 ? 80 : options->width;
	page.colour = options->colour;
	put_all(&page, analysis, options);
	status = report_write(stream, &page.out, error);
	buf_free(&page.out);
	return status;
}
