/*
 * What a thread has for itself where everything is recorded: counters that nobody else adds to, and its earlier walks.
 * Counters that several threads add to cost each of them a hundred cycles and more whenever another one had their cache
 * line last. There are rooms for so many threads at a time; one that ends leaves its own to another, with what is
 * counted in it.
 *
 * A room is its thread's and that of the signal handlers that interrupt it. Taking and leaving is lock-free.
 */
#ifndef COLLECTOR_PRELOAD_C_ROOMS_H
#define COLLECTOR_PRELOAD_C_ROOMS_H

#include "collector/preload/c_shared.h"

#include <stdint.h>

#define C_ROOMS      512
#define C_ROOM_SLOTS 4096 /* contexts that a room has counters for, at most; a power of two */

struct c_walks;

struct c_room {
	struct c_walks *walks; /* NULL: it has none */
	/* By a context's number, and the places behind it: the number and one above, its slot's number below; 0: free.
	 */
	uint64_t slots[C_ROOM_SLOTS];
} __attribute__((aligned(64)));

/* Make rooms, whose counters lie in REGION. Without memory there are none. Once. */
void c_rooms_open(struct c_control *region);

/* A room for this thread, until it is left; NULL: there is none. */
struct c_room *c_rooms_take(void);

/* ROOM is for another thread from now on: nobody may be using it. */
void c_rooms_leave(struct c_room *room);

/* ROOM's counters of CONTEXT, below C_CONTEXTS, which c_rooms_add adds to; NULL: there is no place for them. */
struct c_counts *c_rooms_counts(struct c_room *room, uint32_t context);

/*
 * Add VALUE to COUNTER of this thread's room: in one instruction, so that a signal handler which adds to it too comes
 * before or after, and that is all it takes where nobody else does. Whoever reads it sees it as before or as after.
 */
static inline void c_rooms_add(uint64_t *counter, uint64_t value)
{
	__asm__ volatile("addq %[value], %[counter]" : [counter] "+m"(*counter) : [value] "er"(value) : "cc");
}

#endif
