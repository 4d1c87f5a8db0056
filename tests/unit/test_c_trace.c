/* C allocations in a trace: read back as written; a record of a later version is passed over; nonsense is refused. */
#include "base/buf.h"
#include "base/mapfile.h"
#include "base/memory.h"
#include "trace/trace_format.h"
#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

struct seen {
	struct trace_c_counts counts[4];
	size_t count;
};

static void see_counts(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct seen *seen = user;

	assert_true(counts->context < trace->nc_contexts);
	if (seen->count < 4)
		seen->counts[seen->count] = *counts;
	seen->count++;
}

static const uint64_t stack[] = {TRACE_MODULE_BASE(1) | 0x1234, 0x401000, TRACE_PLACE_ANON | 0x10};

static char *write_trace(void)
{
	char *path = memory_copy_string("/tmp/escprof-c-trace-XXXXXX");
	struct trace_c_context context = {3, stack, 81, TRACE_C_GO};
	struct trace_c_counts counts = {.time_ns = 5000, .allocs = 10, .bytes = 1000, .frees = 4, .freed_bytes = 400};
	struct trace_writer *writer;
	struct error error;

	close(mkstemp(path));
	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	trace_writer_module(writer, &(struct trace_module){"", ""});
	trace_writer_module(writer, &(struct trace_module){"/lib/libc.so.6", "abcd"});
	assert_int_equal(trace_writer_c_context(writer, &context), 0);
	counts.lives[2] = 4;
	trace_writer_c_counts(writer, &counts);
	trace_writer_flush(writer, &error);
	counts.time_ns = 4000; /* deltas begin anew in each frame, and may be below 0 */
	counts.untracked = 1;
	trace_writer_c_counts(writer, &counts);
	counts.context = 7; /* there is none */
	trace_writer_c_counts(writer, &counts);
	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	return path;
}

static void test_round_trip(void **state)
{
	char *path = write_trace();
	struct seen seen = {0};
	struct trace_callbacks callbacks = {.c_counts = see_counts, .user = &seen};
	struct trace trace;
	struct error error;

	(void)state;
	assert_int_equal(trace_read(&trace, path, &callbacks, &error), STATUS_OK);
	assert_true(trace.complete);
	assert_int_equal(trace.nmodules, 2);
	assert_string_equal(trace.modules[1].path, "/lib/libc.so.6");
	assert_string_equal(trace.modules[1].build_id, "abcd");
	assert_int_equal(trace.nc_contexts, 1);
	assert_int_equal(trace.c_contexts[0].stack_depth, 3);
	assert_memory_equal(trace.c_contexts[0].stack, stack, sizeof(stack));
	assert_int_equal(trace.c_contexts[0].size_class, 81);
	assert_int_equal(trace.c_contexts[0].flags, TRACE_C_GO);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.counts[0].time_ns, 5000);
	assert_int_equal(seen.counts[1].time_ns, 4000);
	assert_int_equal(seen.counts[0].freed_bytes, 400);
	assert_int_equal(seen.counts[0].lives[2], 4);
	assert_int_equal(seen.counts[1].untracked, 1);
	assert_int_equal(trace.nc_allocs, 20);
	assert_int_equal(trace.skipped, 1);
	trace_free(&trace);
	unlink(path);
	free(path);
}

/* A trace of one frame with these records, whole but for what they are. */
static void make_trace(struct buf *out, const void *records, size_t size)
{
	size_t bound = ZSTD_compressBound(size), stored;
	uint8_t *bytes = memory_alloc(bound, 1);
	size_t header;

	stored = ZSTD_compress(bytes, bound, records, size, 1);
	buf_append(out, TRACE_MAGIC, 8);
	buf_append_u32(out, TRACE_VERSION);
	buf_append_u32(out, (uint32_t)crc32(0, out->data, (uInt)out->size));
	header = out->size;
	buf_append_u32(out, TRACE_FRAME_MAGIC);
	buf_append_u32(out, (uint32_t)stored);
	buf_append_u32(out, (uint32_t)size);
	buf_append_u32(out, (uint32_t)crc32(crc32(0, out->data + header, 12), bytes, (uInt)stored));
	buf_append(out, bytes, stored);
	free(bytes);
}

static void check(const uint8_t *records, size_t size, bool sound, uint64_t skipped)
{
	struct buf file = {0};
	struct trace trace;
	struct error error;

	make_trace(&file, records, size);
	assert_int_equal(trace_read_memory(&trace, file.data, file.size, "test", NULL, &error), STATUS_OK);
	assert_int_equal(trace.complete, sound);
	if (sound)
		assert_int_equal(trace.skipped, skipped);
	trace_free(&trace);
	buf_free(&file);
}

static void test_later_versions(void **state)
{
	static const uint8_t later[] = {200, 3, 1, 2, 3, TRACE_TAG_END};
	static const uint8_t cut[] = {200, 30, 1, 2, 3, TRACE_TAG_END};
	static const uint8_t old_kind[] = {31, 0, TRACE_TAG_END};

	(void)state;
	check(later, sizeof(later), true, 1);
	check(cut, sizeof(cut), false, 0);
	check(old_kind, sizeof(old_kind), false, 0);
}

static void test_nonsense(void **state)
{
	static const uint8_t class_too_large[] = {TRACE_TAG_C_CONTEXT, 4, 0, 0x80, 0x04, 0, TRACE_TAG_END}; /* 512 */
	static const uint8_t body_too_short[] = {TRACE_TAG_MODULE, 1, 5, TRACE_TAG_END};
	static const uint8_t no_counts[] = {TRACE_TAG_C_COUNTS, 2, 0, 0, TRACE_TAG_END};

	(void)state;
	check(class_too_large, sizeof(class_too_large), false, 0);
	check(body_too_short, sizeof(body_too_short), false, 0);
	check(no_counts, sizeof(no_counts), false, 0);
}

static void test_every_byte_changed(void **state)
{
	char *path = write_trace();
	struct mapfile file;
	struct error error;
	uint8_t *copy;

	(void)state;
	assert_int_equal(mapfile_open(&file, path, &error), STATUS_OK);
	copy = memory_alloc(file.size, 1);
	for (size_t i = 0; i < file.size; i++) {
		struct trace trace;

		memcpy(copy, file.data, file.size);
		copy[i] ^= 0x55;
		if (trace_read_memory(&trace, copy, file.size, "test", NULL, &error) == STATUS_OK)
			assert_false(trace.complete && !trace.damage[0]);
		trace_free(&trace);
	}
	free(copy);
	mapfile_close(&file);
	unlink(path);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_later_versions),
	    cmocka_unit_test(test_nonsense),
	    cmocka_unit_test(test_every_byte_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
