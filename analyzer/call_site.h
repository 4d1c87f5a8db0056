/* From a stack to the place in the program that allocates: the allocator's own frames left out. */
#ifndef ANALYZER_CALL_SITE_H
#define ANALYZER_CALL_SITE_H

#include "analyzer/analysis.h"
#include "analyzer/entry_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;
struct trace_context;

/* All borrowed from the symbols' arena. */
struct call_site {
	const struct analysis_frame
	    *chain;        /* the inline chain at the call, innermost first, without the runtime's levels */
	size_t nchain;     /* at least 1 */
	size_t nskipped;   /* runtime levels inlined into it: chain[-1] … chain[-nskipped] are valid */
	const char *entry; /* the runtime's function that is called, "" when unknown */
	enum entry_operation operation; /* of the entry */
	uint64_t pc;                    /* return address of the call */
	uint64_t call_type;             /* type that the call loads, 0 when unknown */
	uint32_t order, like_calls;     /* analyzer/analyze.h; 0 and 0 where none is like it */
	size_t depth;                   /* index of that frame in the stack */
	bool all_runtime;               /* the stack is the runtime's all the way down */
};

/* The call site of CONTEXT's stack. A stack without frames gives the function "?". */
struct call_site call_site_find(struct symbols *symbols, const struct trace_context *context);

#endif
