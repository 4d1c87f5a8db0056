/* What sites are called across builds: names without the compiler's numbers, and the order of places. */
#include "analyzer/site_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The key of a site of one frame in FUNCTION, up to its first NUL: the function as it stands in it. */
static char *key_of(const char *function)
{
	struct analysis_frame frame = {function, "a.go", 1};
	struct site site = {.function = function, .inline_chain = &frame, .ninline = 1, .entry = "e", .type = "t"};
	struct buf key = {0};
	char *text;

	site_key_append(&key, &site);
	assert_int_equal(key.data[key.size - 1], 0);
	text = strdup((const char *)key.data);
	buf_free(&key);
	return text;
}

static void test_compilers_numbers(void **state)
{
	static const struct {
		const char *function, *key;
	} cases[] = {
	    {"main.f", "main.f"},
	    {"main.f.func1", "main.f.func"},
	    {"main.f.func12.3", "main.f.func."},
	    {"main.f.func1.2.1", "main.f.func.."},
	    {"main.f.gowrap2", "main.f.gowrap"},
	    {"main.f.deferwrap1", "main.f.deferwrap"},
	    {"main.f-range3", "main.f-range"},
	    {"main.func1", "main.func"},
	    {"main.myfunc1", "main.myfunc1"},
	    {"main.f32", "main.f32"},
	    {"main.encode2x", "main.encode2x"},
	    {"example.com/v2/log2.(*T).Do3", "example.com/v2/log2.(*T).Do3"},
	    {"main.g[go.shape.int_0]", "main.g[go.shape.int_0]"},
	    {"", ""},
	    {"7", "7"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *key = key_of(cases[i].function);

		assert_string_equal(key, cases[i].key);
		free(key);
	}
}

static bool same_key(const struct site *a, const struct site *b)
{
	struct buf x = {0}, y = {0};
	bool same;

	site_key_append(&x, a);
	site_key_append(&y, b);
	same = x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
	buf_free(&x);
	buf_free(&y);
	return same;
}

static void test_what_a_key_holds(void **state)
{
	struct analysis_frame one[] = {{"main.f", "a.go", 1}, {"main.g", "a.go", 20}};
	struct analysis_frame moved[] = {{"main.f", "b.go", 7}, {"main.g", "b.go", 80}};
	struct analysis_frame other[] = {{"main.f", "a.go", 1}, {"main.h", "a.go", 20}};
	struct site a = {.function = "main.f", .inline_chain = one, .ninline = 2, .entry = "e", .type = "t"};
	struct site b = a, c = a, d = a, e = a;

	(void)state;
	b.inline_chain = moved;
	c.inline_chain = other;
	d.type = "u";
	e.entry = NULL;
	assert_true(same_key(&a, &b));
	assert_false(same_key(&a, &c));
	assert_false(same_key(&a, &d));
	assert_false(same_key(&a, &e));
	assert_true(site_key_compare_places(&a, &b) < 0); /* by g's line first */
	assert_true(site_key_compare_places(&b, &a) > 0);
	assert_int_equal(site_key_compare_places(&a, &a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_compilers_numbers),
	    cmocka_unit_test(test_what_a_key_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
