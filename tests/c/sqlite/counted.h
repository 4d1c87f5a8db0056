/* What two counters that know nothing of escprof say of C allocations. */
#ifndef COUNTED_H
#define COUNTED_H

#include <stdint.h>

struct counted {
	uint64_t objects, bytes; /* allocated so far, a realloc counting as a free and an allocation */
	uint64_t freed, freed_bytes;
};

/* Stand between SQLite and its allocator. Before SQLite is first used. 0, or SQLite's error. */
int counted_begin(void);

/* What SQLite has asked malloc for, in bytes as it asks malloc for them. */
struct counted counted_by_sqlite(void);

/* What the library count_malloc.so, which is preloaded, has seen of all of malloc; 0 where it is not. It has no bytes freed. */
struct counted counted_by_malloc(void);

#endif
