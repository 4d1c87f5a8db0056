/*
 * Labels read from another process's memory, which is our own here: lists and maps as Go has them, each set once in the
 * trace, nothing that came too late, and nothing that is no label.
 */
#include "collector/labels.h"

#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LIST 24 /* minor versions of Go */
#define MAP  23

struct go_string {
	const char *at;
	uint64_t size;
};

struct go_label {
	struct go_string key, value;
};

struct go_list {
	const struct go_label *labels;
	uint64_t count, capacity;
};

struct go_bucket {
	uint8_t top[8];
	struct go_string keys[8], values[8];
	void *overflow;
};

struct go_map {
	uint64_t count;
	uint8_t flags, power;
	uint16_t overflows;
	uint32_t seed;
	struct go_bucket *buckets, *old_buckets;
};

#define STRING(text)                                                                                                   \
	{                                                                                                              \
		text, sizeof(text) - 1                                                                                 \
	}

static char path[] = "/tmp/test_labels.XXXXXX";
static uint32_t numgc;
static struct trace_writer *writer;
static struct labels *labels;

static void begin(unsigned minor)
{
	struct error error;

	numgc = 7;
	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	labels = labels_new(getpid(), minor, (uintptr_t)&numgc, writer);
}

/* What the trace has then; the caller frees it. */
static struct trace end(void)
{
	struct trace trace;
	struct error error;

	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	labels_free(labels);
	assert_int_equal(trace_read(&trace, path, NULL, &error), STATUS_OK);
	assert_true(trace.complete);
	return trace;
}

static uint32_t at(const void *pointer, uint32_t cycle)
{
	return labels_at(labels, (uintptr_t)pointer, cycle);
}

static void check(const struct trace *trace, size_t set, size_t label, const char *key, const char *value)
{
	assert_true(set < trace->nlabel_sets && label < trace->label_sets[set].count);
	assert_string_equal(trace->label_sets[set].labels[label].key, key);
	assert_string_equal(trace->label_sets[set].labels[label].value, value);
}

static void test_list(void **state)
{
	static const struct go_label first[] = {{STRING("tenant"), STRING("blue")},
						{STRING("handler"), STRING("/plan")}},
				     same[] = {{STRING("handler"), STRING("/plan")},
					       {STRING("tenant"), STRING("blue")}},
				     other[] = {{STRING("tenant"), STRING("")}};
	struct go_list lists[] = {{first, 2, 2}, {same, 2, 2}, {other, 1, 1}, {NULL, 0, 0}};
	struct trace trace;

	(void)state;
	begin(LIST);
	assert_int_equal(at(NULL, 7), TRACE_LABELS_NONE);
	assert_int_equal(at(&lists[0], 7), TRACE_LABELS_FIRST);
	assert_int_equal(at(&lists[1], 7), TRACE_LABELS_FIRST); /* their order says nothing */
	assert_int_equal(at(&lists[2], 7), TRACE_LABELS_FIRST + 1);
	assert_int_equal(at(&lists[3], 7), TRACE_LABELS_NONE);
	trace = end();
	assert_int_equal(trace.nlabel_sets, 2);
	assert_int_equal(trace.label_sets[0].count, 2);
	check(&trace, 0, 0, "handler", "/plan");
	check(&trace, 0, 1, "tenant", "blue");
	check(&trace, 1, 0, "tenant", "");
	trace_free(&trace);
}

static void test_map(void **state)
{
	static struct go_bucket bucket = {.top = {0, 200, 1, 5},
					  .keys = {[1] = STRING("z"), [2] = STRING("gone"), [3] = STRING("a")},
					  .values = {[1] = STRING("26"), [3] = STRING("1")}};
	struct go_map map = {.count = 2, .buckets = &bucket}, empty = {0}, *maps[] = {&map, &empty, NULL};
	struct trace trace;

	(void)state;
	begin(MAP);
	assert_int_equal(at(&maps[0], 7), TRACE_LABELS_FIRST);
	assert_int_equal(at(&maps[1], 7), TRACE_LABELS_NONE);
	assert_int_equal(at(&maps[2], 7), TRACE_LABELS_NONE);
	trace = end();
	assert_int_equal(trace.nlabel_sets, 1);
	check(&trace, 0, 0, "a", "1");
	check(&trace, 0, 1, "z", "26");
	trace_free(&trace);
}

/* More than a bucket, one that grows, or one that is written to: none of them is guessed at. */
static void test_other_maps(void **state)
{
	static struct go_bucket bucket = {.top = {9}, .keys = {STRING("k")}, .values = {STRING("v")}};
	struct go_map maps[] = {{.count = 9, .buckets = &bucket},
				{.count = 1, .power = 1, .buckets = &bucket},
				{.count = 1, .buckets = &bucket, .old_buckets = &bucket},
				{.count = 2, .buckets = &bucket},
				{.count = 1, .buckets = NULL}};
	struct trace trace;

	(void)state;
	begin(MAP);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct go_map *map = &maps[i];

		assert_int_equal(at(&map, 7), TRACE_LABELS_UNKNOWN);
	}
	assert_int_equal(labels_late(labels), 0);
	trace = end();
	assert_int_equal(trace.nlabel_sets, 0);
	trace_free(&trace);
}

/* What was read after the cycle of the sample may be another's. */
static void test_late(void **state)
{
	static const struct go_label before[] = {{STRING("piece"), STRING("1")}},
				     after[] = {{STRING("piece"), STRING("2")}};
	struct go_list list = {before, 1, 1};
	struct trace trace;

	(void)state;
	begin(LIST);
	numgc = 8;
	assert_int_equal(at(&list, 7), TRACE_LABELS_UNKNOWN);
	assert_int_equal(labels_late(labels), 1);
	assert_int_equal(at(&list, 8), TRACE_LABELS_FIRST);
	list.labels = after; /* freed, and used again */
	numgc = 9;
	assert_int_equal(at(&list, 8), TRACE_LABELS_FIRST); /* read in time, and remembered */
	assert_int_equal(at(&list, 9), TRACE_LABELS_FIRST + 1);
	list.labels = before;
	numgc = 10;
	assert_int_equal(at(&list, 8), TRACE_LABELS_UNKNOWN); /* the same again says nothing of what was in between */
	assert_int_equal(labels_late(labels), 2);
	trace = end();
	check(&trace, 1, 0, "piece", "2");
	trace_free(&trace);
}

static void test_hostile(void **state)
{
	static const struct go_label nowhere[] = {{{(const char *)16, 5}, STRING("v")}},
				     endless[] = {{STRING("k"), {"v", UINT64_MAX}}},
				     null[] = {{STRING("k"), {NULL, 3}}};
	struct go_list lists[] = {{nowhere, 1, 1},   {endless, 1, 1},
				  {null, 1, 1},      {nowhere, UINT64_MAX, 1},
				  {nowhere, 17, 17}, {(const struct go_label *)8, 1, 1},
				  {NULL, 1, 1}};
	struct trace trace;

	(void)state;
	begin(LIST);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_equal(at(&lists[i], 7), TRACE_LABELS_UNKNOWN);
	assert_int_equal(at((const void *)24, 7), TRACE_LABELS_UNKNOWN);
	assert_int_equal(at((const void *)UINTPTR_MAX, 7), TRACE_LABELS_UNKNOWN);
	trace = end();
	assert_int_equal(trace.nlabel_sets, 0);
	trace_free(&trace);
}

/* Long texts are cut; more sets than are kept are not known, and those that are kept stay known. */
static void test_limits(void **state)
{
	static char text[5000];
	char number[16];
	struct go_label label = {STRING("k"), {text, sizeof(text)}};
	struct go_list list = {&label, 1, 1};
	struct trace trace;

	(void)state;
	memset(text, 'x', sizeof(text));
	begin(LIST);
	assert_int_equal(at(&list, numgc), TRACE_LABELS_FIRST);
	label.value.at = number;
	for (uint32_t i = 1; i < 20000; i++) {
		uint32_t set;

		label.value.size = (uint64_t)snprintf(number, sizeof(number), "%u", i);
		set = at(&list, ++numgc);
		assert_int_equal(set, i < 16384 ? TRACE_LABELS_FIRST + i : TRACE_LABELS_UNKNOWN);
	}
	label.value.size = (uint64_t)snprintf(number, sizeof(number), "%u", 5);
	assert_int_equal(at(&list, ++numgc), TRACE_LABELS_FIRST + 5);
	trace = end();
	assert_int_equal(trace.nlabel_sets, 16384);
	assert_int_equal(strlen(trace.label_sets[0].labels[0].value), 199);
	check(&trace, 16383, 0, "k", "16383");
	trace_free(&trace);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_list), cmocka_unit_test(test_map),     cmocka_unit_test(test_other_maps),
	    cmocka_unit_test(test_late), cmocka_unit_test(test_hostile), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
