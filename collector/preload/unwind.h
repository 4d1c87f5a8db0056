/*
 * The stack of the thread that allocates: C frames by libunwind, else by frame pointers, then, where a goroutine called
 * C, the frames of that goroutine. Nothing is allocated of the program's heap after unwind_open; no lock of ours.
 */
#ifndef COLLECTOR_PRELOAD_UNWIND_H
#define COLLECTOR_PRELOAD_UNWIND_H

#include "collector/preload/c_shared.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Find libunwind, once, before the first walk; without it frame pointers have to do. It is loaded, not linked to:
 * a program must start where there is none. GO (borrowed; may be all 0) tells what the program's Go runtime is like.
 */
void unwind_open(const struct c_go *go);

/* Whether libunwind was found. */
bool unwind_has_library(void);

#define UNWIND_OWN  12 /* frames of the library itself that may stand before the program's */
#define UNWIND_ROOM (C_FRAMES + UNWIND_OWN)

/*
 * The return addresses (absolute; marks as in c_shared.h) from the caller of the library on, innermost first, into
 * FRAMES, which has UNWIND_ROOM; at most C_FRAMES of them. *FLAGS becomes C_STACK_*. CALLER is the return address into
 * the program, at which the stack begins; FRAME the frame pointer of a function of the library's that was called from
 * there, on the program's stack, whatever this one runs on. Returns their number, at least 1.
 */
uint32_t unwind_stack(uint64_t *frames, uint64_t caller, const void *frame, uint32_t *flags);

/* Where a walk starts: everything that it goes by but for memory. */
struct unwind_start {
	uint64_t caller; /* the return address into the program */
	uint64_t cfa;    /* the stack pointer there */
	uint64_t rbp;
};

/* A word of the stack that decides on a walk. */
struct unwind_word {
	uint64_t address, value;
};

/*
 * What a walk from START reads, in that order: return addresses, saved frame pointers, and where frames end that were
 * aligned anew. It is called with START farther out. Returns how many WORDS it has, at most CAPACITY; 0 when it cannot
 * be told, or the walk does not come to the DEPTH FRAMES. Takes microseconds.
 */
uint32_t unwind_words(const struct unwind_start *start, const uint64_t *frames, uint32_t depth,
		      struct unwind_word *words, uint32_t capacity);

/* Whether the result of a walk is decided by its start and the words that it reads, for good. */
bool unwind_is_steady(void);

/*
 * Libraries have been unloaded: what was kept about the code at their addresses is no longer right. From then on walks
 * are done step by step, which checks that.
 */
void unwind_forget(void);

#endif
