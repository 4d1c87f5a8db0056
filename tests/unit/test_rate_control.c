/* The automatic rate: a made-up program whose samples cost so much each, at whatever mean is asked for. */
#include "collector/rate_control.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define BUDGET      0.005
#define LIVE        (256u << 10)
#define PERIOD      200e6 /* ns between two looks */
#define IDLE_TAKING 4e5   /* ns between two looks that taking records takes when there are none */

/* A program: of one CPU it uses so much, and allocates so many bytes a second, in objects far smaller than any mean. */
struct program {
	double cpus, bytes;
	double agent_ns, taking_ns; /* a sample, there and here */
	double fixed;               /* CPU that the collector takes besides, as a fraction of one */
	double cpu_samples;         /* a second */
	bool is_followed;           /* the runtime's profile is ours alone */
};

static double samples_in_period(const struct program *program, uint64_t mean)
{
	return program->bytes * PERIOD / 1e9 / (double)mean;
}

/* Let PROGRAM run for COUNT looks more. Returns what the last of them had the samples cost, of the program's CPU. */
static double run(struct rate_control *control, struct rate_costs *costs, const struct program *program, int count,
		  bool is_pressed)
{
	double share = 0;

	for (int i = 0; i < count; i++) {
		double samples = samples_in_period(program, control->samples.mean);

		costs->time += (uint64_t)PERIOD;
		costs->target += (uint64_t)(program->cpus * PERIOD);
		costs->agent += (uint64_t)(samples * program->agent_ns);
		costs->count += (uint64_t)samples;
		costs->taking += (uint64_t)(samples * program->taking_ns + IDLE_TAKING);
		costs->collector += (uint64_t)(samples * program->taking_ns + IDLE_TAKING + program->fixed * PERIOD);
		costs->cpu_samples += (uint64_t)(program->cpu_samples * PERIOD / 1e9);
		if (program->is_followed)
			costs->followed += (uint64_t)samples_in_period(program, control->followed.mean);
		share = samples * (program->agent_ns + program->taking_ns) / (program->cpus * PERIOD);
		rate_control_next(control, costs, is_pressed);
	}
	return share;
}

static const struct program busy = {2, 1e9, 150, 150, 0.002, 0, false}, quiet = {1, 1e6, 150, 150, 0.002, 0, false},
			    idle = {0.001, 1e3, 150, 150, 0.002, 0, false};

static void test_a_quiet_program_is_sampled_finely(void **state)
{
	struct rate_control control;
	struct rate_costs costs = {0};

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	run(&control, &costs, &quiet, 100, false);
	assert_int_equal(control.samples.mean, RATE_CONTROL_FINEST);
}

static void test_a_busy_program_costs_no_more_than_the_budget(void **state)
{
	struct rate_control control;
	struct rate_costs costs = {0};

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	run(&control, &costs, &busy, 1, false);
	assert_true(control.samples.mean > RATE_CONTROL_FINEST); /* at once */
	assert_true(run(&control, &costs, &busy, 100, false) <= BUDGET);
	assert_true(run(&control, &costs, &busy, 100, false) > BUDGET / 40); /* and makes use of it */
}

/* Means that go to and fro would fill a trace with contexts. */
static void test_it_comes_to_rest(void **state)
{
	struct rate_control control;
	struct rate_costs costs = {0};
	uint64_t mean;

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	run(&control, &costs, &busy, 50, false);
	mean = control.samples.mean;
	for (int i = 0; i < 500; i++) {
		run(&control, &costs, &busy, 1, false);
		assert_int_equal(control.samples.mean, mean);
	}
}

static void test_it_becomes_finer_again(void **state)
{
	struct rate_control control;
	struct rate_costs costs = {0};

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	run(&control, &costs, &busy, 50, false);
	run(&control, &costs, &quiet, 100, false);
	assert_int_equal(control.samples.mean, RATE_CONTROL_FINEST);
}

/* What the collector takes anyway is more than the budget of such a program: no mean would help. */
static void test_a_program_that_hardly_runs_is_left_alone(void **state)
{
	struct rate_control control;
	struct rate_costs costs = {0};

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	run(&control, &costs, &idle, 500, false);
	assert_int_equal(control.samples.mean, RATE_CONTROL_FINEST);
}

/* A program of a twentieth of a CPU: the budget alone would allow some hundred samples a second. */
static void test_a_small_program_is_seen_too(void **state)
{
	static const struct program small = {0.05, 5e7, 150, 150, 0.002, 0, false};
	struct rate_control control;
	struct rate_costs costs = {0};
	double samples;

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	run(&control, &costs, &small, 200, false);
	samples = samples_in_period(&small, control.samples.mean) / (PERIOD / 1e9);
	assert_true(samples > 150 && samples * (small.agent_ns + small.taking_ns) <= 0.0002 * 1e9);
}

/* Of the collector's other work, up to half of the budget is taken off what samples may cost. */
static void test_the_collectors_other_work_counts(void **state)
{
	struct program heavy = busy;
	struct rate_control control, other;
	struct rate_costs costs = {0}, others = {0};
	double share;

	(void)state;
	heavy.bytes = 2.23e8;
	heavy.fixed = 0.02; /* twice the budget */
	rate_control_start(&control, BUDGET, LIVE);
	share = run(&control, &costs, &heavy, 100, false);
	assert_true(share <= BUDGET / 2);
	heavy.fixed = -IDLE_TAKING / PERIOD;
	rate_control_start(&other, BUDGET, LIVE);
	run(&other, &others, &heavy, 100, false);
	assert_int_equal(control.samples.mean, 2 * other.samples.mean);
}

/* An interrupt is taken at 60 us: 400 a second are more than the budget of 0.005 of two CPUs. */
static void test_samples_of_cpu_count(void **state)
{
	struct program heavy = busy;
	struct rate_control control;
	struct rate_costs costs = {0};

	(void)state;
	heavy.bytes = 5e8; /* which the coarsest mean brings far below that */
	heavy.cpu_samples = 400;
	rate_control_start(&control, BUDGET, LIVE);
	assert_true(run(&control, &costs, &heavy, 100, false) <= BUDGET / 2 * 0.08);
}

/* Each is taken at 4 us, in the runtime. */
static void test_followed_objects_keep_within_their_part(void **state)
{
	struct program heavy = busy;
	struct rate_control control;
	struct rate_costs costs = {0};
	double share;

	(void)state;
	heavy.is_followed = true;
	rate_control_start(&control, BUDGET, LIVE);
	assert_int_equal(control.followed.mean, LIVE);
	run(&control, &costs, &heavy, 100, false);
	share = heavy.bytes / (double)control.followed.mean * 4e-6 / heavy.cpus;
	assert_true(share <= 0.08 * BUDGET && share > 0.08 * BUDGET / 3);
	heavy.bytes = 1e6;
	run(&control, &costs, &heavy, 200, false);
	assert_int_equal(control.followed.mean, LIVE);
}

static void test_the_budget_says_how_often_cpu_is_sampled(void **state)
{
	(void)state;
	assert_int_equal(rate_control_cpu_period(0.005), 99700000);
	assert_int_equal(rate_control_cpu_period(0.01), 49850000);
	assert_int_equal(rate_control_cpu_period(1), 997000); /* never more often than this */
}

static void test_looks_are_as_fine_as_samples_of_cpu(void **state)
{
	(void)state;
	assert_int_equal(rate_control_longest_pause(0), 400);
	assert_int_equal(rate_control_longest_pause(rate_control_cpu_period(0.005)), 400);
	assert_int_equal(rate_control_longest_pause(9973000), 249);
	assert_int_equal(rate_control_longest_pause(3989000), 99); /* what run does by itself */
}

static void test_full_rings_make_it_coarser_at_once(void **state)
{
	struct rate_control control;
	struct rate_costs costs = {0};

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	run(&control, &costs, &quiet, 3, true);
	assert_int_equal(control.samples.mean, 8 * RATE_CONTROL_FINEST);
	run(&control, &costs, &quiet, 100, true);
	assert_int_equal(control.samples.mean, RATE_CONTROL_COARSEST);
}

/* Clocks that stand still, or seem to go back, are no reason for anything. */
static void test_odd_clocks(void **state)
{
	struct rate_control control;
	struct rate_costs costs = {.count = 10, .target = 1000000000, .agent = 1000, .taking = 1000, .collector = 2000},
			  before = {0};

	(void)state;
	rate_control_start(&control, BUDGET, LIVE);
	rate_control_next(&control, &costs, false);
	rate_control_next(&control, &costs, false);
	rate_control_next(&control, &before, false);
	assert_int_equal(control.samples.mean, RATE_CONTROL_FINEST);
	assert_true(isfinite(control.samples.cost) && isfinite(control.target) && control.rest >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_quiet_program_is_sampled_finely),
	    cmocka_unit_test(test_a_busy_program_costs_no_more_than_the_budget),
	    cmocka_unit_test(test_it_comes_to_rest),
	    cmocka_unit_test(test_it_becomes_finer_again),
	    cmocka_unit_test(test_a_program_that_hardly_runs_is_left_alone),
	    cmocka_unit_test(test_a_small_program_is_seen_too),
	    cmocka_unit_test(test_the_collectors_other_work_counts),
	    cmocka_unit_test(test_samples_of_cpu_count),
	    cmocka_unit_test(test_followed_objects_keep_within_their_part),
	    cmocka_unit_test(test_the_budget_says_how_often_cpu_is_sampled),
	    cmocka_unit_test(test_looks_are_as_fine_as_samples_of_cpu),
	    cmocka_unit_test(test_full_rings_make_it_coarser_at_once),
	    cmocka_unit_test(test_odd_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
