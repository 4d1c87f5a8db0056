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
	void *function;
	bool is_known, goes_past_malloc;
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

/*
 * Before the first call of NEXT, by a function with this FRAME; true when it is that. Not so within another operator's
 * first call: what comes of it is that one's to record.
 */
static inline bool begin_learning(const struct next_operator *next, const void *frame)
{
	return IS_UNLIKELY(!next->is_known) && c_sampler_listen(frame);
}

/* After it. */
static inline void end_learning(struct next_operator *next)
{
	next->goes_past_malloc = !c_sampler_has_heard();
	next->is_known = true;
}

/* No C++ library far and wide: what its operator new would do, but for the exception, which nobody could throw. */
static void *make_without(size_t size)
{
	void *pointer = malloc(size ? size : 1);

	if (!pointer)
		abort();
	return pointer;
}

#define IS_THERE(next, name)                                                                                           \
	(IS_LIKELY(__atomic_load_n(&(next).function, __ATOMIC_ACQUIRE)) || find_next(&(next), name))

/* Operator NAME with these PARAMETERS, handed on as ARGUMENTS: sampled where malloc does not see it. */
#define OPERATOR_NEW(name, parameters, arguments)                                                                      \
	EXPORTED void *name parameters;                                                                                \
	EXPORTED void *name parameters                                                                                 \
	{                                                                                                              \
		static struct next_operator next;                                                                      \
		void *pointer;                                                                                         \
		bool learns;                                                                                           \
                                                                                                                       \
		if (!IS_THERE(next, #name))                                                                            \
			return make_without(size);                                                                     \
		learns = begin_learning(&next, __builtin_frame_address(0));                                            \
		if (!learns && (!next.goes_past_malloc || c_sampler_passes(size)))                                     \
			return ((void *(*)parameters)next.function)arguments;                                          \
		pointer = ((void *(*)parameters)next.function)arguments;                                               \
		if (learns)                                                                                            \
			end_learning(&next);                                                                           \
		c_sampler_allocated(pointer, size, CALLER);                                                            \
		return pointer;                                                                                        \
	}

#define OPERATOR_DELETE(name, parameters, arguments)                                                                   \
	EXPORTED void name parameters;                                                                                 \
	EXPORTED void name parameters                                                                                  \
	{                                                                                                              \
		static struct next_operator next;                                                                      \
                                                                                                                       \
		if (!IS_THERE(next, #name)) {                                                                          \
			free(pointer);                                                                                 \
			return;                                                                                        \
		}                                                                                                      \
		if (IS_UNLIKELY(c_pointers_maybe(pointer)))                                                            \
			c_sampler_freed(pointer);                                                                      \
		((void(*) parameters)next.function) arguments;                                                         \
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
