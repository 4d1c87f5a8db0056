/* How sure a saving is: what each doubt does to it. */
#include "analyzer/saving_interval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MB 1e6

/* A run of one site that makes 900 MB of 1000, and others; half of the live heap is the site's. */
static const struct gc_model_run run = {.gogc = 100,
					.live = 60 * MB,
					.goal = 120 * MB,
					.sites_live = 50 * MB,
					.allocated = 1000 * MB,
					.sites_objects = 1e6,
					.costs = {1e5, 35, 0.6, 0.87, 0}};
static const struct saving_part sure = {.site = {900 * MB, 20 * MB, 4e5, 0, 0, 0, NULL},
					.allocated = {900 * MB, 900 * MB},
					.live = {20 * MB, 20 * MB},
					.live_black = {20 * MB, 20 * MB},
					.objects_per_byte = 0.02};

static double width(const struct saving_doubts *doubts, const struct saving_part *part)
{
	struct gc_model_savings savings;
	struct gc_model_intervals intervals = saving_intervals(&savings, &run, doubts, part, NULL);
	struct interval *cpu = &intervals.of[GC_MODEL_CPU];

	assert_float_equal(savings.of[GC_MODEL_CPU], gc_model_saving(&run, &part->site), 1e-12);
	for (int i = 0; i < GC_MODEL_FIGURES; i++)
		assert_true(intervals.of[i].low <= savings.of[i] && savings.of[i] <= intervals.of[i].high &&
			    intervals.of[i].high <= 1);
	return cpu->high - cpu->low;
}

static void test_nothing_in_doubt(void **state)
{
	struct saving_part part = sure;
	struct gc_model_savings savings, errors;
	struct gc_model_intervals intervals;

	(void)state;
	part.site.allocated = part.allocated.low = part.allocated.high = 300 * MB;
	intervals = saving_intervals(&savings, &run, NULL, &part, NULL);
	errors = gc_model_errors(&run, &part.site, NULL, &savings);
	for (int i = 0; i < GC_MODEL_FIGURES; i++) {
		assert_float_equal(intervals.of[i].low, savings.of[i] - errors.of[i], 1e-9);
		assert_float_equal(intervals.of[i].high, savings.of[i] + errors.of[i], 1e-9);
	}
}

/* It could all be alive, and then removing it would make cycles more frequent, and the goal lower. */
static void test_no_lives_seen(void **state)
{
	struct saving_part part = {.site = {.allocated = 30 * MB}, .allocated = {30 * MB, 30 * MB}};
	struct gc_model_intervals known, unsure;
	struct gc_model_savings savings;

	(void)state;
	known = saving_intervals(&savings, &run, NULL, &part, NULL);
	part.live.high = 30 * MB;
	part.objects_per_byte = 0.002;
	unsure = saving_intervals(&savings, &run, NULL, &part, NULL);
	assert_true(unsure.of[GC_MODEL_CYCLES].low < known.of[GC_MODEL_CYCLES].low - 0.1);
	assert_float_equal(unsure.of[GC_MODEL_CYCLES].high, known.of[GC_MODEL_CYCLES].high, 1e-9);
	/* With the peak as it was, they would be fewer, whatever is known. */
	assert_true(unsure.of[GC_MODEL_CPU_EQUAL_MEMORY].high > known.of[GC_MODEL_CPU_EQUAL_MEMORY].high + 0.1);
	assert_float_equal(unsure.of[GC_MODEL_CPU_EQUAL_MEMORY].low, known.of[GC_MODEL_CPU_EQUAL_MEMORY].low, 1e-9);
}

/* At another setting memory is not equal. */
static void test_setting(void **state)
{
	struct gc_model_setting setting = {.gogc = 200};
	struct gc_model_savings savings;
	struct gc_model_intervals intervals = saving_intervals(&savings, &run, NULL, &sure, &setting);

	(void)state;
	assert_true(isnan(intervals.of[GC_MODEL_CPU_EQUAL_MEMORY].low));
	assert_true(isnan(intervals.of[GC_MODEL_CPU_EQUAL_MEMORY].high));
	assert_true(intervals.of[GC_MODEL_CYCLES].low < savings.of[GC_MODEL_CYCLES]);
}

static void test_each_doubt_widens(void **state)
{
	struct saving_part parts[4] = {sure, sure, sure, sure};
	struct saving_doubts doubts = {0};

	(void)state;
	parts[0].allocated = (struct interval){700 * MB, 1200 * MB};
	parts[1].live = (struct interval){5 * MB, 40 * MB};
	parts[1].objects_per_byte = 0; /* else more objects and a higher goal would nearly cancel */
	parts[2].objects_doubt = 0.5;
	for (int i = 0; i < 3; i++)
		assert_true(width(NULL, &parts[i]) > width(NULL, &sure) + 0.001);
	doubts.objects.above = pow(1e6, 2);
	assert_true(width(&doubts, &sure) > width(NULL, &sure) + 0.001);
	doubts = (struct saving_doubts){.allocated = {pow(200 * MB, 2), pow(200 * MB, 2)}};
	assert_true(width(&doubts, &sure) > width(NULL, &sure) + 0.001);
	doubts = (struct saving_doubts){.less_black = {0, 1e6, 0}};
	assert_true(width(&doubts, &sure) > width(NULL, &sure) + 0.001);
}

/* What is one site's own doubt is not the others' as well. */
static void test_own_doubt_is_counted_once(void **state)
{
	struct saving_part part = sure;
	struct saving_doubts doubts = {0};

	(void)state;
	part.allocated = (struct interval){700 * MB, 1200 * MB};
	saving_doubts_add(&doubts, &part);
	assert_float_equal(width(&doubts, &part), width(NULL, &part), 1e-9);
	saving_doubts_add(&doubts, &part); /* another like it */
	assert_true(width(&doubts, &part) > width(NULL, &part) + 0.001);
}

/* Nearly all bytes are this site's, however few samples say how many: its doubt matters less than others' would. */
static void test_sums_go_along(void **state)
{
	struct saving_doubts others = {.allocated = {pow(300 * MB, 2), pow(300 * MB, 2)}};
	struct saving_part known = {.site = {.allocated = 990 * MB}, .allocated = {990 * MB, 990 * MB}};
	struct saving_part doubtful = known;

	(void)state;
	doubtful.allocated = (struct interval){690 * MB, 1290 * MB};
	assert_true(width(NULL, &doubtful) > width(NULL, &known));
	assert_true(width(NULL, &doubtful) < width(&others, &known));
}

static void test_scaled(void **state)
{
	struct saving_doubts doubts = {.live = {4, 16}, .allocated = {9, 9}, .more_black = {-2, 0, 0}};

	(void)state;
	saving_doubts_scale_live(&doubts, 0.5);
	assert_true(doubts.live.below == 1 && doubts.live.above == 4 && doubts.allocated.below == 9);
	assert_true(doubts.more_black.live == -1);
}

static void test_objects_doubt(void **state)
{
	struct interval bytes = {80, 120}, objects = {50, 150};

	(void)state;
	assert_float_equal(saving_objects_doubt(100, &objects, 100, &bytes), sqrt(0.25 - 0.04), 1e-12);
	assert_true(saving_objects_doubt(100, &bytes, 100, &bytes) == 0);
	assert_true(saving_objects_doubt(100, &bytes, 100, &objects) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_in_doubt),
	    cmocka_unit_test(test_no_lives_seen),
	    cmocka_unit_test(test_setting),
	    cmocka_unit_test(test_each_doubt_widens),
	    cmocka_unit_test(test_own_doubt_is_counted_once),
	    cmocka_unit_test(test_sums_go_along),
	    cmocka_unit_test(test_scaled),
	    cmocka_unit_test(test_objects_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
