/* Verdicts to categories and advice, by a table of the compiler's words. */
#include "analyzer/category.h"

#include "analyzer/advice.h"
#include "analyzer/arena.h"
#include "verdicts/verdict.h"

#include <math.h>
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

#define FACTS(class_of, made_by, in_function, of_type, structpb)                                                       \
	{                                                                                                              \
		.class_ = (class_of), .operation = (made_by), .function = (in_function), .type = (of_type),            \
		.object_size = 64, .uses_structpb = (structpb), .lifetime_cycles = NAN                                 \
	}

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
		struct site_facts facts = {.class_ = CLASS_ESCAPE,
					   .operation = cases[i].operation,
					   .verdict = &verdict,
					   .function = "main.f",
					   .type = cases[i].type,
					   .object_size = cases[i].size,
					   .lifetime_cycles = NAN};
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
	    {FACTS(CLASS_APPEND_GROWTH, OPERATION_APPEND, "main.f", "int", false), CATEGORY_GROWTH, "append copies"},
	    {FACTS(CLASS_MAP_GROWTH, OPERATION_MAP_ASSIGN, "main.f", "map[string]int", false), CATEGORY_GROWTH,
	     "map[string]int grows"},
	    {FACTS(CLASS_MAP_GROWTH, OPERATION_MAP_ASSIGN, "main.f", "map[string]interface {}", true),
	     CATEGORY_INTERFACE_CONVERSION, "structpb"},
	    {FACTS(CLASS_MAP_GROWTH, OPERATION_MAP_ASSIGN, "main.f", "map[string]interface {}", false), CATEGORY_GROWTH,
	     "grows"},
	    {FACTS(CLASS_UNMATCHED, OPERATION_NEW, "google.golang.org/protobuf/types/known/structpb.NewStruct", "",
		   true),
	     CATEGORY_INTERFACE_CONVERSION, "structpb"},
	    {FACTS(CLASS_UNMATCHED, OPERATION_NEW, "google.golang.org/protobuf/types/known/structpb.NewStringValue", "",
		   true),
	     CATEGORY_NONE, ""},
	    {FACTS(CLASS_UNMATCHED, OPERATION_CONVERT, "main.f", "main.S", false), CATEGORY_INTERFACE_CONVERSION,
	     "main.S is boxed"},
	    {FACTS(CLASS_STRING, OPERATION_BUFFER, "strings.(*Builder).grow", "", false), CATEGORY_GROWTH, "Grow"},
	    {FACTS(CLASS_STRING, OPERATION_CONCAT, "main.f", "", false), CATEGORY_NONE, "string"},
	    {FACTS(CLASS_GOROUTINE, OPERATION_GOROUTINE, "main.f", "", false), CATEGORY_GO_OR_DEFER, "worker"},
	    {FACTS(CLASS_REFLECTION, OPERATION_REFLECT, "reflect.New", "", false), CATEGORY_NONE, "Reflection"},
	    {FACTS(CLASS_RUNTIME, OPERATION_RUNTIME, "runtime.allocm", "", false), CATEGORY_NONE, ""},
	    {FACTS(CLASS_RUNTIME, OPERATION_RUNTIME, "time.NewTimer", "", false), CATEGORY_NONE, "Reset"},
	    {FACTS(CLASS_CHANNEL, OPERATION_MAKE_CHANNEL, "time.NewTimer", "", false), CATEGORY_NONE, "Reset"},
	    {FACTS(CLASS_CHANNEL, OPERATION_MAKE_CHANNEL, "main.f", "", false), CATEGORY_NONE, "A channel"},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(category_of(&table[i].facts), table[i].category);
		assert_non_null(strstr(advice_for(arena, &table[i].facts, table[i].category), table[i].advice));
	}
	arena_free(arena);
}

/* What was measured goes into the advice. */
static void test_measured(void **state)
{
	struct verdict_step step = {.why = "spill", .text = "from x (spill)"};
	struct verdict verdict = {.kind = VERDICT_ESCAPES, .steps = &step, .nsteps = 1};
	const struct {
		enum site_category category;
		enum entry_operation operation;
		const char *what;
		uint64_t type_size, smallest, largest;
		double lifetime;
		const char *advice;
	} table[] = {
	    {CATEGORY_TOO_LARGE, OPERATION_MAKE_SLICE, "make([]int, 8193)", 8, 73728, 73728, NAN, "takes 65544 bytes"},
	    {CATEGORY_TOO_LARGE, OPERATION_MAKE_SLICE, "make([]int, 8193)", 0, 73728, 73728, NAN, "takes 73728 bytes"},
	    {CATEGORY_GROWTH, OPERATION_APPEND, "append", 8, 8, 4096, NAN, "4096 bytes, 512 of int)"},
	    {CATEGORY_GROWTH, OPERATION_APPEND, "append", 0, 8, 4096, NAN, "seen here: 4096 bytes)"},
	    {CATEGORY_GROWTH, OPERATION_BUFFER, "", 0, 8, 4096, NAN, "4096 bytes), or reuse"},
	    {CATEGORY_NON_CONSTANT_SIZE, OPERATION_MAKE_SLICE, "make([]int, n)", 8, 64, 512, NAN,
	     "upper bound (the largest"},
	    {CATEGORY_NON_CONSTANT_SIZE, OPERATION_MAKE_SLICE, "make([]int, n)", 8, 64, 131072, NAN,
	     "too large for the stack"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_NEW, "&T{...}", 512, 512, 512, 0.25,
	     "all are of 512 bytes: a sync.Pool"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_NEW, "&T{...}", 512, 256, 512, 0.25, "of 256 to 512 bytes"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_NEW, "&T{...}", 512, 512, 512, 7, "through 7 GC cycles"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_NEW, "&T{...}", 512, 512, 512, 2, "if it is dropped soon"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_NEW, "&T{...}", 512, 512, 512, NAN, "if it is dropped soon"},
	    {CATEGORY_POINTER_RETURNED, OPERATION_NEW, "&T{...}", 512, 512, 512, 0.25, "to fill; most die"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_FROM_STRING, "([]byte)(\"x\")", 0, 8, 8, NAN, "is a constant"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_NEW, "&T{...}", 512, 512, 512, 7, "a slice of values for pointers"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_MAKE_SLICE, "make([]T, n)", 8, 512, 512, 7, "no larger than"},
	    {CATEGORY_STORED_ON_HEAP, OPERATION_FROM_STRING, "([]rune)(s)", 4, 512, 512, 7, "no larger than"},
	    {CATEGORY_TOO_LARGE, OPERATION_NEW, "new(<node DYNAMICTYPE>)", 73728, 73728, 73728, NAN, "new(int) takes"},
	    {CATEGORY_GROWTH, OPERATION_MAP_ASSIGN, "", 264, 288, 288, NAN, "room for 8 (288 bytes)"},
	    {CATEGORY_GROWTH, OPERATION_MAP_ASSIGN, "", 264, 288, 576, NAN, "int grows"},
	    {CATEGORY_GROWTH, OPERATION_MAP_ASSIGN, "", 264, 288, 289, NAN, "and hardly any here"},
	    {CATEGORY_GROWTH, OPERATION_MAP_ASSIGN, "", 264, 576, 576, NAN, "int grows"},
	    {CATEGORY_GROWTH, OPERATION_MAP_ASSIGN, "", 0, 288, 288, NAN, "int grows"},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct site_facts facts = FACTS(CLASS_ESCAPE, table[i].operation, "main.f", "int", false);
		const char *advice;

		verdict.what = table[i].what;
		facts.verdict = &verdict;
		facts.object_size = (double)table[i].largest;
		facts.type_size = table[i].type_size;
		facts.smallest = table[i].smallest;
		facts.largest = table[i].largest;
		facts.lifetime_cycles = table[i].lifetime;
		advice = advice_for(arena, &facts, table[i].category);
		if (!strstr(advice, table[i].advice))
			print_error("case %zu: %s\n", i, advice);
		assert_non_null(strstr(advice, table[i].advice));
	}
	arena_free(arena);
}

static void test_formatted(void **state)
{
	struct verdict_step steps[] = {{.why = "spill", .text = "from i (spill)"},
				       {.why = "call parameter", .text = "from fmt.Sprintf(\"%d\", ... argument...)"}};
	struct verdict verdict = {.kind = VERDICT_ESCAPES, .what = "i", .steps = steps, .nsteps = 2};
	struct site_facts facts = FACTS(CLASS_ESCAPE, OPERATION_CONVERT, "main.f", "int", false);
	struct arena *arena = arena_new();

	(void)state;
	facts.verdict = &verdict;
	assert_non_null(
	    strstr(advice_for(arena, &facts, CATEGORY_INTERFACE_CONVERSION), "i is boxed for fmt.Sprintf:"));
	steps[1].text = "from myfmt.Sprintf(\"%d\", ... argument...)";
	assert_null(strstr(advice_for(arena, &facts, CATEGORY_INTERFACE_CONVERSION), "boxed for"));
	arena_free(arena);
}

/* append copies a whole slice: no capacity would spare that. */
static void test_clone(void **state)
{
	static const struct {
		const char *text;
		bool clone;
	} table[] = {
	    {"from append([]byte(nil), b...) (spill)", true},
	    {"from append(go.shape.[]uint8{}, slices.s...) (spill)", true},
	    {"from append(list, others...) (spill)", false},
	    {"from append([]int{}, 1) (spill)", false},
	    {"from append(m.buffer, make([]byte, n)...) (spill)", false},
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct verdict_step step = {.why = "spill", .text = table[i].text};
		struct verdict verdict = {.kind = VERDICT_ESCAPES, .what = "append", .steps = &step, .nsteps = 1};
		struct site_facts facts = FACTS(CLASS_ESCAPE, OPERATION_APPEND, "main.f", "uint8", false);

		facts.verdict = &verdict;
		assert_non_null(strstr(advice_for(arena, &facts, CATEGORY_GROWTH),
				       table[i].clone ? "a copy of a whole slice" : "final capacity"));
	}
	arena_free(arena);
}

/* Of the instances of a generic function one is too large for the stack; their verdicts are in the same words. */
static void test_too_large_elsewhere(void **state)
{
	struct verdict_step step = {.why = "assign", .text = "from p = new(<node DYNAMICTYPE>) (assign)"};
	struct verdict verdict = {
	    .kind = VERDICT_ESCAPES, .what = "new(<node DYNAMICTYPE>)", .steps = &step, .nsteps = 1, .too_large = true};
	struct site_facts facts = FACTS(CLASS_ESCAPE, OPERATION_NEW, "main.f", "[128]main.T", false);

	(void)state;
	facts.verdict = &verdict;
	facts.largest = 9472;
	assert_int_equal(category_of(&facts), CATEGORY_STORED_ON_HEAP);
	facts.largest = 139264;
	assert_int_equal(category_of(&facts), CATEGORY_TOO_LARGE);
	facts.largest = 0;
	assert_int_equal(category_of(&facts), CATEGORY_TOO_LARGE);
	step.why = "too large for stack";
	facts.largest = 9472;
	assert_int_equal(category_of(&facts), CATEGORY_TOO_LARGE);
}

/* A variable is on the heap even when the line that keeps its address does not run. */
static void test_address_kept(void **state)
{
	struct verdict_step steps[] = {
	    {.why = "dot", .text = "from start.Range (dot)", .file = "/a/parser.go", .line = 1119},
	    {.why = "address-of", .text = "from &start.Range (address-of)", .file = "/a/parser.go", .line = 1120},
	    {.why = "struct literal element", .text = "from D{...} (struct literal element)", .line = 1121}};
	struct verdict verdict = {.kind = VERDICT_MOVED, .what = "start", .steps = steps, .nsteps = 3};
	struct site_facts facts = FACTS(CLASS_ESCAPE, OPERATION_NEW, "main.f", "main.T", false);
	struct arena *arena = arena_new();

	(void)state;
	facts.verdict = &verdict;
	assert_non_null(
	    strstr(advice_for(arena, &facts, CATEGORY_STORED_ON_HEAP), "kept at parser.go:1120: where that line"));
	verdict.kind = VERDICT_ESCAPES;
	assert_null(strstr(advice_for(arena, &facts, CATEGORY_STORED_ON_HEAP), "kept at"));
	verdict.kind = VERDICT_MOVED;
	steps[1].why = "assign";
	assert_non_null(strstr(advice_for(arena, &facts, CATEGORY_STORED_ON_HEAP), "hold values"));
	arena_free(arena);
}

static void test_errors(void **state)
{
	struct verdict_step step = {.why = "return", .text = "from m (return)"};
	struct verdict verdict = {.kind = VERDICT_ESCAPES, .what = "&mirror{...}", .steps = &step, .nsteps = 1};
	struct site_facts facts = FACTS(CLASS_ESCAPE, OPERATION_NEW, "main.f", "main.mirror", false);
	struct arena *arena = arena_new();

	(void)state;
	facts.verdict = &verdict;
	assert_non_null(strstr(advice_for(arena, &facts, CATEGORY_POINTER_RETURNED), "by value"));
	facts.type = "main.errorString";
	assert_non_null(strstr(advice_for(arena, &facts, CATEGORY_POINTER_RETURNED), "for each error"));
	arena_free(arena);
}

static void test_no_escape(void **state)
{
	struct verdict verdict = {.kind = VERDICT_NO_ESCAPE, .what = "make([]byte, n)"};
	struct site_facts facts = FACTS(CLASS_HEAP_NOT_ESCAPING, OPERATION_MAKE_SLICE, "main.f", "uint8", false);

	(void)state;
	facts.verdict = &verdict;
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
	    cmocka_unit_test(test_verdicts),  cmocka_unit_test(test_without_verdicts),
	    cmocka_unit_test(test_measured),  cmocka_unit_test(test_formatted),
	    cmocka_unit_test(test_no_escape), cmocka_unit_test(test_names),
	    cmocka_unit_test(test_clone),     cmocka_unit_test(test_too_large_elsewhere),
	    cmocka_unit_test(test_errors),    cmocka_unit_test(test_address_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
