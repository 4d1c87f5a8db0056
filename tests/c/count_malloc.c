/*
 * A library to be preloaded: counts every object and byte that is asked of glibc's malloc and its kin. It stands behind
 * libescprof.so, and calls glibc's functions by the names that they have for that.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static uint64_t objects, bytes, freed;

static void *count(void *pointer, size_t size)
{
	if (pointer) {
		__atomic_fetch_add(&objects, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&bytes, size, __ATOMIC_RELAXED);
	}
	return pointer;
}

void *malloc(size_t size)
{
	return count(__libc_malloc(size), size);
}

void *calloc(size_t number, size_t size)
{
	return count(__libc_calloc(number, size), number * size);
}

void *realloc(void *pointer, size_t size)
{
	void *made = __libc_realloc(pointer, size);

	if (pointer && (made || !size))
		__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
	return count(made, size);
}

void free(void *pointer)
{
	if (pointer)
		__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
	__libc_free(pointer);
}

void *memalign(size_t alignment, size_t size)
{
	return count(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return count(__libc_memalign(alignment, size), size);
}

int posix_memalign(void **pointer, size_t alignment, size_t size)
{
	void *made = count(__libc_memalign(alignment, size), size);

	if (made)
		*pointer = made;
	return made ? 0 : ENOMEM;
}

void count_malloc_read(uint64_t *counts)
{
	counts[0] = __atomic_load_n(&objects, __ATOMIC_RELAXED);
	counts[1] = __atomic_load_n(&bytes, __ATOMIC_RELAXED);
	counts[2] = __atomic_load_n(&freed, __ATOMIC_RELAXED);
}
