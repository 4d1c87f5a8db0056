/* Sites that are thought away together, and another setting: what the analysis makes of the model. */
#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"
#include "analyzer/saving_interval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOTHING 1e-12

static const struct gc_model_run run = {.gogc = 100,
					.live = 60e6,
					.goal = 110e6,
					.sites_live = 50e6,
					.allocated = 1e9,
					.sites_objects = 1e6,
					.costs = {1e5, 35, 0.6, 0}};
static const struct site sites[] = {
    {.class_ = CLASS_ESCAPE,
     .alloc_bytes = 4e8,
     .alloc_objects = 4e6,
     .alloc_bytes_ci = {3e8, 6e8},
     .live_bytes = 1e6,
     .live_objects = 1e4,
     .mark_objects = 1e4,
     .live_bytes_ci = {0, 3e6},
     .live_by_life = {0, 3e6},
     .live_black = {1e6, 1e6},
     .alloc_cpu_seconds = 1,
     .miss_cpu_seconds = 0.5},
    {.class_ = CLASS_MAP_GROWTH,
     .alloc_bytes = 2e8,
     .alloc_objects = 1e5,
     .alloc_bytes_ci = {2e8, 2e8},
     .live_bytes = 20e6,
     .live_objects = 1e4,
     .mark_objects = 1e4,
     .live_bytes_ci = {20e6, 20e6},
     .live_by_life = {20e6, 20e6},
     .live_black = {20e6, 20e6},
     .scan_bytes = 10e6,
     .scan_share = 0.5,
     .alloc_cpu_seconds = 2,
     .miss_cpu_seconds = 0.25},
    {.class_ = CLASS_C, .alloc_bytes = 3e8},
};
static const struct analysis analysis = {.gc = {.known = true, .assist_seconds = 0.5}, .gc_run = &run};

static double model_saving(double allocated, double live, double objects, double scan)
{
	struct gc_model_site site = {allocated, live, objects, scan, 0, 0, NULL};

	return gc_model_saving(&run, &site);
}

static void test_together(void **state)
{
	struct removal one = {0}, both = {0};
	struct saving saving, alone;

	(void)state;
	removal_add(&one, &sites[0], 1);
	removal_add(&both, &sites[0], 1);
	removal_add(&both, &sites[1], 1);
	alone = analysis_saving(&analysis, &one, NULL);
	saving = analysis_saving(&analysis, &both, NULL);
	assert_float_equal(alone.share, model_saving(4e8, 1e6, 1e4, 0), 1e-9);
	assert_float_equal(saving.share, model_saving(6e8, 21e6, 2e4, 10e6), 1e-9);
	assert_true(saving.share_ci.low < saving.share && saving.share < saving.share_ci.high);
	assert_true(isfinite(saving.share_equal_memory) && saving.goal_bytes < alone.goal_bytes);
	assert_float_equal(both.alloc_cpu_seconds, 3, 1e-9);
	assert_float_equal(both.miss_cpu_seconds, 0.75, 1e-9);
	/* C's memory is not the GC's */
	removal_add(&both, &sites[2], 1);
	assert_float_equal(analysis_saving(&analysis, &both, NULL).share, saving.share, 1e-12);
}

static void check_figure(double share, const struct interval *ci, const struct gc_model_savings *savings,
			 const struct gc_model_intervals *intervals, enum gc_model_figure figure)
{
	assert_float_equal(share, savings->of[figure], 1e-9);
	assert_float_equal(ci->low, intervals->of[figure].low, 1e-9);
	assert_float_equal(ci->high, intervals->of[figure].high, 1e-9);
	assert_true(ci->low < share && share < ci->high);
}

/* Parts of a site make the whole; the interval is that of one site. */
static void test_shares_and_intervals(void **state)
{
	static const struct saving_part part = {.site = {4e8, 1e6, 1e4, 0, 0, 0, NULL},
						.allocated = {3e8, 6e8},
						.live = {0, 3e6},
						.objects_per_byte = 0.01};
	struct removal whole = {0}, parts = {0};
	struct gc_model_savings savings;
	struct gc_model_intervals expected = saving_intervals(&savings, &run, NULL, &part, NULL);
	struct saving saving;

	(void)state;
	removal_add(&whole, &sites[0], 1);
	removal_add(&parts, &sites[0], 0.25);
	removal_add(&parts, &sites[0], 0.75);
	saving = analysis_saving(&analysis, &whole, NULL);
	check_figure(saving.share, &saving.share_ci, &savings, &expected, GC_MODEL_CPU);
	check_figure(saving.share_equal_memory, &saving.share_equal_memory_ci, &savings, &expected,
		     GC_MODEL_CPU_EQUAL_MEMORY);
	check_figure(saving.cycles, &saving.cycles_ci, &savings, &expected, GC_MODEL_CYCLES);
	check_figure(saving.assists, &saving.assists_ci, &savings, &expected, GC_MODEL_ASSISTS);
	assert_float_equal(analysis_saving(&analysis, &parts, NULL).share, saving.share, 1e-9);
}

static void test_settings(void **state)
{
	struct gc_wish wish = {.set_gogc = true, .gogc = 300};
	struct gc_model_run forced = run;
	struct analysis of = analysis;
	struct removal none = {0}, first = {0};
	struct saving more, limited;

	(void)state;
	more = analysis_saving(&analysis, &none, &wish);
	assert_true(more.share > 0.5 && more.share < 1 && more.goal_bytes > run.goal && isnan(more.share_equal_memory));
	wish.set_memory_limit = true;
	wish.memory_limit = 130e6;
	limited = analysis_saving(&analysis, &none, &wish);
	assert_true(limited.share < more.share && limited.goal_bytes < more.goal_bytes);
	wish = (struct gc_wish){.set_gogc = true, .gogc = -1};
	assert_true(isinf(analysis_saving(&analysis, &none, &wish).goal_bytes));
	assert_float_equal(analysis_saving(&analysis, &none, &wish).share, 1, 1e-12);
	/* Where the program asks for cycles there are these still, and what they mark matters. */
	forced.forced_every = run.allocated / 100;
	of.gc_run = &forced;
	more = analysis_saving(&of, &none, &wish);
	assert_true(isfinite(more.goal_bytes) && more.share > 0 && more.share < 1 && more.cycles < 1);
	removal_add(&first, &sites[0], 1);
	limited = analysis_saving(&of, &first, &wish);
	assert_true(limited.share > more.share && limited.share < 1 && limited.share_ci.low < limited.share_ci.high);
}

/* A limit that leaves the heap less than is alive: no figure, rather than an absurd one. Without some sites it may do.
 */
static void test_too_small(void **state)
{
	struct gc_wish wish = {.set_memory_limit = true, .memory_limit = 45e6};
	struct removal none = {0}, some = {0};
	struct saving saving = analysis_saving(&analysis, &none, &wish);

	(void)state;
	assert_true(saving.does_not_fit && isnan(saving.share) && isnan(saving.share_ci.low) && isnan(saving.assists) &&
		    isnan(saving.cycles) && isnan(saving.goal_bytes));
	removal_add(&some, &sites[1], 1);
	saving = analysis_saving(&analysis, &some, &wish);
	assert_true(!saving.does_not_fit && isfinite(saving.share) && saving.goal_bytes < 45e6);
	wish.memory_limit = 70e6;
	saving = analysis_saving(&analysis, &none, &wish);
	assert_true(!saving.does_not_fit && saving.share < 0);
	wish.set_gogc = true;
	wish.gogc = -1;
	wish.memory_limit = 45e6;
	assert_true(analysis_saving(&analysis, &none, &wish).does_not_fit);
}

/* Where the heap does not fit, endlessly much more. */
static double share_at(const struct analysis *of, const struct gc_wish *wish)
{
	struct removal none = {0};
	struct saving saving = analysis_saving(of, &none, wish);

	if (saving.does_not_fit)
		return -INFINITY;
	assert_true(saving.share_ci.low <= saving.share && saving.share <= saving.share_ci.high);
	return saving.share;
}

/* What is asked for is what was: nothing changes, and nothing of that is in doubt. */
static void check_as_it_was(const struct analysis *of, const struct gc_wish *wish)
{
	struct removal none = {0};
	struct saving saving = analysis_saving(of, &none, wish);

	assert_true(fabs(saving.share) < NOTHING && fabs(saving.share_reused) < NOTHING);
	assert_true(fabs(saving.share_ci.low) < NOTHING && fabs(saving.share_ci.high) < NOTHING);
	assert_true(fabs(saving.share_equal_memory) < NOTHING);
	assert_float_equal(saving.goal_bytes, of->gc_run->goal, 1e-6);
}

/* From half of the run's own memory limit to twice: the more, the less GC, and nothing else at the run's own. */
static void check_limits(const struct analysis *of, int gogc)
{
	double before = -INFINITY, own = (double)of->gc.memory_limit;

	for (int percent = 50; percent <= 200; percent++) {
		struct gc_wish wish = {true, true, gogc, own * percent / 100};
		double share = share_at(of, &wish);

		assert_true(share >= before - NOTHING);
		assert_true(percent < 100 ? share <= NOTHING : share >= -NOTHING);
		before = share;
	}
	check_as_it_was(of, &(struct gc_wish){true, true, gogc, own});
	check_as_it_was(of, &(struct gc_wish){.set_memory_limit = true, .memory_limit = own});
	/* No leap next to it either. */
	assert_true(fabs(share_at(of, &(struct gc_wish){true, true, gogc, own * 1.000001})) < 1e-4);
	assert_true(fabs(share_at(of, &(struct gc_wish){true, true, gogc, own * 0.999999})) < 1e-4);
	assert_true(share_at(of, &(struct gc_wish){true, true, gogc, own * 0.5}) < -0.2);
}

static void test_own_limit(void **state)
{
	/* of 100 MB the heap could have 74, 110 and 90: stacks and holes, GOGC, nothing else stood before it */
	struct gc_model_run off = run, felt = run, unfelt = run;
	struct analysis limited = analysis;

	(void)state;
	off.gogc = -1;
	off.goal = off.memory_goal = 74e6;
	limited.gc.memory_limit = 100000000;
	limited.gc_run = &off;
	check_limits(&limited, -1);
	assert_true(share_at(&limited, &(struct gc_wish){true, true, -1, 2e8}) > 0.5);
	felt.gogc = 300;
	felt.goal = felt.memory_goal = 110e6;
	limited.gc.memory_limit = 150000000;
	limited.gc_run = &felt;
	check_limits(&limited, 300);
	unfelt.memory_goal = 135e6;
	limited.gc_run = &unfelt;
	check_limits(&limited, 100);
	assert_true(fabs(share_at(&limited, &(struct gc_wish){true, true, 100, 3e8})) < NOTHING);
}

/* The smallest goal that the program had is the one that GOGC changes. */
static void test_own_gogc(void **state)
{
	struct gc_model_run small = run;
	struct analysis of = analysis;
	struct removal none = {0};
	struct gc_wish wish = {.set_gogc = true, .gogc = 100};

	(void)state;
	check_as_it_was(&analysis, &wish);
	small.live = small.sites_live = 1e5;
	small.goal = small.heap_minimum = 512 << 10; /* GOEXPERIMENT=heapminimum512kib */
	of.gc_run = &small;
	check_as_it_was(&of, &wish);
	wish.gogc = 101;
	assert_true(share_at(&of, &wish) > 0.005 && share_at(&of, &wish) < 0.02);
	wish.gogc = 99;
	assert_true(share_at(&of, &wish) < -0.005 && share_at(&of, &wish) > -0.02);
	wish.gogc = 200;
	assert_true(fabs(analysis_saving(&of, &none, &wish).goal_bytes - 2 * small.goal) < 1e5);
	/* off, and cycles that the program asked for itself: off is no change */
	small.gogc = -1;
	wish.gogc = -1;
	check_as_it_was(&of, &wish);
}

/* Where no allocation had to help the GC there is nothing to save of that; of all the rest there is. */
static void test_no_assists(void **state)
{
	struct analysis calm = analysis;
	struct gc_wish off = {.set_gogc = true, .gogc = -1};
	struct removal removal = {0};
	struct saving saving;

	(void)state;
	calm.gc.assist_seconds = 0;
	removal_add(&removal, &sites[0], 1);
	saving = analysis_saving(&calm, &removal, NULL);
	assert_true(isnan(saving.assists) && isnan(saving.assists_ci.low) && isnan(saving.assists_ci.high));
	assert_true(saving.cycles > 0.3 && saving.cycles_ci.low < saving.cycles);
	assert_true(isnan(analysis_saving(&calm, &removal, &off).assists));
	assert_true(analysis_saving(&analysis, &removal, &off).assists == 1);
	assert_true(analysis_saving(&analysis, &removal, &off).cycles == 1);
}

static void test_unknown(void **state)
{
	struct analysis heap_profile = {.is_heap_profile = true};
	struct removal none = {0};

	(void)state;
	assert_true(isnan(analysis_saving(&heap_profile, &none, NULL).share));
	assert_true(isnan(analysis_saving(&heap_profile, &none, NULL).share_ci.low));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_together),   cmocka_unit_test(test_shares_and_intervals),
	    cmocka_unit_test(test_settings),   cmocka_unit_test(test_too_small),
	    cmocka_unit_test(test_own_limit),  cmocka_unit_test(test_own_gogc),
	    cmocka_unit_test(test_no_assists), cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
