/* What `escprof top` shows of a made-up analysis, and what its keys do; no terminal in it. */
#include "report/live_view.h"

#include "base/memory.h"
#include "report/clean_text.h"
#include "tests/unit/sample_analysis.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct live_facts plain_facts = {.pid = 4242, .uptime_seconds = 3723.4};

static struct live_view *make_view(const struct analysis *analysis)
{
	struct live_view *view = live_view_new();

	live_view_set(view, analysis, &plain_facts);
	return view;
}

/* The text of LINE without its styles, to be freed. */
static char *text_of(const struct styled_line *line)
{
	struct buf text = {0};
	char *copy;

	for (size_t i = 0; i < line->count; i++)
		buf_append_string(&text, line->spans[i].text);
	copy = memory_copy_string(buf_string(&text));
	buf_free(&text);
	return copy;
}

/* The picture as one text, the chosen line with ">" before it. */
static char *picture(struct live_view *view, int width, int height)
{
	struct styled_lines lines = {0};
	struct buf text = {0};
	char *copy;

	live_view_draw(view, width, height, &lines);
	assert_int_equal(lines.count, height);
	for (size_t i = 0; i < lines.count; i++) {
		char *line = text_of(&lines.lines[i]);

		assert_true(clean_text_columns(line) <= width);
		buf_append_format(&text, "%s%s\n", lines.lines[i].selected ? ">" : "", line);
		free(line);
	}
	styled_lines_free(&lines);
	copy = memory_copy_string(buf_string(&text));
	buf_free(&text);
	return copy;
}

#define check_shows(view, text) check_picture(view, text, true)
#define check_hides(view, text) check_picture(view, text, false)

static void check_picture(struct live_view *view, const char *text, bool expected)
{
	char *shown = picture(view, 100, 30);

	if ((strstr(shown, text) != NULL) != expected)
		fail_msg("“%s” is %s:\n%s", text, expected ? "missing" : "there", shown);
	free(shown);
}

static void press(struct live_view *view, const char *keys)
{
	for (; *keys; keys++)
		assert_false(live_view_key(view, (unsigned char)*keys));
}

static void test_table(void **state)
{
	struct live_view *view = make_view(sample_analysis());

	(void)state;
	check_shows(view, "escprof top  service -addr :8080");
	check_shows(view, " last 30 s\n");
	check_shows(view, "GC 14.2 % of the CPU   175 MB/s allocated   4 goroutines   7.0 cycles/s   live 23 MB");
	check_shows(view, "PID 4242   up 62 min 3 s");
	check_shows(view, "allocated   ");
	check_shows(view, "\n>  1–2  15.4 12–19 ");
	check_shows(view, "findUser:18 › errors.New\n");
	check_shows(view, "main.newCache points.go:12\n");
	live_view_free(view);
}

static void test_sort(void **state)
{
	struct live_view *view = make_view(sample_analysis());

	(void)state;
	press(view, "o");
	check_shows(view, "where\n>  1–2  13.1 10–17 "); /* 48 M objects */
	press(view, "l");
	check_shows(view, "where\n>    6  −3.1 "); /* 9.4 MB alive */
	press(view, "b");
	check_shows(view, "where\n>  1–2  15.4 ");
	live_view_free(view);
}

/* The site that was chosen stays so where its rank is another in the next analysis. */
static void test_choice(void **state)
{
	struct analysis turned = *sample_analysis();
	struct live_view *view = make_view(sample_analysis());

	(void)state;
	turned.sites = memory_alloc(turned.nsites, sizeof(*turned.sites));
	for (size_t i = 0; i < turned.nsites; i++) {
		turned.sites[i] = sample_analysis()->sites[turned.nsites - 1 - i];
		turned.sites[i].rank = (uint32_t)i + 1;
	}
	assert_false(live_view_key(view, LIVE_KEY_DOWN));
	check_shows(view, "\n>  1–2  13.1 ");
	live_view_set(view, &turned, &plain_facts);
	check_shows(view, "points.go:12\n");
	check_shows(view, "\n>  1–2  13.1 ");
	press(view, "k");
	check_shows(view, "\n>  3–4   2.1 ");
	assert_false(live_view_key(view, LIVE_KEY_HOME));
	check_shows(view, "where\n>    6  −3.1 ");
	turned.nsites = 2; /* what was chosen is gone */
	assert_false(live_view_key(view, LIVE_KEY_END));
	press(view, "\n");
	live_view_set(view, NULL, &plain_facts);
	live_view_set(view, &turned, &plain_facts);
	live_view_free(view);
	free(turned.sites);
}

static void test_details(void **state)
{
	struct live_view *view = make_view(sample_analysis());

	(void)state;
	press(view, "jj\n");
	check_shows(view, "Verdict       make([]int, n) escapes to heap (tickets.go:105:13)");
	check_shows(view, "Enter back");
	press(view, "jjj");
	check_hides(view, "nothing lately");
	assert_false(live_view_key(view, LIVE_KEY_ESCAPE));
	check_shows(view, "where\n");
	live_view_free(view);
}

static void test_search(void **state)
{
	struct live_view *view = make_view(sample_analysis());

	(void)state;
	press(view, "sNEWcachq");
	check_shows(view, "search: NEWcachq");
	check_shows(view, "No site matches");
	assert_false(live_view_key(view, LIVE_KEY_BACKSPACE));
	assert_false(live_view_key(view, 0x754c)); /* 界 */
	assert_false(live_view_key(view, 0x202e)); /* turns the direction: not taken */
	check_shows(view, "search: NEWcach界▏");
	assert_false(live_view_key(view, LIVE_KEY_BACKSPACE));
	press(view, "\n");
	check_shows(view, "where\n>    6  −3.1 ");
	check_hides(view, "errors.New");
	press(view, "/");
	assert_false(live_view_key(view, LIVE_KEY_ERASE));
	check_shows(view, "errors.New");
	assert_false(live_view_key(view, LIVE_KEY_ESCAPE));
	check_hides(view, "errors.New");
	press(view, "snosuchtext\n\n"); /* Enter on nothing opens nothing */
	check_shows(view, "No site matches");
	live_view_free(view);
}

static void test_leaving(void **state)
{
	struct live_view *view = make_view(sample_analysis());

	(void)state;
	press(view, "h");
	check_shows(view, "Leaving detaches");
	assert_false(live_view_key(view, LIVE_KEY_ESCAPE));
	assert_true(live_view_key(view, LIVE_KEY_ESCAPE));
	assert_true(live_view_key(view, 'q'));
	press(view, "s");
	assert_false(live_view_key(view, 'q'));
	assert_true(live_view_key(view, LIVE_KEY_INTERRUPT));
	live_view_free(view);
}

static void test_pace(void **state)
{
	struct live_view *view = make_view(sample_analysis());

	(void)state;
	assert_true(live_view_refresh_seconds(view) == 1);
	press(view, "p---");
	assert_true(live_view_is_paused(view) && live_view_refresh_seconds(view) == 8);
	check_shows(view, "paused\n");
	press(view, "p-----------");
	assert_true(!live_view_is_paused(view) && live_view_refresh_seconds(view) == 60);
	press(view, "++++++++++++");
	assert_true(live_view_refresh_seconds(view) == 0.25);
	live_view_free(view);
}

static void test_states(void **state)
{
	struct live_facts facts = plain_facts;
	struct analysis empty = sample_analysis_empty(), profile = sample_analysis_heap_profile();
	struct live_view *view = make_view(NULL);

	(void)state;
	check_shows(view, "Waiting for the program.");
	live_view_set(view, &empty, &facts);
	check_shows(view, "No allocation was sampled yet.");
	facts.ended = true;
	facts.message = "The command ended with status 3.";
	facts.ends_command = true;
	live_view_set(view, sample_analysis(), &facts);
	check_shows(view, "the program ended\n");
	check_shows(view, "\nThe command ended with status 3.\n");
	check_shows(view, "q end the command");
	facts.bad_message = "it's broken";
	live_view_set(view, &profile, &facts);
	check_shows(view, "\nit's broken\n");
	facts.runs_on = true;
	live_view_set(view, &profile, &facts);
	check_shows(view, "the profiler ended\n");
	live_view_free(view);
}

/* Any size, any names: so many lines, none too wide, nothing that a terminal would obey. */
static void test_sizes(void **state)
{
	static const char *const modes[] = {"", "\n", "h", "s", "o", "l"};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct live_view *view = make_view(i % 2 ? sample_analysis_hostile() : sample_analysis());

		press(view, modes[i]);
		for (int width = 1; width < 130; width += width < 50 ? 1 : 9) {
			for (int height = 1; height < 45; height += height < 12 ? 1 : 7) {
				char *shown = picture(view, width, height);

				assert_null(strpbrk(shown, "\033\r\t\007"));
				free(shown);
			}
		}
		live_view_free(view);
	}
}

static void test_styles(void **state)
{
	struct page page = {.width = 20, .colour = true};
	struct styled_lines lines = {0};

	(void)state;
	page_put(&page, "ab");
	page_put_styled(&page, PAGE_GOOD, "界界\033x");
	page_put(&page, "\n\n");
	page_put_styled(&page, PAGE_BAD, "long");
	styled_lines_append(&lines, &page, 5);
	assert_int_equal(lines.count, 3);
	assert_int_equal(lines.lines[0].count, 2);
	assert_int_equal(lines.lines[0].spans[1].style, PAGE_GOOD);
	assert_string_equal(lines.lines[0].spans[1].text, "界"); /* half a character is none */
	assert_int_equal(lines.lines[1].count, 0);
	assert_int_equal(lines.lines[2].spans[0].style, PAGE_BAD);
	assert_string_equal(lines.lines[2].spans[0].text, "long");
	styled_lines_free(&lines);
	buf_free(&page.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),   cmocka_unit_test(test_sort),   cmocka_unit_test(test_choice),
	    cmocka_unit_test(test_details), cmocka_unit_test(test_search), cmocka_unit_test(test_leaving),
	    cmocka_unit_test(test_pace),    cmocka_unit_test(test_states), cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_styles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
