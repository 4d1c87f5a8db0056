/*
 * Where allocations come from, each stack and class of size once, in the memory that the collector sees. Lock-free and
 * append-only, from any thread.
 */
#ifndef COLLECTOR_PRELOAD_C_CONTEXTS_H
#define COLLECTOR_PRELOAD_C_CONTEXTS_H

#include "collector/preload/c_shared.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The number, below C_CONTEXTS, of the context of the DEPTH absolute FRAMES (innermost first) with FLAGS and an object
 * of the SIZE_CLASS; added when it is new. Where there is no room it is the context of that class whose stack is not
 * known.
 */
uint32_t c_contexts_find(struct c_control *region, const uint64_t *frames, uint32_t depth, uint32_t flags,
			 uint32_t size_class);

/* Whether the contexts A and B of REGION have the same stack and class: one may have been named twice. */
bool c_contexts_are_same(const struct c_control *region, uint32_t a, uint32_t b);

#endif
