/* The GC's figures: which words of the runtime's memory they are, and what the words say. */
#ifndef COLLECTOR_FIGURES_H
#define COLLECTOR_FIGURES_H

#include "trace/trace_model.h"

#include <stddef.h>
#include <stdint.h>

struct go_layout;

/*
 * The addresses of the words, at load bias BIAS, into ADDRESSES (room for AGENT_MAX_FIGURES): 0 where the program's
 * layout does not tell. Returns how many words there are.
 */
size_t figures_addresses(const struct go_layout *layout, uint64_t bias, uint64_t *addresses);

/* Fill GC from the COUNT words read there (UINT64_MAX: unknown); time, cycle and process CPU are the caller's. */
void figures_decode(const uint64_t *words, size_t count, struct trace_gc *gc);

#endif
