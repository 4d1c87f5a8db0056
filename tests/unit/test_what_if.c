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
static const struct analysis analysis = {.gc.known = true, .gc_run = &run};

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

/* Parts of a site make the whole; the interval is that of one site. */
static void test_shares_and_intervals(void **state)
{
	static const struct saving_part part = {.site = {4e8, 1e6, 1e4, 0, 0, 0, NULL},
						.allocated = {3e8, 6e8},
						.live = {0, 3e6},
						.objects_per_byte = 0.01};
	struct interval expected = saving_interval(&run, NULL, &part, NULL);
	struct removal whole = {0}, parts = {0};
	struct saving saving;

	(void)state;
	removal_add(&whole, &sites[0], 1);
	removal_add(&parts, &sites[0], 0.25);
	removal_add(&parts, &sites[0], 0.75);
	saving = analysis_saving(&analysis, &whole, NULL);
	assert_float_equal(saving.share_ci.low, expected.low, 1e-9);
	assert_float_equal(saving.share_ci.high, expected.high, 1e-9);
	assert_float_equal(analysis_saving(&analysis, &parts, NULL).share, saving.share, 1e-9);
}

static void test_settings(void **state)
{
	struct gc_wish wish = {.set_gogc = true, .gogc = 300};
	struct removal none = {0};
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
	    cmocka_unit_test(test_together),
	    cmocka_unit_test(test_shares_and_intervals),
	    cmocka_unit_test(test_settings),
	    cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
