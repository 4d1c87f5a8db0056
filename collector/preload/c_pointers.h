/*
 * The sampled objects that are alive: a table from address to what is to be known when it is freed. Every free of the
 * program asks it, and nearly all are of objects that were not sampled: one byte of a small filter tells.
 *
 * Lock-free, from any thread and from signal handlers. An address is put in by whoever has just got it from the
 * allocator and taken out by whoever is about to give it back, so that no two ever work on the same one. What the
 * program frees twice is found once, unless that happens at the very same time.
 */
#ifndef COLLECTOR_PRELOAD_C_POINTERS_H
#define COLLECTOR_PRELOAD_C_POINTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define C_FILTER_BITS 20

struct c_pointer {
	uint64_t birth;     /* ticks, to the second one where nearly all objects are put in */
	uint64_t size : 47; /* as far as addresses go */
	uint64_t context : 17;
};

/* How many objects may be behind each byte; a byte at 255 stays there. */
extern uint8_t c_pointers_filter[1u << C_FILTER_BITS];

/*
 * The byte of ADDRESS. Neighbours in memory are neighbours here, so that what a program works on takes a sixteenth of
 * its own size of the caches in addition.
 */
static inline size_t c_pointers_place(uint64_t address)
{
	return address >> 4 & ((1u << C_FILTER_BITS) - 1);
}

/* Whether ADDRESS may be in the table: false is certain. */
static inline bool c_pointers_maybe(const void *address)
{
	return __atomic_load_n(&c_pointers_filter[c_pointers_place((uint64_t)address)], __ATOMIC_RELAXED) != 0;
}

/* Let c_pointers_maybe be true of ADDRESS for good. */
void c_pointers_mark(const void *address);

/*
 * Map a table of CAPACITY objects, a power of two from 256 on; false when it cannot be had. Seven eighths of it can be
 * there at once. Where NEARLY_ALL objects of the program will be put in, the filter is not kept, and always says maybe;
 * those in the first 128 MiB of the program's memory need no table then. Once.
 */
bool c_pointers_open(uint64_t capacity, bool nearly_all);

/* Unmap it; for tests. */
void c_pointers_close(void);

enum c_put {
	C_PUT_IN,
	C_PUT_FOR_STALE, /* in the place of its old value: what freed that has not passed here */
	C_PUT_NOWHERE,   /* there is no room for it */
};

/*
 * Put POINTER (not NULL) and its VALUE in. If it is still there, in the bucket where nearly all are, its old value goes
 * into *STALE.
 */
enum c_put c_pointers_put(const void *pointer, struct c_pointer value, struct c_pointer *stale);

/* Take POINTER out, and its value into *VALUE; false when it is not there, as NULL never is. */
bool c_pointers_take(const void *pointer, struct c_pointer *value);

#endif
