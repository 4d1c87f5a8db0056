/*
 * operator new and delete, in all forms that C++20 has. The C++ library's own come down to malloc, and are sampled
 * there: they are only passed on. Those of an allocator that brings its own (jemalloc, tcmalloc) go past malloc, and
 * are sampled here. Exceptions pass through: nothing is held while the next one is called.
 */
#include "collector/preload/c_sampler.h"
#include "collector/preload/interpose.h"
#include "collector/preload/late_symbol.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * The next function, and whether it comes to malloc, which is found out at its first call. Each is looked at by itself:
 * an allocator may bring some of them only, and of its own some may call malloc and some not. All NULL: no C++ library
 * was there at the start.
 */
struct next_operator {
	void *function;
	void *to_malloc, *past_malloc; /* once it is known, one of them is it too */
};

#define LATES 16

/*
 * What a thread has found out of an operator in libraries that came after the start. They may go again, and each may
 * have its own: it holds for calls from a page of code, until a library is unloaded.
 */
struct late_operator {
	const struct next_operator *next; /* NULL: nothing */
	uint64_t page;
	uint32_t unloads;
	void *function;
};

static bool is_settled; /* the operators that are there from the start have been looked for */
static __thread struct late_operator lates[LATES];

static struct late_operator *late_of(const struct next_operator *next, uint64_t page)
{
	return &lates[((page ^ (uint64_t)next) * 0x9fb21c651e98df25ull) >> 60];
}

_Static_assert(LATES == 16, "late_of takes four bits");

/* A signal handler may come by in the middle of it. */
static void note_late(struct late_operator *late, const struct late_operator *found)
{
	late->next = NULL;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	late->page = found->page;
	late->unloads = found->unloads;
	late->function = found->function;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	late->next = found->next;
}

/*
 * Of a C++ library that was loaded later. Without dlsym: that waits for whoever is in dlopen, which may wait for this
 * very thread, and takes away what dlerror would have said.
 */
static void *find_late(const struct next_operator *next, const char *name, uint64_t caller)
{
	static const char *const usual[] = {"libstdc++.so.", "libc++abi.so.", "libc++.so.", NULL};
	struct late_operator found = {.next = next, .page = caller >> 12}, *late = late_of(next, found.page), known;
	bool is_at_rest = c_sampler_unloads(&found.unloads);

	known = *late;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (is_at_rest && late->next == next && known.next == next && known.page == found.page &&
	    known.unloads == found.unloads)
		return known.function;
	found.function = late_symbol_find(caller, usual, name);
	if (is_at_rest && found.function)
		note_late(late, &found);
	return found.function;
}

/* The next operator NAME for CALLER; NULL: there is none yet. */
static void *find_next(struct next_operator *next, const char *name, uint64_t caller)
{
	void *function = __atomic_load_n(&next->function, __ATOMIC_ACQUIRE);

	if (function)
		return function;
	if (__atomic_load_n(&is_settled, __ATOMIC_ACQUIRE))
		return find_late(next, name, caller);
	interpose_find();
	function = dlsym(RTLD_NEXT, name);
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
	return !next->to_malloc && !next->past_malloc && c_sampler_listen(frame);
}

/* After it, whose FUNCTION gave POINTER: when that is NULL nothing was learnt, nor for good of one that may go again.
 */
static inline void end_learning(struct next_operator *next, void *function, const void *pointer)
{
	void **place = c_sampler_has_heard(pointer) ? &next->to_malloc : &next->past_malloc;

	if (pointer && __atomic_load_n(&next->function, __ATOMIC_RELAXED))
		__atomic_store_n(place, function, __ATOMIC_RELEASE);
}

/*
 * No C++ library far and wide: what its operator new would do, at ALIGNMENT where that is not 0, but for the exception,
 * which nobody could throw; a form that IS_NOTHROW needs none.
 */
static void *make_without(size_t size, size_t alignment, bool is_nothrow)
{
	void *pointer =
	    alignment ? aligned_alloc(alignment, (size + alignment - 1) & -alignment) : malloc(size ? size : 1);

	if (!pointer && !is_nothrow)
		abort();
	return pointer;
}

#define BARE(...)                                   __VA_ARGS__
#define CALL(type, function, parameters, arguments) ((type(*) parameters)(function)) arguments

/*
 * Operator NAME with these PARAMETERS, handed on as ARGUMENTS: sampled where malloc does not see it. What is known
 * takes a jump; all else is NAME_other's.
 */
#define OPERATOR_NEW(name, parameters, arguments, alignment, is_nothrow)                                               \
	static struct next_operator name##_next;                                                                       \
	SLOW void *name##_other(uint64_t caller, BARE parameters)                                                      \
	{                                                                                                              \
		struct next_operator *next = &name##_next;                                                             \
		void *function = find_next(next, #name, caller), *pointer;                                             \
		bool learns;                                                                                           \
                                                                                                                       \
		if (!function)                                                                                         \
			return make_without(size, alignment, is_nothrow);                                              \
		learns = begin_learning(next, __builtin_frame_address(0));                                             \
		pointer = CALL(void *, function, parameters, arguments);                                               \
		if (learns)                                                                                            \
			end_learning(next, function, pointer);                                                         \
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
	SLOW void name##_other(uint64_t caller, BARE parameters)                                                       \
	{                                                                                                              \
		void *function = find_next(&name##_next, #name, caller);                                               \
                                                                                                                       \
		if (!function) {                                                                                       \
			free(pointer);                                                                                 \
			return;                                                                                        \
		}                                                                                                      \
		if (c_pointers_maybe(pointer))                                                                         \
			c_sampler_freed(pointer);                                                                      \
		CALL(void, function, parameters, arguments);                                                           \
	}                                                                                                              \
	FAST void name parameters;                                                                                     \
	FAST void name parameters                                                                                      \
	{                                                                                                              \
		void *function = __atomic_load_n(&name##_next.function, __ATOMIC_ACQUIRE);                             \
                                                                                                                       \
		if (IS_LIKELY(function && !c_pointers_maybe(pointer)))                                                 \
			CALL(void, function, parameters, arguments);                                                   \
		else                                                                                                   \
			name##_other(CALLER, BARE arguments);                                                          \
	}

OPERATOR_NEW(_Znwm, (size_t size), (size), 0, false)
OPERATOR_NEW(_Znam, (size_t size), (size), 0, false)
OPERATOR_NEW(_ZnwmRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow), 0, true)
OPERATOR_NEW(_ZnamRKSt9nothrow_t, (size_t size, const void *nothrow), (size, nothrow), 0, true)
OPERATOR_NEW(_ZnwmSt11align_val_t, (size_t size, size_t align), (size, align), align, false)
OPERATOR_NEW(_ZnamSt11align_val_t, (size_t size, size_t align), (size, align), align, false)
OPERATOR_NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t align, const void *nothrow),
	     (size, align, nothrow), align, true)
OPERATOR_NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t align, const void *nothrow),
	     (size, align, nothrow), align, true)

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

static const struct {
	const char *name;
	struct next_operator *next;
} operators[] = {
    {"_Znwm", &_Znwm_next},
    {"_Znam", &_Znam_next},
    {"_ZnwmRKSt9nothrow_t", &_ZnwmRKSt9nothrow_t_next},
    {"_ZnamRKSt9nothrow_t", &_ZnamRKSt9nothrow_t_next},
    {"_ZnwmSt11align_val_t", &_ZnwmSt11align_val_t_next},
    {"_ZnamSt11align_val_t", &_ZnamSt11align_val_t_next},
    {"_ZnwmSt11align_val_tRKSt9nothrow_t", &_ZnwmSt11align_val_tRKSt9nothrow_t_next},
    {"_ZnamSt11align_val_tRKSt9nothrow_t", &_ZnamSt11align_val_tRKSt9nothrow_t_next},
    {"_ZdlPv", &_ZdlPv_next},
    {"_ZdaPv", &_ZdaPv_next},
    {"_ZdlPvm", &_ZdlPvm_next},
    {"_ZdaPvm", &_ZdaPvm_next},
    {"_ZdlPvRKSt9nothrow_t", &_ZdlPvRKSt9nothrow_t_next},
    {"_ZdaPvRKSt9nothrow_t", &_ZdaPvRKSt9nothrow_t_next},
    {"_ZdlPvSt11align_val_t", &_ZdlPvSt11align_val_t_next},
    {"_ZdaPvSt11align_val_t", &_ZdaPvSt11align_val_t_next},
    {"_ZdlPvmSt11align_val_t", &_ZdlPvmSt11align_val_t_next},
    {"_ZdaPvmSt11align_val_t", &_ZdaPvmSt11align_val_t_next},
    {"_ZdlPvSt11align_val_tRKSt9nothrow_t", &_ZdlPvSt11align_val_tRKSt9nothrow_t_next},
    {"_ZdaPvSt11align_val_tRKSt9nothrow_t", &_ZdaPvSt11align_val_tRKSt9nothrow_t_next},
};

#define NOPERATORS (sizeof(operators) / sizeof(operators[0]))

void interpose_find_operators(void)
{
	size_t i;

	for (i = 0; i < NOPERATORS; i++) {
		void *function = dlsym(RTLD_NEXT, operators[i].name);

		if (function)
			__atomic_store_n(&operators[i].next->function, function, __ATOMIC_RELEASE);
		else if (!i)
			break; /* no C++ library: what comes later is looked for when it is called */
	}
	__atomic_store_n(&is_settled, true, __ATOMIC_RELEASE);
	dlerror(); /* what was not found is no news to the program */
}
