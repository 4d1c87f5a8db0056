/* What counters that know nothing of escprof say of C allocations. */
#ifndef COUNTED_H
#define COUNTED_H

#include <stdint.h>

struct counted {
	uint64_t objects, bytes; /* allocated so far, a realloc counting as a free and an allocation */
	uint64_t freed, freed_bytes;
};

/* What malloc's own statistics say since the program's start. */
struct statistics {
	uint64_t in_use;    /* bytes of blocks, with what the allocator adds to each */
	struct counted all; /* jemalloc's alone, in bytes of its blocks; a realloc within a block is none */
};

/* Stand between SQLite and its allocator. Before SQLite is first used. 0, or SQLite's error. */
int counted_begin(void);

/* What SQLite has asked malloc for, in bytes as it asks malloc for them. */
struct counted counted_by_sqlite(void);

/* Of those, a realloc that left the block as it is, place and size: how often, and the bytes of the blocks. */
struct counted counted_in_place(void);

/* What the library count_malloc.so, which is preloaded, has seen of all of malloc; 0 where it is not. It has no bytes
 * freed. */
struct counted counted_by_malloc(void);

/* Whether malloc is jemalloc's; and what it, or glibc's, says. */
int statistics_are_jemallocs(void);
struct statistics statistics_read(void);

#endif
