/* What the library puts itself in front of, as the program would have it without: the next ones in the search order. */
#ifndef COLLECTOR_PRELOAD_INTERPOSE_H
#define COLLECTOR_PRELOAD_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>

struct dl_phdr_info;

#define EXPORTED __attribute__((visibility("default")))
/* One that nearly always only passes on, and needs no frame for that. What it does else stands in a function apart. */
#define FAST           EXPORTED __attribute__((optimize("omit-frame-pointer")))
#define SLOW           static __attribute__((noinline))
#define CALLER         ((uint64_t)(uintptr_t)__builtin_return_address(0))
#define IS_LIKELY(x)   __builtin_expect(!!(x), 1)
#define IS_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Read at every call and written once: in cache lines of its own. */
struct interpose_next {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*memalign)(size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
	int (*dl_iterate_phdr)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
	int (*dlclose)(void *);
} __attribute__((aligned(64)));

/* All NULL until they are found, but for free, which then finds them. */
extern struct interpose_next interpose_next;

/* Fill interpose_next; harmless when it is filled. False while this very thread is at it: dlsym itself may allocate. */
bool interpose_find(void);

/* Find out where the program's calls of malloc and realloc go to. Once, when the next ones are known. */
void interpose_look(void);

/* Whether its calls of malloc come here, as interpose_look has seen: not so where the program has one of its own. */
bool interpose_is_first(void);

/* Find the next operators new and delete, if there is a C++ library. Once, at the start, when the loader is at rest. */
void interpose_find_operators(void);

#endif
