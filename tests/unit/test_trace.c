/* The trace: what is written is read back; what is damaged gives less, and says so, but never something else. */
#include "base/mapfile.h"
#include "base/memory.h"
#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SAMPLES 200

struct seen {
	struct trace_sample samples[SAMPLES];
	struct trace_cpu_sample cpu[3];
	size_t nsamples, ndeaths, ngcs, ncpu;
	struct trace_gc gc;
	struct trace_death death;
};

static void see_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	struct seen *seen = user;

	assert_true(sample->context < trace->ncontexts);
	if (seen->nsamples < SAMPLES)
		seen->samples[seen->nsamples] = *sample;
	seen->nsamples++;
}

static void see_death(void *user, const struct trace *trace, const struct trace_death *death)
{
	struct seen *seen = user;

	(void)trace;
	seen->death = *death;
	seen->ndeaths++;
}

static void see_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	struct seen *seen = user;

	(void)trace;
	seen->gc = *gc;
	seen->ngcs++;
}

static void see_cpu(void *user, const struct trace *trace, const struct trace_cpu_sample *sample)
{
	struct seen *seen = user;

	assert_true(sample->stack < trace->ncpu_stacks);
	if (seen->ncpu < 3)
		seen->cpu[seen->ncpu] = *sample;
	seen->ncpu++;
}

static struct trace_callbacks see(struct seen *seen)
{
	return (struct trace_callbacks){
	    .sample = see_sample, .death = see_death, .cpu_sample = see_cpu, .gc = see_gc, .user = seen};
}

/* Some stand for several, of those that have no address. */
static uint64_t sample_count(unsigned i)
{
	return i % 5 && i % 11 == 3 ? 1000 * i : 1;
}

static struct trace_sample sample_number(unsigned i)
{
	return (struct trace_sample){
	    .count = sample_count(i),
	    .time_ns = 1000 * i + (i % 7),
	    .context = i % 2,
	    .processor = i / 50,
	    .rate = i % 3 ? 4096 : 1,
	    .goroutine = sample_count(i) > 1 ? 0 : 100 - i % 13,
	    .address = i % 5 ? 0 : 0xc000000000 + 64 * i,
	    .live_rate = i % 5 ? 0 : 524288,
	    .cycle = i / 40,
	    .labels = i / 7 % 4, /* none, not known, and both sets */
	};
}

/* Two stacks, one of no depth, and three samples; flushed between them. */
static void write_cpu(struct trace_writer *writer)
{
	static const uint64_t frames[] = {0x403001, 0x401000};
	struct error error;

	assert_int_equal(trace_writer_cpu_stack(writer, &(struct trace_cpu_stack){2, frames}), 0);
	assert_int_equal(trace_writer_cpu_stack(writer, &(struct trace_cpu_stack){0, NULL}), 1);
	trace_writer_cpu_sample(writer, &(struct trace_cpu_sample){1000, 1});
	assert_int_equal(trace_writer_flush(writer, &error), STATUS_OK);
	trace_writer_cpu_sample(writer, &(struct trace_cpu_sample){1500, 0});
	trace_writer_cpu_sample(writer, &(struct trace_cpu_sample){1400, 0});
	trace_writer_cpu_sample(writer, &(struct trace_cpu_sample){1600, 2}); /* there is none of that number */
}

/* A small trace of everything, in frames of 50 samples; its path is for the caller to unlink and free. */
static char *write_trace(bool complete)
{
	static const uint64_t first[] = {0x401005, 0x402010, 0x500000}, second[] = {0x403000};
	struct trace_context contexts[] = {
	    {.stack_depth = 3,
	     .stack = first,
	     .size = 48,
	     .type = 0x600000,
	     .type_known = true,
	     .creator_pc = 0x401100},
	    {.stack_depth = 1, .stack = second, .size = 8192, .truncated = true},
	};
	struct trace_frame_text frames[] = {{"inner", "a.go", 3, 1}, {"outer", "b.go", 30, 20}};
	struct trace_death death = {.time_ns = 777, .address = 0xc000000000, .cycle = 3};
	struct trace_losses losses = {1, 2, 3, 4, 5};
	struct trace_ring rings[] = {{0}, {1, 2, 3, 5, 65000}};
	struct trace_gc gc;
	char *path = memory_copy_string("/tmp/escprof-test-XXXXXX");
	struct trace_writer *writer;
	struct error error;
	unsigned i;

	close(mkstemp(path));
	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	trace_writer_fact(writer, "command", "a\0b", 3);
	assert_int_equal(trace_writer_context(writer, &contexts[0]), 0);
	assert_int_equal(trace_writer_context(writer, &contexts[1]), 1);
	trace_writer_labels(writer, (const struct trace_label[]){{"handler", "/plan"}, {"tenant", ""}}, 2);
	trace_writer_labels(writer, NULL, 0);
	for (i = 0; i < SAMPLES; i++) {
		struct trace_sample sample = sample_number(i);

		trace_writer_sample(writer, &sample);
		if (i % 50 == 49)
			assert_int_equal(trace_writer_flush(writer, &error), STATUS_OK);
	}
	write_cpu(writer);
	trace_writer_death(writer, &death);
	memset(&gc, 0xff, sizeof(gc));
	gc.time_ns = 5;
	gc.cycle = 9;
	gc.gc_percent = -1;
	gc.heap_live = 12345;
	gc.goroutines_live = 77;
	gc.procs_running = 0;
	gc.forced_cycles = 4;
	trace_writer_gc(writer, &gc);
	trace_writer_losses(writer, &losses);
	trace_writer_rings(writer, 65536, (const struct trace_ring[]){{9, 9, 9, 9, 9}, {1, 1, 1, 1, 1}}, 2);
	trace_writer_rings(writer, 65536, rings, 2); /* the last counts */
	trace_writer_symbol(writer, 0x402010, frames, 2, "runtime.newobject", 0x600000);
	trace_writer_symbol(writer, 0x401005, frames, 1, "", 0);
	trace_writer_type(writer, 0x600000, "main.E", 25, 48, 16);
	trace_writer_order(writer, &(struct trace_order){0x401050, 2, 3});
	trace_writer_order(writer, &(struct trace_order){0x401010, 0, 2});
	trace_writer_function(writer, &(struct trace_function){0x401100, 0x80, 22});
	trace_writer_function(writer, &(struct trace_function){0x401000, 0x80, 0xfedcba9876543210});
	assert_int_equal(trace_writer_close(writer, complete, &error), STATUS_OK);
	return path;
}

static void test_cpu_samples(void **state)
{
	char *path = write_trace(true);
	struct seen seen = {0};
	struct trace_callbacks callbacks = see(&seen);
	struct trace trace;
	struct error error;

	(void)state;
	assert_int_equal(trace_read(&trace, path, &callbacks, &error), STATUS_OK);
	assert_int_equal(trace.ncpu_stacks, 2);
	assert_int_equal(trace.cpu_stacks[0].depth, 2);
	assert_int_equal(trace.cpu_stacks[0].stack[0], 0x403001);
	assert_int_equal(trace.cpu_stacks[0].stack[1], 0x401000);
	assert_int_equal(trace.cpu_stacks[1].depth, 0);
	assert_int_equal(trace.ncpu_samples, 3);
	assert_int_equal(trace.skipped, 1);
	assert_int_equal(seen.ncpu, 3);
	assert_int_equal(seen.cpu[0].time_ns, 1000);
	assert_int_equal(seen.cpu[0].stack, 1);
	assert_int_equal(seen.cpu[2].time_ns, 1400);
	assert_int_equal(seen.cpu[2].stack, 0);
	trace_free(&trace);
	unlink(path);
	free(path);
}

static void test_round_trip(void **state)
{
	char *path = write_trace(true);
	struct seen seen = {0};
	struct trace_callbacks callbacks = see(&seen);
	const struct trace_symbol *symbol;
	const struct trace_type *type;
	struct trace trace;
	struct error error;
	uint64_t count = 0;
	size_t size;
	unsigned i;

	(void)state;
	assert_true(trace_is_trace(path));
	assert_int_equal(trace_read(&trace, path, &callbacks, &error), STATUS_OK);
	assert_true(trace.complete);
	assert_string_equal(trace.damage, "");
	assert_int_equal(seen.nsamples, SAMPLES);
	for (i = 0; i < SAMPLES; i++) {
		struct trace_sample wanted = sample_number(i);

		count += wanted.count;
		assert_int_equal(seen.samples[i].count, wanted.count);
		assert_memory_equal(&seen.samples[i].time_ns, &wanted.time_ns, sizeof(wanted.time_ns));
		assert_int_equal(seen.samples[i].context, wanted.context);
		assert_int_equal(seen.samples[i].processor, wanted.processor);
		assert_int_equal(seen.samples[i].rate, wanted.rate);
		assert_int_equal(seen.samples[i].goroutine, wanted.goroutine);
		assert_int_equal(seen.samples[i].address, wanted.address);
		assert_int_equal(seen.samples[i].live_rate, wanted.live_rate);
		assert_int_equal(seen.samples[i].cycle, wanted.cycle);
		assert_int_equal(seen.samples[i].labels, wanted.labels);
	}
	assert_int_equal(trace.nsamples, count);
	assert_int_equal(seen.ndeaths, 1);
	assert_int_equal(seen.death.address, 0xc000000000);
	assert_int_equal(seen.death.cycle, 3);
	assert_int_equal(seen.gc.gc_percent, -1);
	assert_int_equal(seen.gc.heap_live, 12345);
	assert_true(seen.gc.total_alloc == UINT64_MAX);
	assert_int_equal(seen.gc.goroutines_live, 77);
	assert_int_equal(seen.gc.procs_running, 0);
	assert_true(seen.gc.procs == UINT64_MAX);
	assert_int_equal(seen.gc.forced_cycles, 4);
	assert_int_equal(trace.losses.throttled, 5);
	assert_int_equal(trace.nrings, 2);
	assert_int_equal(trace.ring_size, 65536);
	assert_int_equal(trace.rings[0].samples + trace.rings[0].peak, 0);
	assert_int_equal(trace.rings[1].samples, 1);
	assert_int_equal(trace.rings[1].sample_bytes, 2);
	assert_int_equal(trace.rings[1].deaths, 3);
	assert_int_equal(trace.rings[1].throttled, 5);
	assert_int_equal(trace.rings[1].peak, 65000);
	assert_int_equal(trace.nlabel_sets, 2);
	assert_int_equal(trace.label_sets[0].count, 2);
	assert_string_equal(trace.label_sets[0].labels[0].value, "/plan");
	assert_string_equal(trace.label_sets[0].labels[1].key, "tenant");
	assert_int_equal(trace.label_sets[1].count, 0);
	assert_memory_equal(trace_fact(&trace, "command", &size), "a\0b", 3);
	assert_int_equal(size, 3);
	assert_int_equal(trace.contexts[0].stack_depth, 3);
	assert_int_equal(trace.contexts[0].stack[2], 0x500000);
	assert_int_equal(trace.contexts[0].creator_pc, 0x401100);
	assert_true(trace.contexts[0].type_known);
	assert_true(trace.contexts[1].truncated);
	symbol = trace_find_symbol(&trace, 0x402010);
	assert_non_null(symbol);
	assert_string_equal(strtab_get(trace.strings, symbol->frames[1].function), "outer");
	assert_string_equal(strtab_get(trace.strings, symbol->entry), "runtime.newobject");
	assert_int_equal(trace_find_order(&trace, 0x401050)->number, 2);
	assert_int_equal(trace_find_order(&trace, 0x401010)->count, 2);
	assert_null(trace_find_order(&trace, 0x401011));
	assert_int_equal(trace_find_function(&trace, 0x40107f)->fingerprint, 0xfedcba9876543210);
	assert_int_equal(trace_find_function(&trace, 0x401100)->fingerprint, 22);
	assert_null(trace_find_function(&trace, 0x401080));
	assert_null(trace_find_function(&trace, 0x401180));
	assert_null(trace_find_function(&trace, 0x400fff));
	type = trace_find_type(&trace, 0x600000);
	assert_non_null(type);
	assert_int_equal(type->ptr_bytes, 16);
	assert_null(trace_find_symbol(&trace, 0x999));
	trace_free(&trace);
	unlink(path);
	free(path);
}

/* Read the SIZE bytes at DATA: whatever comes of it, samples must be the first ones of the real trace. */
static bool read_damaged(const uint8_t *data, size_t size, uint64_t *nsamples)
{
	struct seen seen = {0};
	struct trace_callbacks callbacks = see(&seen);
	struct trace trace;
	struct error error = {""};
	bool complete;
	unsigned i;

	*nsamples = 0;
	if (trace_read_memory(&trace, data, size, "damaged", &callbacks, &error) != STATUS_OK) {
		assert_true(strlen(error.text) > 10);
		return false;
	}
	for (i = 0; i < seen.nsamples; i++) {
		struct trace_sample wanted = sample_number(i);

		assert_int_equal(seen.samples[i].time_ns, wanted.time_ns);
		assert_int_equal(seen.samples[i].address, wanted.address);
	}
	complete = trace.complete;
	assert_true(complete || strlen(trace.damage) > 4);
	*nsamples = seen.nsamples;
	trace_free(&trace);
	return complete;
}

static void test_cut_at_every_byte(void **state)
{
	char *path = write_trace(true);
	uint64_t nsamples, most = 0;
	struct mapfile file;
	struct error error;
	size_t size;

	(void)state;
	assert_int_equal(mapfile_open(&file, path, &error), STATUS_OK);
	for (size = 0; size < file.size; size++) {
		assert_false(read_damaged(file.data, size, &nsamples));
		assert_true(nsamples >= most); /* a longer cut never tells less */
		most = nsamples;
	}
	assert_int_equal(most, SAMPLES);
	assert_true(read_damaged(file.data, file.size, &nsamples));
	mapfile_close(&file);
	unlink(path);
	free(path);
}

static void test_every_byte_changed(void **state)
{
	char *path = write_trace(true);
	struct mapfile file;
	struct error error;
	uint64_t nsamples;
	uint8_t *copy;
	size_t at;

	(void)state;
	assert_int_equal(mapfile_open(&file, path, &error), STATUS_OK);
	copy = memory_alloc(file.size, 1);
	memcpy(copy, file.data, file.size);
	for (at = 0; at < file.size; at++) {
		copy[at] ^= (uint8_t)(1u << at % 8);
		assert_false(read_damaged(copy, file.size, &nsamples));
		copy[at] = file.data[at];
	}
	free(copy);
	mapfile_close(&file);
	unlink(path);
	free(path);
}

static void test_killed_writer(void **state)
{
	char *path = write_trace(false);
	struct trace trace;
	struct error error;

	(void)state;
	assert_int_equal(trace_read(&trace, path, NULL, &error), STATUS_OK);
	assert_false(trace.complete);
	assert_non_null(strstr(trace.damage, "killed"));
	assert_true(trace.nsamples >= SAMPLES);
	trace_free(&trace);
	unlink(path);
	free(path);
}

/* What one process has begun another one ends: each record is there once, those too that were not flushed before. */
static void test_handed_on(void **state)
{
	char path[] = "/tmp/escprof-trace-XXXXXX";
	int fd = mkstemp(path), status = 0;
	struct trace_writer *writer;
	struct trace trace;
	struct error error;
	pid_t child;

	(void)state;
	close(fd);
	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	trace_writer_fact(writer, "first", "1", 1);
	assert_int_equal(trace_writer_flush(writer, &error), STATUS_OK);
	trace_writer_fact(writer, "second", "2", 1);
	child = fork();
	if (!child) {
		trace_writer_fact(writer, "third", "3", 1);
		_exit(trace_writer_close(writer, true, &error) == STATUS_OK ? 0 : 1);
	}
	trace_writer_leave(writer);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(trace_read(&trace, path, NULL, &error), STATUS_OK);
	assert_true(trace.complete);
	assert_int_equal(trace.nfacts, 3);
	assert_string_equal(trace_fact(&trace, "first", NULL), "1");
	assert_string_equal(trace_fact(&trace, "second", NULL), "2");
	assert_string_equal(trace_fact(&trace, "third", NULL), "3");
	trace_free(&trace);
	unlink(path);
}

static void test_not_a_trace(void **state)
{
	static const char text[] = "#!/bin/sh\necho this is no trace, but long enough for a header\n";
	struct trace trace;
	struct error error;

	(void)state;
	assert_int_equal(trace_read_memory(&trace, text, sizeof(text), "text", NULL, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "not an escprof trace: text"));
	assert_int_equal(trace_read(&trace, "/nonexistent/file", NULL, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "/nonexistent/file"));
	assert_int_equal(trace_read(&trace, "/dev", NULL, &error), STATUS_ERROR);
	assert_false(trace_is_trace("/dev/null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_cpu_samples),
	    cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_every_byte_changed),
	    cmocka_unit_test(test_killed_writer),     cmocka_unit_test(test_handed_on),
	    cmocka_unit_test(test_not_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
