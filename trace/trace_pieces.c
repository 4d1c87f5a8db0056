/* Frames are read as soon as they are whole; what is damaged ends it for good. */
#include "trace/trace_pieces.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "trace/trace_format.h"
#include "trace/trace_frames.h"

#include <stdlib.h>

struct trace_pieces {
	struct trace_records records;
	uint8_t *raw;
	size_t offset;
	bool began;
};

struct trace_pieces *trace_pieces_new(struct trace *trace, const struct trace_callbacks *callbacks)
{
	struct trace_pieces *pieces = memory_alloc(1, sizeof(*pieces));

	*trace = (struct trace){.strings = strtab_new()};
	pieces->records = (struct trace_records){.trace = trace, .callbacks = callbacks};
	return pieces;
}

void trace_pieces_free(struct trace_pieces *pieces)
{
	if (!pieces)
		return;
	free(pieces->raw);
	free(pieces);
}

enum status trace_pieces_take(struct trace_pieces *pieces, const void *data, size_t size, size_t *taken,
			      const char *name, struct error *error)
{
	struct trace *trace = pieces->records.trace;
	struct cursor file = cursor_make(data, size);

	*taken = 0;
	if (!pieces->began) {
		if (size < TRACE_HEADER_SIZE)
			return STATUS_OK;
		if (trace_frames_header(&file, name, error) != STATUS_OK)
			return STATUS_ERROR;
		pieces->began = true;
	}
	while (!trace->complete && !trace->damage[0] && trace_frames_whole(file.at, (size_t)(file.end - file.at))) {
		size_t at = pieces->offset + (size_t)(file.at - (const uint8_t *)data);

		trace_frames_read(&pieces->records, &file, at, &pieces->raw);
	}
	*taken = (size_t)(file.at - (const uint8_t *)data);
	pieces->offset += *taken;
	if (trace->complete)
		trace_frames_sort(trace);
	return trace->damage[0] ? error_set(error, "%s: %s", name, trace->damage) : STATUS_OK;
}
