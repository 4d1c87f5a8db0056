/* Where flows end: through parameters of callees, by name and argument, and what stops them. */
#include "analyzer/root.h"

#include "analyzer/arena.h"
#include "verdicts/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STEP(text, why, target, line)                                                                                  \
	{                                                                                                              \
		"from " text " (" why ")", why, target, "/src/a.go", line, 3                                           \
	}

static struct verdict_set *set;
static struct arena *arena;

static int begin(void **state)
{
	(void)state;
	set = verdict_set_new();
	arena = arena_new();
	return 0;
}

static int end(void **state)
{
	(void)state;
	verdict_set_free(set);
	arena_free(arena);
	return 0;
}

static struct verdict make_verdict(enum verdict_kind kind, const char *package, const char *function, const char *what,
				   const struct verdict_position *place, const struct verdict_step *steps,
				   size_t nsteps)
{
	return (struct verdict){.kind = kind,
				.package = package,
				.function = function,
				.what = what,
				.message = "",
				.chain = place,
				.nchain = 1,
				.chain_known = true,
				.steps = steps,
				.nsteps = nsteps};
}

/* Parameter WHAT of PACKAGE.FUNCTION, declared at LINE:COLUMN, leaks by STEP. */
static void add_leak(const char *package, const char *function, const char *what, uint32_t line, uint32_t column,
		     struct verdict_step step)
{
	struct verdict_position place = {function, "/src/a.go", line, column};
	struct verdict verdict = make_verdict(VERDICT_LEAK, package, function, what, &place, &step, 1);

	verdict_set_add(set, &verdict);
}

/* The root of an escape in example.com/shop whose flow is STEPS. */
static struct root_flow find(const struct verdict_step *steps, size_t nsteps)
{
	struct verdict_position place = {"buy", "/src/shop.go", 7, 9};
	struct verdict verdict =
	    make_verdict(VERDICT_ESCAPES, "example.com/shop", "buy", "&item{...}", &place, steps, nsteps);
	struct root_finder *finder = root_finder_new(set);
	struct root_flow flow = root_find(finder, arena, &verdict);

	root_finder_free(finder);
	return flow;
}

static struct root_flow find_call(const char *text)
{
	struct verdict_step steps[] = {STEP("x := &item{...}", "assign", "x", 7),
				       {text, "call parameter", "{heap}", "/src/shop.go", 8, 4}};

	return find(steps, 2);
}

static void test_the_flow_itself(void **state)
{
	struct verdict_step steps[] = {STEP("&item{...}", "spill", "~r0", 7), STEP("return ~r0", "return", "~r0", 9)};

	(void)state;
	assert_string_equal(find(steps, 2).name, "return ~r0 (return) at a.go:9");
	assert_int_equal(find(steps, 2).nhops, 0);
	assert_string_equal(find(steps, 0).name, "");
}

static void test_through_callees(void **state)
{
	struct root_flow flow;

	(void)state;
	add_leak("example.com/shop", "keep", "it", 20, 11,
		 (struct verdict_step)STEP("log.Put(it)", "call parameter", "{heap}", 21));
	add_leak("example.com/log", "Put", "v", 30, 10, (struct verdict_step)STEP("last = v", "assign", "{heap}", 31));
	flow = find_call("from keep(x) (call parameter)");
	assert_string_equal(flow.name, "v of log.Put: last = v (assign) at a.go:31");
	assert_int_equal(flow.nhops, 2);
	assert_string_equal(flow.hops[0], "it of shop.keep leaks: log.Put(it) (call parameter) at a.go:21");
	assert_string_equal(flow.hops[1], "v of log.Put leaks: last = v (assign) at a.go:31");
	/* Another way to the same root has the same name. */
	assert_string_equal(find_call("from log.Put(x) (call parameter)").name, flow.name);
}

static void test_which_parameter(void **state)
{
	struct verdict_step pool = STEP("p.list = v", "assign", "{heap}", 41),
			    self = STEP("all = p", "assign", "{heap}", 42);

	(void)state;
	add_leak("example.com/pool/v2", "(*Pool).Put", "p", 40, 7, self);
	add_leak("example.com/pool/v2", "(*Pool).Put", "v", 40, 20, pool);
	assert_string_equal(find_call("from (*pool.Pool).Put(here, x) (call parameter)").name,
			    "v of (*pool.Pool).Put: p.list = v (assign) at a.go:41");
	assert_string_equal(find_call("from (*pool.Pool).Put(x, y) (call parameter)").name,
			    "p of (*pool.Pool).Put: all = p (assign) at a.go:42");
	/* With an argument more, only the receiver and what is variadic are known. */
	assert_string_equal(find_call("from (*pool.Pool).Put(here, 3, x) (call parameter)").name,
			    "(*pool.Pool).Put(here, 3, x) (call parameter) at shop.go:8");
	assert_string_equal(find_call("from (*pool.Pool).Put(here, f(1, \"),\"), x...) (call parameter)").name,
			    "v of (*pool.Pool).Put: p.list = v (assign) at a.go:41");
	assert_string_equal(find_call("from (*pool.Pool).Put(\"a, (\", x) (call parameter)").name,
			    "v of (*pool.Pool).Put: p.list = v (assign) at a.go:41");
	/* The same value twice. */
	assert_string_equal(find_call("from (*pool.Pool).Put(x, x) (call parameter)").name,
			    "(*pool.Pool).Put(x, x) (call parameter) at shop.go:8");
}

static void test_what_cannot_be_followed(void **state)
{
	struct verdict_step step = STEP("last = v", "assign", "{heap}", 31);

	(void)state;
	assert_string_equal(find_call("from w.Write(x) (call parameter)").name,
			    "w.Write(x) (call parameter) at shop.go:8");
	/* Two packages of one name. */
	add_leak("text/template", "Must", "t", 30, 10, step);
	add_leak("html/template", "Must", "t", 33, 10, step);
	assert_int_equal(find_call("from template.Must(x) (call parameter)").nhops, 0);
	/* A function of the package itself goes before another package's. */
	add_leak("example.com/shop", "Must.Do", "t", 50, 10, step);
	assert_int_equal(find_call("from Must.Do(x) (call parameter)").nhops, 1);
	assert_int_equal(find_call("from (call parameter)").nhops, 0);
	assert_int_equal(find_call("from f(x (call parameter)").nhops, 0);
	assert_int_equal(find_call("from f[int").nhops, 0);
	assert_int_equal(find_call("from f(\"x").nhops, 0);
}

static void test_recursion_ends(void **state)
{
	(void)state;
	add_leak("example.com/shop", "walk", "n", 20, 11,
		 (struct verdict_step)STEP("walk(n)", "call parameter", "{heap}", 21));
	assert_int_equal(find_call("from walk(x) (call parameter)").nhops, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_the_flow_itself, begin, end),
	    cmocka_unit_test_setup_teardown(test_through_callees, begin, end),
	    cmocka_unit_test_setup_teardown(test_which_parameter, begin, end),
	    cmocka_unit_test_setup_teardown(test_what_cannot_be_followed, begin, end),
	    cmocka_unit_test_setup_teardown(test_recursion_ends, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
