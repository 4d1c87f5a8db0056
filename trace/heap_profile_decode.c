/*
 * The first steps of reading a heap profile: from bytes to a protobuf message. The bytes are inflated under a limit,
 * and decoded with an allocator that has a budget: an empty message of two bytes takes eighty in memory.
 */
#include "trace/heap_profile_decode.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define INFLATED_LIMIT ((size_t)512 << 20)
#define DECODED_LIMIT  ((size_t)2 << 30)

static void *budget_alloc(void *left, size_t size)
{
	size_t *budget = left;

	if (size > *budget)
		return NULL;
	*budget -= size;
	return malloc(size ? size : 1);
}

static void budget_free(void *left, void *block)
{
	(void)left;
	free(block);
}

static enum status inflate_gzip(uint8_t **out, size_t *out_size, const uint8_t *data, size_t size, const char *name,
				struct error *error)
{
	z_stream stream = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)size};
	size_t capacity = size < (size_t)1 << 20 ? size * 4 + 4096 : size * 4;
	int result = Z_OK;

	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return error_set(error, "%s: no memory to decompress it", name);
	capacity = capacity > INFLATED_LIMIT ? INFLATED_LIMIT : capacity;
	*out = memory_alloc(capacity, 1);
	*out_size = 0;
	while (result == Z_OK) {
		if (*out_size == capacity && capacity < INFLATED_LIMIT) {
			capacity = capacity > INFLATED_LIMIT / 2 ? INFLATED_LIMIT : capacity * 2;
			*out = memory_resize(*out, capacity, 1);
		}
		stream.next_out = *out + *out_size;
		stream.avail_out = (uInt)(capacity - *out_size);
		result = inflate(&stream, Z_NO_FLUSH);
		*out_size = (size_t)(stream.next_out - *out);
		if (result == Z_OK && *out_size == INFLATED_LIMIT)
			break;
	}
	inflateEnd(&stream);
	if (result == Z_STREAM_END)
		return STATUS_OK;
	free(*out);
	*out = NULL;
	if (result == Z_OK)
		return error_set(error, "%s: more than %zu MB when decompressed: too large", name,
				 INFLATED_LIMIT >> 20);
	return error_set(error, "%s: damaged: its gzip data end or break at byte %lu of %zu: fetch it again", name,
			 stream.total_in, size);
}

static bool begins_with(const uint8_t *data, size_t size, const void *bytes, size_t length)
{
	return size >= length && memcmp(data, bytes, length) == 0;
}

/* What the file is, when it is plainly something else; NULL when it may be a profile. */
static const char *recognise_other(const uint8_t *data, size_t size)
{
	if (size == 0)
		return "it is empty";
	if (begins_with(data, size, "heap profile:", 13))
		return "a profile as text: fetch it without debug=1";
	if (begins_with(data, size, "\x28\xb5\x2f\xfd", 4))
		return "compressed with zstd: decompress it first";
	if (begins_with(data, size,
			"\x7f"
			"ELF",
			4))
		return "a program, not a profile: pass it as --binary";
	if (begins_with(data, size, "<!", 2) || begins_with(data, size, "<html", 5))
		return "a web page, not a profile";
	return NULL;
}

enum status heap_profile_decode(Pprof__Profile **message, const uint8_t *data, size_t size, const char *name,
				struct error *error)
{
	size_t budget = DECODED_LIMIT;
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
	uint8_t *inflated = NULL;
	const char *other = recognise_other(data, size);
	bool gzip = begins_with(data, size, "\x1f\x8b", 2);

	if (other)
		return error_set(error, "%s: not a Go heap profile: %s", name, other);
	if (size > INFLATED_LIMIT)
		return error_set(error, "%s: more than %zu MB: too large", name, INFLATED_LIMIT >> 20);
	if (gzip) {
		if (inflate_gzip(&inflated, &size, data, size, name, error) != STATUS_OK)
			return STATUS_ERROR;
		data = inflated;
	}
	*message = pprof__profile__unpack(&allocator, size, data);
	free(inflated);
	if (*message)
		return STATUS_OK;
	return error_set(error, "%s: not a Go heap profile: %s", name,
			 gzip ? "what it decompresses to is no pprof protobuf" : "neither gzip nor a pprof protobuf");
}
