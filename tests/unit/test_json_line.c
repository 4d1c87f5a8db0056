/* A line of JSON taken apart: values, escapes, and what is no object. */
#include "verdicts/json_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_values(void **state)
{
	static const char text[] =
	    "{\"a\":{\"b\":[1,{\"c\":[]},\"x\"]},\"n\":4294967295,\"over\":4294967296,\"minus\":-1,\"b\":true,\"n\":7}";
	struct json_line *line = json_line_new();
	size_t array, at;
	struct buf into = {0};

	(void)state;
	assert_null(json_line_parse(line, text, strlen(text)));
	assert_int_equal(json_line_number(line, json_line_member(line, JSON_LINE_ROOT, "n")), UINT32_MAX);
	assert_int_equal(json_line_number(line, json_line_member(line, JSON_LINE_ROOT, "over")), -1);
	assert_int_equal(json_line_number(line, json_line_member(line, JSON_LINE_ROOT, "minus")), -1);
	assert_int_equal(json_line_number(line, json_line_member(line, JSON_LINE_ROOT, "b")), -1);
	assert_int_equal(json_line_number(line, json_line_member(line, JSON_LINE_ROOT, "none")), -1);
	array = json_line_member(line, json_line_member(line, JSON_LINE_ROOT, "a"), "b");
	at = json_line_first(line, array);
	assert_int_equal(json_line_number(line, at), 1);
	assert_null(json_line_string(line, at, &into));
	at = json_line_next(line, array, at);
	assert_int_equal(json_line_first(line, json_line_member(line, at, "c")), JSON_LINE_NONE);
	at = json_line_next(line, array, at);
	assert_string_equal(json_line_string(line, at, &into), "x");
	assert_int_equal(json_line_next(line, array, at), JSON_LINE_NONE);
	/* what holds no members or values has none */
	assert_int_equal(json_line_member(line, at, "c"), JSON_LINE_NONE);
	assert_int_equal(json_line_member(line, JSON_LINE_NONE, "c"), JSON_LINE_NONE);
	assert_int_equal(json_line_first(line, JSON_LINE_NONE), JSON_LINE_NONE);
	buf_free(&into);
	json_line_free(line);
}

static void expect_text(const char *json, const char *expected)
{
	struct json_line *line = json_line_new();
	struct buf into = {0}, text = {0};

	buf_append_format(&text, "{\"s\":\"%s\"}", json);
	assert_null(json_line_parse(line, buf_string(&text), text.size));
	assert_string_equal(json_line_string(line, json_line_member(line, JSON_LINE_ROOT, "s"), &into), expected);
	buf_free(&into);
	buf_free(&text);
	json_line_free(line);
}

static void test_escapes(void **state)
{
	(void)state;
	expect_text("", "");
	expect_text("plain \xc3\xa4", "plain \xc3\xa4");
	expect_text("\\u003c\\u00E4\\u2190\\ud83d\\ude00>", "<\xc3\xa4\xe2\x86\x90\xf0\x9f\x98\x80>");
	expect_text("a\\\"b\\\\c\\/d\\n\\t\\r\\b\\f", "a\"b\\c/d\n\t\r\b\f");
	/* halves of a pair */
	expect_text("\\ud83d", "\xef\xbf\xbd");
	expect_text("\\ud83d\\n", "\xef\xbf\xbd\n");
	expect_text("\\ud83dx\\ude00", "\xef\xbf\xbdx\xef\xbf\xbd");
	expect_text("\\ud83d\\u0041", "\xef\xbf\xbd"
				      "A");
}

static void test_damage(void **state)
{
	static const char *const texts[] = {
	    "",
	    " ",
	    "[]",
	    "1",
	    "\"s\"",
	    "{",
	    "{\"a\":",
	    "{\"a\":1",
	    "{]",
	    "{\"a\":1}}",
	    "{}{}",
	    "{} 1",
	    "{1:2}",
	    "{\"a\"}",
	    "{\"a\" \"b\"}",
	    "{\"a\":1 \"b\":2}",
	    "{\"a",
	    "{\"\\x\":1}",
	    "{\"\\u12\":1}",
	    "{\"a\":tru}x",
	    "{\"a\":[}]",
	    "nonsense",
	    "{\"a\":{1}}",
	};
	struct json_line *line = json_line_new();
	struct buf into = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!json_line_parse(line, texts[i], strlen(texts[i])))
			print_error("taken: %s\n", texts[i]);
		assert_non_null(json_line_parse(line, texts[i], strlen(texts[i])));
		/* nothing is left of it */
		assert_int_equal(json_line_member(line, JSON_LINE_ROOT, "a"), JSON_LINE_NONE);
		assert_null(json_line_string(line, JSON_LINE_ROOT, &into));
	}
	buf_free(&into);
	json_line_free(line);
}

static void test_many_values(void **state)
{
	struct json_line *line = json_line_new();
	struct buf text = {0};
	size_t array, at, count = 0;

	(void)state;
	buf_append_string(&text, "{\"a\":[");
	for (int i = 0; i < 10000; i++)
		buf_append_format(&text, "%s{\"n\":%d}", i ? "," : "", i);
	buf_append_string(&text, "]}");
	assert_null(json_line_parse(line, buf_string(&text), text.size));
	array = json_line_member(line, JSON_LINE_ROOT, "a");
	for (at = json_line_first(line, array); at != JSON_LINE_NONE; at = json_line_next(line, array, at))
		assert_int_equal(json_line_number(line, json_line_member(line, at, "n")), count++);
	assert_int_equal(count, 10000);
	buf_free(&text);
	json_line_free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_many_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
