/*
 * The names of a trace's PCs and types: from the trace itself, else from the caller's resolver, each asked for once.
 */
#ifndef ANALYZER_SYMBOLS_H
#define ANALYZER_SYMBOLS_H

#include "analyzer/analyze.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct symbols;
struct trace;

/* One PC's names, all texts of the arena: equal texts are equal pointers. */
struct symbol {
	const struct analysis_frame *frames; /* the inline chain, innermost first */
	size_t nframes;                      /* at least 1; function "?" when nothing is known */
	const char *entry;                   /* the function its direct call goes to, "" when unknown */
	uint64_t call_type;                  /* 0 when unknown */
	uint32_t order, like_calls;          /* analyzer/analyze.h */
};

/* Names for TRACE, with OPTIONS' resolvers (OPTIONS may be NULL). All three must outlive it. Free: symbols_free. */
struct symbols *symbols_new(struct arena *arena, const struct trace *trace, const struct analyze_options *options);
void symbols_free(struct symbols *symbols);

/* The names of the return address PC; never NULL, valid as long as the arena. */
const struct symbol *symbols_find(struct symbols *symbols, uint64_t pc);

/* The type at ADDRESS, its name a text of the arena; NULL when unknown (0 always is). Valid as long as the arena. */
const struct analyze_type *symbols_type(struct symbols *symbols, uint64_t address);

/* How many of the PCs asked for have no name. */
size_t symbols_unknown(const struct symbols *symbols);

#endif
