/*
 * Samples that are interrupted: signal handlers that allocate, and that jump out and never come back; a thread that is
 * to be cancelled; and that nothing of it happens while the loader's lock is held.
 */
#include "collector/preload/c_sampler.h"
#include "tests/unit/c_sampler_fixture.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include <cmocka.h>

#define APART   __attribute__((noinline, noclone))
#define EARLY   __attribute__((no_sanitize_address)) /* AddressSanitizer calls it before it is set up */
#define SIGNALS 1000                                 /* where nothing slows the test down */
#define LEVELS  40                                   /* more ways than a thread keeps walks of */

static sigjmp_buf way_out;
static volatile sig_atomic_t is_inside, signals, wanted;
static uint64_t made; /* addresses */

/* What happens while the loader's list is walked, with its lock held. */
static __thread bool is_raising, is_testing, is_touching;
static volatile char *forbidden;
static __thread int callbacks;

struct inner {
	int (*callback)(struct dl_phdr_info *, size_t, void *);
	void *data;
};

static EARLY int at_library(struct dl_phdr_info *info, size_t size, void *user)
{
	const struct inner *inner = user;

	callbacks++;
	if (is_raising)
		raise(SIGUSR1);
	if (is_testing)
		pthread_testcancel();
	if (is_touching)
		*forbidden = 1;
	return inner->callback(info, size, inner->data);
}

/* The loader's own, as libunwind and the sampler call it. */
EARLY int dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data)
{
	static int (*real)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
	struct inner inner = {callback, data};

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "dl_iterate_phdr");
	return real(at_library, &inner);
}

/* As malloc does it, each time at another address. */
static APART void allocate(void)
{
	uint64_t number = __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);

	if (!c_sampler_passes(100))
		c_sampler_allocated((void *)(uintptr_t)(0x10000000 + number * 16), 100,
				    (uint64_t)(uintptr_t)__builtin_return_address(0));
}

static APART void allocate_below(int levels)
{
	if (levels)
		allocate_below(levels - 1);
	else
		allocate();
	__asm__ volatile("" ::: "memory");
}

static uint64_t counted(void)
{
	return c_sampler_fixture_count(EVERY_CONTEXT).allocs;
}

/* All the time from now on: the next comes when this one has come. */
static void begin_signals(void (*handler)(int))
{
	int slowness = c_sampler_fixture_slowness();
	const struct itimerval often = {{0, 50 * slowness}, {0, 50 * slowness}};

	signals = 0;
	wanted = SIGNALS / slowness;
	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void end_signals(void)
{
	const struct itimerval never = {{0, 0}, {0, 0}};

	setitimer(ITIMER_REAL, &never, NULL);
}

/* The last one ends them. */
static void count_signal(void)
{
	if (++signals == wanted)
		end_signals();
}

static void allocate_too(int signal)
{
	(void)signal;
	count_signal();
	allocate();
}

/* Wherever a handler comes, what it allocates counts, and so does what it has interrupted. */
static void test_handler_allocates(void **state)
{
	uint64_t before = counted(), first = made;

	(void)state;
	begin_signals(allocate_too);
	for (int i = 0; signals < wanted; i++)
		allocate_below(i % LEVELS);
	assert_int_equal(counted() - before, made - first);
}

static void jump_out(int signal)
{
	(void)signal;
	count_signal();
	if (is_inside)
		siglongjmp(way_out, 1);
}

/* What was being recorded may be lost, and nothing after it. */
static void test_handler_jumps_out(void **state)
{
	volatile int i = 0;
	uint64_t before;

	(void)state;
	begin_signals(jump_out);
	sigsetjmp(way_out, 1);
	is_inside = signals < wanted;
	while (is_inside)
		allocate_below(i++ % LEVELS);
	before = counted();
	for (i = 0; i < 1000; i++)
		allocate_below(i % LEVELS);
	assert_int_equal(counted() - before, 1000);
}

static int count_library(struct dl_phdr_info *info, size_t size, void *user)
{
	(void)info;
	(void)size;
	++*(int *)user;
	return 0;
}

static void *list_libraries(void *count)
{
	dl_iterate_phdr(count_library, count);
	return NULL;
}

static void jump_once(int signal)
{
	(void)signal;
	is_raising = false;
	signals++;
	siglongjmp(way_out, 1);
}

/* A handler that jumps out comes when the list is no longer locked, so that others can walk it. */
static void test_loader_is_free(void **state)
{
	struct timespec limit;
	pthread_t other;
	int libraries = 0;

	(void)state;
	signal(SIGUSR1, jump_once);
	signals = 0;
	c_sampler_unloading(true);
	c_sampler_unloading(false); /* so that the loader is asked */
	if (!sigsetjmp(way_out, 1)) {
		is_raising = true;
		allocate_below(3);
	}
	assert_int_equal(signals, 1);
	assert_int_equal(pthread_create(&other, NULL, list_libraries, &libraries), 0);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 60;
	assert_int_equal(pthread_timedjoin_np(other, NULL, &limit), 0);
	assert_true(libraries > 2);
}

static void allow(int signal)
{
	(void)signal;
	is_touching = false;
	signals++;
	mprotect((void *)(uintptr_t)forbidden, 4096, PROT_READ | PROT_WRITE);
}

/* A fault is the program's to handle, as that of a guard page. Not under valgrind, which reports faults as errors. */
static void test_fault(void **state)
{
	(void)state;
	if (c_sampler_fixture_slowness() > 1)
		skip();
	forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	signal(SIGSEGV, allow);
	signals = 0;
	c_sampler_unloading(true);
	c_sampler_unloading(false);
	is_touching = true;
	allocate_below(4);
	signal(SIGSEGV, SIG_DFL);
	assert_int_equal(signals, 1);
	assert_int_equal(*forbidden, 1);
}

static void *allocate_cancelled(void *user)
{
	bool *reached = user;

	pthread_cancel(pthread_self());
	is_testing = true;
	allocate_below(5);
	is_testing = false;
	*reached = callbacks > 0;
	pthread_testcancel();
	return NULL;
}

/* malloc is no cancellation point, whatever a sample calls. */
static void test_cancelled(void **state)
{
	bool reached = false;
	pthread_t thread;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, allocate_cancelled, &reached), 0);
	pthread_join(thread, &result);
	assert_true(reached);
	assert_ptr_equal(result, PTHREAD_CANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_handler_allocates), cmocka_unit_test(test_handler_jumps_out),
	    cmocka_unit_test(test_loader_is_free),    cmocka_unit_test(test_fault),
	    cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, c_sampler_fixture_begin, c_sampler_fixture_end);
}
