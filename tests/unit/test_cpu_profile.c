/* Samples of CPU: sums by kind of work, and which site has what of them. */
#include "analyzer/cpu_profile.h"

#include "analyzer/analyze.h"
#include "analyzer/accumulate.h"
#include "analyzer/arena.h"
#include "analyzer/site_group.h"
#include "analyzer/stack_filter.h"
#include "analyzer/summary.h"
#include "analyzer/symbols.h"
#include "trace/trace_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Return addresses, and the functions that they are in. */
enum { MALLOC = 1, NEW, SCAN, ASSIST, WORKER, MAKE_A, MAKE_B, WORK, SLICE, FLUSH };

static const char *const functions[] = {
    [MALLOC] = "runtime.mallocgc",
    [NEW] = "runtime.newobject",
    [SCAN] = "runtime.scanobject",
    [ASSIST] = "runtime.gcAssistAlloc",
    [WORKER] = "runtime.gcBgMarkWorker",
    [MAKE_A] = "main.makeA",
    [MAKE_B] = "main.makeB",
    [WORK] = "main.work",
    [SLICE] = "runtime.makeslice",
    [FLUSH] = "runtime.wbBufFlush",
};

static const uint64_t alloc_a[] = {MALLOC, NEW, MAKE_A, WORK}, alloc_b[] = {MALLOC, NEW, MAKE_B, WORK};
static const uint64_t cpu_assist[] = {SCAN, ASSIST, MALLOC, NEW, MAKE_B, WORK}, cpu_worker[] = {SCAN, WORKER};
static const uint64_t cpu_work[] = {WORK}, cpu_a[] = {NEW, MAKE_A, WORK}, cpu_unknown[] = {MALLOC, SLICE, WORK};
static const uint64_t cpu_barrier_a[] = {FLUSH, MAKE_A, WORK}, cpu_barrier_work[] = {FLUSH, WORK};

static struct trace_context contexts[] = {
    {.stack_depth = 4, .stack = alloc_a, .size = 64},
    {.stack_depth = 4, .stack = alloc_b, .size = 64},
    {.stack_depth = 4, .stack = alloc_b, .size = 128},
};
static struct trace_cpu_stack stacks[] = {{4, alloc_a},     {3, cpu_a},         {6, cpu_assist},
					  {2, cpu_worker},  {1, cpu_work},      {0, NULL},
					  {3, cpu_unknown}, {3, cpu_barrier_a}, {2, cpu_barrier_work}};
static const uint64_t counts[] = {10, 5, 7, 20, 100, 3, 2, 40, 30};
static struct trace_fact facts[] = {{"cpu_period_ns", "1000000", 7}, {"cpu_sampled", "user", 4}};
static struct trace trace = {
    .contexts = contexts, .ncontexts = 3, .cpu_stacks = stacks, .ncpu_stacks = 9, .facts = facts, .nfacts = 2};

static bool resolve(void *user, uint64_t pc, struct analyze_symbol *symbol)
{
	static struct analysis_frame frame;

	(void)user;
	frame = (struct analysis_frame){functions[pc], pc == WORK ? "w.go" : "x.go", (uint32_t)pc};
	*symbol = (struct analyze_symbol){.frames = &frame, .nframes = 1};
	return true;
}

static const struct analyze_options options = {.resolve_symbol = resolve};

static void test_sums(void **state)
{
	struct arena *arena = arena_new();
	struct symbols *symbols = symbols_new(arena, &trace, &options);
	struct cpu_profile profile = cpu_profile_make(&trace, counts, symbols);

	(void)state;
	assert_true(profile.known);
	assert_false(profile.sees_kernel);
	assert_float_equal(profile.period, 0.001, 1e-12);
	assert_int_equal(profile.samples, 214);
	assert_int_equal(profile.agent, 3);
	assert_int_equal(profile.by_work[CPU_PROGRAM], 100);
	assert_int_equal(profile.by_work[CPU_ALLOCATING], 17);
	assert_int_equal(profile.by_work[CPU_MARKING_HEAP], 27);
	assert_int_equal(profile.by_work[CPU_BARRIERS], 70);
	assert_int_equal(profile.assists, 7);
	assert_int_equal(cpu_profile_gc(&profile), 97);
	assert_false(cpu_profile_make(&trace, NULL, symbols).known);
	symbols_free(symbols);
	arena_free(arena);
}

/* What main.makeA and main.makeB have, and all barriers, behind a filter on FOCUS (NULL: none). */
struct shares {
	double a, b, b_assists, a_barriers, b_barriers, kept;
};

static struct shares share(const char *focus)
{
	struct shares shares;
	struct context_totals totals[3] = {0};
	struct arena *arena = arena_new();
	struct symbols *symbols = symbols_new(arena, &trace, &options);
	struct stack_filter *filter;
	struct site_groups groups;

	for (int i = 0; i < 3; i++)
		weights_add(&totals[i].objects, 1, 1, 10);
	assert_int_equal(stack_filter_new(&filter, focus, NULL, NULL), STATUS_OK);
	site_groups_make(&groups, arena, symbols, &trace, totals, NULL);
	assert_int_equal(groups.count, 2);
	shares.kept = cpu_profile_share(&trace, counts, symbols, filter, &groups);
	shares.a = groups.groups[0]->alloc_samples;
	shares.b = groups.groups[1]->alloc_samples;
	shares.b_assists = groups.groups[1]->assist_samples;
	shares.a_barriers = groups.groups[0]->barrier_samples;
	shares.b_barriers = groups.groups[1]->barrier_samples;
	assert_float_equal(groups.groups[0]->assist_samples, 0, 0);
	site_groups_free(&groups);
	stack_filter_free(filter);
	symbols_free(symbols);
	arena_free(arena);
	return shares;
}

static void test_sites(void **state)
{
	struct shares all = share(NULL), of_b = share("main.makeB");

	(void)state;
	assert_float_equal(all.a, 15, 1e-9);
	assert_float_equal(all.b, 0, 1e-9);
	assert_float_equal(all.b_assists, 7, 1e-9);
	assert_float_equal(of_b.a, 0, 1e-9);
	assert_float_equal(of_b.b_assists, 7, 1e-9);
}

/* What is written in main.makeA is its objects'; main.work, which calls both, stores 10 of the one and 20 of the other.
 */
static void test_barriers(void **state)
{
	struct shares all = share(NULL), of_b = share("main.makeB");

	(void)state;
	assert_float_equal(all.a_barriers, 40 + 10, 1e-9);
	assert_float_equal(all.b_barriers, 20, 1e-9);
	assert_float_equal(all.kept, 70, 1e-9);
	assert_float_equal(of_b.kept, 0, 1e-9);
}

/* Six samples, none of them of the GC, do not say that it took nothing. */
static void test_few_samples(void **state)
{
	struct gc_totals gc = {.records = 2};
	struct cpu_profile cpu = {.known = true, .samples = 6, .period = 0.08};
	struct gc_summary summary;

	(void)state;
	gc.last.cpu_gc_total_ns = 1000000000;
	gc.last.cpu_user_ns = 3000000000;
	gc.last.process_cpu_ns = 4000000000;
	summary = summary_of_gc(&gc, &cpu);
	assert_false(summary.sampled);
	assert_float_equal(summary.cpu_share, 0.25, 1e-9);
	assert_int_equal(summary.cpu_samples, 6);
	cpu.samples = 100;
	summary = summary_of_gc(&gc, &cpu);
	assert_true(summary.sampled);
	assert_float_equal(summary.cpu_share, 0, 0);
	cpu.samples = 6;
	gc.last.cpu_gc_total_ns = UINT64_MAX; /* Go up to 1.19 has no account */
	assert_true(summary_of_gc(&gc, &cpu).sampled);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_few_samples),
	    cmocka_unit_test(test_sums),
	    cmocka_unit_test(test_sites),
	    cmocka_unit_test(test_barriers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
