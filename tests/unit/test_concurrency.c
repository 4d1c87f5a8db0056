/* Counting goroutines and Ps in another process's memory, which is our own here: the sum, and what ends it. */
#include "collector/concurrency.h"

#include "base/memory.h"
#include "binary/go_layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define P_FREE 0x20

/* A scheduler as from Go 1.25 on: two lists, each a pointer and its count. */
struct scheduler {
	int32_t ngsys, npidle;
	struct {
		uint64_t mutex, with_stack;
		uint32_t with_count, unused;
		uint64_t without_stack;
		uint32_t without_count, unused2;
	} free;
};

/* As before: two pointers, and one count for both. */
struct old_scheduler {
	int32_t ngsys, npidle;
	struct {
		uint64_t mutex, with_stack, without_stack;
		uint32_t count, unused;
	} free;
};

struct processor {
	uint8_t other[P_FREE];
	uint64_t list;
	uint32_t count;
};

static struct scheduler scheduler = {.ngsys = 6, .npidle = 1, .free = {.with_count = 10, .without_count = 20}};
static struct old_scheduler old_scheduler = {.ngsys = 6, .npidle = 1, .free = {.count = 30}};
static struct processor processors[3] = {{.count = 1}, {.count = 2}, {.count = 3}};
static struct processor *pointers[1024] = {&processors[0], &processors[1], &processors[2]};
static uint64_t allglen = 1000;
static uint64_t allp[3];

static int set_up(void **state)
{
	(void)state;
	scheduler.npidle = 1;
	scheduler.free.with_count = 10;
	pointers[1] = &processors[1];
	pointers[2] = &processors[2];
	allp[0] = (uintptr_t)pointers;
	allp[1] = 3;
	allp[2] = 1024;
	return 0;
}

static struct go_layout layout_of(const void *sched, uint32_t list_size)
{
	return (struct go_layout){.sched = (uintptr_t)sched,
				  .allp = (uintptr_t)allp,
				  .allglen = (uintptr_t)&allglen,
				  .sched_ngsys = 0,
				  .sched_npidle = 4,
				  .sched_free = 8,
				  .p_free = P_FREE,
				  .list_size = list_size};
}

static struct concurrency_now look(struct concurrency *concurrency, bool expected)
{
	struct concurrency_now now;

	assert_int_equal(concurrency_read(concurrency, getpid(), &now), expected);
	return now;
}

static void test_sum(void **state)
{
	struct go_layout layout = layout_of(&scheduler, 8);
	struct concurrency *concurrency = concurrency_new(&layout, 0);
	struct concurrency_now now = look(concurrency, true);

	(void)state;
	assert_int_equal(now.goroutines, 1000 - 6 - 10 - 20 - 1 - 2 - 3);
	assert_int_equal(now.running, 2);
	assert_int_equal(now.procs, 3);
	scheduler.free.with_count = 910;
	scheduler.npidle = 0;
	now = look(concurrency, true);
	assert_int_equal(now.goroutines, 58);
	assert_int_equal(now.running, 3);
	concurrency_free(concurrency);
}

/* Up to Go 1.24; and at a load bias. */
static void test_old_lists(void **state)
{
	struct go_layout layout = layout_of(&old_scheduler, GO_LAYOUT_NONE);
	struct concurrency *concurrency;

	(void)state;
	layout.sched -= 4096;
	layout.allp -= 4096;
	layout.allglen -= 4096;
	concurrency = concurrency_new(&layout, 4096);
	assert_int_equal(look(concurrency, true).goroutines, 1000 - 6 - 30 - 6);
	concurrency_free(concurrency);
}

static void test_procs_change(void **state)
{
	struct go_layout layout = layout_of(&scheduler, 8);
	struct concurrency *concurrency = concurrency_new(&layout, 0);

	(void)state;
	look(concurrency, true);
	allp[1] = 2;
	assert_int_equal(look(concurrency, true).procs, 2);
	assert_int_equal(look(concurrency, true).goroutines, 1000 - 6 - 30 - 3);
	allp[1] = 3;
	assert_int_equal(look(concurrency, true).goroutines, 1000 - 6 - 30 - 6);
	concurrency_free(concurrency);
}

/* More dead ones than there ever were: words read one after the other may disagree. */
static void test_never_none(void **state)
{
	struct go_layout layout = layout_of(&scheduler, 8);
	struct concurrency *concurrency = concurrency_new(&layout, 0);

	(void)state;
	scheduler.free.with_count = 5000;
	scheduler.npidle = 7;
	assert_int_equal(look(concurrency, true).goroutines, 1);
	assert_int_equal(look(concurrency, true).running, 0);
	concurrency_free(concurrency);
}

static void expect_unknown(struct concurrency *concurrency)
{
	struct concurrency_now now = look(concurrency, false);

	assert_true(now.goroutines == UINT64_MAX && now.running == UINT64_MAX && now.procs == UINT64_MAX);
}

static void test_unknown(void **state)
{
	struct go_layout layout = layout_of(&scheduler, 8);
	struct concurrency *concurrency = concurrency_new(&layout, 0);

	(void)state;
	allp[1] = 0; /* the runtime is starting */
	expect_unknown(concurrency);
	allp[1] = 3;
	pointers[2] = NULL;
	expect_unknown(concurrency);
	allp[1] = UINT64_MAX; /* nothing that a runtime has */
	expect_unknown(concurrency);
	allp[0] = 16;
	allp[1] = 3;
	expect_unknown(concurrency);
	set_up(NULL);
	assert_int_equal(look(concurrency, true).procs, 3);
	concurrency_free(concurrency);
	expect_unknown(NULL);
	layout.sched = 0;
	assert_null(concurrency_new(&layout, 0));
}

/* A process that has ended is no error, only nothing to be seen. */
static void test_gone(void **state)
{
	struct go_layout layout = layout_of(&scheduler, 8);
	struct concurrency *concurrency = concurrency_new(&layout, 0);
	struct concurrency_now now;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(concurrency_read(concurrency, pid, &now));
	assert_true(now.procs == UINT64_MAX);
	concurrency_free(concurrency);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_sum, set_up),          cmocka_unit_test_setup(test_old_lists, set_up),
	    cmocka_unit_test_setup(test_procs_change, set_up), cmocka_unit_test_setup(test_never_none, set_up),
	    cmocka_unit_test_setup(test_unknown, set_up),      cmocka_unit_test_setup(test_gone, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
