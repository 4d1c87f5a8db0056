/*
 * simulate_estimator [SEEDS [FIRST]]: runs SEEDS (1000) simulated programs, from seed FIRST (1) on, and prints how many
 * of the report's 95 % intervals hold the truth: for each figure and class of site the intervals, the percentages that
 * hold it, and of truths that lie below and above, and the median width relative to the truth (where that is not 0).
 * The status is 1 when one of the pooled coverages is not within 93 to 97 %. tests/simulate/ has the programs.
 */
#include "tests/simulate/coverage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LEAST 0.93
#define MOST  0.97

static double percent(uint64_t part, uint64_t all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

static void print_row(struct coverage *coverage, unsigned class_)
{
	printf("  %-15s %7" PRIu64 " %7.1f %7.1f %7.1f", coverage_class_name(class_), coverage->count,
	       100 * coverage_share(coverage), percent(coverage->below, coverage->count),
	       percent(coverage->above, coverage->count));
	if (coverage->nwidths)
		printf(" %8.2f", coverage_width(coverage));
	else
		printf(" %8s", "-");
	if (coverage->exact)
		printf("   and %" PRIu64 " exact, %" PRIu64 " of them wrong", coverage->exact, coverage->exact_wrong);
	putchar('\n');
}

int main(int argc, char **argv)
{
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	static struct coverages coverages;
	int bad = 0;

	for (uint64_t i = 0; i < seeds; i++)
		coverages_add(&coverages, first + i);
	printf("%" PRIu64 " programs, %" PRIu64 " sites, %" PRIu64 " of them never sampled\n", seeds, coverages.sites,
	       coverages.unseen);
	for (unsigned figure = 0; figure < FIGURE_COUNT; figure++) {
		double share = coverage_share(&coverages.of[figure][COVERAGE_ALL]);

		printf("%-17s %7s %7s %7s %7s %8s\n", coverage_figure_name(figure), "sites", "% held", "% below",
		       "% above", "width");
		for (unsigned class_ = 0; class_ < COVERAGE_CLASSES; class_++)
			print_row(&coverages.of[figure][class_], class_);
		bad |= share < LEAST || share > MOST;
	}
	coverages_free(&coverages);
	return bad;
}
