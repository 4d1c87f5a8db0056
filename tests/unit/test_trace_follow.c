/* Reading a file that grows: in pieces of any size, cut anywhere, damaged, given back to the disk. */
#include "trace/trace_follow.h"

#include "base/memory.h"
#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/escprof-follow-XXXXXX", path[64], copy[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/trace", mkdtemp(folder) ? folder : "");
	snprintf(copy, sizeof(copy), "%s/copy", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(copy);
	return rmdir(folder);
}

static void add_samples(struct trace_writer *writer, uint64_t from, uint64_t count)
{
	for (uint64_t i = from; i < from + count; i++) {
		uint64_t mixed = i * 0x9e3779b97f4a7c15u;
		struct trace_sample sample = {.time_ns = i * 1000,
					      .count = 1,
					      .rate = 4096,
					      .address = mixed ^ mixed >> 31, /* nothing to compress */
					      .live_rate = 8192};

		trace_writer_sample(writer, &sample);
	}
}

static struct trace_writer *begin(void)
{
	static const uint64_t stack[] = {1, 2};
	struct trace_context context = {.stack = stack, .stack_depth = 2, .size = 32};
	struct trace_writer *writer;
	struct error error;

	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	trace_writer_fact(writer, "binary", "b", 1);
	trace_writer_context(writer, &context);
	return writer;
}

static const struct trace_callbacks no_callbacks;

static void test_missing(void **state)
{
	struct trace_follow *follow;
	struct error error;

	(void)state;
	assert_int_equal(trace_follow_open(&follow, "/tmp/no/such/trace", &no_callbacks, false, &error),
			 STATUS_NO_ENTRY);
}

/* Byte after byte, what is read is what is there in whole frames, and at the end all. */
static void test_bytes(void **state)
{
	struct trace_writer *writer = begin();
	struct trace_follow *follow;
	uint64_t before = 0;
	struct error error;
	char byte;
	int from, to;

	(void)state;
	for (uint64_t i = 0; i < 5; i++) {
		add_samples(writer, 10 * i, 10);
		trace_writer_flush(writer, &error);
	}
	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	from = open(path, O_RDONLY);
	to = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(trace_follow_open(&follow, copy, &no_callbacks, false, &error), STATUS_OK);
	while (read(from, &byte, 1) == 1) {
		assert_false(trace_follow_trace(follow)->complete);
		assert_int_equal(write(to, &byte, 1), 1);
		assert_int_equal(trace_follow_read(follow, &error), STATUS_OK);
		assert_true(trace_follow_trace(follow)->nsamples % 10 == 0);
		assert_true(trace_follow_trace(follow)->nsamples >= before);
		before = trace_follow_trace(follow)->nsamples;
	}
	assert_true(trace_follow_trace(follow)->complete);
	assert_int_equal(before, 50);
	assert_string_equal(trace_fact(trace_follow_trace(follow), "binary", NULL), "b");
	trace_follow_close(follow);
	close(from);
	close(to);
}

/* Whatever is broken ends it with an error, once and for all, and what came before stays. */
static void test_damage(void **state)
{
	struct trace_writer *writer = begin();
	struct trace_follow *follow;
	struct error error;
	int file;

	(void)state;
	add_samples(writer, 0, 10);
	trace_writer_flush(writer, &error);
	assert_int_equal(trace_follow_open(&follow, path, &no_callbacks, false, &error), STATUS_OK);
	assert_int_equal(trace_follow_read(follow, &error), STATUS_OK);
	file = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(file, "no frame at all, is it?", 23), 23);
	assert_int_equal(trace_follow_read(follow, &error), STATUS_ERROR);
	assert_int_equal(trace_follow_read(follow, &error), STATUS_ERROR);
	assert_int_equal(trace_follow_trace(follow)->nsamples, 10);
	trace_follow_close(follow);
	close(file);
	trace_writer_close(writer, false, &error);
	file = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(file, "something else altogether", 25), 25);
	close(file);
	assert_int_equal(trace_follow_open(&follow, path, &no_callbacks, false, &error), STATUS_OK);
	assert_int_equal(trace_follow_read(follow, &error), STATUS_ERROR);
	trace_follow_close(follow);
}

/* The disk holds the little that was not yet read, though the file is large. */
static void test_release(void **state)
{
	struct trace_writer *writer = begin();
	struct trace_follow *follow;
	struct stat stat_buffer;
	struct error error;
	bool grows;

	(void)state;
	assert_int_equal(trace_follow_open(&follow, path, &no_callbacks, true, &error), STATUS_OK);
	for (uint64_t i = 0; i < 40; i++) {
		add_samples(writer, 20000 * i, 20000);
		trace_writer_flush(writer, &error);
		assert_int_equal(trace_follow_read(follow, &error), STATUS_OK);
	}
	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	assert_int_equal(trace_follow_read(follow, &error), STATUS_OK);
	assert_int_equal(trace_follow_trace(follow)->nsamples, 800000);
	assert_true(trace_follow_trace(follow)->complete);
	grows = trace_follow_grows(follow);
	trace_follow_close(follow);
	assert_int_equal(stat(path, &stat_buffer), 0);
	assert_true(stat_buffer.st_size > 3 << 20);
	if (grows)
		skip(); /* no file system for it */
	assert_true(stat_buffer.st_blocks * 512 < 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_release),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
