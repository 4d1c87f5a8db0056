/*
 * One of the traces that are merged: what it is of, and where its times, cycles and figures begin and end. The records
 * are moved by that.
 */
#ifndef TRACE_MERGE_INPUT_H
#define TRACE_MERGE_INPUT_H

#include "base/error.h"
#include "trace/trace_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERGE_FIGURES 14 /* of the GC, that only grow */

struct merge_input {
	const char *path;   /* borrowed */
	struct trace trace; /* of the reading that takes the records; empty before */
	uint64_t end_ns;
	uint32_t first_cycle, last_cycle;
	uint64_t first[MERGE_FIGURES], last[MERGE_FIGURES];
	uint32_t known; /* bits: which of these it has */
	bool any_gc, cut;
	char *build_id, *cpu_period, *c_rate; /* owned; "" when there is none */
	uint64_t cpu_lost;
};

/* Read the whole of it once, from its path, and fill all but `trace`. */
enum status merge_input_look(struct merge_input *input, struct error *error);

/* The figure INDEX, below MERGE_FIGURES, of those that only grow in GC; UINT64_MAX in it: not known. */
uint64_t *merge_input_figure(struct trace_gc *gc, size_t index);

/* Free what it holds, `trace` too; a zeroed one is fine. */
void merge_input_free(struct merge_input *input);

#endif
