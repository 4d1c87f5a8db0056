/* Stacks to call sites: each case is a stack, the entry and the site that it must give. */
#include "analyzer/call_site.h"

#include "analyzer/arena.h"
#include "analyzer/symbols.h"
#include "tests/unit/analyzer_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RT "/usr/local/go/src/runtime/malloc.go"

static const struct fixture_symbol symbols[] = {
    {1, "", {{"runtime.mallocgcSmallNoscan", RT, 1}}, 0},
    {2, "runtime.mallocgcSmallNoscan", {{"runtime.mallocgc", RT, 2}}, 0},
    {3, "runtime.mallocgc", {{"runtime.newobject", RT, 3}}, 0},
    {4, "runtime.newobject", {{"main.newE", "/src/main.go", 9}, {"main.main", "/src/main.go", 20}}, 77},
    {5, "runtime.mallocgc", {{"runtime.growslice", "/usr/local/go/src/runtime/slice.go", 5}}, 0},
    {6, "runtime.growslice", {{"main.add", "/src/main.go", 12}}, 0},
    {7, "runtime.mallocgc", {{"internal/bytealg.MakeNoZero", "/usr/local/go/src/runtime/slice.go", 7}}, 0},
    {8,
     "internal/bytealg.MakeNoZero",
     {{"strings.(*Builder).grow", "/go/src/strings/builder.go", 8},
      {"strings.(*Builder).Grow", "/go/src/strings/builder.go", 88},
      {"main.build", "/src/main.go", 30}},
     0},
    {9, "runtime.newobject", {{"internal/runtime/maps.(*Map).growToTable", "internal/runtime/maps/map.go", 9}}, 0},
    {10, "", {{"runtime.mapassign_faststr", "internal/runtime/maps/runtime_faststr_swiss.go", 10}}, 0},
    {11, "runtime.mapassign_faststr", {{"main.put", "/src/main.go", 40}}, 0},
    {12, "runtime.newobject", {{"runtime.allocm", "/usr/local/go/src/runtime/proc.go", 12}}, 0},
    {13, "runtime.allocm", {{"runtime.newm", "/usr/local/go/src/runtime/proc.go", 13}}, 0},
    {14, "malloc", {{"png_read", "/c/png.c", 14}}, 0},
    {15, "", {{"reflect.unsafe_New", "runtime/malloc.go", 15}}, 0},
    {16, "reflect.unsafe_New", {{"reflect.New", "reflect/value.go", 16}}, 0},
    /* newobject inlined into the user's function. */
    {17, "runtime.mallocgc", {{"runtime.newobject", RT, 17}, {"main.f", "/src/main.go", 50}}, 0},
    {18, "", {{"main.runtimeish", "/home/me/src/runtime/x.go", 18}}, 0},
    {20, "runtime.newobject", {{"time.newTimer", "/usr/local/go/src/runtime/time.go", 20}}, 0},
    {21, "runtime.newobject", {{"runtime.acquireSudog", RT, 21}}, 0},
    {22, "", {{"runtime.gcAssistAlloc1", RT, 22}}, 0},
};

static void test_stacks(void **state)
{
	static const struct {
		uint64_t stack[6];
		uint32_t depth;
		const char *function, *entry;
		uint32_t line;
		enum entry_operation operation;
		size_t nchain, frame;
		bool all_runtime;
	} cases[] = {
	    {{1, 2, 3, 4}, 4, "main.newE", "runtime.newobject", 9, OPERATION_NEW, 2, 3, false},
	    {{1, 2, 5, 6, 4}, 5, "main.add", "runtime.growslice", 12, OPERATION_APPEND, 1, 3, false},
	    {{1, 2, 7, 8},
	     4,
	     "strings.(*Builder).grow",
	     "internal/bytealg.MakeNoZero",
	     8,
	     OPERATION_BUFFER,
	     3,
	     3,
	     false},
	    {{1, 2, 3, 9, 10, 11}, 6, "main.put", "runtime.mapassign_faststr", 40, OPERATION_MAP_ASSIGN, 1, 5, false},
	    {{1, 2, 3, 12, 13}, 5, "runtime.allocm", "runtime.newobject", 12, OPERATION_RUNTIME, 1, 3, true},
	    {{14, 4}, 2, "png_read", "malloc", 14, OPERATION_C, 1, 0, false},
	    {{1, 2, 15, 16, 4}, 5, "reflect.New", "reflect.unsafe_New", 16, OPERATION_REFLECT, 1, 3, false},
	    {{1, 2, 17}, 3, "main.f", "runtime.newobject", 50, OPERATION_NEW, 1, 2, false},
	    /* Go 1.27: the size-specialised mallocgc is called directly. */
	    {{1, 6}, 2, "main.add", "runtime.growslice", 12, OPERATION_APPEND, 1, 1, false},
	    {{1, 18},
	     2,
	     "main.runtimeish",
	     "runtime.mallocgcSmallNoscan",
	     18,
	     OPERATION_NEW | OPERATION_RAW,
	     1,
	     1,
	     false},
	    {{1, 2, 3, 20, 4}, 5, "main.newE", "runtime.newobject", 9, OPERATION_NEW, 2, 4, false},
	    {{1, 2, 3, 20, 18}, 5, "main.runtimeish", "time.newTimer", 18, OPERATION_RUNTIME, 1, 4, false},
	    /* A park for an assist makes a sudog: that is the GC's doing. */
	    {{2, 3, 21, 22, 2, 4}, 6, "main.newE", "runtime.gcAssistAlloc1", 9, OPERATION_RUNTIME, 2, 5, false},
	    {{999}, 1, "?", "", 0, OPERATION_UNKNOWN, 1, 0, false},
	    {{0}, 0, "?", "", 0, OPERATION_UNKNOWN, 1, 0, false},
	};
	struct fixture fixture;
	struct arena *arena = arena_new();
	struct symbols *names;

	(void)state;
	fixture_begin(&fixture, symbols, sizeof(symbols) / sizeof(symbols[0]));
	names = symbols_new(arena, &fixture.trace, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_context context = {.stack_depth = cases[i].depth, .stack = cases[i].stack};
		struct call_site site = call_site_find(names, &context);

		assert_string_equal(site.chain[0].function, cases[i].function);
		assert_string_equal(site.entry, cases[i].entry);
		assert_int_equal(site.chain[0].line, cases[i].line);
		assert_int_equal(site.operation, cases[i].operation);
		assert_int_equal(site.nchain, cases[i].nchain);
		assert_int_equal(site.depth, cases[i].frame);
		assert_int_equal(site.all_runtime, cases[i].all_runtime);
	}
	symbols_free(names);
	arena_free(arena);
	fixture_end(&fixture);
}

static bool resolve(void *user, uint64_t pc, struct analyze_symbol *symbol)
{
	static const struct analysis_frame frame = {"main.late", "/src/late.go", 3};

	(void)user;
	symbol->frames = &frame;
	symbol->nframes = 1;
	symbol->entry = "runtime.makeslice";
	return pc == 500;
}

static void test_resolver(void **state)
{
	struct analyze_options options = {.resolve_symbol = resolve};
	struct fixture fixture;
	struct arena *arena = arena_new();
	struct symbols *names;

	(void)state;
	fixture_begin(&fixture, symbols, sizeof(symbols) / sizeof(symbols[0]));
	names = symbols_new(arena, &fixture.trace, &options);
	assert_string_equal(symbols_find(names, 500)->frames[0].function, "main.late");
	assert_string_equal(symbols_find(names, 501)->frames[0].function, "?");
	assert_string_equal(symbols_find(names, 501)->frames[0].file, "");
	assert_int_equal(symbols_unknown(names), 1);
	symbols_free(names);
	arena_free(arena);
	fixture_end(&fixture);
}

static void test_entries(void **state)
{
	static const struct {
		const char *name;
		enum entry_operation operation;
		enum site_class class_;
	} cases[] = {
	    {"runtime.newobject", OPERATION_NEW, CLASS_UNMATCHED},
	    {"runtime.mallocgc", OPERATION_RAW, CLASS_UNMATCHED},
	    {"runtime.makeslice64", OPERATION_MAKE_SLICE, CLASS_UNMATCHED},
	    {"runtime.growsliceNoAlias", OPERATION_APPEND, CLASS_APPEND_GROWTH},
	    {"runtime.moveSliceNoScan", OPERATION_APPEND, CLASS_APPEND_GROWTH},
	    {"runtime.makemap_small", OPERATION_MAKE_MAP, CLASS_MAP_GROWTH},
	    {"runtime.mapassign_fast64ptr", OPERATION_MAP_ASSIGN, CLASS_MAP_GROWTH},
	    {"runtime.concatstring3", OPERATION_CONCAT, CLASS_STRING},
	    {"runtime.convTstring", OPERATION_CONVERT, CLASS_UNMATCHED},
	    {"runtime.newproc.func1", OPERATION_GOROUTINE, CLASS_GOROUTINE},
	    {"runtime.makechan", OPERATION_MAKE_CHANNEL, CLASS_CHANNEL},
	    {"reflect.unsafe_NewArray", OPERATION_REFLECT, CLASS_REFLECTION},
	    {"runtime.acquireSudog", OPERATION_RUNTIME, CLASS_RUNTIME},
	    {"calloc", OPERATION_C, CLASS_C},
	    {"main.f", OPERATION_UNKNOWN, CLASS_UNMATCHED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(entry_operation_of(cases[i].name), cases[i].operation);
		assert_int_equal(entry_default_class(cases[i].operation), cases[i].class_);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stacks),
	    cmocka_unit_test(test_resolver),
	    cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
