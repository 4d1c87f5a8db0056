/* Blocks over time, and what they stand for. */
#include "report/sparkline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(const double *values, size_t count, size_t columns, const char *expected)
{
	struct buf out = {0};

	sparkline_append(&out, values, count, columns);
	assert_string_equal(buf_string(&out), expected);
	buf_free(&out);
}

static void test_blocks(void **state)
{
	static const double rising[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, small[] = {0.001, 8, -1, NAN};

	(void)state;
	check(rising, 9, 9, " ▁▂▃▄▅▆▇█");
	check(small, 4, 4, "▁█ ·");
}

static void test_merged(void **state)
{
	static const double pairs[] = {8, 8, 4, 0, NAN, 4, NAN, NAN, 0}, none[] = {0, 0, 0, 0};

	(void)state;
	check(pairs, 9, 9, "██▄ ·▄·· ");
	check(pairs, 8, 4, "█▂▄·");
	check(none, 4, 2, "  ");
	check(pairs, 2, 4, "████"); /* wider than there are values */
}

static void test_most(void **state)
{
	static const double values[] = {NAN, 3, 7, NAN, 5}, unknown[] = {NAN, NAN};

	(void)state;
	assert_true(sparkline_most(values, 5) == 7);
	assert_true(isnan(sparkline_most(unknown, 2)) && isnan(sparkline_most(values, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_blocks),
	    cmocka_unit_test(test_merged),
	    cmocka_unit_test(test_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
