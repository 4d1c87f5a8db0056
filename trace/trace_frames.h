/* The frames of a trace file, for the reader's own modules alone. */
#ifndef TRACE_TRACE_FRAMES_H
#define TRACE_TRACE_FRAMES_H

#include "base/cursor.h"
#include "base/error.h"
#include "trace/trace_records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read the header at the beginning of FILE. STATUS_ERROR: it is none, or of another version; NAME is for the message.
 */
enum status trace_frames_header(struct cursor *file, const char *name, struct error *error);

/*
 * Inflate the frame at FILE, which is at byte OFFSET of its file, into *RAW (kept for the next one, the caller's to
 * free()), and read its records. False, with the trace's damage set, when something is wrong with it.
 */
bool trace_frames_read(struct trace_records *records, struct cursor *file, size_t offset, uint8_t **raw);

/* The bytes that the frame at DATA takes when all of it is there; 0 when it is not. One that is no frame "is there". */
size_t trace_frames_whole(const uint8_t *data, size_t size);

/* Sort symbols, types, orders and functions, for the trace_find_ functions. */
void trace_frames_sort(struct trace *trace);

#endif
