/*
 * What stands in front of malloc and its kin, in this very program: it is linked in here, so that all calls come to it,
 * and the next ones are the C library's. The first of them come before these are known.
 */
#ifdef __SANITIZE_ADDRESS__

#include <stdio.h>

int main(void)
{
	puts("skip all: AddressSanitizer has a malloc of its own in front of all others");
	return 0;
}

#else

#include "collector/c_drain.h"
#include "collector/preload/c_sampler.h"
#include "collector/preload/interpose.h"
#include "tests/unit/c_sampler_fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

void *_Znwm(size_t size);
void *_ZnamRKSt9nothrow_t(size_t size, const void *nothrow);
void _ZdlPv(void *pointer);
void _ZdaPvm(void *pointer, size_t size);

/* What was allocated while dlsym was being asked for the next malloc for the first time. */
static struct {
	int times;
	char *small, *zero, *moved;
	void *aligned, *page, *too_much;
	int wrong_alignment;
} early;

static void allocate_early(void)
{
	early.small = malloc(20);
	strcpy(early.small, "early");
	early.zero = calloc(3, 7);
	early.moved = realloc(NULL, 10);
	strcpy(early.moved, "moves");
	early.moved = realloc(early.moved, 100);
	early.wrong_alignment = posix_memalign(&early.aligned, 24, 8);
	posix_memalign(&early.aligned, 256, 50);
	early.page = aligned_alloc(4096, 4096);
	early.too_much = malloc(1 << 20);
	free(early.zero);
}

/* The loader's own, which allocates here as some have done. */
void *dlsym(void *restrict handle, const char *restrict name)
{
	static void *(*real)(void *, const char *);

	if (!real) {
		*(void **)&real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
		if (!real)
			*(void **)&real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
	}
	if (!early.times++)
		allocate_early();
	return real(handle, name);
}

static int begin(void **state)
{
	interpose_find();
	interpose_look();
	interpose_find_operators();
	return c_sampler_fixture_begin(state);
}

struct sums {
	uint64_t allocs, bytes, frees, freed_bytes;
};

/* All contexts' counts, added up. */
static struct sums count(void)
{
	struct c_counts counts = c_sampler_fixture_count(EVERY_CONTEXT);

	return (struct sums){counts.allocs, counts.bytes, c_sampler_fixture_frees(&counts), counts.freed_bytes};
}

static void expect_since(struct sums before, uint64_t allocs, uint64_t bytes, uint64_t frees, uint64_t freed_bytes)
{
	struct sums now = count();

	assert_int_equal(now.allocs - before.allocs, allocs);
	assert_int_equal(now.bytes - before.bytes, bytes);
	assert_int_equal(now.frees - before.frees, frees);
	assert_int_equal(now.freed_bytes - before.freed_bytes, freed_bytes);
}

static void test_early(void **state)
{
	(void)state;
	assert_true(early.times > 1);
	assert_string_equal(early.small, "early");
	assert_string_equal(early.moved, "moves");
	assert_int_equal(early.wrong_alignment, EINVAL);
	assert_true(early.aligned && (uintptr_t)early.aligned % 256 == 0);
	assert_true(early.page && (uintptr_t)early.page % 4096 == 0);
	assert_null(early.too_much);
}

/* What came early moves out when it grows, and is left alone when it is freed. */
static void test_early_goes_on(void **state)
{
	struct sums before = count();
	char *grown = realloc(early.small, 5000);

	(void)state;
	assert_ptr_not_equal(grown, early.small);
	assert_string_equal(grown, "early");
	free(grown);
	free(early.moved);
	free(early.aligned);
	free(early.page);
	expect_since(before, 1, 5000, 1, 5000);
}

static void test_is_first(void **state)
{
	(void)state;
	assert_true(interpose_is_first());
}

/* Each makes one object of 48 bytes and frees it. */
static void test_every_way(void **state)
{
	uint64_t made = getenv("UNIT_NO_PVALLOC") ? 10 : 11; /* at it valgrind ends the program */
	struct sums before = count();
	void *pointer = malloc(48);

	(void)state;
	free(pointer);
	free(calloc(6, 8));
	free(realloc(NULL, 48));
	free(reallocarray(NULL, 6, 8));
	assert_int_equal(posix_memalign(&pointer, 64, 48), 0);
	assert_true((uintptr_t)pointer % 64 == 0);
	free(pointer);
	pointer = aligned_alloc(32, 48);
	assert_true((uintptr_t)pointer % 32 == 0);
	free(pointer);
	free(memalign(128, 48));
	free(valloc(48));
	if (made == 11)
		free(pvalloc(48));
	_ZdlPv(_Znwm(48));
	_ZdaPvm(_ZnamRKSt9nothrow_t(48, "nothrow"), 48);
	expect_since(before, made, made * 48, made, made * 48);
}

static void test_reallocs(void **state)
{
	struct sums before = count();
	char *pointer = realloc(NULL, 10);

	(void)state;
	strcpy(pointer, "contents");
	pointer = realloc(pointer, 200000);
	pointer = reallocarray(pointer, 30, 1);
	assert_string_equal(pointer, "contents");
	expect_since(before, 3, 200040, 2, 200010);
	assert_null(realloc(pointer, 0)); /* as the C library does it */
	expect_since(before, 3, 200040, 3, 200040);
}

/* Nothing is counted, errno says why, and what was there stays. */
static void test_what_fails(void **state)
{
	volatile size_t far_too_much = SIZE_MAX / 2 + 1;
	char *volatile pointer = malloc(10); /* what fails leaves it alone: compilers think else */
	void *untouched = &untouched;
	struct sums before = count();

	(void)state;
	strcpy(pointer, "stays");
	errno = 0;
	assert_null(malloc(far_too_much));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(calloc(far_too_much, 2));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(realloc(pointer, far_too_much));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(reallocarray(pointer, far_too_much, 2));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_int_equal(posix_memalign(&untouched, 3, 10), EINVAL);
	assert_int_equal(posix_memalign(&untouched, 64, far_too_much), ENOMEM);
	assert_ptr_equal(untouched, &untouched);
	expect_since(before, 0, 0, 0, 0);
	assert_string_equal(pointer, "stays");
	free(pointer);
	expect_since(before, 0, 0, 1, 10);
}

static void test_errno_is_kept(void **state)
{
	void *pointer;

	(void)state;
	for (size_t size = 1; size < 3000; size += 7) {
		errno = 12345;
		pointer = malloc(size);
		pointer = realloc(pointer, size * 2);
		KEEP(pointer);
		free(pointer);
		_ZdlPv(_Znwm(size));
		free(NULL);
		assert_int_equal(errno, 12345);
	}
}

static int allocate_in_loader(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)info;
	(void)size;
	*(void **)data = malloc(71);
	return 1;
}

/* In a callback of the loader's the stack is not walked. */
static void test_in_the_loaders_callback(void **state)
{
	struct sums before = count();
	const struct c_context *context = NULL;
	void *pointer = NULL;
	uint32_t i;

	(void)state;
	dl_iterate_phdr(allocate_in_loader, &pointer);
	assert_non_null(pointer);
	free(pointer);
	expect_since(before, 1, 71, 1, 71);
	for (i = C_SIZES; i < c_sampler_region->ncontexts; i++) {
		struct c_counts counts = c_sampler_fixture_count(i);

		if (counts.allocs == 1 && counts.bytes == 71)
			break;
	}
	assert_true(i < c_sampler_region->ncontexts);
	context = &c_contexts_of(c_sampler_region)[i];
	assert_true(((const struct c_stack *)(c_arena_of(c_sampler_region) + context->stack))->frames[1] ==
		    C_MARK_LIBRARY);
	assert_null(c_sampler_in_loader);
}

static void *allocate_and_free(void *unused)
{
	for (int i = 0; i < 2000; i++) {
		void *pointer = malloc(16 + (size_t)i % 100);

		KEEP(pointer);
		free(pointer);
	}
	return unused;
}

/* Children of threads that allocate: each allocates, ends, and counts for nothing. */
static void test_fork_among_threads(void **state)
{
	struct sums before = count(), after;
	pthread_t threads[4];
	int status;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_free, NULL), 0);
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (!child) {
			allocate_and_free(NULL);
			_exit(0);
		}
		waitpid(child, &status, 0);
		assert_int_equal(status, 0);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	after = count(); /* a thread's own memory is the C library's affair */
	assert_in_range(after.allocs - before.allocs, 8000, 8000 + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_early),
	    cmocka_unit_test(test_early_goes_on),
	    cmocka_unit_test(test_is_first),
	    cmocka_unit_test(test_every_way),
	    cmocka_unit_test(test_reallocs),
	    cmocka_unit_test(test_what_fails),
	    cmocka_unit_test(test_errno_is_kept),
	    cmocka_unit_test(test_in_the_loaders_callback),
	    cmocka_unit_test(test_fork_among_threads),
	};

	return cmocka_run_group_tests(tests, begin, c_sampler_fixture_end);
}

#endif
