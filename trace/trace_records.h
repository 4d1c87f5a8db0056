/* The records of a trace's frames, for the reader's own modules alone. */
#ifndef TRACE_TRACE_RECORDS_H
#define TRACE_TRACE_RECORDS_H

#include "trace/trace_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What deltas are taken against; zeroed at every frame. */
struct trace_deltas {
	uint64_t time_ns, goroutine, address, c_time_ns;
	struct trace_sample state;
};

/* A reading of frame after frame. Set TRACE and CALLBACKS, both borrowed; the rest begins as zeros. */
struct trace_records {
	struct trace *trace;
	const struct trace_callbacks *callbacks;
	struct trace_deltas deltas;
	size_t facts_capacity, contexts_capacity, cpu_stacks_capacity, symbols_capacity, types_capacity,
	    functions_capacity, orders_capacity, label_sets_capacity, modules_capacity, c_contexts_capacity;
};

/* Read the SIZE bytes at RAW, a frame's: false when they hold what no writer writes. What came before that stands. */
bool trace_records_read(struct trace_records *records, const uint8_t *raw, size_t size);

#endif
