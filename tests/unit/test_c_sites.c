/* C sites: what is left out of a stack, Go's callers, weights, what is kept, how much is alive over the time. */
#include "analyzer/analysis.h"
#include "analyzer/arena.h"
#include "analyzer/c_accumulate.h"
#include "analyzer/c_sites.h"
#include "analyzer/symbols.h"
#include "tests/unit/analyzer_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct fixture_symbol table[] = {
    {0x10, "", {{"operator new(unsigned long)", "", 0}}, 0},
    {0x20, "", {{"std::vector<int>::push_back", "vector.h", 5}, {"shop::fill", "shop.cc", 40}}, 0},
    {0x30, "", {{"main", "shop.cc", 60}}, 0},
    {0x40, "", {{"c_leaf", "c.c", 7}}, 0},
    {0x50, "", {{"runtime.asmcgocall", "asm.s", 1}}, 0},
    {0x60, "", {{"runtime.cgocall", "cgocall.go", 1}}, 0},
    {0x70, "", {{"main._Cfunc_c_leaf", "_cgo_gotypes.go", 1}}, 0},
    {0x80, "", {{"main.one", "main.go", 10}}, 0},
    {0x90, "", {{"main.two", "main.go", 20}}, 0},
};

static const uint64_t through[] = {0x10, 0x20, 0x30}, from_one[] = {0x40, 0x50, 0x60, 0x70, 0x80},
		      from_two[] = {0x40, 0x50, 0x60, 0x70, 0x90}, all_allocators[] = {0x10};

static struct trace_c_context contexts[] = {
    {3, through, 30, 0},
    {5, from_one, 40, TRACE_C_GO},
    {5, from_two, 40, TRACE_C_GO},
    {3, through, 50, 0}, /* the same stack, another size */
    {1, all_allocators, 20, TRACE_C_GUESSED},
};

static struct fixture fixture;
static struct c_accumulation sums;
static struct arena *arena;
static struct symbols *symbols;
static struct trace_fact rate = {"c_rate", "1000", 4};

static int begin(void **state)
{
	(void)state;
	fixture_begin(&fixture, table, sizeof(table) / sizeof(table[0]));
	fixture.trace.c_contexts = contexts;
	fixture.trace.nc_contexts = sizeof(contexts) / sizeof(contexts[0]);
	fixture.trace.end_ns = 1000;
	fixture.trace.facts = &rate;
	fixture.trace.nfacts = 1;
	arena = arena_new();
	symbols = symbols_new(arena, &fixture.trace, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	c_accumulate_free(&sums);
	symbols_free(symbols);
	arena_free(arena);
	fixture_end(&fixture);
	return 0;
}

static void add(uint32_t context, uint64_t time, uint64_t allocs, uint64_t size, uint64_t frees)
{
	struct trace_c_counts counts = {.time_ns = time,
					.context = context,
					.allocs = allocs,
					.bytes = allocs * size,
					.frees = frees,
					.freed_bytes = frees * size};

	counts.lives[1] = frees;
	c_accumulate(&sums, &fixture.trace, &counts);
}

static const struct c_site *site_of(const struct c_part *part, const char *function, const char *caller)
{
	for (size_t i = 0; i < part->nsites; i++)
		if (!strcmp(part->sites[i].function, function) && !strcmp(part->sites[i].go_caller.function, caller))
			return &part->sites[i];
	fail_msg("no site %s from %s", function, caller);
	return NULL;
}

static struct c_part run(void)
{
	struct c_part part = {0};

	c_accumulate_finish(&sums, fixture.trace.nc_contexts, fixture.trace.end_ns);
	c_sites_fill(&part, arena, symbols, &fixture.trace, &sums, NULL, false);
	return part;
}

static void test_places(void **state)
{
	const struct c_site *site;
	struct c_part part;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		add(i, 100, 10, 100 * (i + 1), 0);
	part = run();
	assert_true(part.known && part.is_guessed);
	assert_int_equal(part.nsites, 4);
	assert_int_equal(part.samples, 50);
	site = site_of(&part, "shop::fill", "");
	assert_string_equal(site->through, "std::vector<int>::push_back");
	assert_int_equal(site->samples, 20);
	assert_int_equal(site->nstacks, 1);
	assert_int_equal(site->stacks[0].nframes, 2);
	assert_int_equal(site_of(&part, "c_leaf", "main.one")->samples, 10);
	assert_int_equal(site_of(&part, "c_leaf", "main.two")->go_caller.line, 20);
	assert_string_equal(site_of(&part, "c_leaf", "main.one")->through, "");
	site_of(&part, "operator new(unsigned long)", ""); /* allocators all the way: the innermost of them */
	assert_int_equal(part.sites[0].rank, 1);
	assert_true(part.sites[0].alloc_bytes >= part.sites[1].alloc_bytes);
}

/* As with Go's samples: 1/(1 − e^(−s/r)) objects each. */
static void test_weights(void **state)
{
	double weight = -1 / expm1(-100.0 / 1000);
	const struct c_site *site;
	struct c_part part;

	(void)state;
	add(1, 100, 50, 100, 20);
	part = run();
	site = site_of(&part, "c_leaf", "main.one");
	assert_true(fabs(site->alloc_objects - 50 * weight) < 1e-6);
	assert_true(fabs(site->alloc_bytes - 5000 * weight) < 1e-6);
	assert_true(fabs(site->kept_objects - 30 * weight) < 1e-6);
	assert_true(fabs(site->kept_bytes - 3000 * weight) < 1e-6);
	assert_true(site->alloc_bytes_ci.low < site->alloc_bytes && site->alloc_bytes_ci.high > site->alloc_bytes);
	assert_true(fabs(site->lives[1] - 0.4) < 1e-9);
}

/* 10 objects from 200 to 700, 4 of them to 1000, the end. */
static void test_alive(void **state)
{
	double weight = -1 / expm1(-100.0 / 1000);
	const struct c_site *site;
	struct c_part part;

	(void)state;
	add(1, 200, 10, 100, 0);
	add(1, 700, 0, 100, 6);
	part = run();
	site = site_of(&part, "c_leaf", "main.one");
	assert_true(fabs(site->live_objects - weight * (10 * 500 + 4 * 300) / 1000) < 1e-6);
	assert_true(fabs(site->live_bytes - weight * (1000 * 500 + 400 * 300) / 1000) < 1e-6);
	assert_true(fabs(part.peak_bytes - 1000 * weight) < 1e-6);
	assert_true(fabs(part.peak_seconds - 200e-9) < 1e-15);
}

/* 10 objects from 200 to 600, when a run ends, and 5 from 800 to 1000: kept all, but those of the first live no longer.
 */
static void test_merged(void **state)
{
	double weight = -1 / expm1(-100.0 / 1000);
	const struct c_site *site;
	struct c_part part;

	(void)state;
	add(1, 200, 10, 100, 0);
	c_accumulate_run_end(&sums, 600);
	add(1, 800, 5, 100, 0);
	part = run();
	site = site_of(&part, "c_leaf", "main.one");
	assert_true(fabs(site->kept_objects - 15 * weight) < 1e-6);
	assert_true(fabs(site->live_objects - weight * (10 * 400 + 5 * 200) / 1000) < 1e-6);
	assert_true(fabs(part.peak_bytes - 1000 * weight) < 1e-6);
	assert_true(fabs(site->stacks[0].live_bytes - site->live_bytes) < 1e-6);
	assert_true(fabs(site->stacks[0].kept_bytes - site->kept_bytes) < 1e-6);
}

/* Of moments alone, what lived is not known, and nothing claims that it is. */
static void test_moments(void **state)
{
	struct c_part part = {0};

	(void)state;
	add(1, 200, 10, 100, 5);
	c_accumulate_finish(&sums, fixture.trace.nc_contexts, fixture.trace.end_ns);
	c_sites_fill(&part, arena, symbols, &fixture.trace, &sums, NULL, true);
	assert_true(part.of_moments && part.was_looked_for && part.alloc_objects > 0);
	assert_true(isnan(part.live_bytes) && isnan(part.kept_bytes) && isnan(part.peak_bytes));
	assert_true(isnan(part.sites[0].kept_bytes) && isnan(part.sites[0].lives[1]));
}

/* A damaged trace may free more than there was. */
static void test_nonsense(void **state)
{
	struct c_part part;

	(void)state;
	add(1, 500, 1, 100, 7);
	add(1, 400, 1, 0, 0); /* earlier than the one before */
	part = run();
	assert_true(site_of(&part, "c_leaf", "main.one")->kept_objects == 0);
	assert_true(isfinite(part.live_bytes) && part.live_bytes >= 0);
}

static void test_nothing(void **state)
{
	struct c_part part = run();

	(void)state;
	assert_false(part.known);
	assert_int_equal(part.nsites, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_places, begin, end),
	    cmocka_unit_test_setup_teardown(test_weights, begin, end),
	    cmocka_unit_test_setup_teardown(test_alive, begin, end),
	    cmocka_unit_test_setup_teardown(test_merged, begin, end),
	    cmocka_unit_test_setup_teardown(test_moments, begin, end),
	    cmocka_unit_test_setup_teardown(test_nonsense, begin, end),
	    cmocka_unit_test_setup_teardown(test_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
