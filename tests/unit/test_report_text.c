/*
 * The text report against golden files, which RENEW_GOLDEN=1 writes anew, and what must hold of any: its width, and
 * that names do nothing to a terminal.
 */
#include "report/clean_text.h"
#include "report/page.h"
#include "report/report_text_parts.h"
#include "report/words.h"
#include "tests/unit/sample_analysis.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	if (!file)
		fail_msg("%s: missing: write it with RENEW_GOLDEN=1", path);
	(void)!fread(text, 1, (1 << 16) - 1, file);
	fclose(file);
	return text;
}

static void check_golden(const char *path, const struct analysis *analysis, const struct report_options *options)
{
	char *text = sample_analysis_write(report_text, analysis, options, NULL), *golden;

	if (getenv("RENEW_GOLDEN")) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	golden = read_file(path);
	assert_string_equal(text, golden);
	free(golden);
	free(text);
}

static void test_golden(void **state)
{
	struct analysis profile = sample_analysis_heap_profile(), empty = sample_analysis_empty();
	struct report_options narrow = report_options_default(), roots = narrow;
	static const uint32_t asked[] = {1, 6};

	(void)state;
	roots.by = REPORT_BY_ROOT;
	roots.top = 2;
	check_golden("tests/unit/golden/report_text_roots.txt", sample_analysis(), &roots);
	roots.width = 80;
	check_golden("tests/unit/golden/report_text_roots_narrow.txt", sample_analysis(), &roots);
	roots.width = 100;
	roots.by = REPORT_BY_GOROUTINES;
	check_golden("tests/unit/golden/report_text_goroutines.txt", sample_analysis(), &roots);
	roots.by = REPORT_BY_CATEGORY;
	roots.what_if = (struct report_what_if){asked, 2, {.set_gogc = true, .gogc = 200}};
	check_golden("tests/unit/golden/report_text_what_if.txt", sample_analysis(), &roots);
	roots.what_if = (struct report_what_if){asked, 2, {0}};
	check_golden("tests/unit/golden/report_text_without.txt", sample_analysis(), &roots);
	narrow.width = 80;
	narrow.top = 4;
	narrow.details = 1;
	check_golden("tests/unit/golden/report_text.txt", sample_analysis(), NULL);
	check_golden("tests/unit/golden/report_text_narrow.txt", sample_analysis(), &narrow);
	check_golden("tests/unit/golden/report_text_heap_profile.txt", &profile, NULL);
	check_golden("tests/unit/golden/report_text_empty.txt", &empty, NULL);
}

/* No line of TEXT passes WIDTH columns. */
static void check_width(const char *text, int width)
{
	char *copy = strdup(text), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (clean_text_columns(line) > width)
			fail_msg("%d columns: %s", clean_text_columns(line), line);
	free(copy);
}

static void test_width(void **state)
{
	const struct analysis *analyses[] = {sample_analysis(), sample_analysis_hostile()};

	(void)state;
	for (int width = 80; width <= 140; width += 7) {
		for (size_t i = 0; i < 2; i++) {
			struct report_options options = {.top = 20, .details = 6, .depth = 8, .width = width};
			char *text = sample_analysis_write(report_text, analyses[i], &options, NULL);

			check_width(text, width);
			free(text);
			options.by = REPORT_BY_ROOT;
			text = sample_analysis_write(report_text, analyses[i], &options, NULL);
			check_width(text, width);
			free(text);
		}
	}
}

/* Nothing but line ends, spaces and what can be seen; colours are the only escapes, and ours. */
static void test_names_are_harmless(void **state)
{
	struct report_options options = report_options_default();
	char *text = sample_analysis_write(report_text, sample_analysis_hostile(), &options, NULL);
	uint32_t code_point;

	(void)state;
	for (const char *at = text; (code_point = clean_text_next(&at));)
		assert_true(code_point == '\n' || !clean_text_is_harmful(code_point));
	free(text);
	options.colour = true;
	text = sample_analysis_write(report_text, sample_analysis_hostile(), &options, NULL);
	for (const char *at = text; (at = strchr(at, '\033')); at++)
		assert_true(at[1] == '[' && strspn(at + 2, "0123456789") == strcspn(at + 2, "m"));
	free(text);
}

static void test_ranks(void **state)
{
	static const size_t expected[][2] = {{1, 2}, {1, 2}, {3, 4}, {3, 5}, {4, 5}, {6, 6}};
	struct rank_range *ranks = report_text_ranks(sample_analysis());

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(ranks[i].first, expected[i][0]);
		assert_int_equal(ranks[i].last, expected[i][1]);
	}
	free(ranks);
}

/* The report of ANALYSIS with each run of blanks and line ends as one blank, to be freed. */
static char *flat_report(const struct analysis *analysis, const struct report_options *options)
{
	char *text = sample_analysis_write(report_text, analysis, options, NULL), *to = text;

	for (const char *from = text; *from; from++) {
		bool blank = *from == ' ' || *from == '\n';

		if (!blank || (to > text && to[-1] != ' '))
			*to++ = blank ? ' ' : *from;
	}
	*to = '\0';
	return text;
}

/* The GC's figures, but no cycle that ended: nothing is said of savings, by site or by group. */
static void test_no_cycle(void **state)
{
	struct analysis analysis = *sample_analysis();
	struct report_options options = report_options_default();
	char *text, *groups;

	(void)state;
	analysis.gc_run = NULL;
	text = sample_analysis_write(report_text, &analysis, NULL, NULL);
	options.by = REPORT_BY_CATEGORY;
	groups = sample_analysis_write(report_text, &analysis, &options, NULL);
	assert_non_null(strstr(text, "Ranked by bytes: no GC cycle was seen."));
	assert_non_null(strstr(text, "The largest allocation sites"));
	assert_null(strstr(text, "saved %"));
	assert_null(strstr(text, "Without it the GC"));
	assert_null(strstr(groups, "saved"));
	assert_non_null(strstr(groups, "nothing to be gathered by"));
	free(text);
	free(groups);
}

/* What is shown of a selection, by stacks or moments, would save so much together. */
static void test_selection(void **state)
{
	struct analysis analysis = *sample_analysis();
	char *text;

	(void)state;
	analysis.selection.saving = saving_unknown();
	analysis.selection.saving.share = -0.123;
	analysis.selection.saving.share_ci = (struct interval){-0.2, -0.05};
	analysis.selection.when = "goroutines>1000";
	text = flat_report(&analysis, NULL);
	assert_non_null(strstr(text, "Without any of it the GC would take 12.3 % more CPU (95 %: 5.0 to 20.0 %)"));
	free(text);
	analysis.selection.focus = "main";
	analysis.selection.saving.share = 0.123;
	analysis.selection.saving.share_ci = (struct interval){-0.05, 0.2};
	text = flat_report(&analysis, NULL);
	assert_non_null(strstr(text, "12.3 % less CPU (95 %: −5.0 to 20.0 %)"));
	assert_null(strstr(strstr(text, "12.3 % less CPU") + 1, "12.3 % less CPU")); /* once */
	free(text);
}

/* A site whose removal costs says why; one that saves, or of which the goal tells nothing, says nothing. */
static void test_why_more(void **state)
{
	struct report_options options = {.top = 6, .details = 6, .depth = 8, .width = 140};
	static struct site sites[6];
	struct analysis analysis = *sample_analysis();
	char *text = flat_report(&analysis, &options), *why = strstr(text, "Why more");

	(void)state;
	assert_non_null(why);
	assert_non_null(strstr(why,
			       "Its 9.4 MB alive hold the heap's goal up: without them it would be 30 MB instead of "
			       "48 MB, so the GC would run "));
	assert_non_null(strstr(why, "21.0 % more often, each time for 14.8 % less CPU."));
	assert_null(strstr(why + 1, "Why more"));
	assert_non_null(strstr(text, "Without it the GC would take about 3.1 % more CPU (95 %: 1.2–5.2 %)"));
	free(text);
	memcpy(sites, analysis.sites, sizeof(sites));
	sites[5].saving.goal_bytes = NAN;
	analysis.sites = sites;
	text = flat_report(&analysis, &options);
	assert_null(strstr(text, "Why more"));
	free(text);
}

/* An interval is told in the direction of its figure, and in a table within its column. */
static void test_intervals(void **state)
{
	static const struct {
		struct interval interval;
		const char *text, *cell, *more;
	} cases[] = {
	    {{0.1, 0.15}, "10–15", "10–15", "−15…−10"},
	    {{-0.58, -0.1}, "−58…−10", "−58…−10", "10–58"},
	    {{-0.15, 0.32}, "−15…32", "−15…32", "−32…15"},
	    {{-0.095, 0.0123}, "−9.5…1.2", "−9.5…1.2", "−1.2…9.5"},
	    {{-1.2, -1.1}, "−120…−110", "−120…−110", "110–120"},
	    {{-12.3, -1.1}, "−1230…−110", "<−99…<−99", "110–1230"},
	    {{-1234, 0.32}, "−123400…32", "<−99…32", "−32…123400"},
	    {{NAN, 0.32}, "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct interval told = words_told_interval(0.1, &cases[i].interval);
		char text[WORDS_NUMBER_SIZE];

		assert_string_equal(words_percent_interval(text, &told), cases[i].text);
		assert_string_equal(words_percent_cell(text, &told), cases[i].cell);
		told = words_told_interval(-0.1, &cases[i].interval);
		assert_string_equal(words_percent_interval(text, &told), cases[i].more);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *(*format)(char *, double);
		double value;
		const char *text;
	} cases[] = {
	    {words_bytes, 0, "0 B"},
	    {words_bytes, 640, "640 B"},
	    {words_bytes, 999.6, "1.0 kB"},
	    {words_bytes, 1234, "1.2 kB"},
	    {words_bytes, 1.2e9, "1.2 GB"},
	    {words_bytes, 9.96e6, "10 MB"},
	    {words_bytes, 999.7e6, "1.0 GB"},
	    {words_bytes, NAN, "?"},
	    {words_bytes, -3.4e6, "−3.4 MB"},
	    {words_count, 3.4e6, "3.4 M"},
	    {words_count, 0.31, "0.3"},
	    {words_count, 812, "812"},
	    {words_percent, 0.1243, "12.4"},
	    {words_percent, -0.031, "−3.1"},
	    {words_percent, 0.0001, "0"},
	    {words_percent, 1, "100"},
	    {words_percent, 0.9999, "100"},
	    {words_change, 0.34, "−34.0"},
	    {words_change, -0.123, "+12.3"},
	    {words_change, -1.92, "+192"},
	    {words_change, 0.0001, "0"},
	    {words_change, -0.0001, "0"},
	    {words_change, NAN, "?"},
	    {words_integer, 14217, "14,217"},
	    {words_integer, 999, "999"},
	    {words_integer, 1e6, "1,000,000"},
	    {words_seconds, 0.0123, "12.3 ms"},
	    {words_seconds, 200, "3 min 20 s"},
	    {words_seconds, 30.2, "30.2 s"},
	    {words_seconds, 4e-5, "40 µs"},
	    {words_seconds, 0, "0 s"},
	    {words_seconds, INFINITY, "?"},
	};
	char text[WORDS_NUMBER_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(cases[i].format(text, cases[i].value), cases[i].text);
	assert_string_equal(words_percent_interval(text, &(struct interval){0.1, 0.15}), "10–15");
	assert_string_equal(words_percent_interval(text, &(struct interval){-0.04, 0.02}), "−4.0…2.0");
	assert_string_equal(words_percent_interval(text, &(struct interval){NAN, 0.02}), "");
}

static void check_function(const char *function, const char *expected)
{
	struct buf name = {0};

	words_append_function(&name, function);
	assert_string_equal(buf_string(&name), expected);
	buf_free(&name);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(words_short_function("github.com/x/errors.(*Error).Is"), "errors.(*Error).Is");
	assert_string_equal(words_short_function("github.com/x/kratos/v2.New"), "kratos/v2.New");
	assert_string_equal(words_short_function("slices.Sort[go.shape.[]a/b.T]"), "slices.Sort[go.shape.[]a/b.T]");
	assert_string_equal(words_short_function("main.main"), "main.main");
	assert_string_equal(words_short_function("v2.New"), "v2.New");
	assert_string_equal(words_short_function(NULL), "");
	check_function("github.com/x/v2.(*Cache[go.shape.string,go.shape.*uint8]).Set", "x/v2.(*Cache[...]).Set");
	check_function("a/b.New[go.shape.[]a/b.T].func1[int]", "b.New[...].func1[...]");
	check_function("b.open[int", "b.open[...]");
	check_function("main.main", "main.main");
	assert_string_equal(words_base_name("/a/b.go"), "b.go");
	assert_string_equal(words_base_name(NULL), "");
}

static void check_short(const char *text, int columns, const char *expected)
{
	struct page page = {.width = 80};

	page_left(&page, PAGE_PLAIN, text, columns);
	assert_string_equal(buf_string(&page.out), expected);
	buf_free(&page.out);
}

static void test_shortening(void **state)
{
	(void)state;
	check_short("main.newErr", 11, "main.newErr");
	check_short("main.newErr", 13, "main.newErr  ");
	check_short("main.newError", 7, "ma…rror");
	check_short("世界世界世界", 7, "世…世界");
	check_short("\xff\033x", 4, "��x ");
	check_short("é́", 2, "é́ ");
}

static void test_wrapping(void **state)
{
	struct page page = {.width = 25};

	(void)state;
	page_wrap(&page, PAGE_PLAIN, "one two three 12 ms and aVeryLongWordThatFitsNowhere", 2);
	assert_string_equal(buf_string(&page.out), "one two three 12 ms and\n  aVeryLongWordThatFitsNo\n  where\n");
	buf_free(&page.out);
	page_wrap(&page, PAGE_PLAIN, "At /one/folder/and/another/file.go:12", 2);
	assert_string_equal(buf_string(&page.out), "At /one/folder/and/\n  another/file.go:12\n");
	buf_free(&page.out);
}

static void test_write_error(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct error error = {""};

	(void)state;
	if (!full)
		skip();
	assert_int_equal(report_text(full, sample_analysis(), NULL, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "could not be written"));
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_width),
	    cmocka_unit_test(test_names_are_harmless),
	    cmocka_unit_test(test_ranks),
	    cmocka_unit_test(test_why_more),
	    cmocka_unit_test(test_no_cycle),
	    cmocka_unit_test(test_selection),
	    cmocka_unit_test(test_intervals),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_shortening),
	    cmocka_unit_test(test_wrapping),
	    cmocka_unit_test(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
