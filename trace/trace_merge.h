/* Many traces of one program as one. */
#ifndef TRACE_TRACE_MERGE_H
#define TRACE_TRACE_MERGE_H

#include "base/error.h"

#include <stddef.h>

struct trace_merge_result {
	size_t cut;       /* inputs that were not complete; what they hold is in */
	const char *last; /* of these, the last one's path, borrowed; NULL: none */
	int without_cpu;  /* not all have samples of CPU at the same period: none are in */
	int without_c;    /* not all have C allocations, sampled at the same rate: none are in */
};

/*
 * Write COUNT (1 to 4096) traces PATHS, in their order, to OUTPUT as if one had been run after the other: samples and
 * deaths as they are, times, GC cycles and the GC's cumulative figures added up, what is known of addresses and types
 * kept once. STATUS_ERROR, and no OUTPUT: one cannot be read, they are of different programs, or OUTPUT is one of
 * them.
 */
enum status trace_merge(const char *output, const char *const *paths, size_t count, struct trace_merge_result *result,
			struct error *error);

#endif
