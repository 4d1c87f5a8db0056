/* What is written of comparisons and gates: by their schemas, whatever names hold; sentences; XML and SARIF. */
#include "report/report_compare.h"
#include "tests/unit/sample_analysis.h"
#include "tests/unit/schema_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct diff_options everything = {.top = 100, .all = true, .width = 100};

/* The sample service before, and after without its first site, with its second allocating thrice as much. */
struct pair {
	struct analysis before, after;
	struct site sites[16];
	struct comparison comparison;
};

static void make_pair(struct pair *pair, const struct analysis *analysis, enum compare_per per)
{
	struct compare_options options = compare_options_default();
	struct error error = {""};

	options.per = per;
	options.counts[0] = options.counts[1] = 1e6;
	pair->before = pair->after = *analysis;
	assert_true(analysis->nsites <= 16);
	memcpy(pair->sites, analysis->sites, analysis->nsites * sizeof(struct site));
	for (size_t i = 0; i < analysis->nsites; i++) {
		pair->sites[i].slices = NULL;
		pair->sites[i].sampling_variance = pair->sites[i].alloc_bytes * 4096;
	}
	pair->before.sites = pair->sites;
	pair->after.sites = pair->sites + (analysis->nsites > 1);
	pair->after.nsites = analysis->nsites - (analysis->nsites > 1);
	if (compare(&pair->comparison, &pair->before, &pair->after, &options, &error) != STATUS_OK)
		fail_msg("%s", error.text);
}

/* Without one: no limits are broken by the figures themselves. */
static struct gate_limits strict_limits(void)
{
	struct gate_limits limits = gate_limits_none();

	limits.gc_share = limits.site_gc = 0.1;
	limits.alloc_rate = 1e6;
	limits.bytes_per = 1e9;
	limits.count = 1e6;
	return limits;
}

typedef enum status gate_format(FILE *stream, const struct gate *gate, struct error *error);

static char *write_gate(gate_format *format, const struct gate *gate)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct error error;

	assert_int_equal(format(stream, gate, &error), STATUS_OK);
	fclose(stream);
	return text;
}

static enum status write_sarif(FILE *stream, const struct gate *gate, struct error *error)
{
	struct sarif_source source = {"/home/me/shop"};

	return report_check_sarif(stream, gate, &source, error);
}

static char *write_diff(const struct comparison *comparison, bool json)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct error error;

	assert_int_equal(json ? report_diff_json(stream, comparison, &everything, &error)
			      : report_diff_text(stream, comparison, &everything, &error),
			 STATUS_OK);
	fclose(stream);
	return text;
}

/* TEXT, which is freed, is JSON as the schema in FILE says. */
static void check_json(char *text, const char *file)
{
	json_error_t where;
	json_t *schema = json_load_file(file, 0, &where), *json = json_loads(text, JSON_REJECT_DUPLICATES, &where);

	if (!schema || !json)
		fail_msg("%s: line %d: %s", file, where.line, where.text);
	schema_check(schema, json, "root");
	json_decref(json);
	json_decref(schema);
	free(text);
}

/* No control character but line ends, and no byte that is no UTF-8. */
static void check_harmless(const char *text)
{
	json_t *string = json_string(text);

	assert_non_null(string);
	json_decref(string);
	for (; *text; text++)
		assert_true((unsigned char)*text >= 0x20 || *text == '\n');
}

static void check_all(const struct analysis *analysis)
{
	for (int per = 0; per < 3; per++) {
		struct gate_limits limits = strict_limits();
		struct pair pair;
		struct gate gate;
		char *text;

		make_pair(&pair, analysis, (enum compare_per)per);
		check_json(write_diff(&pair.comparison, true), "docs/diff.schema.json");
		text = write_diff(&pair.comparison, false);
		check_harmless(text);
		free(text);
		gate_judge(&gate, &pair.after, &pair.comparison, &limits);
		assert_true(gate.breaches > 0);
		check_json(write_gate(report_check_json, &gate), "docs/check.schema.json");
		text = write_gate(report_check_text, &gate);
		check_harmless(text);
		free(text);
		text = write_gate(report_check_junit, &gate);
		check_harmless(text);
		assert_null(strstr(text, "<script"));
		free(text);
		text = write_gate(write_sarif, &gate);
		check_harmless(text);
		free(text);
		gate_free(&gate);
		compare_free(&pair.comparison);
	}
}

static void test_all_formats(void **state)
{
	(void)state;
	check_all(sample_analysis());
	check_all(sample_analysis_hostile());
}

static void test_sentences(void **state)
{
	struct gate_limits limits = strict_limits();
	struct gate gate;
	char *text;

	(void)state;
	gate_judge(&gate, sample_analysis(), NULL, &limits);
	assert_int_equal(gate.breaches, 4);
	text = write_gate(report_check_text, &gate);
	assert_non_null(strstr(text, "The GC takes 14.2 % of the CPU; the limit is 10.0 %.\n"));
	assert_non_null(strstr(text, "MB a second are allocated; the limit is 1 MB.\n"));
	assert_non_null(strstr(text, "costs 15.4 % of the GC's CPU; the limit is 10.0 %"));
	free(text);
	gate_free(&gate);
	limits = gate_limits_none();
	limits.gc_share = 0.5;
	gate_judge(&gate, sample_analysis(), NULL, &limits);
	assert_int_equal(gate.breaches, 0);
	text = write_gate(report_check_text, &gate);
	assert_string_equal(text, "The limit holds.\n");
	free(text);
	gate_free(&gate);
}

/* A figure that is not known does not pass. */
static void test_unknown_is_a_breach(void **state)
{
	struct analysis profile = sample_analysis_heap_profile();
	struct gate_limits limits = gate_limits_none();
	struct gate gate;
	char *text;

	(void)state;
	limits.gc_share = 0.5;
	gate_judge(&gate, &profile, NULL, &limits);
	assert_int_equal(gate.breaches, 1);
	gate_free(&gate);
	limits = gate_limits_none();
	limits.site_gc = 0.5;
	gate_judge(&gate, &profile, NULL, &limits);
	assert_int_equal(gate.breaches, 1);
	text = write_gate(report_check_text, &gate);
	assert_non_null(strstr(text, "is not known here; the limit is 50.0 %.\n"));
	free(text);
	check_json(write_gate(report_check_json, &gate), "docs/check.schema.json");
	free(write_gate(report_check_junit, &gate));
	free(write_gate(write_sarif, &gate));
	gate_free(&gate);
}

/* C's: where the run looked for it and found none, that is nothing; where it did not look, it is not known. */
static void test_limits_of_c(void **state)
{
	struct analysis analysis = *sample_analysis();
	struct gate_limits limits = gate_limits_none();
	struct gate gate;
	char *text;

	(void)state;
	limits.c_kept = 1e6;
	gate_judge(&gate, &analysis, NULL, &limits);
	assert_int_equal(gate.breaches, 1);
	gate_free(&gate);
	analysis.c.was_looked_for = true;
	gate_judge(&gate, &analysis, NULL, &limits);
	assert_int_equal(gate.breaches, 0);
	gate_free(&gate);
	analysis.c.known = true;
	analysis.c.kept_bytes = analysis.c.live_bytes = 3e6;
	analysis.c.alloc_bytes = 1e9;
	limits.c_live = 4e6;
	limits.c_alloc_rate = 10;
	gate_judge(&gate, &analysis, NULL, &limits);
	assert_int_equal(gate.breaches, 2);
	check_json(write_gate(report_check_json, &gate), "docs/check.schema.json");
	text = write_gate(report_check_text, &gate);
	assert_non_null(strstr(text, "3 MB of C are not freed at the end; the limit is 1 MB.\n"));
	assert_non_null(strstr(text, "a second are allocated by C; the limit is 10 B.\n"));
	free(text);
	gate_free(&gate);
}

static json_t *load(char *text)
{
	json_error_t where;
	json_t *json = json_loads(text, 0, &where);

	assert_non_null(json);
	free(text);
	return json;
}

static void test_sarif(void **state)
{
	struct analysis analysis = *sample_analysis();
	struct gate_limits limits = gate_limits_none();
	struct site site = analysis.sites[0];
	json_t *json, *run, *result, *artifact;
	struct gate gate;

	(void)state;
	limits.site_gc = 0.1;
	site.file = site.shown.file = "/home/me/shop/a b/errors.go";
	site.shown_is_own = true;
	site.shown.function = site.function;
	site.shown.line = site.line;
	analysis.sites = &site;
	analysis.nsites = 1;
	gate_judge(&gate, &analysis, NULL, &limits);
	json = load(write_gate(write_sarif, &gate));
	run = json_array_get(json_object_get(json, "runs"), 0);
	result = json_array_get(json_object_get(run, "results"), 0);
	assert_string_equal(json_string_value(json_object_get(result, "ruleId")), "pointer-returned");
	assert_string_equal(json_string_value(json_object_get(result, "level")), "error");
	artifact = json_object_get(
	    json_object_get(json_array_get(json_object_get(result, "locations"), 0), "physicalLocation"),
	    "artifactLocation");
	assert_string_equal(json_string_value(json_object_get(artifact, "uri")), "a%20b/errors.go");
	assert_string_equal(json_string_value(json_object_get(artifact, "uriBaseId")), "%SRCROOT%");
	json_decref(json);
	gate_free(&gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_formats),
	    cmocka_unit_test(test_sentences),
	    cmocka_unit_test(test_unknown_is_a_breach),
	    cmocka_unit_test(test_limits_of_c),
	    cmocka_unit_test(test_sarif),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
