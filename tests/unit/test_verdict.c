/* The set of verdicts: what counts as the same, and finding by place. */
#include "tests/unit/verdict_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_empty(void **state)
{
	struct verdict_set *set = verdict_set_new();
	size_t count = 7;

	(void)state;
	assert_int_equal(verdict_set_count(set), 0);
	verdict_set_lookup(set, "a.go", 1, &count);
	assert_int_equal(count, 0);
	verdict_set_free(set);
	verdict_set_free(NULL);
}

static void test_same_is_kept_once(void **state)
{
	static const struct verdict_step step = {"from &T{} (return)", "return", "~r0", "a.go", 5, 2};
	static const char *const lines[] = {
	    "escapes x @ a.go:5:2 [~r0|return|5] in F chain?",
	    "moved x @ a.go:5:2 chain?",
	    "escapes x @ a.go:5:3 chain?",
	    "escapes y @ a.go:5:2 chain?",
	};
	struct verdict_set *set = verdict_set_new();
	struct verdict verdict = verdict_fixture_at(VERDICT_ESCAPES, "x", "a.go", 5, 2);

	(void)state;
	verdict.function = "F";
	assert_true(verdict_set_add(set, &verdict));
	verdict.function = "";
	verdict.steps = &step;
	verdict.nsteps = 1;
	assert_false(verdict_set_add(set, &verdict));
	verdict = verdict_fixture_at(VERDICT_MOVED, "x", "a.go", 5, 2);
	assert_true(verdict_set_add(set, &verdict));
	verdict = verdict_fixture_at(VERDICT_ESCAPES, "x", "a.go", 5, 3);
	assert_true(verdict_set_add(set, &verdict));
	verdict = verdict_fixture_at(VERDICT_ESCAPES, "y", "a.go", 5, 2);
	assert_true(verdict_set_add(set, &verdict));
	assert_false(verdict_set_add(set, &verdict));
	verdict_fixture_expect(set, lines, 4);
	verdict_set_free(set);
}

/* A parameter that leaks to the heap and to a result has two verdicts: roots need the first. */
static void test_leaks_differ(void **state)
{
	struct verdict_set *set = verdict_set_new();
	struct verdict verdict = verdict_fixture_at(VERDICT_LEAK, "p", "a.go", 5, 2);

	(void)state;
	verdict.message = "leaking param content: p";
	assert_true(verdict_set_add(set, &verdict));
	verdict.message = "leaking param: p to result ~r0 level=0";
	assert_true(verdict_set_add(set, &verdict));
	assert_false(verdict_set_add(set, &verdict));
	assert_int_equal(verdict_set_count(set), 2);
	verdict_set_free(set);
}

/* The chain is what tells two inlined bodies apart. */
static void test_chains_differ(void **state)
{
	static const struct verdict_position one[] = {{"", "a.go", 9, 1}, {"", "b.go", 3, 7}};
	static const struct verdict_position two[] = {{"", "a.go", 9, 1}, {"", "c.go", 3, 7}};
	struct verdict_set *set = verdict_set_new();
	struct verdict verdict = verdict_fixture_at(VERDICT_ESCAPES, "x", "a.go", 9, 1);
	size_t count;

	(void)state;
	verdict.chain = one;
	verdict.nchain = 2;
	assert_true(verdict_set_add(set, &verdict));
	verdict.chain = two;
	assert_true(verdict_set_add(set, &verdict));
	verdict.nchain = 1;
	assert_true(verdict_set_add(set, &verdict));
	verdict_set_lookup(set, "a.go", 9, &count);
	assert_int_equal(count, 3);
	verdict_set_lookup(set, "b.go", 3, &count);
	assert_int_equal(count, 0);
	verdict_set_free(set);
}

static void test_copies_outlive_their_source(void **state)
{
	char what[] = "text", file[] = "file.go";
	struct verdict verdict = verdict_fixture_at(VERDICT_ESCAPES, what, file, 1, 1);
	struct verdict_set *set = verdict_set_new();

	(void)state;
	verdict_set_add(set, &verdict);
	memset(what, 'x', sizeof(what) - 1);
	memset(file, 'x', sizeof(file) - 1);
	assert_string_equal(verdict_fixture_line(verdict_set_at(set, 0)), "escapes text @ file.go:1:1 chain?");
	verdict_set_free(set);
}

/* As many as a large program has; each line holds three, found in the order they were added. */
static void test_many(void **state)
{
	enum { LINES = 100000 };
	static const char *const whats[] = {"a", "b", "c"};
	struct verdict_set *set = verdict_set_new();
	struct verdict verdict;
	const uint32_t *found;
	clock_t start = clock();
	char file[32];
	size_t i, k, count;

	(void)state;
	for (k = 0; k < 3; k++)
		for (i = 0; i < LINES; i++) {
			snprintf(file, sizeof(file), "dir/f%zu.go", i % 100);
			verdict = verdict_fixture_at(VERDICT_ESCAPES, whats[k], file, i / 100 + 1, 4);
			assert_true(verdict_set_add(set, &verdict));
		}
	for (i = 0; i < LINES; i++) {
		snprintf(file, sizeof(file), "dir/f%zu.go", i % 100);
		found = verdict_set_lookup(set, file, i / 100 + 1, &count);
		assert_int_equal(count, 3);
		for (k = 0; k < 3; k++)
			assert_string_equal(verdict_set_at(set, found[k])->what, whats[k]);
	}
	print_message("300,000 added and found in %.2f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
	verdict_set_lookup(set, "dir/f1.go", LINES, &count);
	assert_int_equal(count, 0);
	verdict_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_same_is_kept_once),
	    cmocka_unit_test(test_leaks_differ),
	    cmocka_unit_test(test_chains_differ),
	    cmocka_unit_test(test_copies_outlive_their_source),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
