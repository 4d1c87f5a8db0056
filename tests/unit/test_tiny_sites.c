/* Whose tiny objects may be in one block with whose. */
#include "analyzer/tiny_sites.h"

#include "analyzer/analysis.h"
#include "analyzer/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_company(void **state)
{
	struct site sites[] = {
	    {.rank = 1, .tiny = true, .alloc_objects = 10}, {.rank = 2, .alloc_objects = 1000},
	    {.rank = 3, .tiny = true, .alloc_objects = 60}, {.rank = 4, .tiny = true, .alloc_objects = 20},
	    {.rank = 5, .tiny = true, .alloc_objects = 10}, {.rank = 6, .tiny = true, .alloc_objects = 0},
	};
	struct analysis analysis = {.sites = sites, .nsites = sizeof(sites) / sizeof(sites[0])};
	struct arena *arena = arena_new();

	(void)state;
	tiny_sites_fill(&analysis, arena);
	assert_int_equal(sites[1].ntiny_with, 0);
	assert_int_equal(sites[0].ntiny_with, 3);
	assert_int_equal(sites[0].tiny_with[0].rank, 3);
	assert_float_equal(sites[0].tiny_with[0].share, 60.0 / 90, 1e-9);
	assert_int_equal(sites[0].tiny_with[1].rank, 4);
	assert_int_equal(sites[0].tiny_with[2].rank, 5);
	/* the largest has the others */
	assert_int_equal(sites[2].tiny_with[0].rank, 4);
	assert_float_equal(sites[2].tiny_with[0].share, 0.5, 1e-9);
	assert_int_equal(sites[2].tiny_with[1].rank, 1);
	arena_free(arena);
}

static void test_alone(void **state)
{
	struct site site = {.rank = 1, .tiny = true, .alloc_objects = 10};
	struct analysis analysis = {.sites = &site, .nsites = 1};
	struct arena *arena = arena_new();

	(void)state;
	tiny_sites_fill(&analysis, arena);
	assert_int_equal(site.ntiny_with, 0);
	analysis.nsites = 0;
	tiny_sites_fill(&analysis, arena);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_company), cmocka_unit_test(test_alone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
