/* Folded stacks: their order, values and the characters that names may not bring in. */
#include "tests/unit/sample_analysis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *write_folded(const struct analysis *analysis, enum report_value value)
{
	struct report_options options = report_options_default();

	options.value = value;
	return sample_analysis_write(report_folded, analysis, &options, NULL);
}

static void test_order(void **state)
{
	char *text = write_folded(sample_analysis(), REPORT_VALUE_ALLOC);

	(void)state;
	assert_non_null(
	    strstr(text, "runtime.goexit;main.(*server).handleProduct;main.(*catalogue).describe 1400000000\n"));
	assert_non_null(strstr(text, "main.main;main.newCache 20000000\n"));
	free(text);
}

/* Sums the numbers at the lines' ends. */
static double sum_values(const char *text)
{
	double sum = 0;

	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		const char *number = end;

		while (number > text && number[-1] != ' ')
			number--;
		sum += strtod(number, NULL);
	}
	return sum;
}

static void test_totals(void **state)
{
	char *text = write_folded(sample_analysis(), REPORT_VALUE_ALLOC);

	(void)state;
	assert_true(sum_values(text) == 5.28e9);
	free(text);
	text = write_folded(sample_analysis(), REPORT_VALUE_OBJECTS);
	assert_true(sum_values(text) == 18.7e6 + 4.5e6 + 48e6 + 0.11e6 + 0.9e6 + 3.1e6 + 19);
	free(text);
}

/* A saving below zero has no width; it is left out. */
static void test_negative(void **state)
{
	char *text = write_folded(sample_analysis(), REPORT_VALUE_GC);

	(void)state;
	assert_null(strstr(text, "newCache"));
	assert_null(strstr(text, " -"));
	free(text);
}

static void test_hostile_names(void **state)
{
	char *text = write_folded(sample_analysis_hostile(), REPORT_VALUE_ALLOC);
	size_t separators = 0;

	(void)state;
	for (const char *at = text; *at; at++)
		separators += *at == ';';
	assert_int_equal(separators, 1);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_null(strchr(text, '\033'));
	free(text);
}

static void test_no_gc(void **state)
{
	struct analysis profile = sample_analysis_heap_profile();
	struct report_options options = report_options_default();
	struct error error = {""};

	(void)state;
	assert_int_equal(report_folded(stderr, &profile, &options, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "alloc"));
}

static void test_value_names(void **state)
{
	enum report_value value;
	struct error error = {""};

	(void)state;
	assert_int_equal(report_value_parse(&value, "live", &error), STATUS_OK);
	assert_int_equal(value, REPORT_VALUE_LIVE);
	assert_int_equal(report_value_parse(&value, "bytes", &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "gc, alloc, objects, live or kept"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),         cmocka_unit_test(test_totals), cmocka_unit_test(test_negative),
	    cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_no_gc),  cmocka_unit_test(test_value_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
