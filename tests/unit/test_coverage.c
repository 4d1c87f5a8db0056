/*
 * The report's intervals against what really was, in simulated programs: fewer than `make simulate` runs, and bounds
 * that only broken arithmetic leaves.
 */
#include "tests/simulate/coverage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS        150
#define FEWEST       1500 /* intervals of each figure, in so many programs */
#define POOLED_LEAST 0.91
#define POOLED_MOST  0.985
#define SIDE_MOST    0.065 /* of the truths may lie below, or above */
#define CLASS_LEAST  0.86
#define CLASS_FEWEST 200
#define EXACT_MOST   0.02 /* of the intervals that are a point may be wrong */

static struct coverages coverages;

static int run_programs(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		coverages_add(&coverages, seed);
	return 0;
}

static int free_programs(void **state)
{
	(void)state;
	coverages_free(&coverages);
	return 0;
}

static void test_pooled(void **state)
{
	(void)state;
	for (int i = 0; i < FIGURE_COUNT; i++) {
		const struct coverage *all = &coverages.of[i][COVERAGE_ALL];
		double count = (double)all->count;

		print_message("%s: %.3f of %zu\n", coverage_figure_name(i), coverage_share(all), (size_t)all->count);
		assert_true(all->count >= FEWEST);
		assert_true(coverage_share(all) >= POOLED_LEAST && coverage_share(all) <= POOLED_MOST);
		assert_true((double)all->below <= SIDE_MOST * count && (double)all->above <= SIDE_MOST * count);
		assert_true((double)all->exact_wrong <= EXACT_MOST * (double)(all->exact + all->count));
	}
}

static void test_classes(void **state)
{
	unsigned large = 0;

	(void)state;
	for (int i = 0; i < FIGURE_COUNT; i++) {
		for (unsigned k = 1; k < COVERAGE_CLASSES; k++) {
			const struct coverage *coverage = &coverages.of[i][k];

			if (coverage->count < CLASS_FEWEST)
				continue;
			large++;
			if (coverage_share(coverage) < CLASS_LEAST)
				fail_msg("%s, %s: %.3f", coverage_figure_name(i), coverage_class_name(k),
					 coverage_share(coverage));
		}
	}
	assert_true(large >= FIGURE_COUNT * 12);
}

/* A seed is a program: the same figures each time, and others for another. */
static void test_repeats(void **state)
{
	static struct coverages first, again, other;

	(void)state;
	coverages_add(&first, 7);
	coverages_add(&again, 7);
	coverages_add(&other, 8);
	for (int i = 0; i < FIGURE_COUNT; i++) {
		struct coverage *a = &first.of[i][COVERAGE_ALL], *b = &again.of[i][COVERAGE_ALL];

		assert_true(a->count > 0 && a->count == b->count && a->nwidths == b->nwidths);
		assert_memory_equal(a->widths, b->widths, a->nwidths * sizeof(*a->widths));
		assert_true(coverage_width(a) != coverage_width(&other.of[i][COVERAGE_ALL]));
	}
	coverages_free(&first);
	coverages_free(&again);
	coverages_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pooled),
	    cmocka_unit_test(test_classes),
	    cmocka_unit_test(test_repeats),
	};

	return cmocka_run_group_tests(tests, run_programs, free_programs);
}
