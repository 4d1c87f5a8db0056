/*
 * The JSON report against docs/report.schema.json, by a small validator of the keywords that the schema uses; a keyword
 * it does not know fails the test, so that none is passed over.
 */
#include "tests/unit/sample_analysis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static json_t *schema;

static void validate(const json_t *rule, const json_t *value, const char *path);

static bool has_type(const json_t *value, const char *type)
{
	return (strcmp(type, "object") == 0 && json_is_object(value)) ||
	       (strcmp(type, "array") == 0 && json_is_array(value)) ||
	       (strcmp(type, "string") == 0 && json_is_string(value)) ||
	       (strcmp(type, "number") == 0 && json_is_number(value)) ||
	       (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
	       (strcmp(type, "null") == 0 && json_is_null(value)) ||
	       (strcmp(type, "boolean") == 0 && json_is_boolean(value));
}

static void check_type(const json_t *types, const json_t *value, const char *path)
{
	bool found = json_is_string(types) && has_type(value, json_string_value(types));

	for (size_t i = 0; i < json_array_size(types); i++)
		found |= has_type(value, json_string_value(json_array_get(types, i)));
	if (!found)
		fail_msg("%s: of another type than the schema says", path);
}

static void check_enum(const json_t *words, const json_t *value, const char *path)
{
	for (size_t i = 0; i < json_array_size(words); i++)
		if (json_equal(json_array_get(words, i), value))
			return;
	fail_msg("%s: not one of the schema's words", path);
}

static void check_properties(const json_t *rule, const json_t *value, const char *path)
{
	const json_t *properties = json_object_get(rule, "properties"), *required = json_object_get(rule, "required");
	const char *key;
	json_t *item;
	char inner[512];

	for (size_t i = 0; i < json_array_size(required); i++)
		if (!json_object_get(value, json_string_value(json_array_get(required, i))))
			fail_msg("%s: no %s", path, json_string_value(json_array_get(required, i)));
	json_object_foreach((json_t *)(uintptr_t)value, key, item)
	{
		snprintf(inner, sizeof(inner), "%s.%s", path, key);
		if (!json_object_get(properties, key))
			fail_msg("%s: not in the schema", inner);
		validate(json_object_get(properties, key), item, inner);
	}
}

static void check_items(const json_t *rule, const json_t *value, const char *path)
{
	const json_t *least = json_object_get(rule, "minItems"), *most = json_object_get(rule, "maxItems");
	char inner[512];

	if ((least && (json_int_t)json_array_size(value) < json_integer_value(least)) ||
	    (most && (json_int_t)json_array_size(value) > json_integer_value(most)))
		fail_msg("%s: too few or too many", path);
	for (size_t i = 0; i < json_array_size(value); i++) {
		snprintf(inner, sizeof(inner), "%s[%zu]", path, i);
		validate(json_object_get(rule, "items"), json_array_get(value, i), inner);
	}
}

static void check_keywords(const json_t *rule, const char *path)
{
	static const char known[] =
	    " $schema title $defs type enum properties required additionalProperties items minItems "
	    "maxItems minimum maximum $ref ";
	const char *key;
	json_t *item;
	char word[80];

	json_object_foreach((json_t *)(uintptr_t)rule, key, item)
	{
		(void)item;
		snprintf(word, sizeof(word), " %s ", key);
		if (!strstr(known, word))
			fail_msg("%s: the schema's %s is not known here", path, key);
	}
}

static void validate(const json_t *rule, const json_t *value, const char *path)
{
	const char *reference = json_string_value(json_object_get(rule, "$ref"));
	const json_t *least = json_object_get(rule, "minimum"), *most = json_object_get(rule, "maximum");

	if (reference)
		rule = json_object_get(json_object_get(schema, "$defs"), reference + strlen("#/$defs/"));
	assert_non_null(rule);
	check_keywords(rule, path);
	if (json_object_get(rule, "type"))
		check_type(json_object_get(rule, "type"), value, path);
	if (json_object_get(rule, "enum"))
		check_enum(json_object_get(rule, "enum"), value, path);
	if (least && json_number_value(value) < json_number_value(least))
		fail_msg("%s: too small", path);
	if (most && json_number_value(value) > json_number_value(most))
		fail_msg("%s: too large", path);
	if (json_is_object(value))
		check_properties(rule, value, path);
	if (json_is_array(value))
		check_items(rule, value, path);
}

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

	validate(schema, json, "report");
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
	    cmocka_unit_test(test_schema),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_roots),
	    cmocka_unit_test(test_unknown_gc),
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
