/*
 * The window over a growing trace: its analysis is that of a trace which holds the window's records alone. A made-up
 * program is written twice: whole, and read piece by piece; and from where the window began, as if attached to then.
 */
#include "analyzer/live_window.h"

#include "analyzer/analyze.h"
#include "trace/trace_follow.h"
#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MS       1000000ull
#define SECOND   (1000 * MS)
#define CONTEXTS 5
#define PLACES   400 /* addresses */
#define END_MS   33300

static const uint64_t sizes[CONTEXTS] = {64, 48, 1024, 16, 4096};
static const uint32_t longest_lives[CONTEXTS] = {1, 12, 3, 2, 30}; /* cycle ends, at most */

struct place {
	bool used, is_told;
	uint32_t dies; /* found dead in this cycle */
};

/* A program as it runs, and what of it is written. */
struct program {
	struct trace_writer *writer;
	uint64_t from_ns; /* records before are left out, times are from here */
	uint64_t now_ns;
	uint32_t cycle, random;
	struct place places[PLACES];
	struct trace_losses losses, losses_before;
	struct trace_gc base; /* the last before FROM_NS */
	bool has_base, began;
};

static uint32_t draw(struct program *program, uint32_t below)
{
	program->random = program->random * 1664525u + 1013904223u;
	return (program->random >> 8) % below;
}

static bool is_written(const struct program *program)
{
	return program->now_ns >= program->from_ns;
}

static uint64_t written_time(const struct program *program)
{
	return program->now_ns - program->from_ns;
}

static struct trace_gc figures(const struct program *program)
{
	uint64_t cycle = program->cycle, ms = program->now_ns / MS;

	return (struct trace_gc){.cycle = program->cycle,
				 .gc_percent = 100,
				 .memory_limit = INT64_MAX,
				 .heap_live = 9000000,
				 .heap_marked = 6000000 + 1000 * (cycle % 7),
				 .heap_goal = 12000000 + 2000 * (cycle % 7),
				 .heap_minimum = 4 << 20,
				 .stack_scan = 100000,
				 .globals_scan = 50000,
				 .total_alloc = 40000 * ms,
				 .pause_total_ns = 100000 * cycle,
				 .goroutines = 10 + cycle % 5,
				 .goroutines_live = 8 + cycle % 5,
				 .procs_running = 1 + cycle % 2,
				 .procs = 2,
				 .cpu_gc_assist_ns = 2 * MS * cycle,
				 .cpu_gc_total_ns = 90 * MS * cycle,
				 .cpu_user_ns = 300 * MS * cycle,
				 .cpu_total_ns = 800 * MS * cycle,
				 .process_cpu_ns = ms * MS};
}

/* The first of the figures is what was there when the trace begins. */
static void write_figures(struct program *program)
{
	struct trace_gc gc = figures(program);

	if (!is_written(program)) {
		program->base = gc;
		program->has_base = true;
		return;
	}
	gc.time_ns = written_time(program);
	trace_writer_gc(program->writer, &gc);
}

static void begin_writing(struct program *program)
{
	if (program->began || !is_written(program))
		return;
	program->began = true;
	program->losses_before = program->losses;
	program->base.time_ns = 0;
	if (program->has_base)
		trace_writer_gc(program->writer, &program->base);
}

static void allocate(struct program *program)
{
	uint32_t context = draw(program, CONTEXTS), at = draw(program, PLACES);
	struct trace_sample sample = {.time_ns = written_time(program),
				      .count = 1,
				      .context = context,
				      .rate = draw(program, 20) ? 4096 : 8192,
				      .cycle = program->cycle};
	struct place *place = &program->places[at];

	/* Where somebody lives whose death will be told, nobody is put. */
	if (!place->used || !place->is_told) {
		*place = (struct place){true, draw(program, 40) != 0,
					program->cycle + 1 + draw(program, longest_lives[context])};
		sample.address = 0xc000000000 + 4096 * (uint64_t)at;
		sample.live_rate = 65536;
	}
	if (is_written(program))
		trace_writer_sample(program->writer, &sample);
}

static void sweep(struct program *program)
{
	for (uint32_t i = 0; i < PLACES; i++) {
		struct place *place = &program->places[i];
		struct trace_death death = {written_time(program), 0xc000000000 + 4096 * (uint64_t)i, program->cycle};

		if (!place->used || !place->is_told || place->dies > program->cycle)
			continue;
		place->used = false;
		if (is_written(program))
			trace_writer_death(program->writer, &death);
	}
}

static void lose_some(struct program *program)
{
	struct trace_losses losses;

	program->losses.samples += draw(program, 3);
	losses = program->losses;
	losses.samples -= program->losses_before.samples;
	if (is_written(program))
		trace_writer_losses(program->writer, &losses);
}

/* One millisecond. */
static void step(struct program *program)
{
	uint64_t ms = program->now_ns / MS;
	uint32_t cpu_stack = draw(program, 2); /* drawn whether it is written or not */

	begin_writing(program);
	if (ms % 370 == 10) {
		program->cycle++;
		write_figures(program);
	}
	if (ms % 370 == 15)
		sweep(program);
	if (ms % 1000 == 500)
		write_figures(program);
	if (ms % 500 == 250)
		lose_some(program);
	for (uint32_t i = draw(program, 8); i > 0; i--)
		allocate(program);
	if (is_written(program))
		trace_writer_cpu_sample(program->writer, &(struct trace_cpu_sample){written_time(program), cpu_stack});
	program->now_ns += MS;
}

static void begin(struct program *program, const char *path, uint64_t from_ns)
{
	static const uint64_t marking[] = {40, 41}, working[] = {50, 51};
	struct error error;

	*program = (struct program){.from_ns = from_ns, .random = 12345};
	assert_int_equal(trace_writer_open(&program->writer, path, &error), STATUS_OK);
	trace_writer_fact(program->writer, "go_version", "go1.26.8", 8);
	trace_writer_fact(program->writer, "cpu_period_ns", "1000000", 7);
	for (uint64_t i = 0; i < CONTEXTS; i++) {
		uint64_t stack[] = {1, 10 + i};
		struct trace_context context = {
		    .stack = stack, .stack_depth = 2, .size = sizes[i], .type = 0x1000 + i, .type_known = true};

		trace_writer_context(program->writer, &context);
	}
	trace_writer_cpu_stack(program->writer, &(struct trace_cpu_stack){2, marking});
	trace_writer_cpu_stack(program->writer, &(struct trace_cpu_stack){2, working});
}

static void end(struct program *program)
{
	struct trace_frame_text frame = {"runtime.mallocgc", "/go/src/runtime/malloc.go", 1, 1};
	struct error error;

	trace_writer_symbol(program->writer, 1, &frame, 1, "", 0);
	for (uint64_t i = 0; i < CONTEXTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "main.f%d", (int)i);
		frame = (struct trace_frame_text){name, "/src/main.go", (uint32_t)i, 1};
		trace_writer_symbol(program->writer, 10 + i, &frame, 1, "runtime.mallocgc", 0);
		snprintf(name, sizeof(name), "main.T%d", (int)i);
		trace_writer_type(program->writer, 0x1000 + i, name, 25, sizes[i], i == 3 ? 0 : sizes[i]);
	}
	frame = (struct trace_frame_text){"runtime.scanobject", "/go/src/runtime/mgcmark.go", 1, 1};
	trace_writer_symbol(program->writer, 40, &frame, 1, "", 0);
	frame.function = "runtime.gcBgMarkWorker";
	trace_writer_symbol(program->writer, 41, &frame, 1, "", 0);
	frame.function = "main.f1";
	trace_writer_symbol(program->writer, 50, &frame, 1, "", 0);
	trace_writer_symbol(program->writer, 51, &frame, 1, "", 0);
	assert_int_equal(trace_writer_close(program->writer, true, &error), STATUS_OK);
}

static void write_from(const char *path, uint64_t from_ns)
{
	struct program program;

	begin(&program, path, from_ns);
	while (program.now_ns < END_MS * MS)
		step(&program);
	end(&program);
}

static bool near(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

#define check_near(a, b)                                                                                               \
	do {                                                                                                           \
		if (!near(a, b))                                                                                       \
			fail_msg("%s is %.17g, and %s is %.17g", #a, (double)(a), #b, (double)(b));                    \
	} while (0)

static void compare_sites(const struct site *a, const struct site *b)
{
	assert_string_equal(a->function, b->function);
	assert_string_equal(a->type, b->type);
	assert_int_equal(a->samples, b->samples);
	assert_int_equal(a->lifetimes, b->lifetimes);
	check_near(a->alloc_bytes, b->alloc_bytes);
	check_near(a->alloc_objects_ci.low, b->alloc_objects_ci.low);
	check_near(a->alloc_objects_ci.high, b->alloc_objects_ci.high);
	check_near(a->lifetime_cycles, b->lifetime_cycles);
	check_near(a->live_bytes, b->live_bytes);
	check_near(a->live_bytes_ci.low, b->live_bytes_ci.low);
	check_near(a->live_bytes_ci.high, b->live_bytes_ci.high);
	check_near(a->saving.share, b->saving.share);
	check_near(a->saving.share_ci.low, b->saving.share_ci.low);
	check_near(a->saving.share_ci.high, b->saving.share_ci.high);
	check_near(a->alloc_cpu_seconds, b->alloc_cpu_seconds);
	check_near(a->miss_cpu_seconds, b->miss_cpu_seconds);
	check_near(a->assist_cpu_seconds, b->assist_cpu_seconds);
}

static void compare(const struct analysis *a, const struct analysis *b)
{
	assert_int_equal(a->nsites, b->nsites);
	for (size_t i = 0; i < a->nsites; i++)
		compare_sites(&a->sites[i], &b->sites[i]);
	check_near(a->duration_seconds, b->duration_seconds);
	assert_int_equal(a->samples, b->samples);
	assert_int_equal(a->lost_samples, b->lost_samples);
	check_near(a->rate_low, b->rate_low);
	check_near(a->rate_high, b->rate_high);
	assert_int_equal(a->gc.cycles, b->gc.cycles);
	assert_int_equal(a->gc.cpu_samples, b->gc.cpu_samples);
	assert_int_equal(a->gc.total_alloc, b->gc.total_alloc);
	check_near(a->gc.cpu_seconds, b->gc.cpu_seconds);
	check_near(a->gc.process_cpu_seconds, b->gc.process_cpu_seconds);
	check_near(a->gc.pause_seconds, b->gc.pause_seconds);
	check_near(a->gc.live_bytes, b->gc.live_bytes);
	check_near(a->gc.goal_bytes, b->gc.goal_bytes);
	assert_int_equal(a->timeline.count, b->timeline.count);
	for (size_t i = 0; i < a->timeline.count; i++) {
		check_near(a->timeline.gc_share[i], b->timeline.gc_share[i]);
		check_near(a->timeline.goroutines[i], b->timeline.goroutines[i]);
	}
}

/* The whole trace written and read in turns, over a window of WINDOW_NS; the window's start. */
static uint64_t follow(struct analysis *out, const char *path, uint64_t window_ns)
{
	struct live_window *window = live_window_new(window_ns);
	struct trace_callbacks callbacks = live_window_callbacks(window);
	struct trace_follow *follow;
	struct program program;
	struct error error;
	uint64_t start;

	begin(&program, path, 0);
	assert_int_equal(trace_follow_open(&follow, path, &callbacks, true, &error), STATUS_OK);
	while (program.now_ns < END_MS * MS) {
		step(&program);
		if (program.now_ns / MS % 500 == 0)
			assert_int_equal(trace_writer_flush(program.writer, &error), STATUS_OK);
		if (program.now_ns / MS % 700 == 0)
			assert_int_equal(trace_follow_read(follow, &error), STATUS_OK);
	}
	end(&program);
	assert_int_equal(trace_follow_read(follow, &error), STATUS_OK);
	assert_true(trace_follow_trace(follow)->complete);
	live_window_analyze(out, window, trace_follow_trace(follow), NULL);
	start = live_window_start(window);
	trace_follow_close(follow);
	live_window_free(window);
	return start;
}

static void check_window(uint64_t window_ns, uint64_t expected_start)
{
	char folder[] = "/tmp/escprof-window-XXXXXX", whole[64], part[64];
	struct analysis live, report;
	struct error error;
	uint64_t start;

	assert_non_null(mkdtemp(folder));
	snprintf(whole, sizeof(whole), "%s/whole", folder);
	snprintf(part, sizeof(part), "%s/part", folder);
	start = follow(&live, whole, window_ns);
	assert_int_equal(start, expected_start);
	write_from(part, start);
	assert_int_equal(analyze_trace(&report, part, NULL, &error), STATUS_OK);
	assert_true(report.nsites == CONTEXTS && report.gc.known && report.gc.sampled && report.gc.cycles > 20);
	compare(&live, &report);
	analysis_free(&live);
	analysis_free(&report);
	unlink(whole);
	unlink(part);
	rmdir(folder);
}

static void test_window(void **state)
{
	(void)state;
	check_window(12 * SECOND, 20 * SECOND); /* panes of 2 s: six, and what is after 32 s */
	check_window(9 * SECOND, 24 * SECOND);
}

static void test_everything(void **state)
{
	(void)state;
	check_window(60 * SECOND, 0);
}

static const uint64_t one_stack[] = {1};
static struct trace_context one_context[] = {{.stack = one_stack, .stack_depth = 1, .size = 64}};

/* An analysis of what the callbacks were told of one context. */
static struct analysis analyze_one(const struct live_window *window, uint64_t end_ns)
{
	struct trace trace = {.contexts = one_context, .ncontexts = 1, .end_ns = end_ns, .strings = strtab_new()};
	struct analysis analysis;

	live_window_analyze(&analysis, window, &trace, NULL);
	strtab_free(trace.strings);
	return analysis;
}

/* A death that is told before its birth is, with a pane's beginning between them. */
static void test_early_death(void **state)
{
	struct live_window *window = live_window_new(6 * SECOND);
	struct trace_callbacks callbacks = live_window_callbacks(window);
	struct trace trace = {.contexts = one_context, .ncontexts = 1};
	struct trace_death death = {SECOND - 2, 0x100, 3};
	struct trace_sample sample = {
	    .time_ns = SECOND + 1, .count = 1, .rate = 1, .address = 0x100, .live_rate = 1, .cycle = 1};
	struct trace_gc first = {.cycle = 1, .gc_percent = 100, .heap_goal = 4 << 20, .total_alloc = 64};
	struct trace_gc last = {.time_ns = SECOND + 2,
				.cycle = 3,
				.gc_percent = 100,
				.heap_goal = 4 << 20,
				.total_alloc = 4 << 20,
				.cpu_gc_total_ns = SECOND / 10,
				.cpu_user_ns = SECOND};
	struct analysis analysis;

	(void)state;
	callbacks.gc(callbacks.user, &trace, &first);
	callbacks.death(callbacks.user, &trace, &death);
	callbacks.sample(callbacks.user, &trace, &sample);
	callbacks.gc(callbacks.user, &trace, &last);
	analysis = analyze_one(window, 2 * SECOND);
	assert_int_equal(analysis.sites[0].lifetimes, 1);
	check_near(analysis.sites[0].lifetime_cycles, 1);
	analysis_free(&analysis);
	live_window_free(window);
}

/* Nothing for longer than a window, then something again: of the former nothing is left. */
static void test_silence(void **state)
{
	struct live_window *window = live_window_new(6 * SECOND);
	struct trace_callbacks callbacks = live_window_callbacks(window);
	struct trace trace = {.contexts = one_context, .ncontexts = 1};
	struct trace_sample sample = {.time_ns = SECOND / 2, .count = 7, .rate = 1};
	struct analysis analysis;

	(void)state;
	callbacks.sample(callbacks.user, &trace, &sample);
	sample.time_ns = 1000000 * SECOND + 5;
	sample.count = 3;
	callbacks.sample(callbacks.user, &trace, &sample);
	assert_int_equal(live_window_start(window), (1000000 - 6) * SECOND);
	analysis = analyze_one(window, 1000000 * SECOND + 10);
	assert_int_equal(analysis.samples, 3);
	check_near(analysis.timeline.alloc_bytes[59], 3 * 64);
	analysis_free(&analysis);
	live_window_free(window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_window),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_early_death),
	    cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
