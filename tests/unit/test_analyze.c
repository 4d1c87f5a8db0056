/* The whole way: a small trace in memory to ranked sites. */
#include "analyzer/analyze.h"

#include "analyzer/accumulate.h"
#include "analyzer/stack_filter.h"
#include "tests/unit/analyzer_fixture.h"
#include "verdicts/verdict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define RT "/usr/local/go/src/runtime/malloc.go"

static const struct fixture_symbol symbols[] = {
    {1, "", {{"runtime.mallocgc", RT, 1}}, 0},
    {2, "runtime.mallocgc", {{"runtime.newobject", RT, 2}}, 0},
    {3,
     "runtime.newobject",
     {{"example.com/shop/db.newRow", "/src/db.go", 7}, {"example.com/shop/db.Find", "/src/db.go", 30}},
     0},
    {4, "runtime.newobject", {{"encoding/json.newDecoder", "encoding/json/x.go", 9}}, 0},
    {5, "example.com/shop/db.Find", {{"main.main", "/src/main.go", 50}}, 0},
    {6, "malloc", {{"png_read", "/c/png.c", 14}}, 0},
    {7, "example.com/shop/db.Find", {{"main.other", "/src/main.go", 60}}, 0},
};

static const uint64_t stack_row[] = {1, 2, 3, 5}, stack_row_other[] = {1, 2, 3, 7}, stack_json[] = {1, 2, 4, 5},
		      stack_c[] = {6, 5};

static struct trace_context contexts[] = {
    {.stack = stack_row, .stack_depth = 4, .size = 64, .type = 0x100, .type_known = true},
    {.stack = stack_row_other, .stack_depth = 4, .size = 64, .type = 0x100, .type_known = true},
    {.stack = stack_json, .stack_depth = 4, .size = 1024, .type = 0x200, .type_known = true},
    {.stack = stack_c, .stack_depth = 2, .size = 4096},
};

static struct trace_fact facts[] = {
    {"main_module", "example.com/shop", 16},
    {"go_version", "go1.26.8", 8},
    {"command", "./shop\0-x", 10},
};

static void begin(struct fixture *fixture, struct trace_type *types)
{
	fixture_begin(fixture, symbols, sizeof(symbols) / sizeof(symbols[0]));
	types[0] = (struct trace_type){0x100, strtab_add(fixture->trace.strings, "db.Row"), 25, 64, 40};
	types[1] = (struct trace_type){0x200, strtab_add(fixture->trace.strings, "json.Decoder"), 25, 1024, 512};
	fixture->trace.types = types;
	fixture->trace.ntypes = 2;
	fixture->trace.contexts = contexts;
	fixture->trace.ncontexts = 4;
	fixture->trace.facts = facts;
	fixture->trace.nfacts = 3;
	fixture->trace.end_ns = 2000000000;
}

static void add(struct accumulation *sums, uint32_t context, uint64_t address, uint32_t born, uint32_t died)
{
	struct trace_sample sample = {
	    .count = 1, .context = context, .rate = 1, .live_rate = 1, .address = address, .cycle = born};
	struct trace_death death = {.address = address, .cycle = died};

	accumulate_sample(sums, &sample, contexts[context].size);
	if (died)
		accumulate_death(sums, &death);
}

/* 20 cycles; rows die at once, decoders live for four cycle ends, C is seen once. */
static void fill(struct accumulation *sums)
{
	uint64_t address = 0x1000;

	for (uint32_t cycle = 0; cycle < 20; cycle++) {
		struct trace_gc gc = {.cycle = cycle + 1,
				      .gc_percent = 100,
				      .memory_limit = INT64_MAX,
				      .heap_marked = 5120,
				      .heap_goal = 4 << 20,
				      .heap_minimum = 4 << 20,
				      .stack_scan = 1000,
				      .globals_scan = 1000,
				      .goroutines = 4,
				      .total_alloc = 5000000,
				      .cpu_gc_total_ns = 100000000,
				      .cpu_user_ns = 300000000,
				      .process_cpu_ns = 400000000};

		for (int i = 0; i < 150; i++)
			add(sums, i % 3 == 0, address += 64, cycle, cycle + 1);
		add(sums, 2, address += 1024, cycle, cycle + 5);
		accumulate_gc(sums, &gc);
	}
	add(sums, 3, 0, 20, 0);
	accumulate_finish(sums, 4, 0);
}

static struct verdict_set *make_verdicts(void)
{
	static const struct verdict_position chain[] = {{"db.Find", "/src/db.go", 30, 5},
							{"db.newRow", "/src/db.go", 7, 9}};
	static const struct verdict_step steps[] = {
	    {"from &Row{...} (spill)", "spill", "~r0", "/src/db.go", 7, 9},
	    {"from return &Row{...} (return)", "return", "{heap}", "/src/db.go", 7, 2},
	};
	struct verdict verdict = {.kind = VERDICT_ESCAPES,
				  .package = "example.com/shop/db",
				  .function = "Find",
				  .what = "&Row{...}",
				  .message = "&Row{...} escapes to heap",
				  .chain = chain,
				  .nchain = 2,
				  .chain_known = true,
				  .steps = steps,
				  .nsteps = 2};
	struct verdict_set *set = verdict_set_new();

	verdict_set_add(set, &verdict);
	return set;
}

static void check_row(const struct site *site)
{
	assert_string_equal(site->function, "example.com/shop/db.newRow");
	assert_string_equal(site->entry, "runtime.newobject");
	assert_string_equal(site->type, "db.Row");
	assert_string_equal(site->shown.function, "example.com/shop/db.newRow");
	assert_int_equal(site->ninline, 2);
	assert_int_equal(site->samples, 3000);
	assert_true(site->alloc_bytes == 3000 * 64 && site->alloc_bytes_ci.low == site->alloc_bytes);
	assert_int_equal(site->class_, CLASS_ESCAPE);
	assert_int_equal(site->category, CATEGORY_POINTER_RETURNED);
	assert_string_equal(site->verdict.message, "&Row{...} escapes to heap");
	assert_int_equal(site->verdict.line, 7);
	assert_string_equal(site->verdict.reason[1], "from return &Row{...} (return) at db.go:7");
	assert_string_equal(site->root, "return &Row{...} (return) at db.go:7");
	assert_true(site->live_bytes == 0 && site->lifetime_cycles == 0 && site->miss_cpu_seconds == 0);
	assert_int_equal(site->nstacks, 2);
	assert_int_equal(site->stacks[0].nframes, 3);
	assert_string_equal(site->stacks[0].frames[2].function, "main.main");
	assert_true(site->stacks[0].alloc_bytes == 2000 * 64 && site->stacks[1].alloc_bytes == 1000 * 64);
	assert_true(site->saving.share > 0 && site->saving.share_ci.low < site->saving.share);
	/* most bytes, nothing alive: cycles by bytes, and the goal as it was */
	assert_float_equal(site->saving.cycles, 3000 * 64 / (3000 * 64 + 20 * 1024.0), 1e-9);
	assert_true(site->saving.cycles_ci.low < site->saving.cycles);
}

static void check_json(const struct site *site)
{
	double survived = (16 * 4 + 4 + 3 + 2 + 1) / 20.0; /* the last four are cut by the trace's end */

	assert_string_equal(site->function, "encoding/json.newDecoder");
	assert_string_equal(site->shown.function, "main.main");
	assert_true(fabs(site->live_objects - survived) < 1.01);
	/* All but the last live for some cycles. */
	assert_float_equal(site->miss_cpu_seconds, 19 * 150e-9, 151e-9);
	assert_true(fabs(site->scan_bytes - site->live_bytes / 2) < 1e-6);
	assert_int_equal(site->class_, CLASS_UNMATCHED);
	assert_null(site->verdict.message);
}

static void test_trace(void **state)
{
	struct fixture fixture;
	struct trace_type types[2];
	struct accumulation sums = {0};
	struct analysis analysis;
	struct verdict_set *set = make_verdicts();
	struct analyze_options options = {.verdicts = set, .verdicts_state = VERDICTS_MATCHED};
	double shares = 0;

	(void)state;
	begin(&fixture, types);
	fill(&sums);
	analyze_totals(&analysis, &fixture.trace, sums.contexts, &sums.gc, NULL, &options);
	verdict_set_free(set);
	accumulate_free(&sums);
	fixture_end(&fixture);

	assert_int_equal(analysis.nsites, 3);
	for (size_t i = 0; i < analysis.nsites; i++) {
		const struct site *site = &analysis.sites[i];

		assert_int_equal(site->rank, i + 1);
		assert_true(site->class_ == CLASS_C || site->saving.goal_bytes <= analysis.gc.goal_bytes * 1.000001);
		assert_true(site->class_ == CLASS_C ||
			    isnan(site->saving.assists) == !(analysis.gc.assist_seconds > 0));
		assert_true(i == 0 || site->saving.share <= analysis.sites[i - 1].saving.share);
		if (strcmp(site->type, "db.Row") == 0)
			check_row(site);
		else if (site->class_ == CLASS_C)
			assert_true(site->saving.share == 0);
		else
			check_json(site);
	}
	for (int i = 0; i < CLASS_COUNT; i++)
		shares += analysis.classes[i].bytes_share;
	assert_true(fabs(shares - 1) < 1e-9);
	assert_true(analysis.gc.known && analysis.gc.cycles == 20 && analysis.gc.gogc == 100);
	assert_true(analysis.gc.memory_limit == UINT64_MAX);
	assert_true(fabs(analysis.gc.cpu_share - 0.25) < 1e-9);
	assert_int_equal(analysis.ncommand, 2);
	assert_string_equal(analysis.command[1], "-x");
	assert_int_equal(analysis.verdicts, VERDICTS_MATCHED);
	analysis_free(&analysis);
}

static void test_without_gc_or_verdicts(void **state)
{
	struct fixture fixture;
	struct trace_type types[2];
	struct accumulation sums = {0};
	struct analysis analysis;

	(void)state;
	begin(&fixture, types);
	fill(&sums);
	sums.contexts[2].live_objects = 3;
	analyze_totals(&analysis, &fixture.trace, sums.contexts, NULL, NULL, NULL);
	assert_true(analysis.is_heap_profile && !analysis.gc.known);
	assert_int_equal(analysis.verdicts, VERDICTS_MISSING);
	/* By bytes. */
	assert_string_equal(analysis.sites[0].type, "db.Row");
	assert_string_equal(analysis.sites[1].type, "json.Decoder");
	assert_true(analysis.sites[1].live_bytes == 3 * 1024 && isnan(analysis.sites[1].miss_cpu_seconds));
	assert_true(analysis.nnotes >= 2);
	analysis_free(&analysis);
	accumulate_free(&sums);
	fixture_end(&fixture);
}

/* What marking LIVE decoders of 1 KiB takes, in objects of the usual kind, when they hold so many LINKS to each other
 * and OTHER names another type of the program. */
static double marked_as(double live, unsigned links, const char *other)
{
	struct fixture fixture;
	struct trace_type types[2];
	struct accumulation sums = {0};
	struct analysis analysis;
	double objects;

	begin(&fixture, types);
	types[0].name = strtab_add(fixture.trace.strings, other);
	types[1].kind = trace_kind_with_links(types[1].kind, links);
	fill(&sums);
	sums.contexts[2].live_objects = live;
	analyze_totals(&analysis, &fixture.trace, sums.contexts, NULL, NULL, NULL);
	assert_string_equal(analysis.sites[1].type, "json.Decoder");
	objects = analysis.sites[1].mark_objects;
	analysis_free(&analysis);
	accumulate_free(&sums);
	fixture_end(&fixture);
	return objects;
}

/* Lists are marked one object after the other, in memory when they are larger than a cache; trees many at a time. */
static void test_lists_and_trees(void **state)
{
	(void)state;
	assert_float_equal(marked_as(4096, 0, "db.Row"), 4096, 1e-6);
	assert_float_equal(marked_as(4096, 1, "db.Row"), 3 * 4096, 1e-6);
	assert_float_equal(marked_as(1024, 1, "db.Row"), 2 * 1024, 1e-6);
	assert_float_equal(marked_as(4096, 2, "db.Row"), 1.5 * 4096, 1e-6);
	assert_float_equal(marked_as(4096, 1, "[]*json.Decoder"), 4096, 1e-6);
}

/* GOGC=off under a limit: the recorded goal says nothing, what is allocated between two cycles does. */
static void test_memory_limit(void **state)
{
	struct fixture fixture;
	struct trace_type types[2];
	struct accumulation sums = {0};
	struct analysis analysis;

	(void)state;
	begin(&fixture, types);
	fill(&sums);
	sums.gc.last.gc_percent = -1;
	sums.gc.last.memory_limit = 1 << 20;
	sums.gc.heap_goal = 0;
	analyze_totals(&analysis, &fixture.trace, sums.contexts, &sums.gc, NULL, NULL);
	assert_true(fabs(analysis.gc.goal_bytes - (5120 + (3000 * 64 + 20 * 1024) / 20.0)) < 1e-6);
	for (size_t i = 0; i < analysis.nsites; i++) {
		const struct site *site = &analysis.sites[i];

		assert_true(fabs(site->saving.share - site->saving.share_equal_memory) < 1e-9);
	}
	analysis_free(&analysis);
	accumulate_free(&sums);
	fixture_end(&fixture);
}

/* The small trace with only what FOCUS and IGNORE leave of its stacks. */
static void analyze_selected(struct analysis *analysis, const char *focus, const char *ignore)
{
	struct fixture fixture;
	struct trace_type types[2];
	struct accumulation sums = {0};
	struct analyze_options options = {.filter = NULL};
	struct error error;

	begin(&fixture, types);
	fill(&sums);
	assert_int_equal(stack_filter_new(&options.filter, focus, ignore, &error), STATUS_OK);
	analyze_totals(analysis, &fixture.trace, sums.contexts, &sums.gc, NULL, &options);
	stack_filter_free(options.filter);
	accumulate_free(&sums);
	fixture_end(&fixture);
}

static void test_selected_stacks(void **state)
{
	static const struct {
		const char *focus, *ignore;
		double bytes; /* of 2000 and 1000 rows from main and other, 20 decoders from main, one PNG from main */
		size_t sites;
	} cases[] = {
	    {NULL, NULL, 3000 * 64 + 20 * 1024 + 4096, 3},
	    {".", "", 0, 0}, /* nothing is in everything */
	    {"db\\.newRow", NULL, 3000 * 64, 1},
	    {"db\\.newRow", "main\\.other", 2000 * 64, 1},
	    {"main\\.other", NULL, 1000 * 64, 1},
	    {NULL, "main\\.main$", 1000 * 64, 1},
	    {"^json|^main\\.main$", "png", 2000 * 64 + 20 * 1024, 2},
	    {"/c/png\\.c", NULL, 4096, 1},      /* by file */
	    {"runtime\\.mallocgc", NULL, 0, 0}, /* the allocator's own frames are no part of it */
	    {"nowhere", NULL, 0, 0},
	};
	double all = 3000 * 64 + 20 * 1024 + 4096;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct analysis analysis;

		analyze_selected(&analysis, cases[i].focus, cases[i].ignore);
		assert_int_equal(analysis.nsites, cases[i].sites);
		assert_true(analysis.alloc_bytes == cases[i].bytes);
		assert_true(fabs(analysis.selection.bytes_share - cases[i].bytes / all) < 1e-12);
		assert_string_equal(analysis.selection.focus, cases[i].focus ? cases[i].focus : "");
		assert_string_equal(analysis.selection.ignore, cases[i].ignore ? cases[i].ignore : "");
		assert_int_equal(analysis.selection.all_samples, 3021);
		analysis_free(&analysis);
	}
}

/* A site of which half is left saves its part of what it saves as a whole, by the same model of the whole program. */
static void test_selection_keeps_the_model(void **state)
{
	struct analysis all, main_only, other_only;

	(void)state;
	analyze_selected(&all, "newRow", NULL);
	analyze_selected(&main_only, "newRow", "other");
	analyze_selected(&other_only, "newRow", "main\\.main");
	assert_true(all.gc.cpu_seconds == main_only.gc.cpu_seconds && all.gc.goal_bytes == other_only.gc.goal_bytes);
	assert_true(main_only.sites[0].saving.share > 0);
	assert_true(main_only.sites[0].saving.share > other_only.sites[0].saving.share);
	assert_true(all.sites[0].saving.share > main_only.sites[0].saving.share);
	analysis_free(&all);
	analysis_free(&main_only);
	analysis_free(&other_only);
}

static void test_bad_expressions(void **state)
{
	struct stack_filter *filter;
	struct error error;

	(void)state;
	assert_int_equal(stack_filter_new(&filter, "(", NULL, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "--focus"));
	assert_int_equal(stack_filter_new(&filter, "fine", "[", &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "--ignore"));
	assert_int_equal(stack_filter_new(&filter, NULL, NULL, &error), STATUS_OK);
	assert_null(filter);
}

static void test_empty(void **state)
{
	struct fixture fixture;
	struct analysis analysis;
	struct gc_totals gc = {0};
	struct error error;

	(void)state;
	fixture_begin(&fixture, NULL, 0);
	analyze_totals(&analysis, &fixture.trace, NULL, &gc, NULL, NULL);
	assert_int_equal(analysis.nsites, 0);
	assert_string_equal(analysis.go_version, "");
	analysis_free(&analysis);
	fixture_end(&fixture);
	assert_int_equal(analyze_trace(&analysis, "/nonexistent/trace", NULL, &error), STATUS_ERROR);
	analysis_free(&analysis);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_trace),           cmocka_unit_test(test_without_gc_or_verdicts),
	    cmocka_unit_test(test_memory_limit),    cmocka_unit_test(test_lists_and_trees),
	    cmocka_unit_test(test_selected_stacks), cmocka_unit_test(test_selection_keeps_the_model),
	    cmocka_unit_test(test_bad_expressions), cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
