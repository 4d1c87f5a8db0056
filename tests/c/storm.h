/*
 * What the parts of the storm share: the functions that allocate, what they have allocated so far, and what the storm's
 * threads do besides. Counts are the program's own, which a profile at rate 1 has to have too, and one at another rate
 * to come near.
 */
#ifndef TESTS_C_STORM_H
#define TESTS_C_STORM_H

#include <atomic>
#include <cstddef>
#include <cstdint>

#define APART         __attribute__((noinline, noclone))
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

/* Each is a function by_NAME of its own, so that a report has a line for it. */
#define WAYS(X)                                                                                                        \
	X(malloc)                                                                                                      \
	X(calloc)                                                                                                      \
	X(realloc)                                                                                                     \
	X(reallocarray)                                                                                                \
	X(posix_memalign)                                                                                              \
	X(aligned_alloc)                                                                                               \
	X(memalign)                                                                                                    \
	X(valloc)                                                                                                      \
	X(pvalloc)                                                                                                     \
	X(new)                                                                                                         \
	X(new_array)                                                                                                   \
	X(new_nothrow)                                                                                                 \
	X(new_array_nothrow)                                                                                           \
	X(new_aligned)                                                                                                 \
	X(new_array_aligned)                                                                                           \
	X(new_aligned_nothrow)                                                                                         \
	X(new_array_aligned_nothrow)                                                                                   \
	X(strdup)                                                                                                      \
	/* What random choice leaves alone. */                                                                         \
	X(thread)                                                                                                      \
	X(key_destructor)                                                                                              \
	X(thread_local)                                                                                                \
	X(callback)                                                                                                    \
	X(jump)                                                                                                        \
	X(static_constructor)                                                                                          \
	X(static_destructor)                                                                                           \
	X(atexit)                                                                                                      \
	X(plugin_constructor)                                                                                          \
	X(plugin_destructor)                                                                                           \
	X(plugin)                                                                                                      \
	X(library_destructor)

enum way : uint8_t {
#define AS_WAY(name) WAY_##name,
	WAYS(AS_WAY)
#undef AS_WAY
	    WAY_COUNT,
	WAY_CHOSEN = WAY_thread
};

extern "C" {
/* An object of SIZE bytes was made by WAY; one of them is there no more. */
void storm_made(way way, uint64_t size);
void storm_gone(way way, uint64_t size);

/* Allocate SIZE bytes and free them, as a plugin's caller. */
void by_callback(size_t size);

/* The library that is linked to: makes the storm depend on it, and says whether its constructor's memory is as it was. */
bool storm_library_is_well();
}

/* Random numbers of its own for each thread. */
struct random_numbers {
	uint64_t state;

	uint64_t next()
	{
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		return state;
	}
	bool once_in(uint64_t turns)
	{
		return next() % turns == 0;
	}
};

struct object {
	unsigned char *pointer;
	size_t size;
	enum way way;
	unsigned char mark; /* in the first and the last byte */
};

/* Allocate SIZE bytes, or a few more, by one of the ways that may be chosen; count, and mark the block. */
void object_make(random_numbers &random, object *object);

/* Look whether the marks are still there, count, and free, in one of the forms that fit. */
void object_release(random_numbers &random, object *object);

/* Everything that has to fail, and be without a trace then. */
void fail_in_every_way();

/* Whether an allocator has pvalloc; else it is glibc's, whose blocks another's free must not get. */
extern bool has_pvalloc;

/* Do something out of the ordinary, rarely; *DOING says what meanwhile. */
void event_maybe(random_numbers &random, const char *volatile *doing);

/* Two libraries to load and unload, which differ in the frames of their functions. */
extern const char *plugin_paths[2];

/* Signals at random to whatever thread runs, until the end. */
void signals_begin();
void signals_end();

/* Something touched memory that it must not, and waits. */
extern std::atomic<bool> storm_faulted;

/* Say what went wrong and abort. */
[[noreturn]] void storm_failed(const char *what);

#endif
