/* Comparing: that sites find each other across rebuilds, that chance alone says nothing, that what changed is said. */
#include "analyzer/compare.h"
#include "tests/unit/comparison_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE 4096

static struct comparison compare_runs(const struct made_run *before, const struct made_run *after, enum compare_per per)
{
	struct compare_options options = compare_options_default();
	struct comparison comparison;
	struct error error;

	options.per = per;
	options.counts[0] = options.counts[1] = 1000;
	assert_int_equal(compare(&comparison, &before->analysis, &after->analysis, &options, &error), STATUS_OK);
	return comparison;
}

/* The change of the site that is FUNCTION at LINE after (or, gone, before). */
static const struct site_change *find(const struct comparison *comparison, const char *function, uint32_t line)
{
	for (size_t i = 0; i < comparison->nsites; i++) {
		const struct site_change *change = &comparison->sites[i];
		const struct site *site = change->after ? change->after : change->before;

		if (strcmp(site->function, function) == 0 && site->line == line)
			return change;
	}
	fail_msg("no site %s:%u", function, line);
	return NULL;
}

static void test_lines_shift(void **state)
{
	static const struct made_site before[] = {
	    {"main.f", 10, "int", 1e6, 64}, {"main.f", 12, "int", 2e5, 64}, {"main.g.func1", 30, "T", 3e5, 128}};
	static const struct made_site after[] = {
	    {"main.f", 110, "int", 1e6, 64}, {"main.f", 115, "int", 2e5, 64}, {"main.g.func2", 140, "T", 3e5, 128}};
	static struct made_run a, b;
	struct chance chance = {1};
	struct comparison comparison;

	(void)state;
	comparison_make_run(&a, before, 3, RATE, 2, &chance);
	comparison_make_run(&b, after, 3, RATE, 2, &chance);
	comparison = compare_runs(&a, &b, COMPARE_PER_UNIT);
	assert_int_equal(comparison.nsites, 3);
	assert_int_equal(comparison.nchanged, 0);
	assert_int_equal(find(&comparison, "main.f", 110)->before->line, 10);
	assert_int_equal(find(&comparison, "main.f", 115)->before->line, 12);
	assert_int_equal(find(&comparison, "main.g.func2", 140)->before->line, 30);
	compare_free(&comparison);
}

/* One more of the same key, above the others: which one is new is told by what they allocate. */
static void test_one_more_among_its_like(void **state)
{
	static const struct made_site before[] = {{"main.f", 10, "int", 1e6, 64}, {"main.f", 12, "int", 2e5, 64}};
	static const struct made_site after[] = {
	    {"main.f", 20, "int", 5e4, 64}, {"main.f", 21, "int", 1e6, 64}, {"main.f", 23, "int", 2e5, 64}};
	static struct made_run a, b;
	struct chance chance = {2};
	struct comparison comparison;

	(void)state;
	comparison_make_run(&a, before, 2, RATE, 2, &chance);
	comparison_make_run(&b, after, 3, RATE, 2, &chance);
	comparison = compare_runs(&a, &b, COMPARE_PER_UNIT);
	assert_int_equal(comparison.nchanged, 1);
	assert_int_equal(find(&comparison, "main.f", 20)->bytes.kind, CHANGE_APPEARED);
	assert_null(find(&comparison, "main.f", 20)->before);
	assert_int_equal(find(&comparison, "main.f", 21)->before->line, 10);
	assert_int_equal(find(&comparison, "main.f", 23)->before->line, 12);
	compare_free(&comparison);
	comparison = compare_runs(&b, &a, COMPARE_PER_UNIT);
	assert_int_equal(comparison.nchanged, 1);
	assert_int_equal(find(&comparison, "main.f", 20)->bytes.kind, CHANGE_WENT);
	compare_free(&comparison);
}

static void test_inlined_otherwise(void **state)
{
	static const struct made_site made[] = {{"main.f", 10, "int", 1e6, 64}, {"main.f", 10, "int", 5e5, 64}};
	static const struct made_site whole[] = {{"main.f", 10, "int", 1.5e6, 64}};
	static struct made_run a, b;
	static const struct analysis_frame chains[2][2] = {{{"main.f", "main.go", 10}, {"main.g", "main.go", 50}},
							   {{"main.f", "main.go", 10}, {"main.h", "main.go", 70}}};
	struct chance chance = {3};
	struct comparison comparison;

	(void)state;
	comparison_make_run(&a, made, 2, RATE, 2, &chance);
	comparison_make_run(&b, whole, 1, RATE, 2, &chance);
	for (int i = 0; i < 2; i++) {
		a.sites[i].inline_chain = chains[i];
		a.sites[i].ninline = 2;
	}
	comparison = compare_runs(&a, &b, COMPARE_PER_UNIT);
	assert_int_equal(comparison.nsites, 1);
	assert_int_equal(comparison.sites[0].nbefore, 2);
	assert_true(comparison.sites[0].reshaped);
	assert_int_equal(comparison.sites[0].bytes.kind, CHANGE_NONE);
	compare_free(&comparison);
}

/* Two dozen sites, from 0.4 to 18 % of 55 MB. */
static size_t usual_sites(struct made_site *sites)
{
	static const char *const functions[] = {"main.a", "main.b", "main.c", "main.d", "main.e", "main.f"};

	for (size_t i = 0; i < 24; i++)
		sites[i] = (struct made_site){.function = functions[i % 6],
					      .line = (uint32_t)(10 + i),
					      .type = i % 2 ? "int" : "T",
					      .objects = 3e5 / (1 + (double)i),
					      .size = i % 5 == 4 ? 160 : 16.0 * (1 + (double)(i % 4))};
	return 24;
}

/* Of 400 pairs of runs of the same, as seldom as promised any change is said, whatever is divided by. */
static void test_false_alarms(void **state)
{
	static struct made_run a, b;
	struct made_site sites[MADE_SITES];
	size_t count = usual_sites(sites), alarms[3] = {0}, totals[3] = {0};
	struct chance chance = {4};

	(void)state;
	for (int i = 0; i < 400; i++) {
		comparison_make_run(&a, sites, count, RATE, 2, &chance);
		comparison_make_run(&b, sites, count, RATE, 2.6, &chance); /* on a slower machine */
		for (int per = 0; per < 3; per++) {
			struct comparison comparison = compare_runs(&a, &b, (enum compare_per)per);
			bool any = false;

			for (int total = 0; total < TOTAL_COUNT; total++)
				any |= comparison.totals[total].known &&
				       comparison.totals[total].change.kind != CHANGE_NONE;
			alarms[per] += comparison.nchanged > 0;
			totals[per] += any;
			compare_free(&comparison);
		}
	}
	for (int per = 0; per < 3; per++) {
		print_message("by %d: %zu and %zu of 400\n", per, alarms[per], totals[per]);
		assert_true(alarms[per] + totals[per] <= 8);
	}
}

/* And of 200 in which a site brings 1 % more bytes, it is found in nearly all; so is one that doubles. */
static void test_changes_are_found(void **state)
{
	static struct made_run a, b;
	struct made_site sites[MADE_SITES], changed[MADE_SITES];
	size_t count = usual_sites(sites), found[3] = {0}, doubled[3] = {0}, others = 0;
	struct chance chance = {5};
	double bytes = 0;

	(void)state;
	for (size_t i = 0; i < count; i++)
		bytes += sites[i].objects * sites[i].size;
	assert_true(bytes > 20e6);
	memcpy(changed, sites, sizeof(sites));
	changed[count] = (struct made_site){"main.extra", 99, "int", 0.01 * bytes / 64, 64};
	changed[6].objects *= 2;
	for (int i = 0; i < 200; i++) {
		comparison_make_run(&a, sites, count, RATE, 2, &chance);
		comparison_make_run(&b, changed, count + 1, RATE, 2.6, &chance);
		for (int per = 0; per < 3; per++) {
			struct comparison comparison = compare_runs(&a, &b, (enum compare_per)per);

			for (size_t k = 0; k < comparison.nchanged; k++) {
				const struct site *site = comparison.sites[k].after;

				if (site && site->line == 99)
					found[per] += comparison.sites[k].bytes.kind == CHANGE_APPEARED;
				else if (site && site->line == sites[6].line)
					doubled[per] += comparison.sites[k].bytes.kind == CHANGE_GREW;
				else
					others++;
			}
			compare_free(&comparison);
		}
	}
	print_message("found %zu %zu %zu, doubled %zu %zu %zu, others %zu\n", found[0], found[1], found[2], doubled[0],
		      doubled[1], doubled[2], others);
	for (int per = 0; per < 3; per++) {
		assert_true(found[per] >= 190);
		assert_true(doubled[per] >= 190);
	}
	assert_true(others <= 12);
}

/* Bursts: a site that comes twice in a run, with much each time, may as well come thrice. */
static void test_bursts_are_no_change(void **state)
{
	struct made_site sites[MADE_SITES];
	size_t count = usual_sites(sites);
	static struct made_run a, b;
	struct chance chance = {6};
	struct comparison comparison;

	(void)state;
	comparison_make_run(&a, sites, count, RATE, 2, &chance);
	comparison_make_run(&b, sites, count, RATE, 2, &chance);
	for (int side = 0; side < 2; side++) {
		struct made_run *run = side ? &b : &a;
		double burst = run->sites[0].alloc_bytes / 4;

		for (size_t k = 0; k < MADE_SLICES; k++) {
			run->all[k] -= run->slices[0][k];
			run->slices[0][k] = k == 10 || k == 40 || (side && k == 25) ? burst : 0;
			run->all[k] += run->slices[0][k];
		}
		run->analysis.alloc_bytes += burst * (side ? 3 : 2) - run->sites[0].alloc_bytes;
		run->sites[0].alloc_bytes = burst * (side ? 3 : 2);
	}
	comparison = compare_runs(&a, &b, COMPARE_PER_UNIT);
	assert_int_equal(comparison.nchanged, 0);
	compare_free(&comparison);
	/* The same bytes, evenly over the run, are a change. */
	for (int side = 0; side < 2; side++)
		for (size_t k = 0; k < MADE_SLICES; k++) {
			struct made_run *run = side ? &b : &a;

			run->all[k] += run->sites[0].alloc_bytes / MADE_SLICES - run->slices[0][k];
			run->slices[0][k] = run->sites[0].alloc_bytes / MADE_SLICES;
		}
	comparison = compare_runs(&a, &b, COMPARE_PER_UNIT);
	assert_int_equal(comparison.nchanged, 1);
	assert_int_equal(comparison.sites[0].bytes.kind, CHANGE_GREW);
	assert_true(change_least_growth(&comparison.sites[0].bytes) > 0.1);
	assert_true(change_least_growth(&comparison.sites[0].bytes) < 0.5);
	compare_free(&comparison);
}

static void test_nothing_to_divide_by(void **state)
{
	static struct made_run a, b;
	struct made_site site = {"main.f", 1, "int", 1e5, 64};
	struct compare_options options = compare_options_default();
	struct chance chance = {7};
	struct comparison comparison;
	struct error error;

	(void)state;
	comparison_make_run(&a, &site, 1, RATE, 0, &chance);
	comparison_make_run(&b, &site, 1, RATE, 1, &chance);
	assert_int_equal(compare(&comparison, &a.analysis, &b.analysis, &options, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "the first run has no length"));
	compare_free(&comparison);
	options.per = COMPARE_PER_BYTE;
	comparison_make_run(&b, &site, 0, RATE, 1, &chance);
	assert_int_equal(compare(&comparison, &a.analysis, &b.analysis, &options, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "the second run has no allocations"));
	compare_free(&comparison);
}

static void test_fingerprints(void **state)
{
	static const struct made_site before[] = {
	    {"main.f", 10, "int", 1e6, 64}, {"main.f", 12, "int", 1e6, 64}, {"main.g", 30, "T", 1e6, 128}};
	static const struct made_site after[] = {
	    {"main.g", 5, "T", 1e6, 128}, {"main.f", 23, "int", 1e6, 64}, {"main.f", 29, "int", 1e6, 64}};
	static struct made_run a, b;
	struct chance chance = {8};

	(void)state;
	comparison_make_run(&a, before, 3, RATE, 2, &chance);
	comparison_make_run(&b, after, 3, RATE, 2, &chance);
	assert_true(compare_fingerprint(&a.analysis, 0) == compare_fingerprint(&b.analysis, 1));
	assert_true(compare_fingerprint(&a.analysis, 1) == compare_fingerprint(&b.analysis, 2));
	assert_true(compare_fingerprint(&a.analysis, 2) == compare_fingerprint(&b.analysis, 0));
	assert_true(compare_fingerprint(&a.analysis, 0) != compare_fingerprint(&a.analysis, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines_shift),          cmocka_unit_test(test_one_more_among_its_like),
	    cmocka_unit_test(test_inlined_otherwise),    cmocka_unit_test(test_false_alarms),
	    cmocka_unit_test(test_changes_are_found),    cmocka_unit_test(test_bursts_are_no_change),
	    cmocka_unit_test(test_nothing_to_divide_by), cmocka_unit_test(test_fingerprints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
