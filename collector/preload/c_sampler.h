/*
 * The sampler of C allocations. Each thread counts down bytes to its next sample, drawn from an exponential
 * distribution, so that an object of s bytes is sampled with probability 1 − e^(−s/rate), whatever came before. What is
 * not sampled costs a subtraction at its allocation, and a look at one byte at its end.
 *
 * Everything here may be called from any thread, from signal handlers, from within the loader, in a forked child. It
 * takes no lock of ours, allocates nothing of the program's heap, and keeps errno. A signal handler that interrupts it
 * may allocate, and may jump out of it: it does not come where that would do harm (quiet.h).
 */
#ifndef COLLECTOR_PRELOAD_C_SAMPLER_H
#define COLLECTOR_PRELOAD_C_SAMPLER_H

#include "collector/preload/c_pointers.h"
#include "collector/preload/c_shared.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct c_room;

struct c_thread {
	uint64_t left; /* bytes to the next sample, from 1; 0: not drawn yet */
	uint64_t random;
	bool busy; /* it is walking, or asks the loader: what it allocates meanwhile is not the program's */
	bool has_asked_for_room;
	struct c_room *room;  /* NULL: it has none */
	uint64_t asked;       /* when the loader was last asked for unloaded libraries */
	uint32_t unloads;     /* how many there had been then */
	const void *listener; /* the frame that waits to hear whether malloc is called; NULL: none */
	const void *heard;    /* what it has heard of; NULL: nothing */
	size_t heard_size;
};

extern __thread struct c_thread c_thread;

/* What a size counts for: nothing is allocated by malloc(0) but an object all the same. */
static inline uint64_t c_sampler_bytes(size_t size)
{
	return size + !size;
}

/*
 * Whether an allocation of SIZE is not sampled, as nearly all: it is counted, and nothing more is to be done. True only
 * once sampling has begun, so that the next allocator is known then. One subtraction of c_sampler_bytes, with the
 * borrow of SIZE below 1, tells by its flags whether something is left: compilers make three more instructions of it.
 */
static inline bool c_sampler_passes(size_t size)
{
	uint64_t left = c_thread.left;
	bool is_due;

	__asm__("cmp $1, %[size]\n\tsbb %[size], %[left]" : [left] "+&r"(left), "=@ccbe"(is_due) : [size] "r"(size));
	if (__builtin_expect(is_due, 0))
		return false;
	c_thread.left = left;
	return true;
}

/*
 * The allocation of SIZE bytes at POINTER (NULL: it failed) does not pass: record it, unless it is only that this
 * thread has not begun to count. CALLER is the return address into the program.
 */
void c_sampler_allocated(const void *pointer, size_t size, uint64_t caller);

/* POINTER, of which c_pointers_maybe is true, is about to be freed. */
void c_sampler_freed(const void *pointer);

/* The same for one that may stay, if realloc fails: take it out, and say later what became of it. */
bool c_sampler_take(const void *pointer, struct c_pointer *taken);
void c_sampler_gone(const struct c_pointer *taken);
void c_sampler_stays(const void *pointer, const struct c_pointer *taken);

/*
 * From here on until this thread's next allocation: hear of it, instead of recording it, for the function that has this
 * FRAME. What is recorded after it is the caller's to say. An exception that passes FRAME ends it. False when somebody
 * farther out listens already.
 */
bool c_sampler_listen(const void *frame);

/* Whether there was one since then in whose block POINTER lies; not where that is NULL. Ends the listening. */
bool c_sampler_has_heard(const void *pointer);

/* A library is about to be unloaded (BEGINS), or was: what is known of the code at its addresses is no longer right. */
void c_sampler_unloading(bool begins);

/* How often one was, into *COUNT; false while one is being unloaded. */
bool c_sampler_unloads(uint32_t *count);

/* Begin sampling into REGION, which the collector has laid out. Once. STATUS: 0, or the errno of what failed. */
int c_sampler_begin(struct c_control *region);

/* There is nothing to sample, for good. */
void c_sampler_never(void);

/* The frame in which this thread walks the loader's list of libraries, whose lock it holds; NULL: none. */
extern __thread const void *c_sampler_in_loader;

#endif
