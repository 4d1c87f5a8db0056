/* Sums of sites that have something in common, held against the sample analysis added up here. */
#include "analyzer/gc_model.h"
#include "base/buf.h"
#include "report/gather.h"

#include "tests/unit/sample_analysis.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct gathered *row_of(const struct gathering *gathering, const char *name)
{
	for (size_t i = 0; i < gathering->count; i++) {
		if (!strcmp(gathering->rows[i].name, name))
			return &gathering->rows[i];
	}
	fail_msg("no row: %s", name);
	return NULL;
}

/* Whatever has a name in every site adds up to the whole. */
static void test_nothing_is_lost(void **state)
{
	static const enum report_by all[] = {REPORT_BY_SITE, REPORT_BY_CATEGORY, REPORT_BY_PACKAGE};
	const struct analysis *analysis = sample_analysis();
	double bytes = 0, objects = 0;

	(void)state;
	for (size_t i = 0; i < analysis->nsites; i++) {
		bytes += analysis->sites[i].alloc_bytes;
		objects += analysis->sites[i].alloc_objects;
	}
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		struct gathering gathering;
		double row_bytes = 0, row_objects = 0;
		size_t sites = 0;

		gather(&gathering, analysis, all[k]);
		for (size_t i = 0; i < gathering.count; i++) {
			row_bytes += gathering.rows[i].alloc_bytes;
			row_objects += gathering.rows[i].alloc_objects;
			sites += gathering.rows[i].sites;
			assert_true(i == 0 || gathering.rows[i - 1].saving.share >= gathering.rows[i].saving.share);
		}
		assert_true(fabs(row_bytes - bytes) < 1 && fabs(row_objects - objects) < 1);
		assert_int_equal(sites, analysis->nsites);
		gather_free(&gathering);
	}
}

/* Two sites of one root are one row; a site's stacks go to the goroutines that they belong to. */
static void test_roots_and_goroutines(void **state)
{
	static struct analysis_stack first[] = {{.creator = {"main.serve", "/a/main.go", 7}, .alloc_bytes = 300},
						{.creator = {"", "", 0}, .alloc_bytes = 100}},
				     second[] = {{.creator = {"main.serve", "/a/main.go", 7}, .alloc_bytes = 50}};
	static struct site sites[] = {
	    {.function = "x.y/z.F",
	     .root = "v of log.Put: last = v",
	     .alloc_bytes = 400,
	     .stacks = first,
	     .nstacks = 2},
	    {.function = "main.G", .root = "v of log.Put: last = v", .alloc_bytes = 50, .stacks = second, .nstacks = 1},
	    {.function = "main.H", .root = "", .alloc_bytes = 50}};
	/* nothing is alive: the saving is the share of what is allocated */
	static const struct gc_model_run run = {
	    .gogc = 100, .live = 1000, .goal = 2000, .sites_live = 1000, .allocated = 500, .costs.cycle = 1};
	struct analysis analysis = {.gc.known = true, .sites = sites, .nsites = 3, .gc_run = &run};
	struct gathering gathering;

	(void)state;
	gather(&gathering, &analysis, REPORT_BY_ROOT);
	assert_int_equal(gathering.count, 1);
	assert_int_equal(gathering.rows[0].sites, 2);
	assert_true(fabs(gathering.rows[0].saving.share - 0.9) < 1e-9);
	gather_free(&gathering);
	gather(&gathering, &analysis, REPORT_BY_GOROUTINE);
	assert_int_equal(row_of(&gathering, "main.serve main.go:7")->sites, 2);
	assert_true(fabs(row_of(&gathering, "main.serve main.go:7")->alloc_bytes - 350) < 1e-9);
	assert_true(fabs(row_of(&gathering, "main.serve main.go:7")->saving.share - 0.7) < 1e-9);
	gather_free(&gathering);
	gather(&gathering, &analysis, REPORT_BY_PACKAGE);
	assert_int_equal(row_of(&gathering, "main")->sites, 2);
	assert_int_equal(row_of(&gathering, "x.y/z")->sites, 1);
	gather_free(&gathering);
}

/* Rows of numbers stand in the numbers' order, whatever they save, and a site is in as many as it has bytes in. */
static void test_numbers(void **state)
{
	struct gathering gathering;

	(void)state;
	gather(&gathering, sample_analysis(), REPORT_BY_GOROUTINES);
	assert_int_equal(gathering.count, 3);
	assert_string_equal(gathering.rows[0].name, "2–3 goroutines");
	assert_string_equal(gathering.rows[1].name, "128–255 goroutines");
	assert_string_equal(gathering.rows[2].name, "not known");
	assert_true(fabs(gathering.rows[0].alloc_bytes - 0.5e9) < 1);
	assert_true(fabs(gathering.rows[1].alloc_bytes - 3.4e9) < 1);
	assert_int_equal(gathering.rows[1].sites, 2);
	assert_int_equal(gathering.rows[2].sites, 1);
	assert_true(gathering.rows[1].saving.share > gathering.rows[0].saving.share);
	gather_free(&gathering);
	gather(&gathering, sample_analysis(), REPORT_BY_PROCS); /* the sample knows nothing of them */
	assert_int_equal(gathering.count, 0);
	gather_free(&gathering);
}

/* By all labels of a goroutine, or by one of them; what has it not, or is not known to have it, is a row too. */
static void test_labels(void **state)
{
	static const struct label blue[] = {{"handler", "/plan"}, {"tenant", "blue"}}, green[] = {{"tenant", "green"}},
				  also_blue[] = {{"handler", "/cart"}, {"tenant", "blue"}};
	static const struct label_set sets[] = {
	    {NULL, 0, false}, {NULL, 0, true}, {blue, 2, false}, {green, 1, false}, {also_blue, 2, false}};
	static const struct label_part first[] = {{0, 10}, {2, 60}, {4, 30}},
				       second[] = {{1, 5}, {2, 15}, {3, 20}, {9, 1}};
	static struct site sites[] = {{.function = "main.F", .alloc_bytes = 100, .by_labels = first, .nlabels = 3},
				      {.function = "main.G", .alloc_bytes = 40, .by_labels = second, .nlabels = 4}};
	struct analysis analysis = {.sites = sites, .nsites = 2, .label_sets = sets, .nlabel_sets = 5};
	struct gathering gathering;

	(void)state;
	gather_labels(&gathering, &analysis, NULL);
	assert_int_equal(gathering.count, 5);
	assert_string_equal(gathering.rows[0].name, "handler=/plan, tenant=blue");
	assert_true(fabs(gathering.rows[0].alloc_bytes - 75) < 1e-9);
	assert_int_equal(gathering.rows[0].sites, 2);
	assert_true(fabs(row_of(&gathering, "no labels")->alloc_bytes - 10) < 1e-9);
	assert_true(fabs(row_of(&gathering, "not known")->alloc_bytes - 5) < 1e-9);
	gather_free(&gathering);
	gather_labels(&gathering, &analysis, "tenant");
	assert_int_equal(gathering.count, 4);
	assert_true(fabs(row_of(&gathering, "tenant=blue")->alloc_bytes - 105) < 1e-9);
	assert_true(fabs(row_of(&gathering, "tenant=green")->alloc_bytes - 20) < 1e-9);
	assert_true(fabs(row_of(&gathering, "no label tenant")->alloc_bytes - 10) < 1e-9);
	gather_free(&gathering);
	gather_labels(&gathering, &analysis, "handler");
	assert_true(fabs(row_of(&gathering, "no label handler")->alloc_bytes - 30) < 1e-9);
	gather_free(&gathering);
}

static void test_nothing_at_all(void **state)
{
	struct analysis analysis = sample_analysis_empty();
	struct gathering gathering;

	(void)state;
	gather(&gathering, &analysis, REPORT_BY_TYPE);
	assert_int_equal(gathering.count, 0);
	gather_free(&gathering);
}

/* Import paths, as symbols spell them. */
static void test_packages(void **state)
{
	static const char *const table[][2] = {
	    {"main.main", "main"},
	    {"example.com/log.(*Logger).Print", "example.com/log"},
	    {"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3"},
	    {"slices.Grow[go.shape.[]example.com/wasm.T]", "slices"},
	    {"a.b/c.(*Pool[go.shape.struct { x/y.z int }]).Get", "a.b/c"},
	    {"100%", "100%"},
	    {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buf package = {0};

		analysis_append_package(&package, table[i][0]);
		assert_string_equal(buf_string(&package), table[i][1]);
		buf_free(&package);
	}
	assert_true(analysis_is_in_module("gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3"));
	assert_true(analysis_is_in_module("gopkg.in/yaml.v3/sub.F", "gopkg.in/yaml.v3"));
	assert_false(analysis_is_in_module("gopkg.in/yaml%2ev30.F", "gopkg.in/yaml.v3"));
	assert_false(analysis_is_in_module("gopkg.in/yaml", "gopkg.in/yaml.v3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packages),
	    cmocka_unit_test(test_nothing_is_lost),
	    cmocka_unit_test(test_roots_and_goroutines),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_labels),
	    cmocka_unit_test(test_nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
