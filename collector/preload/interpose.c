/*
 * malloc and its kin. In front of each stands a subtraction (c_sampler.h), then the next allocator in the search order
 * is called, glibc's or the program's own choice. What is asked for before that one is known comes out of a small
 * arena, and stays there.
 */
#include "collector/preload/interpose.h"

#include "collector/preload/c_sampler.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_SIZE  (64u << 10)
#define ARENA_ALIGN 16

static void free_early(void *pointer);

struct interpose_next interpose_next = {.free = free_early};

static uint8_t arena[ARENA_SIZE] __attribute__((aligned(ARENA_ALIGN)));
static size_t arena_used;
static __thread bool finding;
static bool malloc_is_ours, realloc_is_ours; /* the program's calls come here */

static void *next_of(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

bool interpose_find(void)
{
	struct interpose_next found = {0};

	if (finding)
		return false;
	finding = true;
	*(void **)&found.malloc = next_of("malloc");
	*(void **)&found.calloc = next_of("calloc");
	*(void **)&found.realloc = next_of("realloc");
	*(void **)&found.free = next_of("free");
	*(void **)&found.posix_memalign = next_of("posix_memalign");
	*(void **)&found.aligned_alloc = next_of("aligned_alloc");
	*(void **)&found.memalign = next_of("memalign");
	*(void **)&found.valloc = next_of("valloc");
	*(void **)&found.pvalloc = next_of("pvalloc");
	*(void **)&found.dl_iterate_phdr = next_of("dl_iterate_phdr");
	*(void **)&found.dlclose = next_of("dlclose");
	/* malloc last: who sees it finds the others. */
	interpose_next.dlclose = found.dlclose;
	interpose_next.dl_iterate_phdr = found.dl_iterate_phdr;
	interpose_next.pvalloc = found.pvalloc;
	interpose_next.valloc = found.valloc;
	interpose_next.memalign = found.memalign;
	interpose_next.aligned_alloc = found.aligned_alloc;
	interpose_next.posix_memalign = found.posix_memalign;
	if (found.free)
		interpose_next.free = found.free;
	interpose_next.realloc = found.realloc;
	interpose_next.calloc = found.calloc;
	__atomic_store_n(&interpose_next.malloc, found.malloc, __ATOMIC_RELEASE);
	finding = false;
	return found.malloc && found.free;
}

/*
 * By calling them as the program does. Addresses do not tell: that of a program that is not position-independent may be
 * its own jump to here. Without our malloc realloc isn't tried, as its block might be one that the program's free does
 * not know.
 */
void interpose_look(void)
{
	void *pointer;

	c_sampler_listen(__builtin_frame_address(0));
	pointer = malloc(1);
	malloc_is_ours = c_sampler_has_heard(pointer);
	free(pointer);
	if (!malloc_is_ours)
		return;
	c_sampler_listen(__builtin_frame_address(0));
	pointer = realloc(NULL, 1);
	realloc_is_ours = c_sampler_has_heard(pointer);
	free(pointer);
}

bool interpose_is_first(void)
{
	return malloc_is_ours;
}

SLOW void *failed(void)
{
	errno = ENOMEM;
	return NULL;
}

/*
 * At a multiple of ALIGNMENT, a power of two. Before each block stands its size, for realloc. NULL when it is full. Its
 * blocks are marked like sampled ones, so that free need not ask for them too.
 */
static void *arena_take_aligned(size_t alignment, size_t size)
{
	size_t need, at;
	uint8_t *block;

	if (alignment < ARENA_ALIGN)
		alignment = ARENA_ALIGN;
	if (size > ARENA_SIZE || alignment > ARENA_SIZE)
		return failed();
	need = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN + alignment;
	at = __atomic_fetch_add(&arena_used, need, __ATOMIC_RELAXED);
	if (at + need > ARENA_SIZE)
		return failed();
	block = arena + at + ARENA_ALIGN;
	block += -(uintptr_t)block & (alignment - 1);
	memcpy(block - ARENA_ALIGN, &size, sizeof(size));
	c_pointers_mark(block);
	return block;
}

static void *arena_take(size_t size)
{
	return arena_take_aligned(ARENA_ALIGN, size);
}

static inline bool arena_has(const void *pointer)
{
	return (uintptr_t)pointer - (uintptr_t)arena < ARENA_SIZE;
}

/* Whether the next allocator is known; else what is asked for comes out of the arena. */
static inline bool is_found(void)
{
	return IS_LIKELY(__atomic_load_n(&interpose_next.malloc, __ATOMIC_ACQUIRE) != NULL) || interpose_find();
}

SLOW void *malloc_sampled(size_t size, uint64_t caller)
{
	void *pointer = is_found() ? interpose_next.malloc(size) : arena_take(size);

	c_sampler_allocated(pointer, size, caller);
	return pointer;
}

FAST void *malloc(size_t size)
{
	if (IS_LIKELY(c_sampler_passes(size)))
		return interpose_next.malloc(size);
	return malloc_sampled(size, CALLER);
}

SLOW void *calloc_sampled(size_t count, size_t size, uint64_t caller)
{
	void *pointer;

	if (!is_found())
		pointer = arena_take(count * size); /* fresh, so zero */
	else
		pointer = interpose_next.calloc(count, size);
	c_sampler_allocated(pointer, count * size, caller);
	return pointer;
}

FAST void *calloc(size_t count, size_t size)
{
	size_t bytes;

	if (IS_UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
		return failed();
	if (IS_LIKELY(c_sampler_passes(bytes)))
		return interpose_next.calloc(count, size);
	return calloc_sampled(count, size, CALLER);
}

/* Before the next free is known. What is freed while this very thread looks for it stays. */
static void free_early(void *pointer)
{
	if (pointer && is_found() && interpose_next.free != free_early)
		interpose_next.free(pointer);
}

/* What is free's to do besides: forget a sampled object; leave alone what the arena gave. */
SLOW void free_other(void *pointer)
{
	if (arena_has(pointer))
		return;
	c_sampler_freed(pointer);
	interpose_next.free(pointer);
}

FAST void free(void *pointer)
{
	if (IS_UNLIKELY(c_pointers_maybe(pointer)))
		free_other(pointer);
	else
		interpose_next.free(pointer);
}

/* Out of the arena, which is never freed, to a block of the allocator's. */
static void *move_from_arena(const void *old, size_t size)
{
	size_t before;
	void *pointer = is_found() ? interpose_next.malloc(size) : arena_take(size);

	memcpy(&before, (const uint8_t *)old - ARENA_ALIGN, sizeof(before));
	if (pointer)
		memcpy(pointer, old, before < size ? before : size);
	return pointer;
}

/*
 * The old object is taken out first: once it is freed, another thread may get its address and put it in. It counts as
 * freed, and what comes back as allocated, also where the block has only grown in place.
 */
SLOW void *realloc_sampled(void *old, size_t size, uint64_t caller, bool passes)
{
	struct c_pointer taken;
	bool was_taken;
	void *pointer;

	if (arena_has(old) || !is_found()) {
		pointer = arena_has(old) ? move_from_arena(old, size) : arena_take(size);
		if (!passes)
			c_sampler_allocated(pointer, size, caller);
		return pointer;
	}
	was_taken = old && c_pointers_maybe(old) && c_sampler_take(old, &taken);
	pointer = interpose_next.realloc(old, size);
	if (was_taken && (pointer || !size))
		c_sampler_gone(&taken);
	else if (was_taken)
		c_sampler_stays(old, &taken);
	if (!passes)
		c_sampler_allocated(pointer, size, caller);
	return pointer;
}

FAST void *realloc(void *old, size_t size)
{
	bool passes = c_sampler_passes(size);

	if (IS_LIKELY(passes && !c_pointers_maybe(old)))
		return interpose_next.realloc(old, size);
	return realloc_sampled(old, size, CALLER, passes);
}

/*
 * The C library's own would call realloc, which would be taken for the program's call. Where the program has a realloc,
 * it is that one's to do, as it would be without us.
 */
EXPORTED void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return failed();
	if (IS_UNLIKELY(!realloc_is_ours))
		return realloc(old, bytes);
	return realloc_sampled(old, bytes, CALLER, c_sampler_passes(bytes));
}

/* The same before the next one is known. */
SLOW int posix_memalign_early(void **pointer, size_t alignment, size_t size)
{
	int saved = errno;
	void *block;

	if (alignment % sizeof(void *) || !alignment || alignment & (alignment - 1))
		return EINVAL;
	block = arena_take_aligned(alignment, size);
	errno = saved; /* it is not how this function tells */
	if (!block)
		return ENOMEM;
	*pointer = block;
	return 0;
}

EXPORTED int posix_memalign(void **pointer, size_t alignment, size_t size)
{
	bool passes = c_sampler_passes(size);
	int error;

	if (!is_found())
		return posix_memalign_early(pointer, alignment, size);
	if (!interpose_next.posix_memalign)
		return ENOMEM;
	error = interpose_next.posix_memalign(pointer, alignment, size);
	if (!passes)
		c_sampler_allocated(error ? NULL : *pointer, size, CALLER);
	return error;
}

/* By the NEXT function of an ALIGNMENT and a SIZE. */
static inline void *make_aligned(void *(*next)(size_t, size_t), size_t alignment, size_t size, uint64_t caller)
{
	bool passes = c_sampler_passes(size);
	void *pointer = next ? next(alignment, size) : failed();

	if (!passes)
		c_sampler_allocated(pointer, size, caller);
	return pointer;
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
	return make_aligned(is_found() ? interpose_next.aligned_alloc : arena_take_aligned, alignment, size, CALLER);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
	return make_aligned(is_found() ? interpose_next.memalign : arena_take_aligned, alignment, size, CALLER);
}

/* By the NEXT function of a SIZE, which aligns to pages. */
static inline void *make_paged(void *(*next)(size_t), size_t size, uint64_t caller)
{
	bool passes = c_sampler_passes(size);
	void *pointer = next ? next(size) : failed();

	if (!passes)
		c_sampler_allocated(pointer, size, caller);
	return pointer;
}

EXPORTED void *valloc(size_t size)
{
	return make_paged(is_found() ? interpose_next.valloc : NULL, size, CALLER);
}

EXPORTED void *pvalloc(size_t size)
{
	return make_paged(is_found() ? interpose_next.pvalloc : NULL, size, CALLER);
}

/*
 * Its callback runs with the loader's lock held. What it allocates is sampled without asking libunwind, which might
 * wait for another thread that waits for that lock. An exception that leaves the callback leaves the mark behind, and
 * is seen by the stack being lower than it.
 */
EXPORTED int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *info, size_t size, void *data), void *data)
{
	const void *outer = c_sampler_in_loader;
	int result;

	if (!interpose_next.dl_iterate_phdr && (!interpose_find() || !interpose_next.dl_iterate_phdr))
		return 0;
	c_sampler_in_loader = __builtin_frame_address(0);
	result = interpose_next.dl_iterate_phdr(callback, data);
	c_sampler_in_loader = outer;
	return result;
}

/* Another library may come to lie where one was, in other threads even before this returns. */
EXPORTED int dlclose(void *handle)
{
	int result;

	if (!interpose_next.dlclose && (!interpose_find() || !interpose_next.dlclose))
		return -1;
	c_sampler_unloading(true);
	result = interpose_next.dlclose(handle);
	c_sampler_unloading(false);
	return result;
}
