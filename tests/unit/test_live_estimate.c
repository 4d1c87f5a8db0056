/* What is alive, by hand: sites of which all that counts is known. */
#include "analyzer/live_estimate.h"
#include "analyzer/site_group.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIZE   100.0
#define CYCLES 20

/* COUNT objects, each sampled with WEIGHT, of which SHARE survives ENDS cycle ends; all is found dead but what is
 * FOREVER. Born evenly over the run. */
static struct site_group make_group(uint64_t count, double weight, double share, double ends, bool forever)
{
	struct site_group group = {0};
	double all = (double)count * weight, some = all * share, doubt = all * (weight - 1);
	struct life_totals lives = {.count = count,
				    .weight = all,
				    .survived = some * ends,
				    .survived_any = some,
				    .ended = forever ? 0 : all,
				    .still_there = forever ? some : 0,
				    .doubt = doubt,
				    .doubt_survived = doubt * share * ends,
				    .doubt_squared = doubt * share * ends * ends,
				    .last_cycle = CYCLES - 1};

	weights_add(&group.objects, 1, weight, count);
	weights_add(&group.bytes, SIZE, weight, count);
	group.squared_bytes = group.bytes.total * SIZE;
	group.object_lives = group.byte_lives = lives;
	return group;
}

static struct live_run make_run(struct site_group **groups, size_t count, double unswept)
{
	struct site_groups all = {.groups = groups, .count = count};
	struct live_run run;

	live_run_prepare(&run, &all, CYCLES, 1e9, unswept);
	return run;
}

static void test_born_while_marking(void **state)
{
	struct site_group garbage = make_group(10000, 1, 0.2, 1, false), more = make_group(4000, 1, 0.2, 1, false);
	struct site_group lives = make_group(1000, 1, 1, 3.2, false), kept = make_group(1000, 1, 1, 10, true);
	struct site_group *groups[] = {&garbage, &more, &lives, &kept};
	struct live_run run = make_run(groups, 4, 0);
	struct live_estimate estimate;

	(void)state;
	assert_float_equal(run.black, 0.2, 1e-9);
	assert_true(run.between.low < 0.2 && run.between.high > 0.2 && run.between.high < 0.25);
	estimate = live_estimate_of(&run, &garbage);
	assert_float_equal(estimate.bytes, 0, 1e-6);
	assert_true(estimate.bytes_ci.low == 0 && estimate.bytes_ci.high > 0);
	/* All of these died once, a fifth of them while the GC marked: they lived to see 3 ends, not 3.2. */
	estimate = live_estimate_of(&run, &lives);
	assert_float_equal(estimate.bytes, 1000 * SIZE * 3 / CYCLES, 1e-6);
	assert_float_equal(estimate.objects, 1000.0 * 3 / CYCLES, 1e-6);
	assert_true(estimate.bytes_ci.low < estimate.bytes && estimate.bytes_ci.high > estimate.bytes);
	assert_true(estimate.bytes_black.low < estimate.bytes && estimate.bytes_black.high > estimate.bytes);
	/* What never dies does not die while the GC marks; all was seen, so nothing is in doubt. */
	estimate = live_estimate_of(&run, &kept);
	assert_float_equal(estimate.bytes, 1000 * SIZE * 10 / CYCLES, 1e-6);
	assert_true(estimate.bytes_ci.high - estimate.bytes_ci.low < 1e-6);
}

static void test_not_swept(void **state)
{
	struct site_group garbage = make_group(10000, 1, 0.24, 1, false);
	struct site_group *groups[] = {&garbage};
	struct live_run run;

	(void)state;
	/* 200 in a cycle of the 10000 that ended in 19.5 cycles; half a cycle's were not told of. */
	garbage.byte_lives.ended = garbage.byte_lives.weight - 300;
	garbage.byte_lives.still_there = garbage.byte_lives.young = 300;
	run = make_run(groups, 1, 0.5);
	assert_float_equal(run.black, 0.24 - 9700 * 0.5 / 19.5 / 10000, 1e-9);
	assert_true(make_run(groups, 1, 0).black > run.black);
}

static void test_fewer_lives_are_less_sure(void **state)
{
	double width = 0;

	(void)state;
	for (uint64_t count = 1000; count >= 1; count /= 10) {
		struct site_group site = make_group(count, 1e6 / (double)count, 0.5, 4, false);
		struct site_group *groups[] = {&site};
		struct live_run run = make_run(groups, 1, 0);
		struct live_estimate estimate;

		run.black = 0;
		estimate = live_estimate_of(&run, &site);
		assert_float_equal(estimate.bytes, 1e6 * SIZE * 2 / CYCLES, 1);
		assert_true(estimate.bytes_ci.low <= estimate.bytes && estimate.bytes <= estimate.bytes_ci.high);
		assert_true(estimate.bytes_ci.high - estimate.bytes_ci.low > width);
		/* Without the doubt of what was allocated it is surer. */
		assert_true(estimate.bytes_by_life.high - estimate.bytes_by_life.low <
			    estimate.bytes_ci.high - estimate.bytes_ci.low);
		width = estimate.bytes_ci.high - estimate.bytes_ci.low;
	}
}

static void test_no_life(void **state)
{
	struct site_group site = make_group(4, 50, 0, 0, false);
	struct site_group *groups[] = {&site};
	struct live_run run;
	struct live_estimate estimate;

	(void)state;
	site.object_lives = site.byte_lives = (struct life_totals){0};
	run = make_run(groups, 1, 0);
	estimate = live_estimate_of(&run, &site);
	assert_true(estimate.bytes == 0 && estimate.bytes_ci.low == 0 && isnan(estimate.lifetime_cycles));
	/* They may all live on from halfway, and there may be more than is thought; never more than was marked. */
	assert_true(estimate.bytes_ci.high > 4 * 50 * SIZE / 2 && estimate.bytes_ci.high < 4 * 50 * SIZE * 4);
	run.marked = 1000;
	assert_float_equal(live_estimate_of(&run, &site).bytes_ci.high, 1000, 1e-9);
}

static void test_survivors(void **state)
{
	struct life_totals lives = {0};
	struct live_run run = {.cycles = CYCLES, .black = 0.2};

	(void)state;
	assert_float_equal(live_survivor_share(&run, &lives), 0, 1e-9);
	/* A fifth of what died did so while the GC marked, and only seemed to survive. */
	lives = (struct life_totals){.weight = 100, .survived_any = 60, .ended = 50};
	assert_float_equal(live_survivor_share(&run, &lives), 0.5, 1e-9);
	lives = (struct life_totals){.weight = 100, .survived_any = 15, .ended = 100};
	assert_float_equal(live_survivor_share(&run, &lives), 0, 1e-9);
}

static void test_scattered(void **state)
{
	struct life_totals lives = {0};

	(void)state;
	assert_float_equal(live_scattered_share(&lives), 1, 1e-9);
	/* All dead at once; then half of it alive for good. */
	lives = (struct life_totals){.weight = 100, .ended = 100};
	assert_float_equal(live_scattered_share(&lives), 1, 1e-9);
	lives.ended = 50;
	assert_float_equal(live_scattered_share(&lives), 0.5, 1e-9);
	/* A queue: all die at the age of 4. Then as many at 2 as at 6, a deviation of half the mean. */
	lives = (struct life_totals){.weight = 100, .ended = 80, .old = 80, .old_survived = 320, .old_squared = 1280};
	assert_float_equal(live_scattered_share(&lives), 0, 1e-9);
	lives.old_squared = 40 * 4 + 40 * 36;
	assert_float_equal(live_scattered_share(&lives), 0.8 * 0.25, 1e-9);
	/* Of what was born too late to tell as much dies as of the rest. */
	lives = (struct life_totals){.weight = 100, .ended = 40, .young = 20};
	assert_float_equal(live_scattered_share(&lives), 0.5, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_born_while_marking),
	    cmocka_unit_test(test_not_swept),
	    cmocka_unit_test(test_fewer_lives_are_less_sure),
	    cmocka_unit_test(test_no_life),
	    cmocka_unit_test(test_scattered),
	    cmocka_unit_test(test_survivors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
