/* C allocations gathered by the place in the program that they come from. */
#ifndef ANALYZER_C_SITES_H
#define ANALYZER_C_SITES_H

#include "analyzer/analysis.h"

struct arena;
struct c_accumulation;
struct stack_filter;
struct symbols;
struct trace;

/*
 * Fill OUT from TRACE's C contexts and their SUMS; texts and arrays are ARENA's. FILTER may be NULL: all stacks.
 * Nothing was sampled: `known` stays false. OF_MOMENTS: SUMS are of some moments alone (--when), and know of no death.
 */
void c_sites_fill(struct c_part *out, struct arena *arena, struct symbols *symbols, const struct trace *trace,
		  const struct c_accumulation *sums, struct stack_filter *filter, bool of_moments);

#endif
