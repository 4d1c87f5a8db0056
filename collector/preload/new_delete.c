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

#define LATES  1024
#define LEARNT 64

/*
 * What was found of an operator in libraries that came after the start. They may go again, and each may have its own:
 * it holds for calls from a library's code, until one is unloaded. Where it lies tells of which 64 KiB they come from.
 */
struct late_operator {
	uint32_t turn; /* odd while it is written */
	uint32_t unloads;
	const struct next_operator *next;
	struct late_code code;
	void *function;
};

enum way { WAY_UNKNOWN, WAY_TO_MALLOC, WAY_PAST_MALLOC };

#define LEARNS_BY 65536 /* bytes, at most, of late ones: larger may fail, and throw past the end of learning */

static bool is_settled; /* the operators that are there from the start have been looked for */
static struct late_operator lates[LATES];
static uint64_t learnt[LEARNT]; /* the ways of functions in late libraries; as learnt_of has them */

static struct late_operator *late_of(const struct next_operator *next, uint64_t caller)
{
	return &lates[((caller >> 16 ^ (uint64_t)next) * C_HASH_FACTOR) >> 54];
}

_Static_assert(LATES == 1u << 10, "late_of takes ten bits");

/* What is known for CALLER; NULL: nothing. */
static void *known_late(const struct next_operator *next, uint64_t caller, uint32_t unloads)
{
	const struct late_operator *late = late_of(next, caller);
	uint32_t turn = __atomic_load_n(&late->turn, __ATOMIC_ACQUIRE);
	uint64_t start = __atomic_load_n(&late->code.start, __ATOMIC_RELAXED),
		 end = __atomic_load_n(&late->code.end, __ATOMIC_RELAXED);
	bool is_it = __atomic_load_n(&late->next, __ATOMIC_RELAXED) == next && caller >= start && caller < end &&
		     __atomic_load_n(&late->unloads, __ATOMIC_RELAXED) == unloads;
	void *function = __atomic_load_n(&late->function, __ATOMIC_RELAXED);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return is_it && !(turn & 1) && __atomic_load_n(&late->turn, __ATOMIC_RELAXED) == turn ? function : NULL;
}

/* Whoever comes while it is written finds nothing there, and leaves it as it is. */
static void note_late(uint64_t caller, const struct late_operator *found)
{
	struct late_operator *late = late_of(found->next, caller);
	uint32_t turn = __atomic_load_n(&late->turn, __ATOMIC_RELAXED);

	if (turn & 1 ||
	    !__atomic_compare_exchange_n(&late->turn, &turn, turn + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&late->next, found->next, __ATOMIC_RELAXED);
	__atomic_store_n(&late->unloads, found->unloads, __ATOMIC_RELAXED);
	__atomic_store_n(&late->code.start, found->code.start, __ATOMIC_RELAXED);
	__atomic_store_n(&late->code.end, found->code.end, __ATOMIC_RELAXED);
	__atomic_store_n(&late->function, found->function, __ATOMIC_RELAXED);
	__atomic_store_n(&late->turn, turn + 2, __ATOMIC_RELEASE);
}

/*
 * Of a C++ library that was loaded later. Without dlsym: that waits for whoever is in dlopen, which may wait for this
 * very thread, and takes away what dlerror would have said.
 */
static void *find_late(const struct next_operator *next, const char *name, uint64_t caller)
{
	static const char *const usual[] = {"libstdc++.so.", "libc++abi.so.", "libc++.so.", NULL};
	struct late_operator found = {.next = next};
	bool is_at_rest = c_sampler_unloads(&found.unloads);
	void *known = is_at_rest ? known_late(next, caller, found.unloads) : NULL;

	if (known)
		return known;
	found.function = late_symbol_find(caller, usual, name, &found.code);
	if (is_at_rest && found.function && found.code.end)
		note_late(caller, &found);
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

/* A word for the way of the late FUNCTION, which holds until a library is unloaded; its last bit: past malloc. */
static uint64_t learnt_word(const void *function, enum way way)
{
	uint32_t unloads;

	c_sampler_unloads(&unloads);
	return (uint64_t)function << 16 | (uint64_t)(unloads & 0x7fff) << 1 | (way == WAY_PAST_MALLOC);
}

static uint64_t *learnt_of(const void *function)
{
	return &learnt[((uint64_t)function * C_HASH_FACTOR) >> 58];
}

_Static_assert(LEARNT == 1u << 6, "learnt_of takes six bits");

static enum way way_of(const struct next_operator *next, const void *function)
{
	uint64_t word;

	if (__atomic_load_n(&next->function, __ATOMIC_RELAXED)) {
		if (__atomic_load_n(&next->to_malloc, __ATOMIC_RELAXED))
			return WAY_TO_MALLOC;
		return __atomic_load_n(&next->past_malloc, __ATOMIC_RELAXED) ? WAY_PAST_MALLOC : WAY_UNKNOWN;
	}
	word = __atomic_load_n(learnt_of(function), __ATOMIC_RELAXED);
	if ((word ^ learnt_word(function, WAY_TO_MALLOC)) > 1)
		return WAY_UNKNOWN;
	return word & 1 ? WAY_PAST_MALLOC : WAY_TO_MALLOC;
}

/*
 * Before a call for SIZE bytes of NEXT, whose WAY may not be known, by a function with this FRAME; true when it
 * is to be learnt. Not so within another operator's first call: what comes of it is that one's to record.
 */
static inline bool begin_learning(const struct next_operator *next, enum way way, size_t size, const void *frame)
{
	bool is_late = !__atomic_load_n(&next->function, __ATOMIC_RELAXED);

	return way == WAY_UNKNOWN && !(is_late && size > LEARNS_BY) && c_sampler_listen(frame);
}

/* After it, whose FUNCTION gave POINTER: when that is NULL nothing was learnt. */
static inline void end_learning(struct next_operator *next, void *function, const void *pointer)
{
	enum way way = c_sampler_has_heard(pointer) ? WAY_TO_MALLOC : WAY_PAST_MALLOC;

	if (!pointer)
		return;
	if (__atomic_load_n(&next->function, __ATOMIC_RELAXED))
		__atomic_store_n(way == WAY_TO_MALLOC ? &next->to_malloc : &next->past_malloc, function,
				 __ATOMIC_RELEASE);
	else
		__atomic_store_n(learnt_of(function), learnt_word(function, way), __ATOMIC_RELAXED);
}

/*
 * No C++ library far and wide: what its operator new would do, at ALIGNMENT where that is not 0, but for the exception,
 * which nobody could throw; a form that IS_NOTHROW needs none.
 */
static void *make_without(size_t size, size_t alignment, bool is_nothrow)
{
	void *pointer = NULL;
	size_t rounded;

	if (!alignment)
		pointer = malloc(size ? size : 1);
	else if (!__builtin_add_overflow(size, alignment - 1, &rounded))
		pointer = aligned_alloc(alignment, rounded & -alignment);
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
		enum way way;                                                                                          \
		bool learns;                                                                                           \
                                                                                                                       \
		if (!function)                                                                                         \
			return make_without(size, alignment, is_nothrow);                                              \
		way = way_of(next, function);                                                                          \
		if (way == WAY_TO_MALLOC) /* a jump: no frame of this one is on the stack */                           \
			return CALL(void *, function, parameters, arguments);                                          \
		learns = begin_learning(next, way, size, __builtin_frame_address(0));                                  \
		pointer = CALL(void *, function, parameters, arguments);                                               \
		if (learns)                                                                                            \
			end_learning(next, function, pointer);                                                         \
		if (learns || (way == WAY_PAST_MALLOC && !c_sampler_passes(size)))                                     \
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
