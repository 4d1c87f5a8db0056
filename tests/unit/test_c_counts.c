/*
 * What threads count, each for itself, and the collector adds up: nothing is lost where threads end, where signals
 * interrupt, where one frees what another has allocated, nor where the collector looks meanwhile.
 */
#include "collector/c_drain.h"
#include "collector/preload/c_contexts.h"
#include "collector/preload/c_rooms.h"
#include "collector/preload/c_sampler.h"
#include "trace/trace_reader.h"
#include "tests/unit/c_sampler_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static void *address(uint64_t number)
{
	return (void *)(uintptr_t)(0x10000000 + number * 32);
}

static __attribute__((noinline)) void allocate(uint64_t number, size_t size)
{
	if (!c_sampler_passes(size))
		c_sampler_allocated(address(number), size, (uint64_t)(uintptr_t)__builtin_return_address(0));
}

static void release(uint64_t number)
{
	c_sampler_freed(address(number));
}

static struct c_counts count(void)
{
	return c_sampler_fixture_count(EVERY_CONTEXT);
}

static uint64_t frees_since(const struct c_counts *before)
{
	struct c_counts now = count();

	return c_sampler_fixture_frees(&now) - c_sampler_fixture_frees(before);
}

#define SHORT_THREADS (3 * C_ROOMS)

static void *live_shortly(void *unused)
{
	for (uint64_t i = 0; i < 3; i++)
		allocate(i, 50);
	for (uint64_t i = 0; i < 3; i++)
		release(i);
	return unused;
}

/* Each leaves its counters to the next. */
static void test_threads_that_end(void **state)
{
	struct c_counts before = count();
	uint32_t slots = c_sampler_region->nslots;
	struct c_room *room;
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < SHORT_THREADS; i++) {
		assert_int_equal(pthread_create(&thread, NULL, live_shortly, NULL), 0);
		pthread_join(thread, NULL);
	}
	assert_int_equal(count().allocs - before.allocs, 3 * SHORT_THREADS);
	assert_int_equal(frees_since(&before), 3 * SHORT_THREADS);
	assert_int_equal(count().freed_bytes - before.freed_bytes, 150 * SHORT_THREADS);
	assert_true(c_sampler_region->nslots > slots && c_sampler_region->nslots < slots + 10);
	room = c_rooms_take();
	assert_non_null(room);
	c_rooms_leave(room);
}

#define EACH          100000 /* freed by the thread, in turn */
#define INTERRUPTIONS 100    /* at least */

static volatile uint64_t kept, interruptions;

static void interrupt(int signal)
{
	(void)signal;
	if (interruptions < kept)
		release(1 + 2 * interruptions++);
}

static void end_signals(void)
{
	const struct itimerval never = {0};

	setitimer(ITIMER_REAL, &never, NULL);
}

/* A handler frees while its thread does, what one call has allocated: every second one. */
static void test_signals(void **state)
{
	const int slowness = c_sampler_fixture_slowness();
	struct itimerval often = {{0, 50 * slowness}, {0, 0}};
	const uint64_t each = (uint64_t)(EACH / slowness);
	struct c_counts before = count();
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
	uint64_t i;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	while (interruptions < (uint64_t)(INTERRUPTIONS / slowness)) {
		for (i = 0; i < 2 * each; i++)
			allocate(2 * kept + i, 50);
		kept += each;
		often.it_value.tv_usec = 1 + random() % often.it_interval.tv_usec; /* all may be freed within one */
		assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
		for (i = 0; i < each; i++)
			release(2 * (kept - each + i));
		end_signals();
	}
	assert_int_equal(count().allocs - before.allocs, 2 * kept);
	assert_int_equal(frees_since(&before), kept + interruptions);
	assert_int_equal(count().freed_bytes - before.freed_bytes, 50 * (kept + interruptions));
}

#define PASSED   20000
#define AHEAD    16
#define CONTEXTS 10000

static uint64_t passed, made, freed;

/* Make objects, not too many ahead of who frees them. */
static void *make(void *unused)
{
	for (uint64_t i = 0; i < passed; i++) {
		while (i - __atomic_load_n(&freed, __ATOMIC_ACQUIRE) > AHEAD)
			sched_yield();
		allocate(i, 50 + i % 5);
		__atomic_store_n(&made, i + 1, __ATOMIC_RELEASE);
	}
	return unused;
}

static void *free_made(void *unused)
{
	for (uint64_t i = 0; i < passed; i++) {
		while (i >= __atomic_load_n(&made, __ATOMIC_ACQUIRE))
			sched_yield();
		release(i);
		__atomic_store_n(&freed, i + 1, __ATOMIC_RELEASE);
	}
	return unused;
}

/* Of each context as far as the trace is read. */
struct seen {
	struct trace_c_counts sums[1000];
	uint64_t count, wrong;
};

static void see_counts(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct seen *seen = user;
	struct trace_c_counts *sum = &seen->sums[counts->context];

	(void)trace;
	assert_true(counts->context < sizeof(seen->sums) / sizeof(seen->sums[0]));
	sum->allocs += counts->allocs;
	sum->bytes += counts->bytes;
	sum->frees += counts->frees;
	sum->freed_bytes += counts->freed_bytes;
	seen->count++;
	seen->wrong += sum->frees > sum->allocs || sum->freed_bytes > sum->bytes;
}

/* So many that the collector's look at them takes time, in which others count on. */
static void make_contexts(void)
{
	for (int i = 0; i < CONTEXTS / c_sampler_fixture_slowness(); i++) {
		const uint64_t frames[] = {(uint64_t)(uintptr_t)make, C_MARK | (uint64_t)i << 8};

		c_contexts_find(c_sampler_region, frames, 2, 0, 1);
	}
}

/* The collector looks while one thread frees what another makes: what it sees is never freed before it was there. */
static void test_looks_meanwhile(void **state)
{
	static struct seen seen;
	const struct trace_callbacks callbacks = {.c_counts = see_counts, .user = &seen};
	char path[] = "/tmp/escprof-c-counts-XXXXXX";
	struct trace_writer *writer;
	pthread_t maker, freer;
	struct c_counts all;
	struct trace trace;
	struct error error;

	(void)state;
	passed = (uint64_t)(PASSED / c_sampler_fixture_slowness());
	make_contexts();
	close(mkstemp(path));
	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	c_drain_begin(c_sampler_drain, writer, 0, "libunwind", 0);
	assert_int_equal(pthread_create(&maker, NULL, make, NULL), 0);
	assert_int_equal(pthread_create(&freer, NULL, free_made, NULL), 0);
	while (__atomic_load_n(&freed, __ATOMIC_ACQUIRE) < passed)
		c_drain_run(c_sampler_drain);
	pthread_join(maker, NULL);
	pthread_join(freer, NULL);
	c_drain_rest(c_sampler_drain);
	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	assert_int_equal(trace_read(&trace, path, &callbacks, &error), STATUS_OK);
	all = count();
	assert_int_equal(trace.nc_allocs, all.allocs);
	assert_true(seen.count > 10);
	assert_int_equal(seen.wrong, 0);
	trace_free(&trace);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_threads_that_end),
	    cmocka_unit_test(test_signals),
	    cmocka_unit_test(test_looks_meanwhile),
	};

	return cmocka_run_group_tests(tests, c_sampler_fixture_begin, c_sampler_fixture_end);
}
