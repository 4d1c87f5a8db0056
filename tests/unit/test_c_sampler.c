/*
 * The sampler of C allocations, as libescprof.so has it, in this very process: the table of pointers, classes of sizes,
 * exact counts at rate 1 from many threads, weights at a coarse one, a silent child.
 */
#include "analyzer/c_accumulate.h"
#include "base/memory.h"
#include "collector/c_drain.h"
#include "collector/preload/c_sampler.h"
#include "trace/trace_reader.h"
#include "tests/unit/c_sampler_fixture.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 8
#define EACH    20000

static void *address(uint64_t number)
{
	return (void *)(uintptr_t)(0x10000000 + number * 16);
}

/* Put a POINTER in that is not there; false when there is no room. */
static bool put_in(const void *pointer, struct c_pointer value)
{
	struct c_pointer stale;

	return c_pointers_put(pointer, value, &stale) == C_PUT_IN;
}

static void test_size_classes(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (uint64_t size = 0; size < 1 << 20; size++) {
		uint32_t class = c_size_class(size);

		assert_true(class == last || class == last + 1);
		last = class;
	}
	assert_int_equal(c_size_class(15), 15);
	assert_int_equal(c_size_class(16), c_size_class(17));
	assert_int_not_equal(c_size_class(96), c_size_class(112));
	assert_true(c_size_class(UINT64_MAX) < C_SIZES);
}

static void test_pointers(void **state)
{
	struct c_pointer taken, kept = {.size = 7, .context = 3};
	uint64_t put = 0, i;

	(void)state;
	assert_true(c_pointers_open(1024, false));
	assert_false(c_pointers_maybe(address(1)));
	while (put < 2048 && put_in(address(put), (struct c_pointer){.size = put, .context = (uint32_t)put}))
		put++;
	assert_true(put > 700 && put <= 1024); /* what finds no room is refused, and the rest is not lost */
	for (i = 0; i < put; i += 2) {
		assert_true(c_pointers_maybe(address(i)) && c_pointers_take(address(i), &taken));
		assert_int_equal(taken.size, i);
		assert_false(c_pointers_take(address(i), &taken));
	}
	for (i = 0; i < put; i += 2)
		assert_true(put_in(address(i), kept));
	for (i = 0; i < put; i++) {
		assert_true(c_pointers_take(address(i), &taken));
		assert_int_equal(taken.size, i % 2 ? i : 7);
		assert_false(c_pointers_maybe(address(i)) && c_pointers_take(address(i), &taken));
	}
	assert_false(c_pointers_take(NULL, &taken));
	c_pointers_close();
}

/* The filter counts what is behind each byte, and comes down to nothing; NULL is never there, whatever shares its byte.
 */
static void test_filter(void **state)
{
	struct c_pointer taken;
	uint64_t with_null = 1;

	(void)state;
	assert_true(c_pointers_open(1024, false));
	while (c_pointers_place((uint64_t)(uintptr_t)address(with_null)) != c_pointers_place(0))
		with_null++;
	assert_true(put_in(address(with_null), (struct c_pointer){.size = 1}));
	assert_true(c_pointers_maybe(NULL));
	assert_false(c_pointers_take(NULL, &taken));
	assert_true(c_pointers_maybe(address(with_null)) && c_pointers_take(address(with_null), &taken));
	for (size_t i = 0; i < sizeof(c_pointers_filter); i++)
		assert_int_equal(c_pointers_filter[i], 0);
	c_pointers_close();
}

/* Half of it finds room surely, however far apart the objects lie, and goes out again. */
static void test_half_full(void **state)
{
	const uint64_t capacity = 1u << 16;
	struct c_pointer taken;

	(void)state;
	for (uint64_t stride = 1; stride <= 4096; stride *= 4) {
		assert_true(c_pointers_open(capacity, true));
		assert_true(c_pointers_maybe(address(0)));
		for (uint64_t i = 0; i < capacity / 2; i++)
			assert_true(put_in(address(i * stride), (struct c_pointer){.size = i}));
		for (uint64_t i = 0; i < capacity / 2; i++)
			assert_true(c_pointers_take(address(i * stride), &taken) && taken.size == i);
		assert_true(c_pointers_maybe(address(0)));
		assert_false(c_pointers_take(address(0), &taken));
		c_pointers_close();
		assert_false(c_pointers_maybe(address(0)));
	}
}

/* What is marked stays, whatever is put there and taken out. */
static void test_mark(void **state)
{
	struct c_pointer taken;

	(void)state;
	assert_true(c_pointers_open(1024, false));
	c_pointers_mark(address(7));
	assert_true(c_pointers_maybe(address(7)));
	assert_false(c_pointers_maybe(address(8)));
	assert_false(c_pointers_take(address(7), &taken));
	assert_true(put_in(address(7), (struct c_pointer){.size = 1}));
	assert_true(c_pointers_take(address(7), &taken));
	assert_true(c_pointers_maybe(address(7)));
	c_pointers_close();
}

/* The countdown, against what is said of it, at its edges. */
static void test_passes(void **state)
{
	const uint64_t edges[] = {0, 1, 2, 3, 100, INT64_MAX, 1ull << 63, UINT64_MAX - 1, UINT64_MAX};
	const size_t n = sizeof(edges) / sizeof(edges[0]);

	(void)state;
	for (size_t i = 0; i < n * n; i++) {
		uint64_t left = edges[i / n], size = edges[i % n], bytes = c_sampler_bytes(size);

		c_thread.left = left;
		assert_int_equal(c_sampler_passes(size), bytes < left);
		assert_int_equal(c_thread.left, bytes < left ? left - bytes : left);
	}
	c_thread.left = 0;
}

/* Put and take addresses of its own, for long. */
static void *put_and_take(void *argument)
{
	uint64_t base = (uint64_t)(uintptr_t)argument * 100000, wrong = 0;
	struct c_pointer taken;

	for (uint64_t i = 0; i < EACH; i++) {
		wrong += !put_in(address(base + i), (struct c_pointer){.size = base + i});
		if (i >= 50)
			wrong += !c_pointers_take(address(base + i - 50), &taken) || taken.size != base + i - 50;
	}
	return (void *)(uintptr_t)wrong;
}

static void run_threads(void *(*function)(void *))
{
	pthread_t threads[THREADS];
	void *wrong;

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, function, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

static void test_pointers_of_threads(void **state)
{
	(void)state;
	assert_true(c_pointers_open(8192, false));
	run_threads(put_and_take);
	c_pointers_close();
}

/* As malloc and free do it, for an object at POINTER. */
static __attribute__((noinline)) void allocate(void *pointer, size_t size)
{
	if (!c_sampler_passes(size))
		c_sampler_allocated(pointer, size, (uint64_t)(uintptr_t)__builtin_return_address(0));
}

static void release(void *pointer)
{
	if (c_pointers_maybe(pointer))
		c_sampler_freed(pointer);
}

static void *allocate_and_release(void *argument)
{
	uint64_t base = (uint64_t)(uintptr_t)argument * 100000;

	for (uint64_t i = 0; i < EACH; i++) {
		allocate(address(base + i), 100 + i % 3);
		if (i % 10)
			release(address(base + i));
	}
	return NULL;
}

/* All contexts' counts, added up. */
static struct c_totals sum(void)
{
	struct c_counts counts = c_sampler_fixture_count(EVERY_CONTEXT);

	return (struct c_totals){.allocs = counts.allocs,
				 .bytes = counts.bytes,
				 .frees = c_sampler_fixture_frees(&counts),
				 .freed_bytes = counts.freed_bytes};
}

static void test_exact(void **state)
{
	uint64_t bytes = 0;
	struct c_totals sums;

	(void)state;
	run_threads(allocate_and_release);
	sums = sum();
	for (uint64_t i = 0; i < EACH; i++)
		bytes += 100 + i % 3;
	assert_int_equal(sums.allocs, THREADS * EACH);
	assert_int_equal(sums.bytes, THREADS * bytes);
	assert_int_equal(sums.frees, THREADS * EACH / 10 * 9);
	assert_int_equal(c_sampler_region->no_room, 0);
}

static void test_realloc_that_fails(void **state)
{
	struct c_totals before = sum(), after;
	struct c_pointer taken;

	(void)state;
	allocate(address(4000001), 64);
	assert_true(c_sampler_take(address(4000001), &taken));
	c_sampler_stays(address(4000001), &taken); /* it failed */
	after = sum();
	assert_int_equal(after.frees, before.frees);
	assert_true(c_sampler_take(address(4000001), &taken));
	c_sampler_gone(&taken);
	after = sum();
	assert_int_equal(after.frees, before.frees + 1);
	assert_int_equal(after.freed_bytes, before.freed_bytes + 64);
}

static void test_nested(void **state)
{
	struct c_totals before = sum();

	(void)state;
	c_thread.busy = true;
	allocate(address(4000002), 64);
	c_thread.busy = false;
	assert_int_equal(sum().allocs, before.allocs);
}

static void test_child_is_silent(void **state)
{
	struct c_totals before = sum();
	int status;
	pid_t child;

	(void)state;
	allocate(address(4000003), 64);
	child = fork();
	if (!child) {
		allocate(address(4000004), 64);
		release(address(4000003));
		_exit(sum().allocs == before.allocs + 1 && sum().frees == before.frees ? 0 : 1);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(sum().allocs, before.allocs + 1);
	release(address(4000003));
	assert_int_equal(sum().frees, before.frees + 1);
}

/* What is written to the trace is what was counted. */
static void test_drain(void **state)
{
	char path[] = "/tmp/escprof-c-sampler-XXXXXX";
	struct trace_writer *writer;
	struct c_totals counted = sum();
	struct trace trace;
	struct error error;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(trace_writer_open(&writer, path, &error), STATUS_OK);
	c_drain_begin(c_sampler_drain, writer, 0, "libunwind", 0);
	c_drain_run(c_sampler_drain);
	c_drain_rest(c_sampler_drain);
	assert_int_equal(trace_writer_close(writer, true, &error), STATUS_OK);
	assert_int_equal(c_drain_samples(c_sampler_drain), counted.allocs);
	assert_int_equal(trace_read(&trace, path, NULL, &error), STATUS_OK);
	assert_int_equal(trace.nc_allocs, counted.allocs);
	assert_true(trace.nmodules > 1 && trace.nc_contexts >= 3);
	assert_string_equal(trace_fact(&trace, "c_rate", NULL), "1");
	trace_free(&trace);
	unlink(path);
}

/* Objects of 1000 bytes at a mean of 4096: a share of 1 − e^(−1000/4096), give or take six standard deviations. */
static void test_coarse(void **state)
{
	double p = -expm1(-1000.0 / 4096), n = 200000, seen;
	struct c_totals before = sum();

	(void)state;
	c_sampler_region->plan.rate = 4096;
	c_thread.left = 0;
	for (uint64_t i = 0; i < (uint64_t)n; i++) {
		allocate(address(5000000 + i), 1000);
		release(address(5000000 + i));
	}
	seen = (double)(sum().allocs - before.allocs);
	assert_true(fabs(seen - n * p) < 6 * sqrt(n * p * (1 - p)));
	assert_int_equal(sum().frees - before.frees, sum().allocs - before.allocs);
	c_sampler_region->plan.rate = 1;
	c_thread.left = 0;
}

/* A collector that is killed is known to be gone at once, one that does nothing is not. */
static void test_killed_collector(void **state)
{
	struct c_control *its;
	struct c_drain *other;
	struct error error;
	char path[64];
	int ends[2], fd = -1;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		if (c_drain_new(&other, 1, NULL, &error) == STATUS_OK)
			fd = c_drain_fd(other);
		if (write(ends[1], &fd, sizeof(fd)) != sizeof(fd))
			_exit(1);
		pause();
	}
	assert_int_equal(read(ends[0], &fd, sizeof(fd)), sizeof(fd));
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)child, fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	its = mmap(NULL, C_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(its, MAP_FAILED);
	assert_true(its->magic == C_MAGIC && !c_collector_is_gone(its));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(c_collector_is_gone(its));
	munmap(its, C_REGION_SIZE);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

/* What has the address of an object whose end was not seen takes its place: that has been freed. */
static void test_unseen_free(void **state)
{
	struct c_totals before = sum();

	(void)state;
	allocate(address(4000005), 64);
	allocate(address(4000005), 32);
	release(address(4000005));
	assert_int_equal(sum().allocs, before.allocs + 2);
	assert_int_equal(sum().frees, before.frees + 2);
	assert_int_equal(sum().freed_bytes, before.freed_bytes + 96);
}

/* The collector has ended: it goes quiet, for good. */
static void test_alone(void **state)
{
	struct c_totals before = sum();

	(void)state;
	assert_false(c_collector_is_gone(c_sampler_region));
	allocate(address(4000006), 64);
	assert_int_equal(sum().allocs, before.allocs + 1);
	c_drain_free(c_sampler_drain);
	c_sampler_drain = NULL;
	assert_true(c_collector_is_gone(c_sampler_region));
	before = sum();
	allocate(address(4000007), 64);
	assert_int_equal(sum().allocs, before.allocs);
}

int main(void)
{
	const struct CMUnitTest apart[] = {
	    cmocka_unit_test(test_size_classes),        cmocka_unit_test(test_pointers), cmocka_unit_test(test_filter),
	    cmocka_unit_test(test_half_full),           cmocka_unit_test(test_mark),     cmocka_unit_test(test_passes),
	    cmocka_unit_test(test_pointers_of_threads),
	};
	const struct CMUnitTest sampling[] = {
	    cmocka_unit_test(test_exact),
	    cmocka_unit_test(test_realloc_that_fails),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_child_is_silent),
	    cmocka_unit_test(test_drain),
	    cmocka_unit_test(test_coarse),
	    cmocka_unit_test(test_killed_collector),
	    cmocka_unit_test(test_unseen_free),
	    cmocka_unit_test(test_alone),
	};
	int failed = cmocka_run_group_tests(apart, NULL, NULL);

	return failed + cmocka_run_group_tests(sampling, c_sampler_fixture_begin, c_sampler_fixture_end);
}
