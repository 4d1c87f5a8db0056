/*
 * A trace of ten seconds, written here, of which two have many goroutines: what was allocated then, how all of it is
 * spread over time and over numbers of goroutines and Ps, and that the model stays the whole run's.
 */
#include "analyzer/dissection.h"

#include "analyzer/analysis.h"
#include "analyzer/analyze.h"
#include "analyzer/stack_filter.h"
#include "analyzer/when.h"
#include "trace/trace_writer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STEP_NS  10000000ull /* between two allocations */
#define STEPS    1000
#define CROWD_AT 400 /* steps */
#define CALM_AT  600
#define CYCLE    50 /* steps of a GC cycle */

static char path[] = "/tmp/test_dissection.XXXXXX";
static char barriers_path[] = "/tmp/test_dissection.XXXXXX"; /* the same with samples of CPU */

#define SAMPLES          100 /* of CPU, all of the GC's */
#define BARRIERS         40  /* of these in write barriers */
#define CROWDED_BARRIERS 10  /* of these below main.crowded */

static void write_symbols(struct trace_writer *writer)
{
	static const struct trace_frame_text steady = {"main.steady", "/m/main.go", 5, 1},
					     crowded = {"main.crowded", "/m/main.go", 9, 7};

	trace_writer_symbol(writer, 0x1000, &steady, 1, "runtime.newobject", 0);
	trace_writer_symbol(writer, 0x2000, &crowded, 1, "runtime.newobject", 0);
}

/* The GC marks, and the program's writes of pointers are told it meanwhile. */
static void write_cpu(struct trace_writer *writer)
{
	static const struct trace_frame_text flush = {"runtime.wbBufFlush", "/r/mwbbuf.go", 1, 1},
					     mark = {"runtime.gcDrain", "/r/mgcmark.go", 1, 1};
	static const uint64_t steady[] = {0x3000, 0x1000}, crowded[] = {0x3000, 0x2000}, worker[] = {0x4000};
	static const struct trace_cpu_stack stacks[] = {{2, crowded}, {2, steady}, {1, worker}};

	trace_writer_symbol(writer, 0x3000, &flush, 1, "", 0);
	trace_writer_symbol(writer, 0x4000, &mark, 1, "", 0);
	trace_writer_fact(writer, "cpu_period_ns", "1000000", 7);
	trace_writer_fact(writer, "cpu_sampled", "user", 4);
	for (int i = 0; i < 3; i++)
		trace_writer_cpu_stack(writer, &stacks[i]);
	for (int i = 0; i < SAMPLES; i++) {
		uint32_t stack = i < CROWDED_BARRIERS ? 0 : i < BARRIERS ? 1 : 2;
		struct trace_cpu_sample sample = {.time_ns = (uint64_t)i * STEP_NS, .stack = stack};

		trace_writer_cpu_sample(writer, &sample);
	}
}

static void write_gc(struct trace_writer *writer, int step)
{
	struct trace_gc gc;
	bool crowd = step >= CROWD_AT && step < CALM_AT;

	memset(&gc, 0xff, sizeof(gc));
	gc.time_ns = (uint64_t)step * STEP_NS;
	gc.cycle = (uint32_t)(step / CYCLE);
	gc.gc_percent = 100;
	gc.heap_marked = 1 << 20;
	gc.heap_goal = 4 << 20;
	gc.goroutines_live = crowd ? 1500 : 3;
	gc.procs_running = crowd ? 20 : 2;
	gc.cpu_gc_total_ns = (uint64_t)(step / CYCLE) * 1000;
	gc.cpu_user_ns = (uint64_t)(step / CYCLE) * 9000;
	trace_writer_gc(writer, &gc);
}

/* An object that dies in the cycle after its own. */
static void write_object(struct trace_writer *writer, uint32_t context, int step)
{
	uint64_t address = 0x100000 + (uint64_t)step * 256 + context * 128;
	struct trace_sample sample = {.time_ns = (uint64_t)step * STEP_NS + 1,
				      .count = 1,
				      .context = context,
				      .rate = 1,
				      .address = address,
				      .live_rate = 1,
				      .cycle = (uint32_t)(step / CYCLE),
				      .labels = context ? TRACE_LABELS_FIRST + step % 2 : TRACE_LABELS_NONE};
	struct trace_death death = {sample.time_ns + 1, address, sample.cycle + 1};

	trace_writer_sample(writer, &sample);
	trace_writer_death(writer, &death);
}

static int write_trace(char *to, bool with_cpu)
{
	static const uint64_t stacks[] = {0x1000, 0x2000};
	struct trace_context context = {.stack_depth = 1, .size = 64};
	struct trace_writer *writer;
	struct error error;
	int fd = mkstemp(to);

	close(fd);
	if (fd < 0 || trace_writer_open(&writer, to, &error) != STATUS_OK)
		return 1;
	for (int i = 0; i < 2; i++) {
		context.stack = &stacks[i];
		trace_writer_context(writer, &context);
	}
	trace_writer_labels(writer, &(const struct trace_label){"side", "even"}, 1);
	trace_writer_labels(writer, &(const struct trace_label){"side", "odd"}, 1);
	for (int step = 0; step < STEPS; step++) {
		if (step % 10 == 0)
			write_gc(writer, step);
		write_object(writer, 0, step);
		if (step >= CROWD_AT && step < CALM_AT)
			write_object(writer, 1, step);
	}
	write_symbols(writer);
	if (with_cpu)
		write_cpu(writer);
	return trace_writer_close(writer, true, &error) != STATUS_OK;
}

static int write_traces(void **state)
{
	(void)state;
	return write_trace(path, false) || write_trace(barriers_path, true);
}

static int remove_traces(void **state)
{
	(void)state;
	return unlink(path) || unlink(barriers_path);
}

/* Analyse the trace FROM at the moments of TEXT, and its stacks that FOCUS matches; NULL: all. */
static struct analysis analyze_stacks(const char *from, const char *text, const char *focus)
{
	struct analyze_options options = {.filter = NULL};
	struct analyze_input *input;
	struct analysis analysis;
	struct when *when = NULL;
	struct error error = {""};

	if (text && when_parse(&when, text, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	if (focus && stack_filter_new(&options.filter, focus, NULL, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	if (analyze_input_read_when(&input, from, when, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	analyze_input_run(&analysis, input, &options);
	analyze_input_free(input);
	stack_filter_free(options.filter);
	when_free(when);
	return analysis;
}

static struct analysis analyze(const char *text)
{
	return analyze_stacks(path, text, NULL);
}

static const struct site *site_of(const struct analysis *analysis, const char *function)
{
	for (size_t i = 0; i < analysis->nsites; i++) {
		if (!strcmp(analysis->sites[i].function, function))
			return &analysis->sites[i];
	}
	fail_msg("no site: %s", function);
	return NULL;
}

static void test_timeline(void **state)
{
	struct analysis analysis = analyze(NULL);
	const struct timeline *timeline = &analysis.timeline;
	const struct site *crowded = site_of(&analysis, "main.crowded");
	double sum = 0, crowd = 0, outside = 0;
	uint64_t cycles = 0;

	(void)state;
	assert_int_equal(timeline->count, 60);
	assert_true(fabs(timeline->slice_seconds * 60 - analysis.duration_seconds) < 1e-6);
	for (size_t i = 0; i < timeline->count; i++) {
		sum += timeline->alloc_bytes[i];
		cycles += timeline->gc_cycles[i];
		crowd += crowded->slices[i];
		outside += i < 24 || i > 36 ? crowded->slices[i] : 0;
	}
	assert_true(fabs(sum - 1200 * 64) < 1e-6);
	assert_int_equal(cycles, 19);
	assert_true(fabs(crowd - 200 * 64) < 1e-6 && outside == 0);
	assert_true(fabs(timeline->goroutines[10] - 3) < 1e-9 && fabs(timeline->goroutines[30] - 1500) < 1e-9);
	assert_true(fabs(timeline->procs[30] - 20) < 1e-9);
	assert_true(fabs(timeline->gc_share[20] - 0.1) < 1e-9);
	assert_true(isnan(timeline->gc_share[59]));
	analysis_free(&analysis);
}

/* The one bucket of NAMES that has BYTES of SITE: its name. */
static const char *bucket_with(const struct buckets *buckets, const double *bytes, double wanted)
{
	const char *found = "none";

	for (size_t i = 0; i < buckets->count; i++) {
		if (fabs(bytes[i] - wanted) < 1e-6)
			found = buckets->names[i];
	}
	return found;
}

static void test_buckets(void **state)
{
	struct analysis analysis = analyze(NULL);
	const struct site *steady = site_of(&analysis, "main.steady"), *crowded = site_of(&analysis, "main.crowded");

	(void)state;
	assert_string_equal(bucket_with(&analysis.goroutine_buckets, crowded->by_goroutines, 200 * 64),
			    "1,024–2,047 goroutines");
	assert_string_equal(bucket_with(&analysis.goroutine_buckets, steady->by_goroutines, 800 * 64),
			    "2–3 goroutines");
	assert_string_equal(bucket_with(&analysis.goroutine_buckets, steady->by_goroutines, 200 * 64),
			    "1,024–2,047 goroutines");
	assert_string_equal(bucket_with(&analysis.proc_buckets, steady->by_procs, 800 * 64), "2 running Ps");
	assert_string_equal(bucket_with(&analysis.proc_buckets, crowded->by_procs, 200 * 64), "17–32 running Ps");
	analysis_free(&analysis);
}

static void test_labels(void **state)
{
	struct analysis analysis = analyze(NULL);
	const struct site *steady = site_of(&analysis, "main.steady"), *crowded = site_of(&analysis, "main.crowded");

	(void)state;
	assert_int_equal(analysis.nlabel_sets, 4);
	assert_true(analysis.label_sets[TRACE_LABELS_UNKNOWN].unknown);
	assert_string_equal(analysis.label_sets[3].labels[0].value, "odd");
	assert_int_equal(steady->nlabels, 1);
	assert_int_equal(steady->by_labels[0].set, TRACE_LABELS_NONE);
	assert_true(fabs(steady->by_labels[0].bytes - STEPS * 64) < 1e-6);
	assert_int_equal(crowded->nlabels, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(crowded->by_labels[i].set, TRACE_LABELS_FIRST + i);
		assert_true(fabs(crowded->by_labels[i].bytes - 100 * 64) < 1e-6);
	}
	analysis_free(&analysis);
}

/* Buckets follow each other without a gap. */
static void test_ranges(void **state)
{
	uint64_t low, high, before = 0;

	(void)state;
	for (size_t i = 0; i + 1 < DISSECTION_GOROUTINES; i++, before = high) {
		dissection_goroutine_range(i, &low, &high);
		assert_true(low == before + 1 && high >= low);
	}
	assert_true(before == UINT64_MAX);
	before = 0;
	for (size_t i = 0; i + 1 < DISSECTION_PROCS; i++, before = high) {
		dissection_proc_range(i, &low, &high);
		assert_true(low == before + 1 && high >= low);
	}
	assert_true(before == UINT64_MAX);
}

static void test_when(void **state)
{
	struct analysis all = analyze(NULL), part = analyze("goroutines>1000"), rest = analyze("goroutines<=1000");
	const struct site *whole = site_of(&all, "main.steady"), *some = site_of(&part, "main.steady");

	(void)state;
	assert_int_equal(part.nsites, 2);
	assert_int_equal(rest.nsites, 1);
	assert_true(fabs(part.alloc_bytes - 400 * 64) < 1e-6 && fabs(rest.alloc_bytes - 800 * 64) < 1e-6);
	assert_true(fabs(part.selection.time_share - 0.2) < 2e-3 && fabs(rest.selection.time_share - 0.8) < 2e-3);
	assert_true(fabs(part.selection.bytes_share - 1.0 / 3) < 1e-9);
	assert_string_equal(part.selection.when, "goroutines>1000");
	assert_true(fabs(analysis_seconds(&part) - 2) < 0.05 && fabs(analysis_seconds(&all) - 10) < 0.05);
	/* the whole run's GC, of which a part's allocations can only save a part */
	assert_true(part.gc.cpu_seconds == all.gc.cpu_seconds && part.gc.goal_bytes == all.gc.goal_bytes);
	assert_true(some->saving.share > 0 && some->saving.share < whole->saving.share);
	/* what all of a part would save is told, as of stacks, and the parts' are nearly the whole */
	assert_true(isnan(all.selection.saving.share) && part.selection.saving.share >= some->saving.share);
	assert_true(part.selection.saving.share_ci.low < part.selection.saving.share);
	assert_true(part.selection.saving.share > 0.2 && rest.selection.saving.share > 0.4);
	assert_true(part.selection.saving.share + rest.selection.saving.share < 1.2);
	/* and over time: the program's line is that of all, the site's that of the part */
	assert_true(part.timeline.alloc_bytes[0] == all.timeline.alloc_bytes[0] && part.timeline.alloc_bytes[0] > 0);
	assert_true(some->slices[0] == 0 && some->slices[30] == whole->slices[30]);
	analysis_free(&all);
	analysis_free(&part);
	analysis_free(&rest);
}

/* Barriers go with what was allocated then, so that a condition and its opposite are the whole. */
static void test_barriers(void **state)
{
	struct analysis all = analyze_stacks(barriers_path, NULL, NULL);
	struct analysis every = analyze_stacks(barriers_path, "time>=0", NULL);
	struct analysis part = analyze_stacks(barriers_path, "goroutines>1000", NULL);
	struct analysis rest = analyze_stacks(barriers_path, "goroutines<=1000", NULL);
	double steady = site_of(&all, "main.steady")->barrier_share;

	(void)state;
	assert_true(fabs(all.gc.parts.barriers - (double)BARRIERS / SAMPLES) < 1e-9);
	assert_true(fabs(steady - 1 + (double)CROWDED_BARRIERS / BARRIERS) < 1e-9);
	assert_true(fabs(every.selection.saving.share - 1) < 0.02);
	assert_true(fabs(site_of(&every, "main.steady")->saving.share - site_of(&all, "main.steady")->saving.share) <
		    1e-9);
	assert_true(fabs(site_of(&part, "main.crowded")->barrier_share - (1 - steady)) < 1e-9);
	assert_true(fabs(site_of(&part, "main.steady")->barrier_share + site_of(&rest, "main.steady")->barrier_share -
			 steady) < 1e-9);
	analysis_free(&all);
	analysis_free(&every);
	analysis_free(&part);
	analysis_free(&rest);
}

/* The same of some stacks: writes below them that no site is known to make are of those moments too. */
static void test_barriers_of_stacks(void **state)
{
	struct analysis all = analyze_stacks(barriers_path, NULL, "steady");
	struct analysis every = analyze_stacks(barriers_path, "time>=0", "steady");
	struct analysis part = analyze_stacks(barriers_path, "goroutines>1000", "steady");
	struct analysis none = analyze_stacks(barriers_path, "goroutines<=1000", "crowded");

	(void)state;
	assert_true(fabs(every.selection.saving.share - all.selection.saving.share) < 1e-9);
	assert_true(fabs(site_of(&part, "main.steady")->barrier_share -
			 0.2 * site_of(&all, "main.steady")->barrier_share) < 1e-9);
	assert_true(fabs(none.selection.saving.share) < 1e-9);
	analysis_free(&all);
	analysis_free(&every);
	analysis_free(&part);
	analysis_free(&none);
}

/* Lives of what is left out must not end others': with all that was followed, as many lives as samples. */
static void test_lives(void **state)
{
	struct analysis part = analyze("time>=4 and time<6");

	(void)state;
	assert_int_equal(site_of(&part, "main.steady")->lifetimes, 200);
	assert_int_equal(site_of(&part, "main.crowded")->lifetimes, 200);
	analysis_free(&part);
}

static void test_nothing_left(void **state)
{
	struct analysis none = analyze("goroutines>9999");

	(void)state;
	assert_int_equal(none.nsites, 0);
	assert_true(none.selection.bytes_share == 0 && none.selection.time_share == 0);
	assert_int_equal(none.selection.all_samples, 1200);
	analysis_free(&none);
}

/* An address is used again: the death of the one that was left out is not that of the one that is kept. */
static void test_left_out_lives(void **state)
{
	struct accumulation sums = {0};
	struct trace_sample sample = {.count = 1, .rate = 1, .address = 64, .live_rate = 1, .cycle = 1};
	struct trace_death death = {.address = 64, .cycle = 2};

	(void)state;
	accumulate_left_out(&sums, &sample);
	accumulate_death(&sums, &death);
	sample.cycle = 3;
	accumulate_sample(&sums, &sample, 64);
	death.cycle = 7;
	accumulate_death(&sums, &death);
	sample.cycle = 8;
	accumulate_left_out(&sums, &sample);
	accumulate_finish(&sums, 1, 0);
	assert_int_equal(sums.contexts[0].lives.count, 1);
	assert_int_equal(sums.contexts[0].objects.count, 1);
	assert_true(sums.contexts[0].lives.survived == 3);
	assert_int_equal(sums.unmatched_deaths, 0);
	accumulate_free(&sums);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_timeline),     cmocka_unit_test(test_buckets),
	    cmocka_unit_test(test_labels),       cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_when),         cmocka_unit_test(test_lives),
	    cmocka_unit_test(test_nothing_left), cmocka_unit_test(test_left_out_lives),
	    cmocka_unit_test(test_barriers),     cmocka_unit_test(test_barriers_of_stacks),
	};

	return cmocka_run_group_tests(tests, write_traces, remove_traces);
}
