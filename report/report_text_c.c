/*
 * The text report's part on C and C++: where memory comes from, what of it lives, what is never freed. In comes an
 * analysis, out go a table, short lists, and more about the first sites.
 */
#include "base/memory.h"
#include "report/gather_c.h"
#include "report/report_text_parts.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT        REPORT_TEXT_INDENT
#define LABEL_COLUMNS REPORT_TEXT_LABEL
#define LIST          5    /* sites of a short list */
#define SHORT_CLASSES 2    /* of lifetimes, up to a millisecond */
#define WORTH         0.01 /* of what is not freed: less stands in no list */

bool report_text_is_c_alone(const struct analysis *analysis)
{
	return analysis->c.known && !(analysis->go_version && *analysis->go_version);
}

const char *report_text_language(const struct analysis *analysis)
{
	if (report_text_is_c_alone(analysis))
		return "C or C++";
	return analysis->go_version && *analysis->go_version ? analysis->go_version : "Go of unknown version";
}

static double short_lived(const struct c_site *site)
{
	double share = 0;

	for (size_t i = 0; i < SHORT_CLASSES; i++)
		share += site->lives[i];
	return share;
}

static bool has_rates(const struct analysis *analysis)
{
	return analysis_seconds(analysis) >= 1;
}

static void put_cell(struct page *page, enum page_style style, const char *text, int columns)
{
	page_right(page, style, text, columns);
	page_put(page, " ");
}

static void append_frame(struct buf *words, const char *function, const char *file, uint32_t line)
{
	buf_append_string(words, words_short_function(function));
	if (file && *file && line)
		buf_append_format(words, " %s:%u", words_base_name(file), line);
}

/* Where the site is, behind the Go function that called it. */
static void put_where(struct page *page, const struct c_site *site, int columns)
{
	struct buf words = {0};

	if (*site->go_caller.function && strcmp(site->go_caller.function, site->function) != 0) {
		append_frame(&words, site->go_caller.function, site->go_caller.file, site->go_caller.line);
		buf_append_string(&words, " › ");
	}
	append_frame(&words, site->function, site->file, site->line);
	page_short(page, PAGE_NAME, buf_string(&words), columns);
	page_put(page, "\n");
	buf_free(&words);
}

/* The columns, the first of which is FIRST; HAS_LIVES: there is one of what lived a millisecond at most. */
static void put_header(struct page *page, const char *first, bool rates, bool has_lives)
{
	put_cell(page, PAGE_FAINT, first, 5);
	put_cell(page, PAGE_FAINT, rates ? "bytes/s" : "bytes", 7);
	put_cell(page, PAGE_FAINT, "share", 5);
	put_cell(page, PAGE_FAINT, rates ? "allocs/s" : "allocs", 8);
	put_cell(page, PAGE_FAINT, "live", 7);
	put_cell(page, PAGE_FAINT, "kept", 7);
	if (has_lives)
		put_cell(page, PAGE_FAINT, "≤1ms", 5);
	page_put_styled(page, PAGE_FAINT, "where");
	page_put(page, "\n");
}

static void put_row(struct page *page, const struct analysis *analysis, const struct c_site *site)
{
	double per = has_rates(analysis) ? analysis_seconds(analysis) : 1;
	char text[WORDS_NUMBER_SIZE];

	put_cell(page, PAGE_PLAIN, words_integer(text, site->rank), 5);
	put_cell(page, PAGE_PLAIN, words_bytes(text, site->alloc_bytes / per), 7);
	put_cell(page, PAGE_PLAIN,
		 words_percent(text, analysis->c.alloc_bytes > 0 ? site->alloc_bytes / analysis->c.alloc_bytes : NAN),
		 5);
	put_cell(page, PAGE_PLAIN, words_count(text, site->alloc_objects / per), 8);
	put_cell(page, PAGE_PLAIN, words_bytes(text, site->live_bytes), 7);
	put_cell(page, site->kept_bytes > 0 ? PAGE_WARN : PAGE_PLAIN, words_bytes(text, site->kept_bytes), 7);
	put_cell(page, PAGE_PLAIN, words_percent(text, short_lived(site)), 5);
	put_where(page, site, page->width - 52);
}

static void put_table(struct page *page, const struct analysis *analysis, size_t top)
{
	const struct c_part *c = &analysis->c;
	char text[WORDS_NUMBER_SIZE];

	page_heading(page, "Where C and C++ allocate");
	put_header(page, "rank", has_rates(analysis), true);
	for (size_t i = 0; i < top && i < c->nsites; i++)
		put_row(page, analysis, &c->sites[i]);
	if (c->nsites > top) {
		page_printf(page, "      and %s more", words_integer(text, (double)(c->nsites - top)));
		page_put(page, "\n");
	}
	page_wrap(
	    page, PAGE_FAINT,
	    "live: mean over the time; kept: not freed when the trace ended, a leak or left to the program's end; "
	    "≤1ms: per cent of the objects that were freed within a millisecond. f › g: Go's f called C, and g "
	    "allocates.",
	    0);
}

static void put_caller(struct page *page, const struct analysis *analysis, const struct c_gathered *row)
{
	double per = has_rates(analysis) ? analysis_seconds(analysis) : 1;
	char text[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	put_cell(page, PAGE_FAINT, words_integer(text, (double)row->sites), 5);
	put_cell(page, PAGE_PLAIN, words_bytes(text, row->alloc_bytes / per), 7);
	put_cell(page, PAGE_PLAIN, words_percent(text, row->alloc_bytes / analysis->c.alloc_bytes), 5);
	put_cell(page, PAGE_PLAIN, words_count(text, row->alloc_objects / per), 8);
	put_cell(page, PAGE_PLAIN, words_bytes(text, row->live_bytes), 7);
	put_cell(page, row->kept_bytes > 0 ? PAGE_WARN : PAGE_PLAIN, words_bytes(text, row->kept_bytes), 7);
	if (*row->frame.function)
		append_frame(&words, row->frame.function, row->frame.file, row->frame.line);
	else
		buf_append_string(&words, row->name);
	page_short(page, PAGE_NAME, buf_string(&words), page->width - 46);
	page_put(page, "\n");
	buf_free(&words);
}

/* What in Go the sites above are called from; nothing where no Go code calls. */
static void put_callers(struct page *page, const struct analysis *analysis, const struct report_options *options)
{
	bool by_package = options->by == REPORT_BY_PACKAGE, rates = has_rates(analysis);
	struct c_gathering callers;
	char text[WORDS_NUMBER_SIZE], share[WORDS_NUMBER_SIZE];

	gather_c(&callers, analysis, by_package);
	if (callers.count && options->top) {
		page_heading(page, by_package ? "Go packages that pay for C memory" : "Go lines that pay for C memory");
		put_header(page, "sites", rates, false);
	}
	for (size_t i = 0; i < callers.count && i < options->top; i++)
		put_caller(page, analysis, &callers.rows[i]);
	if (callers.count > options->top && options->top) {
		page_printf(page, "      and %s more", words_integer(text, (double)(callers.count - options->top)));
		page_put(page, "\n");
	}
	if (callers.count && callers.own_bytes > 0) {
		page_printf(page, "      %s (%s %%) more is allocated where no Go code called",
			    words_bytes(text, callers.own_bytes),
			    words_percent(share, callers.own_bytes / analysis->c.alloc_bytes));
		page_put(page, "\n");
	}
	gather_c_free(&callers);
}

static double kept_of(const struct c_site *site)
{
	return site->kept_bytes;
}

static double live_of(const struct c_site *site)
{
	return site->live_bytes;
}

struct ranked {
	const struct c_site *site;
	double value;
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return (a->site->rank > b->site->rank) - (a->site->rank < b->site->rank);
}

/* The first sites by what VALUE says, under TITLE; nothing when that is all of TOTAL's dust. */
static void put_list(struct page *page, const struct c_part *c, const char *title,
		     double (*value)(const struct c_site *), double total)
{
	struct ranked *ranked = memory_alloc(c->nsites + 1, sizeof(*ranked));
	char text[WORDS_NUMBER_SIZE];

	for (size_t i = 0; i < c->nsites; i++)
		ranked[i] = (struct ranked){&c->sites[i], value(&c->sites[i])};
	qsort(ranked, c->nsites, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < LIST && i < c->nsites && ranked[i].value > total * WORTH; i++) {
		if (i == 0)
			page_heading(page, title);
		put_cell(page, PAGE_FAINT, words_integer(text, ranked[i].site->rank), 5);
		put_cell(page, PAGE_PLAIN, words_bytes(text, ranked[i].value), 7);
		put_cell(page, PAGE_PLAIN, words_percent(text, ranked[i].value / total), 5);
		put_where(page, ranked[i].site, page->width - 20);
	}
	free(ranked);
}

static void put_words(struct page *page, const char *label, struct buf *words)
{
	report_text_label(page, label);
	page_wrap(page, PAGE_PLAIN, buf_string(words), INDENT + LABEL_COLUMNS);
	buf_free(words);
}

static void put_cost(struct page *page, const struct c_site *site)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE], c[WORDS_NUMBER_SIZE], d[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s in %s allocation%s of %s", words_bytes(a, site->alloc_bytes),
			  words_count(b, site->alloc_objects), site->alloc_objects == 1 ? "" : "s",
			  words_bytes(c, site->alloc_objects > 0 ? site->alloc_bytes / site->alloc_objects : NAN));
	if (isfinite(site->live_bytes))
		buf_append_format(&words, "; %s alive on average", words_bytes(d, site->live_bytes));
	if (site->kept_objects > 0)
		buf_append_format(&words, "; %s in %s object%s not freed at the end", words_bytes(a, site->kept_bytes),
				  words_count(b, site->kept_objects), site->kept_objects == 1 ? "" : "s");
	if (site->samples < 20)
		buf_append_format(&words, ". Few samples: %s", words_integer(a, (double)site->samples));
	buf_append_string(&words, ".");
	put_words(page, "Cost", &words);
}

static void put_lives(struct page *page, const struct c_site *site)
{
	static const char *const names[C_LIFE_CLASSES] = {"100 µs", "1 ms", "10 ms", "0.1 s",
							  "1 s",    "10 s", "100 s", "longer"};
	char text[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	for (size_t i = 0; i < C_LIFE_CLASSES; i++)
		if (site->lives[i] >= 0.0005)
			buf_append_format(&words, "%s%s %s %%", words.size ? ", " : "", names[i],
					  words_percent(text, site->lives[i]));
	if (words.size)
		put_words(page, "Freed within", &words);
	buf_free(&words);
}

static void put_stack(struct page *page, const struct c_site *site, size_t depth)
{
	const struct analysis_stack *stack = site->nstacks ? &site->stacks[0] : NULL;
	char text[96];

	if (!stack || stack->nframes < 2)
		return;
	report_text_label(page, "Called by");
	for (size_t i = 0; i < stack->nframes && i < depth; i++) {
		struct buf words = {0};

		if (i > 0)
			page_pad(page, INDENT + LABEL_COLUMNS);
		append_frame(&words, stack->frames[i].function, stack->frames[i].file, stack->frames[i].line);
		page_short(page, PAGE_NAME, buf_string(&words), page->width - INDENT - LABEL_COLUMNS);
		page_put(page, "\n");
		buf_free(&words);
	}
	if (stack->nframes > depth) {
		page_pad(page, INDENT + LABEL_COLUMNS);
		snprintf(text, sizeof(text), "… %zu more frame%s", stack->nframes - depth,
			 stack->nframes - depth == 1 ? "" : "s");
		page_put_styled(page, PAGE_FAINT, text);
		page_put(page, "\n");
	}
	report_text_other_stacks(page, stack, site->nstacks, site->alloc_bytes);
}

static void put_detail(struct page *page, const struct c_site *site, size_t depth)
{
	struct buf words = {0};

	page_put(page, "\n");
	page_printf(page, "%2u  ", site->rank);
	page_short(page, PAGE_TITLE, words_short_function(site->function), page->width - INDENT);
	page_put(page, "\n");
	if (site->file && *site->file && site->line) {
		buf_append_format(&words, "%s:%u", site->file, site->line);
		put_words(page, "At", &words);
	}
	if (site->through && *site->through) {
		buf_append_string(&words, site->through);
		put_words(page, "Through", &words);
	}
	if (*site->go_caller.function) {
		append_frame(&words, site->go_caller.function, site->go_caller.file, site->go_caller.line);
		put_words(page, "From Go", &words);
	}
	put_cost(page, site);
	put_lives(page, site);
	put_stack(page, site, depth);
}

void report_text_c(struct page *page, const struct analysis *analysis, const struct report_options *options)
{
	const struct c_part *c = &analysis->c;
	size_t details = options->details < options->top ? options->details : options->top;

	if (!c->known)
		return;
	put_table(page, analysis, options->top);
	put_callers(page, analysis, options);
	if (!c->of_moments) {
		put_list(page, c, "C: most alive", live_of, c->live_bytes);
		put_list(page, c, "C: not freed at the end", kept_of, c->kept_bytes);
	}
	if (details && c->nsites)
		page_heading(page, "A closer look at C");
	for (size_t i = 0; i < details && i < c->nsites; i++)
		put_detail(page, &c->sites[i], options->depth);
}
