/* The agent's arithmetic against libm, and its draws against the distribution that they claim. */
#include "collector/agent/agent_math.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_exponential(uint64_t random)
{
	double wanted = -log((double)(random >> 11 | 1) * 0x1p-53);

	assert_true(fabs(agent_exponential(random) - wanted) < 2e-7);
}

static void test_exponential(void **state)
{
	uint64_t random;
	int bit;

	(void)state;
	for (random = 1; random < UINT64_MAX / 1.0002; random += 1 + random / 5000) {
		check_exponential(random);
		check_exponential(~random);
	}
	for (bit = 0; bit < 64; bit++)
		for (random = 0; random < 8192; random++) /* where the table's stretches meet */
			check_exponential((random << bit) | ((1ull << bit) - 1));
	for (random = UINT64_MAX; random > UINT64_MAX - (1ull << 56); random -= 1ull << 40)
		assert_true(agent_exponential(random) >= 0);
}

static void test_hit_probability(void **state)
{
	double y;

	(void)state;
	assert_true(agent_hit_probability(0) == 0);
	assert_true(agent_hit_probability(1e6) == 1);
	for (y = 1e-12; y < 60; y *= 1.001)
		assert_true(fabs(agent_hit_probability(y) + expm1(-y)) <= 1e-8 * -expm1(-y));
}

static void test_thin(void **state)
{
	(void)state;
	assert_true(agent_thin(16, 4096, 512) == 1); /* the interval was coarser already */
	assert_true(agent_thin(16, 4096, 4096) == 1);
	assert_true(fabs(agent_thin(16, 1, 4096) + expm1(-16.0 / 4096)) < 1e-10);
	assert_true(fabs(agent_thin(1024, 512, 524288) - expm1(-1024.0 / 524288) / expm1(-2.0)) < 1e-8);
}

/* The share of objects of SIZE bytes that intervals of mean MEAN hit, counted as the runtime counts. */
static double hit_share(uint64_t *random, int64_t size, double mean, int allocations)
{
	int64_t next = agent_draw(random, mean);
	int i, hits = 0;

	for (i = 0; i < allocations; i++) {
		next -= size;
		if (next >= 0)
			continue;
		hits++;
		next = agent_draw(random, mean);
	}
	return (double)hits / allocations;
}

/* The short way must decide as the long one does, at the borders as well. */
static void test_kept_as_thinned(void **state)
{
	static const double means[] = {1, 2, 64, 512, 4096, 524288}, sizes[] = {8, 16, 48, 1024, 65536, 1 << 22};
	uint64_t random = 42;
	size_t i, j, k;
	int n;

	(void)state;
	for (i = 0; i < 6; i++)
		for (j = 0; j < 6; j++)
			for (k = 0; k < 6; k++) {
				double thin = agent_thin(sizes[k], means[i], means[j]);

				assert_true(agent_is_kept(thin, sizes[k], means[i], means[j]));
				assert_true(thin >= 1 || !agent_is_kept(thin * 1.000001, sizes[k], means[i], means[j]));
				for (n = 0; n < 50; n++) {
					uint64_t bits = agent_random(&random);
					double chance = agent_chance(bits);

					assert_int_equal(agent_is_kept(chance, sizes[k], means[i], means[j]),
							 chance <= thin);
					assert_true(chance > thin ||
						    agent_may_be_kept(bits, (uint64_t)sizes[k], (uint64_t)means[i],
								      (uint64_t)means[j]));
				}
			}
}

/* What the few instructions let through is little more than what is kept in the end. */
static void test_may_be_kept_is_close(void **state)
{
	uint64_t random = 42;
	int n, may = 0;

	(void)state;
	for (n = 0; n < 100000; n++)
		may += agent_may_be_kept(agent_random(&random), 64, 4096, 524288);
	assert_in_range(may, 700, 900); /* (64 + 4096) / 524288 of them */
}

static void test_draws_hit_as_often_as_they_should(void **state)
{
	static const struct {
		int64_t size;
		double mean;
	} cases[] = {{16, 512}, {48, 64}, {8192, 4096}, {100, 4096}, {1, 2}};
	uint64_t random = 42; /* the same numbers every time */
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int n = 2000000;
		double wanted = -expm1(-(double)cases[i].size / cases[i].mean);
		double share = hit_share(&random, cases[i].size, cases[i].mean, n);

		assert_true(fabs(share - wanted) < 4.5 * sqrt(wanted * (1 - wanted) / n));
	}
}

static void test_uniform(void **state)
{
	uint64_t random = 7;
	double sum = 0, square = 0, u;
	int i;

	(void)state;
	for (i = 0; i < 1000000; i++) {
		u = agent_chance(agent_random(&random));
		assert_true(u > 0 && u <= 1);
		sum += u;
		square += u * u;
	}
	assert_true(fabs(sum / 1e6 - 0.5) < 0.0015);
	assert_true(fabs(square / 1e6 - 1.0 / 3) < 0.0015);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exponential),
	    cmocka_unit_test(test_hit_probability),
	    cmocka_unit_test(test_thin),
	    cmocka_unit_test(test_kept_as_thinned),
	    cmocka_unit_test(test_may_be_kept_is_close),
	    cmocka_unit_test(test_draws_hit_as_often_as_they_should),
	    cmocka_unit_test(test_uniform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
