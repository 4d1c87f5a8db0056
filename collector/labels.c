/*
 * In: pointers, each with the cycle it was seen in. Out: numbers of label sets.
 *
 * Up to Go 1.23 a labelMap is a map[string]string, of which one bucket is read, that is up to 8 labels; from 1.24 on it
 * is a slice of pairs (runtime/pprof/label.go). Both are never changed once a goroutine has them. numgc is read after
 * all else: it grows while the world is stopped, before any memory can be used again. A reading that came too late is
 * not believed, even where the pointer led to the same labels before, or its goroutine still has it: labels made for
 * each request come to the same addresses again and again. What was believed of a pointer holds for the rest of that
 * cycle, so that it is not read again until the next.
 */
#include "collector/labels.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "binary/go_layout_table.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define LABELS_MAX  16
#define TEXT_MAX    200     /* bytes of a key or value that are kept */
#define SANE_TEXT   1048576 /* longer ones are no label */
#define SETS_MAX    16384   /* different ones; later ones are not known */
#define CACHE_SIZE  8192    /* pointers remembered; a power of two */
#define BUCKET_SIZE 8       /* pairs of a map's bucket */
#define TOP_HASH    5       /* from here on a cell of a bucket is in use (runtime/map.go, minTopHash) */

/* A Go string. */
struct text {
	uint64_t at, size;
};

struct pair {
	struct text key, value;
};

/* The head of a map (runtime/map.go, hmap). */
struct map_head {
	uint64_t count;
	uint8_t flags, power;
	uint16_t overflows;
	uint32_t seed;
	uint64_t buckets, old_buckets;
};

struct map_bucket {
	uint8_t top[BUCKET_SIZE];
	struct text keys[BUCKET_SIZE], values[BUCKET_SIZE];
	uint64_t overflow;
};

/* What a pointer led to at some time of a cycle. */
struct seen {
	uint64_t pointer;
	uint32_t cycle, set;
};

struct labels {
	pid_t pid;
	bool is_list;
	uint64_t numgc;
	struct trace_writer *writer;
	uint64_t late;
	struct strtab *sets; /* their content, numbered from 1 */
	struct seen seen[CACHE_SIZE];
	char texts[2 * LABELS_MAX][TEXT_MAX];
};

struct labels *labels_new(pid_t pid, unsigned minor, uint64_t numgc, struct trace_writer *writer)
{
	struct labels *labels = memory_alloc(1, sizeof(*labels));

	labels->pid = pid;
	labels->is_list = go_layout_table_version(minor)->labels_are_list;
	labels->numgc = numgc;
	labels->writer = writer;
	labels->sets = strtab_new();
	return labels;
}

void labels_free(struct labels *labels)
{
	if (!labels)
		return;
	strtab_free(labels->sets);
	free(labels);
}

static bool read_at(const struct labels *labels, uint64_t address, void *to, size_t size)
{
	struct iovec local = {.iov_base = to, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

	return address && process_vm_readv(labels->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* The pairs of the list at POINTER, of which there are at most LABELS_MAX. */
static bool read_list(const struct labels *labels, uint64_t pointer, struct pair *pairs, size_t *count)
{
	struct text list;

	if (!read_at(labels, pointer, &list, sizeof(list)) || list.size > LABELS_MAX)
		return false;
	*count = list.size;
	return list.size == 0 || read_at(labels, list.at, pairs, list.size * sizeof(*pairs));
}

/* The pairs of the map that the word at POINTER leads to: one that fits into a bucket. */
static bool read_map(const struct labels *labels, uint64_t pointer, struct pair *pairs, size_t *count)
{
	struct map_bucket bucket;
	struct map_head head;
	uint64_t map;

	*count = 0;
	if (!read_at(labels, pointer, &map, sizeof(map)))
		return false;
	if (!map)
		return true;
	if (!read_at(labels, map, &head, sizeof(head)) || head.count > BUCKET_SIZE || head.power || head.old_buckets)
		return false;
	if (head.count == 0)
		return true;
	if (!read_at(labels, head.buckets, &bucket, sizeof(bucket)))
		return false;
	for (size_t i = 0; i < BUCKET_SIZE; i++) {
		if (bucket.top[i] >= TOP_HASH)
			pairs[(*count)++] = (struct pair){bucket.keys[i], bucket.values[i]};
	}
	return *count == head.count;
}

/* The texts of COUNT PAIRS, each cut to what is kept, and then numgc, in one system call and in this order. */
static bool read_texts(struct labels *labels, const struct pair *pairs, size_t count, uint32_t *cycle)
{
	struct iovec local[2 * LABELS_MAX + 1], remote[2 * LABELS_MAX + 1];
	size_t pieces = 0;
	ssize_t wanted = 0;

	memset(labels->texts, 0, sizeof(labels->texts));
	for (size_t i = 0; i < 2 * count; i++) {
		const struct text *text = i & 1 ? &pairs[i / 2].value : &pairs[i / 2].key;
		size_t size = text->size < TEXT_MAX ? text->size : TEXT_MAX - 1;

		if (text->size > SANE_TEXT || (text->size && !text->at))
			return false;
		if (!size)
			continue;
		local[pieces] = (struct iovec){.iov_base = labels->texts[i], .iov_len = size};
		remote[pieces++] = (struct iovec){.iov_base = (void *)(uintptr_t)text->at, .iov_len = size};
		wanted += (ssize_t)size;
	}
	local[pieces] = (struct iovec){.iov_base = cycle, .iov_len = sizeof(*cycle)};
	remote[pieces++] = (struct iovec){.iov_base = (void *)(uintptr_t)labels->numgc, .iov_len = sizeof(*cycle)};
	return process_vm_readv(labels->pid, local, pieces, remote, pieces, 0) == wanted + (ssize_t)sizeof(*cycle);
}

static int compare_pairs(const void *left, const void *right)
{
	const struct trace_label *a = left, *b = right;

	return strcmp(a->key, b->key);
}

/* The number of the set of the COUNT pairs of texts that were read; they are in no order in a map. */
static uint32_t number_of(struct labels *labels, size_t count)
{
	struct trace_label pairs[LABELS_MAX] = {0};
	uint32_t known = strtab_count(labels->sets), number;
	const char *bytes;
	struct buf content = {0};

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct trace_label){labels->texts[2 * i], labels->texts[2 * i + 1]};
	qsort(pairs, count, sizeof(*pairs), compare_pairs);
	for (size_t i = 0; i < count; i++) {
		buf_append(&content, pairs[i].key, strlen(pairs[i].key) + 1);
		buf_append(&content, pairs[i].value, strlen(pairs[i].value) + 1);
	}
	bytes = (const char *)content.data;
	number = known > SETS_MAX ? strtab_find_bytes(labels->sets, bytes, content.size)
				  : strtab_add_bytes(labels->sets, bytes, content.size);
	buf_free(&content);
	if (number == known && known > SETS_MAX)
		return TRACE_LABELS_UNKNOWN;
	if (number == known)
		trace_writer_labels(labels->writer, pairs, (uint32_t)count);
	return TRACE_LABELS_FIRST + number - 1;
}

/* What POINTER leads to now; *CYCLE is numgc afterwards. */
static uint32_t read_set(struct labels *labels, uint64_t pointer, uint32_t *cycle)
{
	struct pair pairs[LABELS_MAX];
	size_t count = 0;

	if (!(labels->is_list ? read_list : read_map)(labels, pointer, pairs, &count) ||
	    !read_texts(labels, pairs, count, cycle))
		return TRACE_LABELS_UNKNOWN;
	return count ? number_of(labels, count) : TRACE_LABELS_NONE;
}

uint32_t labels_at(struct labels *labels, uint64_t pointer, uint32_t cycle)
{
	struct seen *seen = &labels->seen[(pointer >> 3 ^ pointer >> 16) % CACHE_SIZE];
	uint32_t now, set;

	if (!pointer)
		return TRACE_LABELS_NONE;
	if (seen->pointer == pointer && seen->cycle == cycle)
		return seen->set;
	set = read_set(labels, pointer, &now);
	if (set != TRACE_LABELS_UNKNOWN && now != cycle) {
		labels->late++;
		return TRACE_LABELS_UNKNOWN;
	}
	if (set == TRACE_LABELS_UNKNOWN)
		return set;
	*seen = (struct seen){pointer, cycle, set};
	return set;
}

uint64_t labels_late(const struct labels *labels)
{
	return labels ? labels->late : 0;
}
