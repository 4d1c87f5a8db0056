/* The speedscope export: well-formed, its profiles' totals those of the folded stacks, whatever the names are. */
#include "tests/unit/sample_analysis.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static json_t *write_speedscope(const struct analysis *analysis, enum report_value value)
{
	struct report_options options = report_options_default();
	json_error_t error;
	json_t *root;
	char *text;

	options.value = value;
	text = sample_analysis_write(report_speedscope, analysis, &options, NULL);
	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("line %d: %s in %s", error.line, error.text, text);
	free(text);
	return root;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Every index is one of the shared frames, every sample has a weight above 0, and they sum up to the end. */
static json_int_t check_profile(const json_t *profile, size_t frames)
{
	const json_t *samples = json_object_get(profile, "samples"), *weights = json_object_get(profile, "weights");
	json_int_t sum = 0;

	assert_string_equal(text_of(profile, "type"), "sampled");
	assert_int_equal(json_array_size(samples), json_array_size(weights));
	for (size_t i = 0; i < json_array_size(samples); i++) {
		const json_t *stack = json_array_get(samples, i);

		assert_true(json_array_size(stack) > 0);
		for (size_t j = 0; j < json_array_size(stack); j++)
			assert_true((size_t)json_integer_value(json_array_get(stack, j)) < frames);
		assert_true(json_integer_value(json_array_get(weights, i)) > 0);
		sum += json_integer_value(json_array_get(weights, i));
	}
	assert_int_equal(number_of(profile, "startValue"), 0);
	assert_int_equal(number_of(profile, "endValue"), sum);
	return sum;
}

static json_int_t folded_total(const struct analysis *analysis, enum report_value value)
{
	struct report_options options = report_options_default();
	json_int_t sum = 0;
	char *text, *at, *end;

	options.value = value;
	text = sample_analysis_write(report_folded, analysis, &options, NULL);
	for (at = text; (end = strchr(at, '\n')); at = end + 1) {
		*end = 0;
		sum += strtoll(strrchr(at, ' ') + 1, NULL, 10);
	}
	free(text);
	return sum;
}

static void check_all(const struct analysis *analysis, enum report_value first)
{
	json_t *root = write_speedscope(analysis, first), *profiles = json_object_get(root, "profiles");
	size_t frames = json_array_size(json_object_get(json_object_get(root, "shared"), "frames"));

	assert_int_equal(json_array_size(profiles), 4 - (size_t)first);
	for (size_t i = 0; i < json_array_size(profiles); i++)
		assert_int_equal(check_profile(json_array_get(profiles, i), frames),
				 folded_total(analysis, (enum report_value)(i + first)));
	json_decref(root);
}

static void test_totals(void **state)
{
	struct analysis empty = sample_analysis_empty();

	(void)state;
	check_all(sample_analysis(), REPORT_VALUE_GC);
	check_all(sample_analysis_hostile(), REPORT_VALUE_GC);
	check_all(&empty, REPORT_VALUE_GC);
}

/* A heap profile has no GC to tell of: the first profile is the bytes, whichever was asked for. */
static void test_no_gc(void **state)
{
	struct analysis profile = sample_analysis_heap_profile();
	json_t *root = write_speedscope(&profile, REPORT_VALUE_GC);

	(void)state;
	assert_int_equal(number_of(root, "activeProfileIndex"), 0);
	assert_string_equal(text_of(json_array_get(json_object_get(root, "profiles"), 0), "unit"), "bytes");
	json_decref(root);
	root = write_speedscope(&profile, REPORT_VALUE_LIVE);
	assert_int_equal(number_of(root, "activeProfileIndex"), 2);
	json_decref(root);
	check_all(&profile, REPORT_VALUE_ALLOC);
}

static void test_values(void **state)
{
	static const char *const units[] = {"nanoseconds", "bytes", "none", "bytes"};
	json_t *root = write_speedscope(sample_analysis(), REPORT_VALUE_OBJECTS);

	(void)state;
	assert_int_equal(number_of(root, "activeProfileIndex"), 2);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(text_of(json_array_get(json_object_get(root, "profiles"), i), "unit"), units[i]);
	json_decref(root);
}

/* Outermost first, with the line of each frame, and no place twice. */
static void test_frames(void **state)
{
	json_t *root = write_speedscope(sample_analysis(), REPORT_VALUE_ALLOC);
	json_t *frames = json_object_get(json_object_get(root, "shared"), "frames");
	json_t *stack =
	    json_array_get(json_object_get(json_array_get(json_object_get(root, "profiles"), 1), "samples"), 0);
	json_t *outermost = json_array_get(frames, (size_t)json_integer_value(json_array_get(stack, 0)));
	json_t *innermost =
	    json_array_get(frames, (size_t)json_integer_value(json_array_get(stack, json_array_size(stack) - 1)));

	(void)state;
	assert_string_equal(text_of(outermost, "name"), "runtime.goexit");
	assert_string_equal(text_of(innermost, "name"), "github.com/go-kratos/kratos/v2/errors.New");
	assert_int_equal(number_of(innermost, "line"), 69);
	for (size_t i = 0; i < json_array_size(frames); i++)
		for (size_t j = 0; j < i; j++)
			assert_false(json_equal(json_array_get(frames, i), json_array_get(frames, j)));
	json_decref(root);
}

static void test_hostile(void **state)
{
	char *text = sample_analysis_write(report_speedscope, sample_analysis_hostile(), NULL, NULL);

	(void)state;
	assert_null(strchr(text, '\033'));
	assert_null(strstr(text, "\\u001b"));
	free(text);
}

#define MANY 20000

/* More than is kept in memory at once; values that do not fit into a double's whole numbers are held back. */
static void test_many(void **state)
{
	static const struct analysis_frame frames[] = {{"main.f", "main.go", 7}, {"main.main", "main.go", 3}};
	struct analysis_stack *stacks = calloc(MANY, sizeof(*stacks));
	struct site site = {.inline_chain = frames, .ninline = 1, .stacks = stacks, .nstacks = MANY};
	struct analysis analysis = *sample_analysis();
	json_t *root, *profile;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		stacks[i] = (struct analysis_stack){
		    .frames = frames, .nframes = 2, .alloc_bytes = 1000, .alloc_objects = INFINITY, .live_bytes = NAN};
	analysis.sites = &site;
	analysis.nsites = 1;
	root = write_speedscope(&analysis, REPORT_VALUE_ALLOC);
	profile = json_array_get(json_object_get(root, "profiles"), 1);
	assert_int_equal(check_profile(profile, 2), MANY * 1000);
	profile = json_array_get(json_object_get(root, "profiles"), 2);
	assert_true(number_of(profile, "endValue") == INT64_MAX);
	profile = json_array_get(json_object_get(root, "profiles"), 3);
	assert_int_equal(check_profile(profile, 2), 0);
	json_decref(root);
	free(stacks);
}

static void test_full_disk(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct error error = {""};

	(void)state;
	assert_non_null(full);
	assert_int_equal(report_speedscope(full, sample_analysis(), NULL, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "could not be written"));
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_totals),    cmocka_unit_test(test_no_gc),   cmocka_unit_test(test_values),
	    cmocka_unit_test(test_frames),    cmocka_unit_test(test_hostile), cmocka_unit_test(test_many),
	    cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
