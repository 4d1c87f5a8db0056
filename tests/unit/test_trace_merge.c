/* Merging: what comes out is the sum of what went in; addresses of one run are nothing to the next; damage is an error.
 */
#include "analyzer/analyze.h"
#include "base/mapfile.h"
#include "base/memory.h"
#include "trace/trace_merge.h"
#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *temporary(void)
{
	char *path = memory_copy_string("/tmp/escprof-merge-XXXXXX");

	close(mkstemp(path));
	return path;
}

/* Remove COUNT inputs and the OUTPUT of their merge, all from temporary(). */
static void remove_all(char **paths, int count, char *output)
{
	for (int i = 0; i < count; i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	unlink(output);
	free(output);
}

struct run {
	const char *build_id, *cpu_period;
	uint64_t stack; /* the address that all its stacks have */
	uint32_t cycles;
	uint64_t samples; /* in each cycle, followed to their death */
	bool complete;
	uint32_t nrings; /* up to 2 */
	uint64_t ring_size;
	bool knows_forced; /* half of its cycles were asked for */
};

static void write_gc(struct trace_writer *writer, const struct run *run, uint32_t cycle)
{
	struct trace_gc gc;

	memset(&gc, 0xff, sizeof(gc));
	gc.time_ns = 1000000ull * (cycle + 1);
	gc.cycle = cycle;
	gc.gc_percent = 100;
	gc.heap_marked = 1000000;
	gc.total_alloc = 5000ull * cycle;
	gc.cpu_gc_total_ns = 300ull * cycle;
	if (run->knows_forced)
		gc.forced_cycles = cycle / 2;
	trace_writer_gc(writer, &gc);
}

/* Objects are born at the same addresses in every cycle of every run, and die in the next: the last ones don't. */
static void write_samples(struct trace_writer *writer, const struct run *run, uint32_t cycle)
{
	for (uint64_t i = 0; i < run->samples; i++) {
		uint64_t address = 0xc000000000 + 64 * i;

		if (cycle)
			trace_writer_death(writer, &(struct trace_death){1000000ull * cycle + i, address, cycle});
		trace_writer_sample(writer, &(struct trace_sample){.time_ns = 1000000ull * cycle + 500 + i,
								   .count = 1,
								   .rate = 1,
								   .address = address,
								   .live_rate = 1,
								   .labels = TRACE_LABELS_FIRST,
								   .cycle = cycle});
	}
}

static char *write_run(const struct run *run)
{
	struct trace_context context = {.stack_depth = 1, .stack = &run->stack, .size = 64};
	struct trace_frame_text frame = {"main.f", "a.go", 3, 1};
	struct trace_label label = {"tenant", "blue"};
	struct trace_writer *writer;
	char *path = temporary();
	struct error error;

	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	trace_writer_fact(writer, "go_build_id", run->build_id, strlen(run->build_id));
	trace_writer_fact(writer, "cpu_period_ns", run->cpu_period, strlen(run->cpu_period));
	trace_writer_context(writer, &context);
	trace_writer_labels(writer, &label, 1);
	trace_writer_cpu_stack(writer, &(struct trace_cpu_stack){1, &run->stack});
	for (uint32_t cycle = 0; cycle < run->cycles; cycle++) {
		write_gc(writer, run, cycle);
		write_samples(writer, run, cycle);
		trace_writer_cpu_sample(writer, &(struct trace_cpu_sample){1000000ull * cycle, 0});
	}
	trace_writer_losses(writer, &(struct trace_losses){1, 2, 3, 4, 5});
	if (run->nrings)
		trace_writer_rings(writer, run->ring_size,
				   (const struct trace_ring[]){{1, 2, 3, 4, 50}, {10, 20, 30, 40, 60}}, run->nrings);
	trace_writer_symbol(writer, run->stack, &frame, 1, "runtime.newobject", 0);
	assert_int_equal(trace_writer_close(writer, run->complete, &error), STATUS_OK);
	return path;
}

static const struct run first = {"id", "1000", 0x401000, 10, 50, true, 1, 65536, false},
			second = {"id", "1000", 0x402000, 20, 30, true, 0, 0, false},
			like_first = {"id", "1000", 0x401000, 5, 20, true, 2, 65536, false};

static void test_sums(void **state)
{
	char *paths[] = {write_run(&first), write_run(&second), write_run(&like_first)}, *output = temporary();
	struct trace_merge_result result;
	struct trace trace;
	struct error error = {""};

	(void)state;
	if (trace_merge(output, (const char *const *)paths, 3, &result, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	assert_int_equal(result.cut, 0);
	assert_false(result.without_cpu);
	assert_int_equal(trace_read(&trace, output, NULL, &error), STATUS_OK);
	assert_true(trace.complete);
	assert_int_equal(trace.nsamples, 10 * 50 + 20 * 30 + 5 * 20);
	assert_int_equal(trace.ndeaths, 9 * 50 + 19 * 30 + 4 * 20);
	assert_int_equal(trace.ncpu_samples, 35);
	assert_int_equal(trace.ngcs, 35);
	assert_int_equal(trace.run_ends, 2);
	assert_int_equal(trace.ncontexts, 2);
	assert_int_equal(trace.ncpu_stacks, 2);
	assert_int_equal(trace.nlabel_sets, 1);
	assert_int_equal(trace.nsymbols, 2);
	assert_int_equal(trace.losses.throttled, 15);
	assert_int_equal(trace.nrings, 2);
	assert_int_equal(trace.ring_size, 65536);
	assert_memory_equal(&trace.rings[0], (&(struct trace_ring){2, 4, 6, 8, 50}), sizeof(struct trace_ring));
	assert_memory_equal(&trace.rings[1], (&(struct trace_ring){10, 20, 30, 40, 60}), sizeof(struct trace_ring));
	assert_int_equal(trace.skipped, 0);
	trace_free(&trace);
	remove_all(paths, 3, output);
}

static void keep_forced(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	uint64_t *forced = user;

	(void)trace;
	*forced = gc->forced_cycles;
}

/* Of how many cycles the merge of two runs says at its end that they were asked for. */
static uint64_t merged_forced(const struct run *left, const struct run *right)
{
	char *paths[] = {write_run(left), write_run(right)}, *output = temporary();
	uint64_t forced = 0;
	struct trace_callbacks callbacks = {.user = &forced, .gc = keep_forced};
	struct trace_merge_result result;
	struct error error = {""};
	struct trace trace;

	if (trace_merge(output, (const char *const *)paths, 2, &result, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	assert_int_equal(trace_read(&trace, output, &callbacks, &error), STATUS_OK);
	trace_free(&trace);
	remove_all(paths, 2, output);
	return forced;
}

/* What one of the runs does not know is not known of all, whichever comes last. */
static void test_unknown_figures(void **state)
{
	struct run knowing = first;

	(void)state;
	knowing.knows_forced = true;
	assert_int_equal(merged_forced(&knowing, &knowing), 8);
	assert_true(merged_forced(&knowing, &first) == UINT64_MAX);
	assert_true(merged_forced(&first, &knowing) == UINT64_MAX);
}

/* The site that a trace of write_run is of, and its live bytes; *CYCLES of the whole. */
static struct site analysed(const char *path, uint64_t *cycles)
{
	struct analysis analysis;
	struct error error = {""};
	struct site site;

	if (analyze_trace(&analysis, path, NULL, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	assert_int_equal(analysis.nsites, 1);
	site = analysis.sites[0];
	*cycles = analysis.gc.cycles;
	analysis_free(&analysis);
	return site;
}

/* Twice the same run is twice as much of everything, but as long lives and as much alive. */
static void test_lives(void **state)
{
	char *paths[] = {write_run(&first), write_run(&first)}, *output = temporary();
	struct trace_merge_result result;
	struct site one, both;
	struct error error;
	uint64_t cycles, all;

	(void)state;
	assert_int_equal(trace_merge(output, (const char *const *)paths, 2, &result, &error), STATUS_OK);
	one = analysed(paths[0], &cycles);
	both = analysed(output, &all);
	assert_int_equal(all, 2 * cycles);
	assert_int_equal(both.samples, 2 * one.samples);
	assert_int_equal(both.lifetimes, 2 * one.lifetimes);
	assert_true(both.alloc_bytes == 2 * one.alloc_bytes);
	assert_true(both.lifetime_cycles == one.lifetime_cycles);
	assert_true(both.live_bytes <= one.live_bytes * 1.2 + 1 && both.live_bytes >= one.live_bytes * 0.8 - 1);
	remove_all(paths, 2, output);
}

static void check_refused(const char *output, const char *const *paths, size_t count, const char *words)
{
	struct trace_merge_result result;
	struct error error = {""};

	assert_int_equal(trace_merge(output, paths, count, &result, &error), STATUS_ERROR);
	if (!strstr(error.text, words))
		fail_msg("%s", error.text);
}

static void test_refused(void **state)
{
	static const struct run other = {"another id", "1000", 0x401000, 2, 2, true, 0, 0, false},
				nameless = {"", "1000", 0x401000, 2, 2, true, 0, 0, false};
	char *a = write_run(&first), *b = write_run(&other), *c = write_run(&nameless), *output = temporary();
	const char *different[] = {a, b}, *unnamed[] = {c}, *twice[] = {a, a}, *missing[] = {a, "/nonexistent/t"};

	(void)state;
	unlink(output);
	check_refused(output, different, 2, "different programs");
	check_refused(output, unnamed, 1, "no build ID");
	check_refused(output, twice, 2, "the same trace twice");
	check_refused(output, missing, 2, "/nonexistent/t");
	check_refused(output, different, 0, "from 1 to");
	check_refused(a, different, 1, "the output is one of the traces");
	assert_int_not_equal(access(output, F_OK), 0);
	assert_int_equal(access(a, F_OK), 0);
	unlink(a);
	unlink(b);
	unlink(c);
	free(a);
	free(b);
	free(c);
	free(output);
}

static void test_cut_and_without_cpu(void **state)
{
	static const struct run cut = {"id", "1000", 0x402000, 3, 4, false, 0, 0, false},
				slow = {"id", "2000", 0x401000, 2, 2, true, 0, 0, false};
	char *a = write_run(&first), *b = write_run(&cut), *c = write_run(&slow), *output = temporary();
	const char *paths[] = {a, b, c};
	struct trace_merge_result result;
	struct trace trace;
	struct error error;

	(void)state;
	assert_int_equal(trace_merge(output, paths, 3, &result, &error), STATUS_OK);
	assert_int_equal(result.cut, 1);
	assert_string_equal(result.last, b);
	assert_true(result.without_cpu);
	assert_int_equal(trace_read(&trace, output, NULL, &error), STATUS_OK);
	assert_int_equal(trace.ncpu_samples, 0);
	assert_null(trace_fact(&trace, "cpu_period_ns", NULL));
	assert_int_equal(trace.nsamples, 500 + 12 + 4);
	trace_free(&trace);
	unlink(a);
	unlink(b);
	unlink(c);
	unlink(output);
	free(a);
	free(b);
	free(c);
	free(output);
}

/* Whatever byte is changed: an error, or a trace that can be read. */
static void test_damaged(void **state)
{
	char *path = write_run(&like_first), *broken = temporary(), *output = temporary();
	const char *paths[] = {broken};
	struct trace_merge_result result;
	struct mapfile file;
	struct error error;
	struct trace trace;

	(void)state;
	assert_int_equal(mapfile_open(&file, path, &error), STATUS_OK);
	for (size_t at = 0; at < file.size; at += 3) {
		FILE *stream = fopen(broken, "wb");

		fwrite(file.data, 1, at, stream);
		fputc(file.data[at] ^ 0x41, stream);
		fwrite(file.data + at + 1, 1, file.size - at - 1, stream);
		fclose(stream);
		if (trace_merge(output, paths, 1, &result, &error) != STATUS_OK) {
			assert_true(strlen(error.text) > 10);
			continue;
		}
		assert_int_equal(trace_read(&trace, output, NULL, &error), STATUS_OK);
		assert_true(trace.complete);
		trace_free(&trace);
	}
	mapfile_close(&file);
	unlink(path);
	unlink(broken);
	unlink(output);
	free(path);
	free(broken);
	free(output);
}

/* A run with a library at number OWN of its modules, which allocates there: what is before it is another. */
static char *write_c_run(const char *rate, uint32_t own, uint64_t allocs)
{
	const struct trace_module libraries[] = {{"/lib/other.so", "bb"}, {"/lib/own.so", "aa"}};
	const uint64_t stack[] = {TRACE_MODULE_BASE(own) | 0x77, 0x401000};
	struct trace_c_context context = {2, stack, 81, 0};
	struct trace_frame_text frame = {"own_function", "own.c", 3, 1};
	struct trace_c_counts counts = {.time_ns = 1000, .allocs = allocs, .bytes = 100 * allocs};
	struct trace_writer *writer;
	char *path = temporary();
	struct error error;

	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	trace_writer_fact(writer, "go_build_id", "id", 2);
	trace_writer_fact(writer, "c_rate", rate, strlen(rate));
	for (uint32_t i = 0; i <= own; i++)
		trace_writer_module(writer, &libraries[own == 0 ? 1 : i]);
	counts.context = trace_writer_c_context(writer, &context);
	trace_writer_c_counts(writer, &counts);
	trace_writer_symbol(writer, stack[0], &frame, 1, "", 0);
	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	return path;
}

/* Counts of the contexts, by their numbers in the output. */
static uint64_t c_allocs[4];

static void count_c(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	(void)user;
	assert_non_null(trace_fact(trace, "c_rate", NULL)); /* what they are weighted by */
	assert_true(counts->context < 4);
	c_allocs[counts->context] += counts->allocs;
}

static void test_c(void **state)
{
	char *paths[] = {write_c_run("512", 0, 5), write_c_run("512", 1, 7)}, *output = temporary();
	struct trace_callbacks callbacks = {.c_counts = count_c};
	struct trace_merge_result result;
	const struct trace_symbol *symbol;
	struct error error;
	struct trace trace;

	(void)state;
	assert_int_equal(trace_merge(output, (const char *const *)paths, 2, &result, &error), STATUS_OK);
	assert_int_equal(result.without_c, 0);
	assert_int_equal(trace_read(&trace, output, &callbacks, &error), STATUS_OK);
	assert_int_equal(trace.nc_contexts, 1); /* the same place, whatever its library's number was */
	assert_int_equal(c_allocs[0], 12);
	assert_int_equal(trace.nmodules, 2);
	symbol = trace_find_symbol(&trace, trace.c_contexts[0].stack[0]);
	assert_non_null(symbol);
	assert_string_equal(strtab_get(trace.strings, symbol->frames[0].function), "own_function");
	assert_string_equal(
	    trace.modules[(trace.c_contexts[0].stack[0] - TRACE_MODULE_BASE(0)) >> TRACE_PLACE_SHIFT].path,
	    "/lib/own.so");
	trace_free(&trace);
	unlink(paths[1]);
	free(paths[1]);
	paths[1] = write_c_run("1024", 0, 5);
	assert_int_equal(trace_merge(output, (const char *const *)paths, 2, &result, &error), STATUS_OK);
	assert_int_equal(result.without_c, 1);
	assert_int_equal(trace_read(&trace, output, &callbacks, &error), STATUS_OK);
	assert_int_equal(trace.nc_contexts, 0);
	assert_null(trace_fact(&trace, "c_rate", NULL));
	trace_free(&trace);
	remove_all(paths, 2, output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sums),
	    cmocka_unit_test(test_lives),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_cut_and_without_cpu),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_c),
	    cmocka_unit_test(test_unknown_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
