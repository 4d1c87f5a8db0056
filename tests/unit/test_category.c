/* Verdicts to categories and advice, by a table of the compiler's words. */
#include "analyzer/category.h"

#include "analyzer/advice.h"
#include "analyzer/arena.h"
#include "verdicts/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct category_case {
	enum verdict_kind kind;
	const char *what;
	const char *why[3]; /* the steps' words, the first first */
	enum entry_operation operation;
	const char *type;
	double size;
	enum site_category category;
	const char *advice; /* a part of it */
	bool too_large, non_constant;
};

static const struct category_case cases[] = {
    {VERDICT_ESCAPES,
     "&E{...}",
     {"spill", "return"},
     OPERATION_NEW,
     "main.E",
     16,
     CATEGORY_POINTER_RETURNED,
     "by value",
     false,
     false},
    {VERDICT_ESCAPES,
     "&Error{...}",
     {"spill", "interface-converted", "return"},
     OPERATION_NEW,
     "errors.Error",
     112,
     CATEGORY_POINTER_RETURNED,
     "package-level error value",
     false,
     false},
    {VERDICT_ESCAPES,
     "&Big{...}",
     {"spill", "return"},
     OPERATION_NEW,
     "main.Big",
     4096,
     CATEGORY_POINTER_RETURNED,
     "sync.Pool",
     false,
     false},
    {VERDICT_MOVED,
     "n",
     {"address-of", "return"},
     OPERATION_NEW,
     "int",
     8,
     CATEGORY_POINTER_RETURNED,
     "its value",
     false,
     false},
    {VERDICT_MOVED,
     "n",
     {"captured by a closure", "reference"},
     OPERATION_NEW,
     "int",
     8,
     CATEGORY_CLOSURE_CAPTURE,
     "as an argument",
     false,
     false},
    {VERDICT_ESCAPES,
     "func literal",
     {"spill", "return"},
     OPERATION_NEW,
     "struct { F uintptr; X0 *int }",
     16,
     CATEGORY_CLOSURE_CAPTURE,
     "closure",
     false,
     false},
    {VERDICT_ESCAPES,
     "func literal",
     {"spill"},
     OPERATION_NEW,
     "struct { F uintptr; X0 int }",
     16,
     CATEGORY_GO_OR_DEFER,
     "worker",
     false,
     false},
    {VERDICT_ESCAPES,
     "i",
     {"spill", "assign"},
     OPERATION_CONVERT,
     "int",
     8,
     CATEGORY_INTERFACE_CONVERSION,
     "i is boxed",
     false,
     false},
    {VERDICT_ESCAPES,
     "make([]int, 8193)",
     {"too large for stack"},
     OPERATION_MAKE_SLICE,
     "int",
     73728,
     CATEGORY_TOO_LARGE,
     "73728 bytes",
     true,
     false},
    {VERDICT_ESCAPES,
     "make([]int, n)",
     {"non-constant size"},
     OPERATION_MAKE_SLICE,
     "int",
     512,
     CATEGORY_NON_CONSTANT_SIZE,
     "constant upper bound",
     false,
     true},
    {VERDICT_ESCAPES,
     "make([]int, n)",
     {"spill", "return"},
     OPERATION_MAKE_SLICE,
     "int",
     512,
     CATEGORY_POINTER_RETURNED,
     "pass in a buffer",
     false,
     false},
    {VERDICT_ESCAPES,
     "append",
     {"spill", "return"},
     OPERATION_APPEND,
     "int",
     64,
     CATEGORY_GROWTH,
     "final capacity",
     false,
     false},
    {VERDICT_ESCAPES,
     "&E{...}",
     {"spill", "call parameter"},
     OPERATION_NEW,
     "main.E",
     16,
     CATEGORY_LEAKING_PARAMETER,
     "parameter",
     false,
     false},
    {VERDICT_ESCAPES,
     "&E{...}",
     {"spill", "send"},
     OPERATION_NEW,
     "main.E",
     16,
     CATEGORY_STORED_ON_HEAP,
     "hold values",
     false,
     false},
    {VERDICT_ESCAPES, "&E{...}", {NULL}, OPERATION_NEW, "main.E", 16, CATEGORY_NONE, "", false, false},
};

static void test_verdicts(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict_step steps[3] = {{0}};
		struct verdict verdict = {.kind = cases[i].kind,
					  .what = cases[i].what,
					  .steps = steps,
					  .too_large = cases[i].too_large,
					  .non_constant = cases[i].non_constant};
		struct site_facts facts = {CLASS_ESCAPE,  cases[i].operation, &verdict, "main.f",
					   cases[i].type, cases[i].size,      false};
		const char *advice;

		for (; verdict.nsteps < 3 && cases[i].why[verdict.nsteps]; verdict.nsteps++) {
			steps[verdict.nsteps].why = cases[i].why[verdict.nsteps];
			steps[verdict.nsteps].text = "from …";
		}
		if (category_of(&facts) != cases[i].category)
			print_error("case %zu: %s\n", i, site_category_name(category_of(&facts)));
		assert_int_equal(category_of(&facts), cases[i].category);
		advice = advice_for(arena, &facts, cases[i].category);
		if (!strstr(advice, cases[i].advice))
			print_error("case %zu: %s\n", i, advice);
		assert_non_null(strstr(advice, cases[i].advice));
	}
	arena_free(arena);
}

static void test_without_verdicts(void **state)
{
	static const struct {
		struct site_facts facts;
		enum site_category category;
		const char *advice;
	} table[] = {
	    {{CLASS_APPEND_GROWTH, OPERATION_APPEND, NULL, "main.f", "int", 64, false},
	     CATEGORY_GROWTH,
	     "append copies"},
	    {{CLASS_MAP_GROWTH, OPERATION_MAP_ASSIGN, NULL, "main.f", "map[string]int", 64, false},
	     CATEGORY_GROWTH,
	     "map[string]int grows"},
	    {{CLASS_MAP_GROWTH, OPERATION_MAP_ASSIGN, NULL, "main.f", "map[string]interface {}", 64, true},
	     CATEGORY_INTERFACE_CONVERSION,
	     "structpb"},
	    {{CLASS_MAP_GROWTH, OPERATION_MAP_ASSIGN, NULL, "main.f", "map[string]interface {}", 64, false},
	     CATEGORY_GROWTH,
	     "grows"},
	    {{CLASS_UNMATCHED, OPERATION_NEW, NULL, "google.golang.org/protobuf/types/known/structpb.NewStruct", "", 64,
	      true},
	     CATEGORY_INTERFACE_CONVERSION,
	     "structpb"},
	    {{CLASS_UNMATCHED, OPERATION_NEW, NULL, "google.golang.org/protobuf/types/known/structpb.NewStringValue",
	      "", 64, true},
	     CATEGORY_NONE,
	     ""},
	    {{CLASS_UNMATCHED, OPERATION_CONVERT, NULL, "main.f", "main.S", 64, false},
	     CATEGORY_INTERFACE_CONVERSION,
	     "main.S is boxed"},
	    {{CLASS_STRING, OPERATION_BUFFER, NULL, "strings.(*Builder).grow", "", 64, false}, CATEGORY_GROWTH, "Grow"},
	    {{CLASS_STRING, OPERATION_CONCAT, NULL, "main.f", "", 64, false}, CATEGORY_NONE, "string"},
	    {{CLASS_GOROUTINE, OPERATION_GOROUTINE, NULL, "main.f", "", 64, false}, CATEGORY_GO_OR_DEFER, "worker"},
	    {{CLASS_REFLECTION, OPERATION_REFLECT, NULL, "reflect.New", "", 64, false}, CATEGORY_NONE, "Reflection"},
	    {{CLASS_RUNTIME, OPERATION_RUNTIME, NULL, "runtime.allocm", "", 64, false}, CATEGORY_NONE, ""},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(category_of(&table[i].facts), table[i].category);
		assert_non_null(strstr(advice_for(arena, &table[i].facts, table[i].category), table[i].advice));
	}
	arena_free(arena);
}

static void test_no_escape(void **state)
{
	struct verdict verdict = {.kind = VERDICT_NO_ESCAPE, .what = "make([]byte, n)"};
	struct site_facts facts = {
	    CLASS_HEAP_NOT_ESCAPING, OPERATION_MAKE_SLICE, &verdict, "main.f", "uint8", 64, false};

	(void)state;
	assert_int_equal(category_of(&facts), CATEGORY_NON_CONSTANT_SIZE);
	facts.operation = OPERATION_TO_STRING;
	assert_int_equal(category_of(&facts), CATEGORY_NONE);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(site_class_name(CLASS_HEAP_NOT_ESCAPING), "heap-not-escaping");
	assert_string_equal(site_category_name(CATEGORY_POINTER_RETURNED), "pointer-returned");
	for (int i = 0; i < CLASS_COUNT; i++)
		assert_non_null(site_class_name(i));
	for (int i = 0; i < CATEGORY_COUNT; i++)
		assert_non_null(site_category_name(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verdicts),
	    cmocka_unit_test(test_without_verdicts),
	    cmocka_unit_test(test_no_escape),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
