/* Weights, totals and the coverage of their intervals, simulated with a seed. */
#include "analyzer/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static uint64_t random_state;

static double random_uniform(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) * 0x1p-53;
}

static void test_weight_values(void **state)
{
	static const struct {
		uint64_t size, rate;
		double weight;
	} cases[] = {
	    {16, 1, 1},         {16, 0, 1}, {0, 512, 1}, {512, 512, 1.5819767068693265}, {16, 524288, 32768.5},
	    {1 << 20, 1024, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(fabs(weights_of(cases[i].size, cases[i].rate) / cases[i].weight - 1) < 1e-6);
}

static void test_gamma_quantiles(void **state)
{
	/* From tables of the chi-squared distribution: a gamma of shape k and scale 2 has 2k degrees of freedom. */
	static const struct {
		double freedom, probability, quantile;
	} cases[] = {
	    {1, 0.95, 3.841459},    {2, 0.975, 7.377759},   {10, 0.025, 3.246973},
	    {100, 0.975, 129.5612}, {1000, 0.025, 914.257},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double got = weights_gamma_quantile(cases[i].freedom, 2 * cases[i].freedom, cases[i].probability);

		assert_true(fabs(got / cases[i].quantile - 1) < 1e-4);
	}
}

static void test_every_allocation_seen(void **state)
{
	struct weighted_sum sum = {0};
	struct interval interval;

	(void)state;
	weights_add(&sum, 64, weights_of(64, 1), 1000);
	interval = weights_interval(&sum);
	assert_true(sum.total == 64000 && interval.low == 64000 && interval.high == 64000);
}

/* What was not seen can only add. */
static void test_expected_unseen(void **state)
{
	struct weighted_sum sum = {0};
	struct interval before, after;

	(void)state;
	weights_add(&sum, 1, weights_of(4096, 4096), 5);
	before = weights_interval(&sum);
	weights_expect(&sum, 1, weights_of(8192, 4096)); /* weighs less than those seen */
	after = weights_interval(&sum);
	assert_true(after.low == before.low && after.high == before.high);
	weights_expect(&sum, 1, weights_of(64, 4096));
	after = weights_interval(&sum);
	assert_true(after.low == before.low && after.high > before.high + 30);
}

static void test_no_sample(void **state)
{
	struct weighted_sum sum = {0};
	struct interval interval = weights_interval(&sum);

	(void)state;
	assert_true(interval.low == 0 && interval.high == 0);
	assert_true(fabs(weights_unseen_bound(512) - 1534) < 1);
	assert_true(weights_unseen_bound(1) == 0);
}

struct mix {
	uint64_t sizes[4];
	unsigned counts[4]; /* objects of each size in one run */
	uint64_t rate;
	double low, high; /* coverage that is right */
};

/* How often the interval holds the truth, over runs in which at least one object was seen. */
static double mix_coverage(const struct mix *mix, int objects, unsigned runs)
{
	unsigned held = 0, counted = 0;

	for (unsigned run = 0; run < runs; run++) {
		struct weighted_sum sum = {0};
		struct interval interval;
		double truth = 0;

		for (int k = 0; k < 4; k++) {
			double weight = weights_of(mix->sizes[k], mix->rate);
			double value = objects ? 1 : (double)mix->sizes[k];

			truth += value * mix->counts[k];
			for (unsigned i = 0; i < mix->counts[k]; i++) {
				if (random_uniform() * weight < 1)
					weights_add(&sum, value, weight, 1);
			}
		}
		interval = weights_interval(&sum);
		assert_true(interval.low >= sum.seen);
		if (sum.count) {
			counted++;
			held += interval.low <= truth * (1 + 1e-12) && truth <= interval.high * (1 + 1e-12);
		}
	}
	return (double)held / counted;
}

/* The coverage of both of MIX's intervals, in 3,000 simulated runs. */
static void measure_mix(const struct mix *mix, double *bytes, double *count)
{
	*bytes = mix_coverage(mix, 0, 3000);
	*count = mix_coverage(mix, 1, 3000);
	print_message("%zu bytes and the like at %zu: bytes %.3f, objects %.3f\n", (size_t)mix->sizes[0],
		      (size_t)mix->rate, *bytes, *count);
}

static void test_coverage(void **state)
{
	static const struct mix mixes[] = {
	    {{64}, {1000}, 4096, 0.93, 0.97},  /* about 16 samples */
	    {{64}, {3000}, 65536, 0.90, 0.98}, /* about 3 */
	    {{512}, {400}, 512, 0.93, 0.97},   /* p = 0.63 */
	    {{16, 1024}, {2000, 40}, 2048, 0.93, 0.97},
	    {{48, 4096, 65536}, {2000, 20, 3}, 8192, 0.93, 0.97},
	    {{2048}, {300}, 1024, 0.93, 0.97}, /* p = 0.86 */
	};

	(void)state;
	random_state = 88172645463325252u;
	for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
		double bytes, count;

		measure_mix(&mixes[i], &bytes, &count);
		assert_true(bytes >= mixes[i].low && bytes <= mixes[i].high);
		assert_true(count >= 0.90 && count <= 0.98);
	}
}

/* Where all or nearly all are seen, an interval must not begin above them. */
static void test_coverage_nothing_missed(void **state)
{
	static const struct mix mixes[] = {
	    {{24576}, {300}, 4096, 0.95, 1}, /* p = 0.998: half of the runs see all */
	    {{6144, 24576}, {3, 3}, 4096, 0.95, 1},
	    {{4096, 8192, 16384, 32768}, {2, 2, 2, 2}, 4096, 0.95, 1},
	    {{2048, 73728}, {45, 45}, 512, 0.95, 1},
	};

	(void)state;
	random_state = 88172645463325252u;
	for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
		double bytes, count;

		measure_mix(&mixes[i], &bytes, &count);
		assert_true(bytes >= mixes[i].low && count >= mixes[i].low);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_weight_values),
	    cmocka_unit_test(test_gamma_quantiles),
	    cmocka_unit_test(test_every_allocation_seen),
	    cmocka_unit_test(test_expected_unseen),
	    cmocka_unit_test(test_no_sample),
	    cmocka_unit_test(test_coverage),
	    cmocka_unit_test(test_coverage_nothing_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
