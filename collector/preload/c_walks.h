/*
 * Walks that were done before. Where everything is recorded, a thread comes by the same call of malloc at the same
 * depth of the stack again and again; a walk from there is the same as the last time when all words are that it read
 * then, which takes a tenth of the time to look up. Nothing is shared between threads.
 */
#ifndef COLLECTOR_PRELOAD_C_WALKS_H
#define COLLECTOR_PRELOAD_C_WALKS_H

#include "collector/preload/unwind.h"

#include <stdbool.h>
#include <stdint.h>

#define C_WALKS_WORDS 64 /* read by a walk, at most */

struct c_walks;

/* Make room for the walks of COUNT threads. EAGER: keep them whatever that takes, for a test of them. Once. */
void c_walks_open(uint32_t count, bool eager);

/*
 * The walks of the thread NUMBER of those; NULL: there is no memory for them. Another thread may go on with them, also
 * on another stack: what is kept is compared with what is there.
 */
struct c_walks *c_walks_of(uint32_t number);

/* Whether a walk from START is in WALKS, and is still right: then *CONTEXT is what was kept with it. */
bool c_walks_find(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class, uint32_t *context);

/*
 * Keep CONTEXT as what the walk from START came to, whose result were the DEPTH FRAMES. To find out what it has read
 * takes far longer than a walk, so this does nothing when it would be done too often. Not to be interrupted: the table
 * is half written meanwhile.
 */
void c_walks_keep(struct c_walks *walks, const struct unwind_start *start, uint32_t size_class, uint32_t context,
		  const uint64_t *frames, uint32_t depth);

#endif
