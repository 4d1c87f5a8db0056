/* Both heaps in one view: which sites, what they say, what the formats make of them; and who in Go pays for C. */
#include "analyzer/heap_sites.h"
#include "report/gather_c.h"
#include "report/stack_values.h"
#include "tests/unit/sample_analysis.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct analysis_frame frames[] = {{"c_leaf", "/src/c.c", 7}, {"main.one", "/src/main.go", 10}};
static struct analysis_stack stacks[] = {
    {.frames = frames, .nframes = 2, .alloc_bytes = 900, .alloc_objects = 9, .live_bytes = 30, .kept_bytes = 60},
    {.frames = frames, .nframes = 1, .alloc_bytes = 100, .alloc_objects = 1, .live_bytes = 10, .kept_bytes = 40},
};

static struct c_site site_of(const char *through, const char *caller, uint32_t line, double bytes)
{
	return (struct c_site){.rank = 1,
			       .function = "c_leaf",
			       .file = "/src/c.c",
			       .line = 7,
			       .inline_chain = frames,
			       .ninline = 1,
			       .through = through,
			       .go_caller = {caller, "/src/main.go", line},
			       .samples = 10,
			       .alloc_bytes = bytes,
			       .alloc_objects = 10,
			       .live_bytes = 40,
			       .live_objects = 4,
			       .kept_bytes = 100,
			       .kept_objects = 10,
			       .stacks = stacks,
			       .nstacks = 2};
}

/* The sample's own, with four places of C: three below Go, in two packages. */
static struct analysis with_c(void)
{
	static struct c_site sites[4];
	struct analysis analysis = *sample_analysis();

	sites[0] = site_of("strdup", "main.one", 10, 1000);
	sites[1] = site_of("", "main.one", 10, 500);
	sites[2] = site_of("", "example.com/x/log.Write", 20, 400);
	sites[3] = site_of("", "", 0, 300);
	analysis.c = (struct c_part){.known = true, .rate = 1, .alloc_bytes = 2200, .sites = sites, .nsites = 4};
	return analysis;
}

static void test_choices(void **state)
{
	struct analysis analysis = with_c();
	struct heap_sites view;

	(void)state;
	heap_sites_make(&view, &analysis, HEAP_ALL);
	assert_int_equal(view.analysis.nsites, analysis.nsites + 4);
	assert_string_equal(view.analysis.sites[0].function, analysis.sites[0].function);
	assert_int_equal(view.analysis.sites[analysis.nsites].class_, CLASS_C);
	assert_true(view.analysis.alloc_bytes == analysis.alloc_bytes);
	assert_true(view.analysis.gc.known && view.analysis.c.known);
	heap_sites_free(&view);
	heap_sites_make(&view, &analysis, HEAP_GO);
	assert_int_equal(view.analysis.nsites, analysis.nsites);
	assert_false(view.analysis.c.known);
	heap_sites_free(&view);
	heap_sites_make(&view, &analysis, HEAP_C);
	assert_int_equal(view.analysis.nsites, 4);
	assert_false(view.analysis.gc.known);
	assert_true(view.analysis.alloc_bytes == 0 && view.analysis.rate_high == 1);
	heap_sites_free(&view);
	heap_sites_free(&view);
	heap_sites_make(&view, sample_analysis(), HEAP_ALL);
	assert_ptr_equal(view.analysis.sites, sample_analysis()->sites);
	heap_sites_free(&view);
}

static void test_words(void **state)
{
	struct analysis analysis = with_c();
	struct heap_sites view;

	(void)state;
	heap_sites_make(&view, &analysis, HEAP_C);
	assert_string_equal(view.analysis.sites[0].entry, "strdup");
	assert_string_equal(view.analysis.sites[1].entry, "malloc");
	assert_string_equal(view.analysis.sites[0].shown.function, "main.one");
	assert_true(view.analysis.sites[0].shown_is_own);
	assert_false(view.analysis.sites[2].shown_is_own); /* another module's */
	assert_string_equal(view.analysis.sites[3].shown.function, "c_leaf");
	assert_true(view.analysis.sites[3].shown_is_own);
	assert_null(view.analysis.sites[0].verdict.message);
	assert_true(view.analysis.sites[0].saving.share == 0);
	heap_sites_free(&view);
}

static void test_values(void **state)
{
	struct analysis analysis = with_c();
	struct heap_sites view;
	struct error error;

	(void)state;
	heap_sites_make(&view, &analysis, HEAP_ALL);
	const struct site *site = &view.analysis.sites[analysis.nsites];
	struct analysis_stack stack = stack_values_at(site, 0);

	assert_int_equal(stack_values_get(&view.analysis, &stack, REPORT_VALUE_KEPT), 60);
	assert_int_equal(stack_values_get(&view.analysis, &stack, REPORT_VALUE_GC), 0);
	assert_int_equal(stack_values_kept_objects(site, &stack), 6);
	assert_int_equal(stack_values_live_objects(site, &stack), 3);
	assert_int_equal(stack_values_check(&view.analysis, REPORT_VALUE_KEPT, &error), STATUS_OK);
	view.analysis.c.of_moments = true;
	assert_int_equal(stack_values_check(&view.analysis, REPORT_VALUE_KEPT, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "--when"));
	heap_sites_free(&view);
	assert_int_equal(stack_values_check(sample_analysis(), REPORT_VALUE_KEPT, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "no C allocations"));
}

static void test_callers(void **state)
{
	struct analysis analysis = with_c();
	struct c_gathering lines;

	(void)state;
	gather_c(&lines, &analysis, false);
	assert_int_equal(lines.count, 2);
	assert_string_equal(lines.rows[0].frame.function, "main.one");
	assert_int_equal(lines.rows[0].sites, 2);
	assert_true(lines.rows[0].alloc_bytes == 1500 && lines.rows[0].kept_bytes == 200 &&
		    lines.rows[0].live_bytes == 80);
	assert_true(lines.own_bytes == 300);
	gather_c_free(&lines);
	gather_c(&lines, &analysis, true);
	assert_int_equal(lines.count, 2);
	assert_string_equal(lines.rows[0].name, "main");
	assert_string_equal(lines.rows[1].name, "example.com/x/log");
	gather_c_free(&lines);
	gather_c_free(&lines);
}

/* The table of lines, and what is said of moments alone. */
static void test_text(void **state)
{
	struct analysis analysis = with_c();
	char *text = sample_analysis_write(report_text, &analysis, NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "Go lines that pay for C memory"));
	assert_non_null(strstr(text, "300 B (13.6 %) more is allocated where no Go code called"));
	assert_non_null(strstr(text, "not freed at the end"));
	free(text);
	analysis.c.of_moments = true;
	text = sample_analysis_write(report_text, &analysis, NULL, NULL);
	assert_null(strstr(text, "C: not freed at the end"));
	assert_null(strstr(text, "alive on average, "));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_choices), cmocka_unit_test(test_words), cmocka_unit_test(test_values),
	    cmocka_unit_test(test_callers), cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
