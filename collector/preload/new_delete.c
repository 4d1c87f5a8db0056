/*
 * operator new and delete, in all forms that C++20 has. The C++ library's own come down to malloc, and are sampled
 * there: they are only passed on. Those of an allocator that brings its own (jemalloc, tcmalloc) go past malloc, and
 * are sampled here. Exceptions pass through: nothing is held while the next one is called.
 */
#include "collector/preload/c_sampler.h"
#include "collector/preload/interpose.h"

#include <dlfcn.h>
#include <stdlib.h>

/* Who makes objects here. */
enum maker { MAKER_UNKNOWN, MAKER_MALLOC, MAKER_ITSELF };

static enum maker maker;

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

/* Whether NEXT is of the allocator itself, the same file as malloc. */
static void learn_maker(void *next)
{
	Dl_info of_new, of_malloc;

	interpose_find();
	if (dladdr(next, &of_new) && dladdr((void *)interpose_next.malloc, &of_malloc))
		maker = of_new.dli_fbase == of_malloc.dli_fbase ? MAKER_ITSELF : MAKER_MALLOC;
}

static void *find_new(void **kept, const char *name)
{
	void *next = next_named(name);

	if (!next)
		return NULL;
	learn_maker(next);
	*kept = next;
	return next;
}

/* No C++ library far and wide: what its operator new would do, but for the exception, which nobody could throw. */
static void *make_without(size_t size)
{
	void *pointer = malloc(size ? size : 1);

	if (!pointer)
		abort();
	return pointer;
}

/* NAME with PARAMETERS after the size, which are called ARGUMENTS: the next one, sampled where it is the allocator's.
 */
#define OPERATOR_NEW(name, parameters, arguments)                                                                      \
	EXPORTED void *name parameters;                                                                                \
	EXPORTED void *name parameters                                                                                 \
	{                                                                                                              \
		static void *kept;                                                                                     \
		void *(*next)parameters = (void *(*)parameters)kept;                                                   \
		void *pointer;                                                                                         \
                                                                                                                       \
		if (IS_UNLIKELY(!next))                                                                                \
			next = (void *(*)parameters)find_new(&kept, #name);                                            \
		if (IS_UNLIKELY(!next))                                                                                \
			return make_without(size);                                                                     \
		if (maker != MAKER_ITSELF || c_sampler_passes(size))                                                   \
			return next arguments;                                                                         \
		pointer = next arguments;                                                                              \
		c_sampler_allocated(pointer, size, CALLER);                                                            \
		return pointer;                                                                                        \
	}

#define OPERATOR_DELETE(name, parameters, arguments)                                                                   \
	EXPORTED void name parameters;                                                                                 \
	EXPORTED void name parameters                                                                                  \
	{                                                                                                              \
		static void *kept;                                                                                     \
		void(*next) parameters = (void(*) parameters)kept;                                                     \
                                                                                                                       \
		if (IS_UNLIKELY(!next))                                                                                \
			next = (void(*) parameters)find_new(&kept, #name);                                             \
		if (IS_UNLIKELY(!next)) {                                                                              \
			free(pointer);                                                                                 \
			return;                                                                                        \
		}                                                                                                      \
		if (IS_UNLIKELY(c_pointers_maybe(pointer)) && maker == MAKER_ITSELF)                                   \
			c_sampler_freed(pointer);                                                                      \
		next arguments;                                                                                        \
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
