/*
 * operator new and delete, in all forms that C++20 has. The C++ library's own come down to malloc, and are sampled
 * there: they are only passed on. Those of an allocator that brings its own (jemalloc, tcmalloc) go past malloc, and
 * are sampled here. Exceptions pass through: nothing is held while the next one is called.
 */
#include "collector/preload/c_sampler.h"
#include "collector/preload/interpose.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * The next function, and whether it comes to malloc, which is found out at its first call. Each is looked at by itself:
 * an allocator may bring some of them only, and of its own some may call malloc and some not.
 */
struct next_operator {
	void *function;                /* NULL: not found yet */
	void *to_malloc, *past_malloc; /* once it is known, one of them is it too */
};

/* The next function of that NAME; of a C++ library that was loaded for one of the others alone, that one's. */
static void *next_named(const char *name)
{
	static const char *const libraries[] = {"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1"};
	void *next = dlsym(RTLD_NEXT, name);
	size_t i;

	for (i = 0; !next && i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);

		next = library ? dlsym(library, name) : NULL;
		if (library)
			dlclose(library); /* it was there before */
	}
	return next;
}

/* Find the operator NAME; false when there is none yet. */
static bool find_next(struct next_operator *next, const char *name)
{
	void *function = next_named(name);

	interpose_find();
	if (function)
		__atomic_store_n(&next->function, function, __ATOMIC_RELEASE);
	return function;
}

static inline bool is_there(struct next_operator *next, const char *name)
{
	return __atomic_load_n(&next->function, __ATOMIC_ACQUIRE) || find_next(next, name);
}

/*
 * Before the first call of NEXT, by a function with this FRAME; true when it is that. Not so within another operator's
 * first call: what comes of it is that one's to record.
 */
static inline bool begin_learning(const struct next_operator *next, const void *frame)
{
	return !next->to_malloc && !next->past_malloc && c_sampler_listen(frame);
}

/* After it. */
static inline void end_learning(struct next_operator *next)
{
	void **place = c_sampler_has_heard() ? &next->to_malloc : &next->past_malloc;

	__atomic_store_n(place, next->function, __ATOMIC_RELEASE);
}

/* No C++ library far and wide: what its operator new would do, but for the exception, which nobody could throw. */
static void *make_without(size_t size)
{
	void *pointer = malloc(size ? size : 1);

	if (!pointer)
		abort();
	return pointer;
}

#define BARE(...)                                   __VA_ARGS__
#define CALL(type, function, parameters, arguments) ((type(*) parameters)(function)) arguments

/*
 * Operator NAME with these PARAMETERS, handed on as ARGUMENTS: sampled where malloc does not see it. What is known
 * takes a jump; all else is NAME_other's.
 */
#define OPERATOR_NEW(name, parameters, arguments)                                                                      \
	static struct next_operator name##_next;                                                                       \
	SLOW void *name##_other(uint64_t caller, BARE parameters)                                                      \
	{                                                                                                              \
		struct next_operator *next = &name##_next;                                                             \
		void *pointer;                                                                                         \
		bool learns;                                                                                           \
                                                                                                                       \
		if (!is_there(next, #name))                                                                            \
			return make_without(size);                                                                     \
		learns = begin_learning(next, __builtin_frame_address(0));                                             \
		pointer = CALL(void *, next->function, parameters, arguments);                                         \
		if (learns)                                                                                            \
			end_learning(next);                                                                            \
		if (learns || (next->past_malloc && !c_sampler_passes(size)))                                          \
			c_sampler_allocated(pointer, size, caller);                                                    \
		return pointer;                                                                                        \
	}                                                                                                              \
	FAST void *name parameters;                                                                                    \
	FAST void *name parameters                                                                                     \
	{                                                                                                              \
		void *function = __atomic_load_n(&name##_next.to_malloc, __ATOMIC_ACQUIRE);                            \
                                                                                                                       \
		if (IS_LIKELY(function))                                                                               \
			return CALL(void *, function, parameters, arguments);                                          \
		function = __atomic_load_n(&name##_next.past_malloc, __ATOMIC_ACQUIRE);                                \
		if (function && IS_LIKELY(c_sampler_passes(size)))                                                     \
			return CALL(void *, function, parameters, arguments);                                          \
		return name##_other(CALLER, BARE arguments);                                                           \
	}

#define OPERATOR_DELETE(name, parameters, arguments)                                                                   \
	static struct next_operator name##_next;                                                                       \
	SLOW void name##_other parameters                                                                              \
	{                                                                                                              \
		if (!is_there(&name##_next, #name)) {                                                                  \
			free(pointer);                                                                                 \
			return;                                                                                        \
		}                                                                                                      \
		if (c_pointers_maybe(pointer))                                                                         \
			c_sampler_freed(pointer);                                                                      \
		CALL(void, name##_next.function, parameters, arguments);                                               \
	}                                                                                                              \
	FAST void name parameters;                                                                                     \
	FAST void name parameters                                                                                      \
	{                                                                                                              \
		void *function = __atomic_load_n(&name##_next.function, __ATOMIC_ACQUIRE);                             \
                                                                                                                       \
		if (IS_LIKELY(function && !c_pointers_maybe(pointer)))                                                 \
			CALL(void, function, parameters, arguments);                                                   \
		else                                                                                                   \
			name##_other arguments;                                                                        \
	}

OPERATOR_NEW(_Znwm, (size_t size), (size))
OPERATOR_NEW(_Znam, (size_t size), (size))
OPERATOR_NEW(_ZnwmRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow))
OPERATOR_NEW(_ZnamRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow))
OPERATOR_NEW(_ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment))
OPERATOR_NEW(_ZnamSt11align_val_t, (size_t size, size_t alignment), (size, alignment))
OPERATOR_NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void *nothrow),
	     (size, alignment, nothrow))
OPERATOR_NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void *nothrow),
	     (size, alignment, nothrow))

OPERATOR_DELETE(_ZdlPv, (void *pointer), (pointer))
OPERATOR_DELETE(_ZdaPv, (void *pointer), (pointer))
OPERATOR_DELETE(_ZdlPvm, (void *pointer, size_t size), (pointer, size))
OPERATOR_DELETE(_ZdaPvm, (void *pointer, size_t size), (pointer, size))
OPERATOR_DELETE(_ZdlPvRKSt9nothrow_t, (void *pointer, const void *nothrow), (pointer, nothrow))
OPERATOR_DELETE(_ZdaPvRKSt9nothrow_t, (void *pointer, const void *nothrow), (pointer, nothrow))
OPERATOR_DELETE(_ZdlPvSt11align_val_t, (void *pointer, size_t alignment), (pointer, alignment))
OPERATOR_DELETE(_ZdaPvSt11align_val_t, (void *pointer, size_t alignment), (pointer, alignment))
OPERATOR_DELETE(_ZdlPvmSt11align_val_t, (void *pointer, size_t size, size_t alignment), (pointer, size, alignment))
OPERATOR_DELETE(_ZdaPvmSt11align_val_t, (void *pointer, size_t size, size_t alignment), (pointer, size, alignment))
OPERATOR_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *pointer, size_t alignment, const void *nothrow),
		(pointer, alignment, nothrow))
OPERATOR_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *pointer, size_t alignment, const void *nothrow),
		(pointer, alignment, nothrow))
