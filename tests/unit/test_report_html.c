/*
 * The HTML report's file: one JSON between a page that is whole, whatever names hold; bounded in size; the tree's sums
 * are the stacks'. What the page does with it, make browser asks.
 */
#include "base/buf.h"
#include "base/cursor.h"
#include "base/memory.h"
#include "report/html_json.h"
#include "report/report.h"
#include "tests/unit/sample_analysis.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define DATA_START "<script type=\"application/json\" id=\"data\">"

static char *page_of(const struct analysis *analysis, size_t *size)
{
	return sample_analysis_write(report_html, analysis, NULL, size);
}

/* The text of the data within PAGE; *END is where it ends. */
static const char *find_data(const char *page, const char **end)
{
	const char *start = strstr(page, DATA_START);

	assert_non_null(start);
	start += strlen(DATA_START);
	assert_null(strstr(start, DATA_START));
	*end = strstr(start, "</script>");
	assert_non_null(*end);
	return start;
}

static json_t *data_of(const char *page)
{
	const char *end, *start = find_data(page, &end);
	json_error_t where;
	json_t *data = json_loadb(start, (size_t)(end - start), JSON_REJECT_DUPLICATES, &where);

	if (!data)
		fail_msg("%s at %d", where.text, where.position);
	return data;
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

/* Around the data the page is the same for every analysis, and in the data nothing is markup. */
static void check_page(const struct analysis *analysis)
{
	char *page = page_of(analysis, NULL), *other = page_of(sample_analysis(), NULL);
	const char *end, *other_end, *start = find_data(page, &end), *other_start = find_data(other, &other_end);

	assert_int_equal(start - page, other_start - other);
	assert_memory_equal(page, other, (size_t)(start - page));
	assert_string_equal(end, other_end);
	for (const char *at = start; at < end; at++) {
		assert_null(memchr("<>&'", *at, 4));
		assert_true((unsigned char)*at >= 0x20);
		assert_false(strncmp(at, "\xe2\x80\xa8", 3) == 0 || strncmp(at, "\xe2\x80\xae", 3) == 0);
	}
	json_decref(data_of(page));
	free(page);
	free(other);
}

static void test_page(void **state)
{
	struct analysis profile = sample_analysis_heap_profile(), empty = sample_analysis_empty();

	(void)state;
	check_page(sample_analysis());
	check_page(sample_analysis_hostile());
	check_page(&profile);
	check_page(&empty);
}

/* Only what has the hashes runs, and nothing may be fetched. */
static void test_policy(void **state)
{
	char *page = page_of(sample_analysis(), NULL);

	(void)state;
	assert_non_null(strstr(page, "default-src 'none'; script-src 'sha256-"));
	assert_non_null(strstr(page, "style-src 'sha256-"));
	assert_null(strstr(page, "unsafe-"));
	assert_null(strstr(page, "_HASH@"));
	assert_null(strstr(page, "innerHTML"));
	assert_null(strstr(page, "https:"));
	assert_null(strstr(page, "eval("));
	assert_int_equal(count_of(page, "<script"), 2);
	assert_int_equal(count_of(page, "</script>"), 2);
	free(page);
}

static const char *text_at(const json_t *data, const json_t *number)
{
	return json_string_value(json_array_get(json_object_get(data, "strings"), (size_t)json_integer_value(number)));
}

static const json_t *column(const json_t *data, const char *name, size_t site)
{
	return json_array_get(json_object_get(json_object_get(data, "sites"), name), site);
}

static void test_sites(void **state)
{
	const struct analysis *analysis = sample_analysis();
	char *page = page_of(analysis, NULL);
	json_t *data = data_of(page);

	(void)state;
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		assert_string_equal(text_at(data, column(data, "function", i)), site->function);
		assert_string_equal(text_at(data, column(data, "advice", i)), site->advice);
		assert_int_equal(json_integer_value(column(data, "line", i)), site->line);
		assert_true(fabs(json_number_value(column(data, "gc", i)) - site->saving.share) < 1e-9);
		assert_true(fabs(json_number_value(column(data, "bytes", i)) - site->alloc_bytes) < 1);
		assert_int_equal(json_array_size(column(data, "candidates", i)), site->ncandidates);
	}
	assert_string_equal(text_at(data, json_array_get(column(data, "verdict", 0), 0)),
			    analysis->sites[0].verdict.message);
	assert_int_equal(json_array_size(column(data, "verdict", 0)), 4 + analysis->sites[0].verdict.nreason);
	assert_true(json_number_value(json_object_get(json_object_get(data, "model"), "allocated")) == 5.28e9);
	assert_int_equal(json_array_size(json_object_get(json_object_get(data, "model"), "small_live")), SMALL_SIZES);
	json_decref(data);
	free(page);
}

/* Of a heap profile the model knows nothing. */
static void test_unknown_gc(void **state)
{
	struct analysis profile = sample_analysis_heap_profile();
	char *page = page_of(&profile, NULL);
	json_t *data = data_of(page);

	(void)state;
	assert_int_equal(json_object_size(json_object_get(data, "model")), 0);
	assert_true(json_is_false(json_object_get(json_object_get(data, "gc"), "known")));
	json_decref(data);
	free(page);
}

static int digit_of(char letter)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return (int)(strchr(digits, letter) - digits);
}

static struct buf decode(const char *text)
{
	struct buf out = {0};

	for (; *text; text += 4) {
		uint32_t three = (uint32_t)digit_of(text[0]) << 18 | (uint32_t)digit_of(text[1]) << 12;

		three |= text[2] == '=' ? 0 : (uint32_t)digit_of(text[2]) << 6;
		three |= text[3] == '=' ? 0 : (uint32_t)digit_of(text[3]);
		buf_append_u8(&out, (uint8_t)(three >> 16));
		if (text[2] != '=')
			buf_append_u8(&out, (uint8_t)(three >> 8));
		if (text[3] != '=')
			buf_append_u8(&out, (uint8_t)three);
	}
	return out;
}

/* What a tree comes to: its nodes, and the sum of its leaves. */
struct sums {
	size_t nodes, narrow;
	double bytes;
};

static uint64_t next_number(struct cursor *cursor)
{
	uint64_t value = cursor_uleb(cursor);

	assert_false(cursor->failed);
	return value;
}

/* Reads it as report/html/tree.js does; fails where it is no tree. */
static struct sums read_tree(const json_t *data, size_t nsites)
{
	const json_t *tree = json_object_get(data, "tree"), *units = json_object_get(tree, "units");
	struct buf bytes = decode(json_string_value(json_object_get(tree, "data")));
	struct cursor cursor = cursor_make(bytes.data, bytes.size);
	struct sums sums = {.nodes = 1};
	int64_t depth = 0;

	while (cursor_left(&cursor)) {
		uint64_t head = next_number(&cursor), site;

		depth += 1 - (int64_t)(head / 2);
		assert_true(depth >= 1 && depth <= 401);
		sums.nodes++;
		if (head % 2 == 0) {
			assert_non_null(json_array_get(json_object_get(data, "strings"), next_number(&cursor)));
			continue;
		}
		site = next_number(&cursor);
		assert_true(site <= nsites);
		sums.narrow += site == 0;
		sums.bytes += (double)next_number(&cursor) * json_number_value(json_array_get(units, 0));
		for (int i = 0; i < (site ? 2 : 3); i++)
			next_number(&cursor);
	}
	buf_free(&bytes);
	return sums;
}

static void test_tree(void **state)
{
	const struct analysis *analysis = sample_analysis();
	char *page = page_of(analysis, NULL);
	json_t *data = data_of(page);
	struct sums sums = read_tree(data, analysis->nsites);
	double bytes = 0;

	(void)state;
	for (size_t i = 0; i < analysis->nsites; i++)
		for (size_t k = 0; k < analysis->sites[i].nstacks; k++)
			bytes += analysis->sites[i].stacks[k].alloc_bytes;
	assert_int_equal(sums.nodes, json_integer_value(json_object_get(json_object_get(data, "tree"), "count")));
	assert_int_equal(sums.narrow, 0);
	assert_true(fabs(sums.bytes / bytes - 1) < 1e-6);
	json_decref(data);
	free(page);
}

#define MANY_SITES  5000
#define MANY_STACKS 20 /* of each */
#define MANY_DEPTH  20

/* Functions by how far from the end: few at the outer end, many at the inner one. */
static const char *many_name(const char **names, size_t stack, size_t depth)
{
	return names[depth > 10 ? depth : stack * 31 % (1u << (20 - depth)) % 4000];
}

/* A hundred thousand stacks, of five thousand sites: the file stays bounded, and no byte is lost. */
static void test_many(void **state)
{
	struct analysis many = *sample_analysis();
	struct site *sites = memory_alloc(MANY_SITES, sizeof(*sites));
	struct analysis_stack *stacks = memory_alloc((size_t)MANY_SITES * MANY_STACKS, sizeof(*stacks));
	struct analysis_frame *frames = memory_alloc((size_t)MANY_SITES * MANY_STACKS * MANY_DEPTH, sizeof(*frames));
	const char **names = memory_alloc(4000, sizeof(*names));
	double bytes = 0;
	struct sums sums;
	size_t size;
	json_t *data;
	char *page;

	(void)state;
	for (size_t i = 0; i < 4000; i++)
		names[i] = memory_format("example.com/some/module/package%zu.(*Type).Method%zu", i / 10, i);
	for (size_t i = 0; i < MANY_SITES * MANY_STACKS; i++) {
		for (size_t k = 0; k < MANY_DEPTH; k++)
			frames[i * MANY_DEPTH + k] = (struct analysis_frame){many_name(names, i, k), "x.go", 1};
		stacks[i] = (struct analysis_stack){.frames = &frames[i * MANY_DEPTH],
						    .nframes = MANY_DEPTH,
						    .alloc_bytes = 1e9 / (double)(i + 1),
						    .alloc_objects = 1,
						    .gc_saved_share = 1e-6};
		bytes += stacks[i].alloc_bytes;
	}
	for (size_t i = 0; i < MANY_SITES; i++) {
		sites[i] = sample_analysis()->sites[i % 6];
		sites[i].rank = (uint32_t)i + 1;
		sites[i].stacks = &stacks[i * MANY_STACKS];
		sites[i].nstacks = MANY_STACKS;
	}
	many.sites = sites;
	many.nsites = MANY_SITES;
	page = page_of(&many, &size);
	data = data_of(page);
	sums = read_tree(data, MANY_SITES);
	if (size > 3000000)
		fail_msg("%zu bytes", size);
	assert_true(sums.nodes > 50000);
	assert_true(sums.narrow > 0);
	assert_true(fabs(sums.bytes / bytes - 1) < 1e-3);
	assert_true(json_integer_value(json_object_get(json_object_get(data, "sites"), "count")) < MANY_SITES);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(data, "sites"), "all")), MANY_SITES);
	json_decref(data);
	free(page);
	for (size_t i = 0; i < 4000; i++)
		free((char *)(uintptr_t)names[i]);
	free(names);
	free(frames);
	free(stacks);
	free(sites);
}

/* Values that a trace could only have if it lied. */
static void test_no_numbers(void **state)
{
	struct analysis odd = *sample_analysis_hostile();
	struct site site = odd.sites[0];
	struct analysis_stack stack = site.stacks[0];
	char *page;

	(void)state;
	stack.alloc_bytes = NAN;
	stack.alloc_objects = -INFINITY;
	stack.live_bytes = 1e308;
	stack.gc_saved_share = INFINITY;
	site.stacks = &stack;
	site.class_ = (enum site_class)77;
	site.category = (enum site_category) - 1;
	odd.sites = &site;
	odd.nsites = 1;
	page = page_of(&odd, NULL);
	json_decref(data_of(page));
	free(page);
}

static void test_long_text(void **state)
{
	struct html_json json = {0};

	(void)state;
	html_json_text(&json, NULL, "\xc3\xa4\xc3\xa4\xc3\xa4", 4);
	assert_string_equal(buf_string(&json.out), "\"\xc3\xa4\xc3\xa4\xe2\x80\xa6\"");
	buf_free(&json.out);
	json = (struct html_json){0};
	html_json_text(&json, NULL, NULL, 4);
	html_json_real(&json, NULL, -INFINITY, 3);
	html_json_text(&json, NULL, "a\"\\\x01\xff<\n", 100);
	assert_string_equal(buf_string(&json.out),
			    "\"\",null,\"a\\u0022\\u005c\xef\xbf\xbd\xef\xbf\xbd\\u003c\\u000a\"");
	buf_free(&json.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_page),       cmocka_unit_test(test_policy),    cmocka_unit_test(test_sites),
	    cmocka_unit_test(test_unknown_gc), cmocka_unit_test(test_tree),      cmocka_unit_test(test_many),
	    cmocka_unit_test(test_no_numbers), cmocka_unit_test(test_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
