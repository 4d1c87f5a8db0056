/*
 * The view's state and its layout: a head of figures, below it the ranked table, the details of one site, or the help,
 * and at the bottom the keys.
 */
#include "report/live_view.h"

#include "base/memory.h"
#include "report/clean_text.h"
#include "report/live_head.h"
#include "report/live_order.h"
#include "report/report_text_parts.h"
#include "report/words.h"

#include <stdlib.h>
#include <string.h>

#define DETAILS_DEPTH 40
#define REFRESH_LEAST 0.25
#define REFRESH_MOST  60.0
#define FILTER_MAX    200 /* bytes */

enum mode { MODE_TABLE, MODE_DETAILS, MODE_HELP, MODE_PROMPT };

struct live_view {
	const struct analysis *analysis; /* NULL: none yet */
	struct live_facts facts;
	struct rank_range *ranks;
	struct live_order order;
	size_t first; /* of the order, the first on the screen */
	enum mode mode;
	struct buf old_filter; /* what the prompt goes back to */
	bool paused;
	double refresh_seconds;
	size_t scroll, page_rows; /* of details and help; the rows that the last picture had for them */
};

struct live_view *live_view_new(void)
{
	struct live_view *view = memory_alloc(1, sizeof(*view));

	view->refresh_seconds = 1;
	view->page_rows = 1;
	return view;
}

void live_view_free(struct live_view *view)
{
	if (!view)
		return;
	free(view->ranks);
	live_order_free(&view->order);
	buf_free(&view->old_filter);
	free(view);
}

static void arrange(struct live_view *view)
{
	live_order_arrange(&view->order, view->analysis);
}

static const struct site *chosen_site(const struct live_view *view)
{
	return &view->analysis->sites[view->order.numbers[view->order.at]];
}

void live_view_set(struct live_view *view, const struct analysis *analysis, const struct live_facts *facts)
{
	bool same = analysis == view->analysis;

	view->analysis = analysis;
	view->facts = *facts;
	if (same && analysis)
		return;
	free(view->ranks);
	view->ranks = analysis ? report_text_ranks(analysis) : NULL;
	arrange(view);
}

bool live_view_is_paused(const struct live_view *view)
{
	return view->paused;
}

double live_view_refresh_seconds(const struct live_view *view)
{
	return view->refresh_seconds;
}

/* The move that KEY means from AT, rows of a page at a time; what is too far ends at COUNT or 0. */
static bool move(int key, size_t rows, size_t count, size_t *at)
{
	switch (key) {
	case LIVE_KEY_UP:
	case 'k':
		*at -= *at > 0;
		return true;
	case LIVE_KEY_DOWN:
	case 'j':
		*at += 1;
		return true;
	case LIVE_KEY_PAGE_UP:
		*at -= *at < rows ? *at : rows;
		return true;
	case LIVE_KEY_PAGE_DOWN:
	case ' ':
		*at += rows;
		return true;
	case LIVE_KEY_HOME:
		*at = 0;
		return true;
	case LIVE_KEY_END:
		*at = count;
		return true;
	default:
		return false;
	}
}

static void set_sort(struct live_view *view, enum live_sort sort)
{
	view->order.sort = sort;
	arrange(view);
	view->first = 0;
}

static void set_refresh(struct live_view *view, double seconds)
{
	view->refresh_seconds = seconds < REFRESH_LEAST  ? REFRESH_LEAST
				: seconds > REFRESH_MOST ? REFRESH_MOST
							 : seconds;
}

static void set_mode(struct live_view *view, enum mode mode)
{
	view->mode = mode;
	view->scroll = 0;
}

static void begin_prompt(struct live_view *view)
{
	set_mode(view, MODE_PROMPT);
	view->old_filter.size = 0;
	buf_append_string(&view->old_filter, buf_string(&view->order.filter));
}

static void end_prompt(struct live_view *view, bool keep)
{
	if (!keep) {
		view->order.filter.size = 0;
		buf_append_string(&view->order.filter, buf_string(&view->old_filter));
		arrange(view);
	}
	set_mode(view, MODE_TABLE);
}

static void remove_last(struct buf *text)
{
	while (text->size && (text->data[text->size - 1] & 0xc0) == 0x80)
		text->size--;
	text->size -= text->size > 0;
}

static bool key_in_prompt(struct live_view *view, int key)
{
	if (key == LIVE_KEY_INTERRUPT)
		return true;
	if (key == LIVE_KEY_ENTER || key == LIVE_KEY_ESCAPE) {
		end_prompt(view, key == LIVE_KEY_ENTER);
		return false;
	}
	if (key == LIVE_KEY_ERASE)
		view->order.filter.size = 0;
	else if (key == LIVE_KEY_BACKSPACE)
		remove_last(&view->order.filter);
	else if (key >= ' ' && key < LIVE_KEY_UP && !clean_text_is_harmful((uint32_t)key) &&
		 view->order.filter.size < FILTER_MAX)
		clean_text_append_code_point(&view->order.filter, (uint32_t)key);
	view->order.chosen = 0; /* the first that matches */
	arrange(view);
	return false;
}

/* Keys that mean the same wherever one is. */
static bool key_anywhere(struct live_view *view, int key)
{
	switch (key) {
	case 'p':
		view->paused = !view->paused;
		return true;
	case '+':
		set_refresh(view, view->refresh_seconds / 2);
		return true;
	case '-':
		set_refresh(view, view->refresh_seconds * 2);
		return true;
	case 'h':
	case '?':
		set_mode(view, view->mode == MODE_HELP ? MODE_TABLE : MODE_HELP);
		return true;
	case 's':
	case '/':
		begin_prompt(view);
		return true;
	default:
		return false;
	}
}

static void key_in_table(struct live_view *view, int key)
{
	size_t at = view->order.at;

	switch (key) {
	case 'g':
		set_sort(view, LIVE_SORT_SAVED);
		break;
	case 'b':
		set_sort(view, LIVE_SORT_BYTES);
		break;
	case 'o':
		set_sort(view, LIVE_SORT_OBJECTS);
		break;
	case 'l':
		set_sort(view, LIVE_SORT_LIVE);
		break;
	case LIVE_KEY_ENTER:
		if (view->order.count) {
			live_order_choose(&view->order, view->analysis, view->order.at);
			set_mode(view, MODE_DETAILS);
		}
		break;
	default:
		if (!move(key, view->page_rows, view->order.count, &at))
			break;
		live_order_choose(&view->order, view->analysis, at);
		if (key == LIVE_KEY_HOME)
			view->order.chosen = 0;
	}
}

bool live_view_key(struct live_view *view, int key)
{
	if (view->mode == MODE_PROMPT)
		return key_in_prompt(view, key);
	if (key == 'q' || key == LIVE_KEY_INTERRUPT || (key == LIVE_KEY_ESCAPE && view->mode == MODE_TABLE))
		return true;
	if (key_anywhere(view, key))
		return false;
	if (view->mode == MODE_TABLE)
		key_in_table(view, key);
	else if (key == LIVE_KEY_ENTER || key == LIVE_KEY_ESCAPE)
		set_mode(view, MODE_TABLE);
	else
		move(key, view->page_rows, 1000, &view->scroll); /* the picture knows where the end is */
	return false;
}

static struct page begin_page(int width)
{
	return (struct page){.width = width, .colour = true};
}

static void end_page(struct page *page, struct styled_lines *lines, int width)
{
	styled_lines_append(lines, page, width);
	buf_free(&page->out);
}

/* The table's columns where there are fewer than a report has: the numbers that the ranking is not by go first. */
static struct table_columns choose_columns(const struct live_view *view, int width)
{
	struct table_columns columns = report_text_table_columns(view->analysis, width);
	int *const spare[] = {&columns.share, &columns.interval, &columns.bytes, &columns.rank};

	if (view->order.sort == LIVE_SORT_LIVE && !columns.live)
		columns.live = 6;
	if (view->order.sort == LIVE_SORT_OBJECTS && !columns.objects)
		columns.objects = 5;
	for (size_t i = 0; i < sizeof(spare) / sizeof(spare[0]); i++) {
		report_text_table_widen(&columns, width);
		if (columns.where < 20)
			*spare[i] = 0;
	}
	report_text_table_widen(&columns, width);
	if (columns.where < 24)
		columns.why = 0;
	report_text_table_widen(&columns, width);
	return columns;
}

/* Rows of the table for HEIGHT lines, its heading one of them. */
static void draw_table(struct live_view *view, int width, size_t height, struct styled_lines *lines)
{
	struct page page = begin_page(width);
	struct table_columns columns;
	size_t rows = height > 1 ? height - 1 : 0, before = lines->count;

	view->page_rows = rows ? rows : 1;
	if (view->order.at < view->first)
		view->first = view->order.at;
	if (rows && view->order.at >= view->first + rows)
		view->first = view->order.at - rows + 1;
	if (view->first + rows > view->order.count)
		view->first = view->order.count > rows ? view->order.count - rows : 0;
	if (!view->order.count) {
		page_wrap(&page, PAGE_FAINT,
			  !view->analysis               ? "Waiting for the program."
			  : view->analysis->nsites == 0 ? "No allocation was sampled yet."
							: "No site matches; s and Enter show all again.",
			  0);
		end_page(&page, lines, width);
		return;
	}
	columns = choose_columns(view, width);
	report_text_table_header(&page, &columns);
	for (size_t i = view->first; i < view->order.count && i < view->first + rows; i++)
		report_text_table_row(&page, view->analysis, &columns, &view->analysis->sites[view->order.numbers[i]],
				      &view->ranks[view->order.numbers[i]]);
	end_page(&page, lines, width);
	if (before + 1 + view->order.at - view->first < lines->count)
		lines->lines[before + 1 + view->order.at - view->first].selected = true;
}

/* HEIGHT of the lines of PAGE, from those on that are scrolled to. */
static void draw_scrolled(struct live_view *view, struct page *page, int width, size_t height,
			  struct styled_lines *lines)
{
	const char *text = buf_string(&page->out);
	size_t all = 0, skip;
	struct page part = begin_page(width);

	text += *text == '\n'; /* what parts it from others in a report */
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		all++;
	view->page_rows = height ? height : 1;
	if (view->scroll + height > all)
		view->scroll = all > height ? all - height : 0;
	for (skip = view->scroll; skip > 0; skip--)
		text = strchr(text, '\n') + 1;
	buf_append_string(&part.out, text);
	end_page(&part, lines, width);
	buf_free(&page->out);
}

static void draw_details(struct live_view *view, int width, size_t height, struct styled_lines *lines)
{
	struct page page = begin_page(width);

	if (view->order.lost || !view->order.count)
		page_wrap(&page, PAGE_WARN, "This site has allocated nothing lately. Enter leads back to the table.",
			  0);
	else
		report_text_site(&page, view->analysis, chosen_site(view), chosen_site(view)->rank, DETAILS_DEPTH);
	draw_scrolled(view, &page, width, height, lines);
}

static void draw_help(struct live_view *view, int width, size_t height, struct styled_lines *lines)
{
	static const char *const keys[][2] = {
	    {"↑ ↓ j k", "choose a site; PgUp, PgDn, Home, End"},
	    {"Enter", "its verdict, reason, advice and stack; Enter or Escape leads back"},
	    {"g b o l", "rank by GC CPU saved, bytes, objects, live bytes"},
	    {"s /", "only sites whose function, file, type or verdict holds a text"},
	    {"p", "pause, and go on"},
	    {"+ -", "new figures more or less often"},
	    {"h ?", "this help"},
	    {"q", "leave"},
	};
	struct page page = begin_page(width);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		page_put(&page, "  ");
		page_left(&page, PAGE_TITLE, keys[i][0], 9);
		page_wrap(&page, PAGE_PLAIN, keys[i][1], 11);
	}
	page_put(&page, "\n");
	page_wrap(&page, PAGE_PLAIN,
		  view->facts.ends_command ? "Leaving ends the command by SIGTERM."
					   : "Leaving detaches from the program, which runs on.",
		  0);
	page_wrap(
	    &page, PAGE_PLAIN,
	    "GC CPU saved is what the collector would not take without the site, and 95 % of how sure that is; all "
	    "figures are of the last seconds that the head names. ✓ the compiler's verdict is known; ! it says "
	    "stack, the run says heap; ? several fit; · none. f:8 › g: line 8 of your function f leads to g.",
	    0);
	draw_scrolled(view, &page, width, height, lines);
}

static void draw_bottom(struct live_view *view, int width, struct styled_lines *lines)
{
	struct page page = begin_page(width);
	const char *filter = buf_string(&view->order.filter);
	struct buf words = {0};

	if (view->mode == MODE_PROMPT)
		buf_append_format(&words, "search: %s▏ (Enter keeps it, Escape does not)", filter);
	else if (view->mode == MODE_TABLE)
		buf_append_format(&words, "q %s  Enter details  g b o l sort  s search%s%s  p pause  ? help",
				  view->facts.ends_command ? "end the command" : "leave", *filter ? ": " : "", filter);
	else
		buf_append_format(&words, "Enter back  ↑↓ scroll  q %s  ? help",
				  view->facts.ends_command ? "end the command" : "leave");
	page_short(&page, view->mode == MODE_PROMPT ? PAGE_PLAIN : PAGE_FAINT, buf_string(&words), width);
	buf_free(&words);
	end_page(&page, lines, width);
}

void live_view_draw(struct live_view *view, int width, int height, struct styled_lines *lines)
{
	struct live_head head = {view->analysis, &view->facts, view->paused};
	struct page page;
	size_t room;

	width = width < 1 ? 1 : width;
	height = height < 1 ? 1 : height;
	page = begin_page(width);
	live_head_put(&page, &head, height);
	end_page(&page, lines, width);
	if (lines->count + 3 > (size_t)height)
		styled_lines_resize(lines, height > 3 ? (size_t)height - 3 : 0);
	room = (size_t)height - lines->count - (height > 1);
	if (view->mode == MODE_DETAILS)
		draw_details(view, width, room, lines);
	else if (view->mode == MODE_HELP)
		draw_help(view, width, room, lines);
	else
		draw_table(view, width, room, lines);
	styled_lines_resize(lines, (size_t)height - (height > 1));
	if (height > 1)
		draw_bottom(view, width, lines);
	styled_lines_resize(lines, (size_t)height);
}
