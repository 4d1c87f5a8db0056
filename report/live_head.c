/* In: an analysis of the last minute or so. Out: a title, figures that fill two lines, lines of blocks, a message. */
#include "report/live_head.h"

#include "report/clean_text.h"
#include "report/sparkline.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BLOCKS_FROM  18 /* lines of a screen that has lines of blocks */
#define ROOMY_FROM   14 /* of one that has room for more than what must be */
#define NAME_COLUMNS 12
#define MOST_COLUMNS 16
#define GAP          3

/* Figures in a row, as many as fit into so many lines. */
struct figures {
	struct page *page;
	int most, lines, used; /* lines at most, and begun; columns of the last one */
};

static void put_command(struct buf *words, const struct analysis *analysis)
{
	for (size_t i = 0; analysis && i < analysis->ncommand; i++) {
		buf_append_string(words, i > 0 ? " " : "");
		clean_text_append(words, i > 0 ? analysis->command[i] : words_base_name(analysis->command[i]));
	}
}

/* SECONDS without parts of one. */
static const char *whole_seconds(char *text, double seconds)
{
	if (seconds >= 60)
		return words_seconds(text, floor(seconds));
	snprintf(text, WORDS_NUMBER_SIZE, "%.0f s", seconds);
	return text;
}

static const char *state_of(char *text, size_t size, const struct live_head *head)
{
	char seconds[WORDS_NUMBER_SIZE];

	if (head->facts->ended)
		return head->facts->runs_on ? "the profiler ended" : "the program ended";
	if (head->paused)
		return "paused";
	if (!head->analysis)
		return "";
	snprintf(text, size, "last %s", whole_seconds(seconds, head->analysis->duration_seconds));
	return text;
}

static void put_title(struct page *page, const struct live_head *head)
{
	enum page_style style = head->facts->ended || head->paused ? PAGE_WARN : PAGE_FAINT;
	char text[WORDS_NUMBER_SIZE + 16];
	const char *state = state_of(text, sizeof(text), head);
	int room = page->width - clean_text_columns(state) - 1;
	struct buf words = {0};

	buf_append_string(&words, "escprof top  ");
	put_command(&words, head->analysis);
	page_left(page, PAGE_TITLE, buf_string(&words), room > 0 ? room : 0);
	page_put(page, " ");
	page_put_styled(page, style, state);
	page_put(page, "\n");
	buf_free(&words);
}

/* FIGURE, where there is still room for it. */
static void put_figure(struct figures *figures, enum page_style style, const char *figure)
{
	int columns = clean_text_columns(figure);

	if (!columns || columns > figures->page->width)
		return;
	if (figures->lines && figures->used + GAP + columns <= figures->page->width) {
		page_pad(figures->page, GAP);
		figures->used += GAP + columns;
	} else {
		if (figures->lines == figures->most) {
			figures->used = figures->page->width; /* those to come would not be in their order */
			return;
		}
		page_put(figures->page, figures->lines ? "\n" : "");
		figures->used = columns;
		figures->lines++;
	}
	page_put_styled(figures->page, style, figure);
}

/* NUMBER between BEFORE and AFTER. */
static void put_figure_of(struct figures *figures, const char *before, const char *number, const char *after)
{
	char text[3 * WORDS_NUMBER_SIZE];

	snprintf(text, sizeof(text), "%s%s%s", before, number, after);
	put_figure(figures, PAGE_PLAIN, text);
}

/* The last of COUNT values that is known. */
static double last_known(const double *values, size_t count)
{
	while (count > 0 && isnan(values[count - 1]))
		count--;
	return count > 0 ? values[count - 1] : NAN;
}

static void put_gc_figures(struct figures *figures, const struct analysis *analysis)
{
	char number[WORDS_NUMBER_SIZE];

	if (!analysis->gc.known || !analysis->gc.cycles) {
		put_figure(figures, PAGE_PLAIN, "no GC cycle yet");
		return;
	}
	put_figure_of(figures, "GC ", words_percent(number, analysis->gc.cpu_share), " % of the CPU");
}

static void put_heap_figures(struct figures *figures, const struct analysis *analysis)
{
	double seconds = analysis_seconds(analysis);
	char number[WORDS_NUMBER_SIZE];

	if (!analysis->gc.known || !analysis->gc.cycles || seconds <= 0)
		return;
	put_figure_of(figures, "", words_count(number, (double)analysis->gc.cycles / seconds), " cycles/s");
	if (!isfinite(analysis->gc.live_bytes))
		return;
	put_figure_of(figures, "live ", words_bytes(number, analysis->gc.live_bytes), "");
	put_figure_of(figures, "goal ", words_bytes(number, analysis->gc.goal_bytes), "");
}

static void put_allocation_figures(struct figures *figures, const struct analysis *analysis)
{
	double seconds = analysis_seconds(analysis), goroutines;
	char number[WORDS_NUMBER_SIZE];

	if (seconds > 0)
		put_figure_of(figures, "", words_bytes(number, analysis->alloc_bytes / seconds), "/s allocated");
	goroutines = last_known(analysis->timeline.goroutines, analysis->timeline.count);
	if (!isnan(goroutines))
		put_figure_of(figures, "", words_integer(number, round(goroutines)), " goroutines");
}

static void put_sample_figures(struct figures *figures, const struct analysis *analysis)
{
	double all = (double)(analysis->selection.all_samples + analysis->lost_samples);
	char number[WORDS_NUMBER_SIZE], text[2 * WORDS_NUMBER_SIZE];

	if (analysis->lost_samples && all > 0) {
		snprintf(text, sizeof(text), "%s %% of the samples lost",
			 words_percent(number, (double)analysis->lost_samples / all));
		put_figure(figures, PAGE_WARN, text);
	}
	put_figure_of(figures, "", words_integer(number, (double)analysis->samples), " sampled");
	if (!analysis->lost_samples)
		put_figure(figures, PAGE_PLAIN, "none lost");
}

static void put_process_figures(struct figures *figures, const struct live_head *head)
{
	char number[WORDS_NUMBER_SIZE];

	if (head->facts->pid) {
		snprintf(number, sizeof(number), "%d", head->facts->pid);
		put_figure_of(figures, "PID ", number, "");
	}
	if (!isnan(head->facts->uptime_seconds))
		put_figure_of(figures, "up ", whole_seconds(number, head->facts->uptime_seconds), "");
	if (head->analysis)
		put_figure(figures, PAGE_PLAIN, head->analysis->go_version);
}

/* The most telling ones first: of the others, narrow screens have none. */
static void put_figures(struct page *page, const struct live_head *head, int lines)
{
	struct figures figures = {.page = page, .most = lines};

	if (head->analysis) {
		put_gc_figures(&figures, head->analysis);
		put_allocation_figures(&figures, head->analysis);
		put_heap_figures(&figures, head->analysis);
	}
	put_process_figures(&figures, head);
	if (head->analysis)
		put_sample_figures(&figures, head->analysis);
	page_put(page, "\n");
}

static void put_blocks(struct page *page, const struct analysis *analysis, const char *name, const double *values,
		       const char *most)
{
	int columns = page->width - NAME_COLUMNS - MOST_COLUMNS, count = (int)analysis->timeline.count;
	struct buf blocks = {0};

	if (columns < 10)
		return;
	sparkline_append(&blocks, values, analysis->timeline.count, (size_t)(columns < count ? columns : count));
	page_left(page, PAGE_FAINT, name, NAME_COLUMNS);
	page_put_styled(page, PAGE_NAME, buf_string(&blocks));
	page_printf(page, " to %s", most);
	page_put(page, "\n");
	buf_free(&blocks);
}

static void put_timeline(struct page *page, const struct analysis *analysis)
{
	const struct timeline *timeline = &analysis->timeline;
	char number[WORDS_NUMBER_SIZE], most[2 * WORDS_NUMBER_SIZE];

	if (!timeline->count)
		return;
	words_bytes(number, sparkline_most(timeline->alloc_bytes, timeline->count) / timeline->slice_seconds);
	snprintf(most, sizeof(most), "%s/s", number);
	put_blocks(page, analysis, "allocated", timeline->alloc_bytes, most);
	words_percent(number, sparkline_most(timeline->gc_share, timeline->count));
	snprintf(most, sizeof(most), "%s %%", number);
	put_blocks(page, analysis, "GC's share", timeline->gc_share, most);
	put_blocks(page, analysis, "goroutines", timeline->goroutines,
		   words_integer(most, sparkline_most(timeline->goroutines, timeline->count)));
}

/* A line of its own, empty where there is ROOM for that. */
static void put_message(struct page *page, const struct live_head *head, bool room)
{
	const struct analysis *analysis = head->analysis;

	if (head->facts->bad_message)
		page_short(page, PAGE_BAD, head->facts->bad_message, page->width);
	else if (head->facts->message)
		page_short(page, PAGE_WARN, head->facts->message, page->width);
	else if (!room)
		return;
	else if (analysis && analysis->verdicts == VERDICTS_MISSING)
		page_short(page, PAGE_FAINT, "No verdicts at hand for this binary: `escprof build` keeps them.",
			   page->width);
	page_put(page, "\n");
}

void live_head_put(struct page *page, const struct live_head *head, int height)
{
	put_title(page, head);
	put_figures(page, head, height >= ROOMY_FROM ? 2 : 1);
	if (head->analysis && height >= BLOCKS_FROM)
		put_timeline(page, head->analysis);
	put_message(page, head, height >= ROOMY_FROM);
}
