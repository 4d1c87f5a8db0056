/* Walks of this very stack: each level says where it was called from, and the walk has to find just that. */
#include "collector/preload/unwind.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define APART __attribute__((noinline, noclone))
#define AFTER __asm__ volatile("" ::: "memory") /* what follows a call keeps it from being a jump */
#define HERE  ((uint64_t)(uintptr_t)__builtin_return_address(0))

static uint64_t expected[4], frames[UNWIND_ROOM];
static uint32_t depth, flags;

APART static void level_3(void)
{
	expected[0] = HERE;
	depth = unwind_stack(frames, HERE, __builtin_frame_address(0), &flags);
	AFTER;
}

APART static void level_2(void)
{
	expected[1] = HERE;
	level_3();
	AFTER;
}

APART static void level_1(volatile char *room)
{
	room[0] = 1;
	expected[2] = HERE;
	level_2();
	AFTER;
}

APART static void walk(void)
{
	char room[300];

	expected[3] = HERE;
	level_1(room);
	AFTER;
}

static void expect_all(uint32_t wanted)
{
	assert_int_equal(flags, wanted);
	assert_true(depth > 4);
	assert_memory_equal(frames, expected, sizeof(expected));
}

/* Before libunwind was asked for, or where it is not there. */
static void test_frame_pointers(void **state)
{
	(void)state;
	assert_false(unwind_has_library());
	walk();
	expect_all(C_STACK_GUESSED);
}

static void test_libunwind(void **state)
{
	static const struct c_go none;

	(void)state;
	unwind_open(&none);
	assert_true(unwind_has_library());
	for (int i = 0; i < 3; i++) { /* the second goes by what the first has learnt */
		memset(frames, 0, sizeof(frames));
		walk();
		expect_all(0);
	}
}

APART static void descend(int levels)
{
	if (levels)
		descend(levels - 1);
	else
		walk();
	AFTER;
}

static void test_deep(void **state)
{
	(void)state;
	descend(2 * C_FRAMES);
	assert_int_equal(depth, C_FRAMES);
	expect_all(C_STACK_TRUNCATED);
	descend(C_FRAMES / 2);
	assert_true(depth > C_FRAMES / 2 && depth < C_FRAMES);
	expect_all(0);
}

/* A caller that the walk doesn't come by: it is what is certain. */
static void test_unknown_caller(void **state)
{
	(void)state;
	depth = unwind_stack(frames, 0x1234, __builtin_frame_address(0), &flags);
	assert_int_equal(depth, 1);
	assert_int_equal(frames[0], 0x1234);
	assert_int_equal(flags, C_STACK_GUESSED);
}

static void in_handler(int signal)
{
	(void)signal;
	walk();
}

static void test_signal_handler(void **state)
{
	(void)state;
	signal(SIGUSR1, in_handler);
	raise(SIGUSR1);
	expect_all(0);
	assert_true(depth > 6); /* it goes on in what was interrupted */
}

static void *in_thread(void *unused)
{
	walk();
	return unused;
}

/* On a stack as small as threads may have. */
static void test_small_stack(void **state)
{
	pthread_attr_t attributes;
	pthread_t thread;

	(void)state;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
	assert_int_equal(pthread_create(&thread, &attributes, in_thread, NULL), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	expect_all(0);
}

/* Once a library was unloaded, step by step; the same comes out. Last: it stays so. */
static void test_careful(void **state)
{
	(void)state;
	unwind_forget();
	memset(frames, 0, sizeof(frames));
	walk();
	expect_all(0);
	descend(2 * C_FRAMES);
	expect_all(C_STACK_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frame_pointers), cmocka_unit_test(test_libunwind),
	    cmocka_unit_test(test_deep),           cmocka_unit_test(test_unknown_caller),
	    cmocka_unit_test(test_signal_handler), cmocka_unit_test(test_small_stack),
	    cmocka_unit_test(test_careful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
