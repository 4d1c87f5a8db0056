/*
 * The source with costs and verdicts beside its lines. In come an analysis and the files on this machine, out goes a
 * page of text: of each file the lines that cost anything, with some around them.
 */
#include "report/line_costs.h"
#include "report/page.h"
#include "report/report.h"
#include "report/report_text_parts.h"
#include "report/report_write.h"
#include "report/source_text.h"
#include "report/words.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COLUMN       10 /* one of a line's figures */
#define LINE_COLUMNS 6
#define LEAST_SHARE  0.0005 /* of the saving or of the bytes: less is not worth a line */
#define WIDTH_MIN    80

struct annotation {
	struct page page;
	const struct analysis *analysis;
	const struct annotate_options *options;
	time_t built;       /* of the program; 0: not known */
	bool has_go, has_c; /* columns of either heap */
	bool knows_savings;
};

static int figure_columns(const struct annotation *annotation)
{
	return ((annotation->has_go ? 3 : 0) + (annotation->has_c ? 2 : 0)) * COLUMN;
}

static int code_indent(const struct annotation *annotation)
{
	return figure_columns(annotation) + LINE_COLUMNS + 2;
}

/* Nothing where there is nothing: most lines have to do with one heap alone. */
static void put_c_bytes(struct page *page, enum page_style style, double bytes)
{
	char text[WORDS_NUMBER_SIZE];

	page_right(page, style, bytes > 0 ? words_bytes(text, bytes) : "", COLUMN);
}

static void put_sums(struct annotation *annotation, const struct cost_sums *sums)
{
	struct page *page = &annotation->page;
	char text[WORDS_NUMBER_SIZE], cell[WORDS_NUMBER_SIZE + 8] = "";
	double share = sums->gc_saved_share;

	if (annotation->has_go) {
		if (annotation->knows_savings)
			snprintf(cell, sizeof(cell), "%s %%", words_percent(text, share));
		page_right(page, share < 0 ? PAGE_BAD : PAGE_GOOD, cell, COLUMN);
		page_right(page, PAGE_PLAIN, words_bytes(text, sums->alloc_bytes), COLUMN);
		page_right(page, PAGE_PLAIN, words_count(text, sums->alloc_objects), COLUMN);
	}
	if (annotation->has_c) {
		put_c_bytes(page, PAGE_PLAIN, sums->c_alloc_bytes);
		put_c_bytes(page, PAGE_WARN, sums->c_kept_bytes);
	}
}

/* A verdict below the line that it is about; of C, what was called to get the memory. */
static void put_site(struct annotation *annotation, const struct site *site)
{
	struct page *page = &annotation->page;
	int indent = code_indent(annotation);
	const char *words = words_class(site->class_);
	char rank[32];

	if (site->class_ == CLASS_C)
		words = site->entry;
	else if (site->verdict.message && *site->verdict.message)
		words = site->verdict.message;
	page_pad(page, indent);
	snprintf(rank, sizeof(rank), "%s#%u ", site->class_ == CLASS_C ? "C " : "", site->rank);
	page_put_styled(page, PAGE_WARN, rank);
	page_wrap(page, PAGE_WARN, words, indent + (int)strlen(rank));
}

static void put_line(struct annotation *annotation, const struct source_text *source, uint32_t number,
		     const struct line_cost *cost)
{
	struct page *page = &annotation->page;
	char *code = source_text_line(source, number);
	char text[32];

	if (cost)
		put_sums(annotation, &cost->sums);
	else
		page_pad(page, figure_columns(annotation));
	snprintf(text, sizeof(text), "%u", number);
	page_right(page, PAGE_FAINT, text, LINE_COLUMNS);
	page_pad(page, 2);
	if (code)
		page_code(page, cost ? PAGE_PLAIN : PAGE_FAINT, code, page->width - code_indent(annotation));
	else if (cost)
		page_short(page, PAGE_NAME, words_short_function(cost->function),
			   page->width - code_indent(annotation));
	page_put(page, "\n");
	free(code);
	for (size_t i = 0; cost && i < cost->nsites; i++)
		put_site(annotation, cost->sites[i]);
}

static bool is_worth_it(const struct annotation *annotation, const struct line_cost *cost)
{
	const struct analysis *analysis = annotation->analysis;

	return cost->line > 0 &&
	       (fabs(cost->sums.gc_saved_share) >= LEAST_SHARE ||
		(analysis->alloc_bytes > 0 && cost->sums.alloc_bytes >= LEAST_SHARE * analysis->alloc_bytes) ||
		(annotation->has_c && cost->sums.c_alloc_bytes >= LEAST_SHARE * analysis->c.alloc_bytes));
}

/* The lines before COST that are shown with it: none that LAST has shown. */
static uint32_t first_around(const struct annotation *annotation, uint32_t line, uint32_t last)
{
	uint32_t context = (uint32_t)annotation->options->context;
	uint32_t first = line > context ? line - context : 1;

	return first > last ? first : last + 1;
}

static void put_lines(struct annotation *annotation, const struct file_cost *file, const struct source_text *source)
{
	uint32_t last = 0, context = source->count ? (uint32_t)annotation->options->context : 0;

	for (size_t i = 0; i < file->nlines; i++) {
		const struct line_cost *cost = &file->lines[i];
		uint32_t first, next = UINT32_MAX;

		if (!is_worth_it(annotation, cost))
			continue;
		for (size_t k = i + 1; k < file->nlines && next == UINT32_MAX; k++)
			next = is_worth_it(annotation, &file->lines[k]) ? file->lines[k].line : next;
		first = source->count ? first_around(annotation, cost->line, last) : cost->line;
		if (last && first > last + 1)
			page_put(&annotation->page, "\n");
		for (uint32_t line = first; line < cost->line; line++)
			put_line(annotation, source, line, NULL);
		put_line(annotation, source, cost->line, cost);
		last = cost->line;
		while (last < cost->line + context && last + 1 < next && last < source->count)
			put_line(annotation, source, ++last, NULL);
	}
}

static void put_header(struct annotation *annotation)
{
	struct page *page = &annotation->page;

	if (annotation->has_go) {
		page_right(page, PAGE_FAINT, annotation->knows_savings ? "GC saved" : "", COLUMN);
		page_right(page, PAGE_FAINT, "bytes", COLUMN);
		page_right(page, PAGE_FAINT, "objects", COLUMN);
	}
	if (annotation->has_c) {
		page_right(page, PAGE_FAINT, "C bytes", COLUMN);
		page_right(page, PAGE_FAINT, "not freed", COLUMN);
	}
	page_put(page, "\n");
}

static void put_file(struct annotation *annotation, const struct file_cost *file)
{
	const struct annotate_options *options = annotation->options;
	struct page *page = &annotation->page;
	struct source_text source;
	bool found = source_text_open(&source, file->file, options->directories, options->ndirectories);

	page_put(page, "\n");
	page_put_styled(page, PAGE_TITLE, file->file);
	page_put(page, "\n");
	if (!found)
		page_wrap(page, PAGE_WARN, "This file is not here: --source-path DIR says where it is.", 0);
	else if (annotation->built && source.changed > annotation->built)
		page_wrap(page, PAGE_WARN, "This file has changed since the program was built: its lines may not fit.",
			  0);
	put_header(annotation);
	put_sums(annotation, &file->sums);
	page_pad(page, LINE_COLUMNS + 2);
	page_put_styled(page, PAGE_FAINT, "in all");
	page_put(page, "\n");
	put_lines(annotation, file, &source);
	source_text_close(&source);
}

/* Those that are asked for: PATTERN's, or without one the user's own. */
static size_t put_files(struct annotation *annotation, const struct line_costs *costs, const regex_t *pattern)
{
	size_t shown = 0;

	for (size_t i = 0; i < costs->count && shown < annotation->options->top; i++) {
		const struct file_cost *file = &costs->files[i];
		bool wanted = pattern ? regexec(pattern, file->file, 0, NULL, 0) == 0 : file->own;

		if (!wanted)
			continue;
		put_file(annotation, file);
		shown++;
	}
	return shown;
}

static time_t time_of(const char *path)
{
	struct stat status;

	return path && *path && stat(path, &status) == 0 ? status.st_mtime : 0;
}

static enum status compile(regex_t *pattern, const char *text, struct error *error)
{
	int code = regcomp(pattern, text, REG_EXTENDED | REG_NOSUB);
	char words[200];

	if (!code)
		return STATUS_OK;
	regerror(code, pattern, words, sizeof(words));
	return error_set(error, "not a regular expression: %s: %s", text, words);
}

enum status report_annotate(FILE *stream, const struct analysis *analysis, const struct annotate_options *options,
			    struct error *error)
{
	struct annotation annotation = {.analysis = analysis,
					.options = options,
					.built = time_of(analysis->binary),
					.has_go = !report_text_is_c_alone(analysis),
					.has_c = analysis->c.known,
					.knows_savings = analysis_knows_savings(analysis)};
	struct line_costs costs;
	regex_t pattern;
	size_t shown;
	enum status status;

	if (options->files && compile(&pattern, options->files, error) != STATUS_OK)
		return STATUS_ERROR;
	annotation.page.colour = options->colour;
	annotation.page.width = options->width > WIDTH_MIN ? options->width : WIDTH_MIN;
	line_costs_make(&costs, analysis);
	shown = put_files(&annotation, &costs, options->files ? &pattern : NULL);
	if (shown)
		status = report_write(stream, &annotation.page.out, error);
	else if (options->files)
		status = error_set(error, "nothing was allocated by a file whose name matches %s", options->files);
	else
		status = error_set(
		    error, "nothing was allocated in the program's own code: name other files with --file REGEX");
	line_costs_free(&costs);
	buf_free(&annotation.page.out);
	if (options->files)
		regfree(&pattern);
	return status;
}
