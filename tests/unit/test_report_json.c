/* The JSON report against docs/report.schema.json. */
#include "tests/unit/sample_analysis.h"
#include "tests/unit/schema_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static json_t *schema;

static json_t *report(const struct analysis *analysis)
{
	char *text = sample_analysis_write(report_json, analysis, NULL, NULL);
	json_error_t where;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &where);

	if (!json)
		fail_msg("line %d: %s", where.line, where.text);
	free(text);
	return json;
}

static void check_schema(const struct analysis *analysis)
{
	json_t *json = report(analysis);

	schema_check(schema, json, "report");
	json_decref(json);
}

static void test_schema(void **state)
{
	struct analysis profile = sample_analysis_heap_profile(), empty = sample_analysis_empty();

	(void)state;
	check_schema(sample_analysis());
	check_schema(sample_analysis_hostile());
	check_schema(&profile);
	check_schema(&empty);
}

static void test_values(void **state)
{
	json_t *json = report(sample_analysis()), *sites = json_object_get(json, "sites");
	const char *function, *class_, *category, *message, *entry, *root;
	double share, low, high;
	int rank, line;

	(void)state;
	assert_int_equal(json_array_size(sites), 6);
	assert_int_equal(json_unpack(json_array_get(sites, 0), "{s:i,s:s,s:i,s:s,s:s,s:s,s:s,s:{s:s},s:F,s:[F,F]}",
				     "rank", &rank, "function", &function, "line", &line, "class", &class_, "category",
				     &category, "entry", &entry, "root", &root, "verdict", "message", &message,
				     "gc_saved_share", &share, "gc_saved_share_ci", &low, &high),
			 0);
	assert_int_equal(rank, 1);
	assert_int_equal(line, 69);
	assert_string_equal(function, "github.com/go-kratos/kratos/v2/errors.New");
	assert_string_equal(class_, "escape");
	assert_string_equal(category, "pointer-returned");
	assert_string_equal(entry, "runtime.newobject");
	assert_string_equal(message, "&errors.Error{...} escapes to heap");
	assert_string_equal(root, "return &errors.Error{...} (return) in errors.New");
	assert_true(low < share && share < high);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(sites, 1), "candidates")), 2);
	assert_true(json_is_null(json_object_get(json_array_get(sites, 1), "verdict")));
	assert_true(json_is_null(json_object_get(json_array_get(sites, 4), "lifetime_cycles")));
	json_decref(json);
}

/* NAME and its interval of SITE. */
static void check_saved(const json_t *site, const char *name, double share, double low, double high)
{
	char ci[64];
	double got, got_low, got_high;

	snprintf(ci, sizeof(ci), "%s_ci", name);
	assert_int_equal(json_unpack((json_t *)site, "{s:F,s:[F,F]}", name, &got, ci, &got_low, &got_high), 0);
	assert_true(got == share && got_low == low && got_high == high);
}

/* All that is saved of a site; of everything that has a saving the keys are the same. */
static void test_savings(void **state)
{
	static const char *const names[] = {"gc_saved_share", "gc_saved_share_equal_memory", "gc_cycles_saved_share",
					    "gc_pauses_saved_share", "gc_assists_saved_share"};
	struct report_options options = report_options_default();
	uint32_t ranks[] = {1, 3};
	char *text;
	json_t *json, *site, *part[3];

	(void)state;
	options.what_if.ranks = ranks;
	options.what_if.count = 2;
	text = sample_analysis_write(report_json, sample_analysis(), &options, NULL);
	json = json_loads(text, 0, NULL);
	schema_check(schema, json, "report");
	site = json_array_get(json_object_get(json, "sites"), 5);
	check_saved(site, "gc_saved_share", -0.031, -0.052, -0.012);
	check_saved(site, "gc_saved_share_equal_memory", 0.011, -0.008, 0.03);
	check_saved(site, "gc_cycles_saved_share", -0.21, -0.29, -0.13);
	check_saved(site, "gc_pauses_saved_share", -0.21, -0.29, -0.13);
	check_saved(site, "gc_assists_saved_share", -0.19, -0.27, -0.11);
	assert_true(json_real_value(json_object_get(site, "goal_bytes")) == 29.8e6);
	part[0] = json_object_get(json, "what_if");
	part[1] = json_array_get(json_object_get(json, "roots"), 0);
	part[2] = json_array_get(json_object_get(json, "roots"), 1);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			assert_true(json_is_real(json_object_get(part[i], names[k])));
	}
	json_decref(json);
	free(text);
}

static json_t *report_by(const char *by)
{
	struct report_options options = report_options_default();
	struct error error;
	json_t *json;
	char *text;

	assert_int_equal(report_by_parse(&options, by, &error), STATUS_OK);
	text = sample_analysis_write(report_json, sample_analysis(), &options, NULL);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	schema_check(schema, json, by);
	return json;
}

/* What --by asks for is there too, as sums over the sites, which are there as ever. */
static void test_groups(void **state)
{
	json_t *json = report_by("goroutines"), *groups = json_object_get(json, "groups"), *row;
	const char *name, *by;
	double bytes, share, low, high;
	int sites;

	(void)state;
	assert_int_equal(json_array_size(json_object_get(json, "sites")), 6);
	assert_int_equal(json_unpack(groups, "{s:s,s:n}", "by", &by, "label"), 0);
	assert_string_equal(by, "goroutines");
	assert_int_equal(json_array_size(json_object_get(groups, "rows")), 3);
	row = json_array_get(json_object_get(groups, "rows"), 1);
	assert_int_equal(json_unpack(row, "{s:s,s:i,s:F,s:F,s:[F,F]}", "name", &name, "sites", &sites, "alloc_bytes",
				     &bytes, "gc_saved_share", &share, "gc_saved_share_ci", &low, &high),
			 0);
	assert_string_equal(name, "128–255 goroutines");
	assert_int_equal(sites, 2);
	assert_true(bytes > 3.39e9 && bytes < 3.41e9 && low < share && share < high);
	json_decref(json);
	json = report_by("label:tenant");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "groups"), "label")), "tenant");
	json_decref(json);
	json = report_by("site");
	assert_true(json_is_null(json_object_get(json, "groups")));
	json_decref(json);
}

/* The ranks are those of the text: test_report_text.c, test_ranks. */
static void test_ranks(void **state)
{
	static const int expected[][2] = {{1, 2}, {1, 2}, {3, 4}, {3, 5}, {4, 5}, {6, 6}};
	json_t *json = report(sample_analysis()), *sites = json_object_get(json, "sites");
	int first, last;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(
		    json_unpack(json_array_get(sites, i), "{s:i,s:i}", "rank_first", &first, "rank_last", &last), 0);
		assert_int_equal(first, expected[i][0]);
		assert_int_equal(last, expected[i][1]);
	}
	json_decref(json);
}

/* Figures of the GC, but no cycle that ended: what would be saved is not known, rather than nothing. */
static void test_no_cycle(void **state)
{
	static const char *const names[] = {"gc_saved_share",         "gc_saved_share_equal_memory",
					    "gc_saved_share_reused",  "gc_cycles_saved_share",
					    "gc_assists_saved_share", "goal_bytes"};
	struct analysis analysis = *sample_analysis();
	json_t *json, *site;

	(void)state;
	analysis.gc_run = NULL;
	json = report(&analysis);
	schema_check(schema, json, "report");
	site = json_array_get(json_object_get(json, "sites"), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(json_is_null(json_object_get(site, names[i])));
	assert_true(json_is_null(json_array_get(json_object_get(site, "gc_saved_share_ci"), 0)));
	assert_true(json_is_null(json_array_get(json_object_get(site, "gc_cycles_saved_share_ci"), 1)));
	assert_true(json_is_real(json_object_get(json_object_get(json, "gc"), "cpu_seconds")));
	json_decref(json);
}

/* Roots come most saved first, and sites without a reason are in none. */
static void test_roots(void **state)
{
	json_t *json = report(sample_analysis()), *roots = json_object_get(json, "roots");

	(void)state;
	assert_int_equal(json_array_size(roots), 3);
	for (size_t i = 1; i < 3; i++)
		assert_true(json_real_value(json_object_get(json_array_get(roots, i - 1), "gc_saved_share")) >=
			    json_real_value(json_object_get(json_array_get(roots, i), "gc_saved_share")));
	json_decref(json);
}

static void test_unknown_gc(void **state)
{
	struct analysis profile = sample_analysis_heap_profile();
	json_t *json = report(&profile), *site = json_array_get(json_object_get(json, "sites"), 0);

	(void)state;
	assert_true(json_is_null(json_object_get(json_object_get(json, "gc"), "cpu_seconds")));
	assert_true(json_is_null(json_object_get(site, "gc_saved_share")));
	assert_true(json_is_true(json_object_get(json_object_get(json, "trace"), "heap_profile")));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_schema), cmocka_unit_test(test_values),     cmocka_unit_test(test_savings),
	    cmocka_unit_test(test_groups), cmocka_unit_test(test_ranks),      cmocka_unit_test(test_no_cycle),
	    cmocka_unit_test(test_roots),  cmocka_unit_test(test_unknown_gc),
	};
	json_error_t where;
	int failed;

	schema = json_load_file("docs/report.schema.json", 0, &where);
	if (!schema) {
		printf("not ok docs/report.schema.json: %s\n", where.text);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(schema);
	return failed;
}
