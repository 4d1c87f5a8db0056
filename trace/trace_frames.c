/*
 * What lies around a trace's records: the file's header, frames with their checksums, and the order that the
 * definitions are brought into once all are read.
 */
#include "trace/trace_frames.h"

#include "base/memory.h"
#include "trace/trace_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

bool trace_frames_read(struct trace_records *records, struct cursor *file, size_t offset, uint8_t **raw)
{
	const uint8_t *header = file->at, *stored;
	struct trace *trace = records->trace;
	uint32_t magic = cursor_u32(file), stored_size = cursor_u32(file), raw_size = cursor_u32(file);
	uint32_t checksum = cursor_u32(file);
	bool sane = magic == TRACE_FRAME_MAGIC && raw_size <= TRACE_FRAME_MAX;

	stored = sane ? cursor_bytes(file, stored_size) : NULL;
	if (file->failed || !stored) {
		snprintf(trace->damage, sizeof(trace->damage),
			 file->failed ? "cut: the file ends in the middle of the frame at byte %zu"
				      : "damaged: no frame at byte %zu",
			 offset);
		return false;
	}
	if (crc32(crc32(0, header, 12), stored, stored_size) != checksum) {
		snprintf(trace->damage, sizeof(trace->damage),
			 "damaged: the checksum of the frame at byte %zu is wrong", offset);
		return false;
	}
	*raw = memory_resize(*raw, raw_size, 1);
	if (ZSTD_decompress(*raw, raw_size, stored, stored_size) != raw_size ||
	    !trace_records_read(records, *raw, raw_size)) {
		snprintf(trace->damage, sizeof(trace->damage),
			 "damaged: the frame at byte %zu holds what no escprof of this version writes", offset);
		return false;
	}
	return true;
}

enum status trace_frames_header(struct cursor *file, const char *name, struct error *error)
{
	const uint8_t *header = file->at;
	const uint8_t *magic = cursor_bytes(file, 8);
	uint32_t version = cursor_u32(file), checksum = cursor_u32(file);

	if (!magic || memcmp(magic, TRACE_MAGIC, 8) != 0)
		return error_set(error, "not an escprof trace: %s: give a file that `escprof run -o` wrote", name);
	if (file->failed)
		return error_set(error, "the trace is empty: %s: it was cut within its first 16 bytes", name);
	if (version != TRACE_VERSION && crc32(0, header, 12) == checksum)
		return error_set(error,
				 "the trace has format %u, this escprof reads %u: %s: use the escprof that wrote it",
				 version, TRACE_VERSION, name);
	if (crc32(0, header, 12) != checksum)
		return error_set(error, "the trace's header is damaged: %s: its checksum is wrong: record it again",
				 name);
	return STATUS_OK;
}

size_t trace_frames_whole(const uint8_t *data, size_t size)
{
	struct cursor cursor = cursor_make(data, size);
	uint32_t magic = cursor_u32(&cursor), stored_size = cursor_u32(&cursor), raw_size = cursor_u32(&cursor);

	cursor_u32(&cursor);
	if (cursor.failed)
		return 0;
	if (magic != TRACE_FRAME_MAGIC || raw_size > TRACE_FRAME_MAX ||
	    stored_size > ZSTD_COMPRESSBOUND(TRACE_FRAME_MAX))
		return size;
	return cursor_bytes(&cursor, stored_size) ? (size_t)(cursor.at - data) : 0;
}

/* Symbols, types, orders and functions are sorted by the address with which their structs begin. */
static int compare_addresses(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void trace_frames_sort(struct trace *trace)
{
	if (trace->nsymbols)
		qsort(trace->symbols, trace->nsymbols, sizeof(*trace->symbols), compare_addresses);
	if (trace->ntypes)
		qsort(trace->types, trace->ntypes, sizeof(*trace->types), compare_addresses);
	if (trace->norders)
		qsort(trace->orders, trace->norders, sizeof(*trace->orders), compare_addresses);
	if (trace->nfunctions)
		qsort(trace->functions, trace->nfunctions, sizeof(*trace->functions), compare_addresses);
}
