/* Stacks of the library's own: each is one thread's at a time, and walks find their way out of them. */
#include "collector/preload/side_stack.h"
#include "collector/preload/unwind.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define APART   __attribute__((noinline, noclone))
#define MOST    4096 /* far more than there are */
#define THREADS 8
#define ROUNDS  20000

static int begin(void **state)
{
	(void)state;
	return !side_stack_open();
}

/* In turn until there are none left; each has its own room, and all can be had again. */
static void test_take_and_give(void **state)
{
	static struct side_stack *stacks[MOST];
	size_t count, again, i;

	(void)state;
	for (count = 0; count < MOST && (stacks[count] = side_stack_take()); count++)
		memset(side_stack_room(stacks[count]), (int)count, SIDE_STACK_ROOM);
	assert_in_range(count, 64, MOST - 1);
	for (i = 0; i < count; i++) {
		const uint8_t *room = side_stack_room(stacks[i]);

		assert_int_equal((uintptr_t)room % 16, 0);
		assert_int_equal(room[0], (uint8_t)i);
		assert_int_equal(room[SIDE_STACK_ROOM - 1], (uint8_t)i);
		side_stack_give(stacks[i]);
	}
	for (again = 0; again < count; again++)
		assert_ptr_equal(side_stack_take(), stacks[again]);
	assert_null(side_stack_take());
	while (again)
		side_stack_give(stacks[--again]);
}

static void note_place(void *user)
{
	volatile char here = 1;

	*(uintptr_t *)user = (uintptr_t)&here;
}

/* It runs there, and nowhere near this stack, and what the caller had in registers is still there. */
static void test_call(void **state)
{
	struct side_stack *stack = side_stack_take();
	uintptr_t room = (uintptr_t)side_stack_room(stack), place = 0;
	volatile double before = 1.5;
	double product = before * 3;
	uint64_t sum = room * 7;

	(void)state;
	side_stack_call(stack, note_place, &place);
	assert_in_range(place, room + SIDE_STACK_ROOM, room + 65536);
	assert_true(product == before * 3 && sum == room * 7);
	side_stack_give(stack);
}

struct walk {
	uint64_t caller, expected[3], frames[UNWIND_ROOM];
	const void *frame;
	uint32_t depth, flags;
};

static void take_walk(void *user)
{
	struct walk *walk = user;

	walk->depth = unwind_stack(walk->frames, walk->caller, walk->frame, &walk->flags);
}

#define HERE ((uint64_t)(uintptr_t)__builtin_return_address(0))

static APART void walk_aside(struct walk *walk)
{
	struct side_stack *stack = side_stack_take();

	walk->expected[0] = walk->caller = HERE;
	walk->frame = __builtin_frame_address(0);
	side_stack_call(stack, take_walk, walk);
	side_stack_give(stack);
}

static APART void outer(struct walk *walk)
{
	walk->expected[1] = HERE;
	walk_aside(walk);
	__asm__ volatile("" ::: "memory");
}

static APART void outermost(struct walk *walk)
{
	walk->expected[2] = HERE;
	outer(walk);
	__asm__ volatile("" ::: "memory");
}

static void expect_walk(uint32_t flags)
{
	struct walk walk = {0};

	outermost(&walk);
	assert_int_equal(walk.flags, flags);
	assert_true(walk.depth > 3);
	assert_memory_equal(walk.frames, walk.expected, sizeof(walk.expected));
}

/* By frame pointers, by libunwind's trace (what it learns and what it has learnt), and by its steps. */
static void test_walks(void **state)
{
	static const struct c_go none;

	(void)state;
	expect_walk(C_STACK_GUESSED);
	unwind_open(&none);
	assert_true(unwind_has_library());
	expect_walk(0);
	expect_walk(0);
	unwind_forget();
	expect_walk(0);
}

static uint32_t collisions;

static void *take_often(void *user)
{
	(void)user;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct side_stack *stack = side_stack_take();
		uint64_t *word = side_stack_room(stack);

		if (__atomic_exchange_n(word, 1, __ATOMIC_RELAXED))
			__atomic_fetch_add(&collisions, 1, __ATOMIC_RELAXED);
		__atomic_store_n(word, 0, __ATOMIC_RELAXED);
		side_stack_give(stack);
	}
	return NULL;
}

/* Before the others, as long as the rooms are empty. */
static void test_threads(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_often, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(collisions, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_take_and_give),
	    cmocka_unit_test(test_call),
	    cmocka_unit_test(test_walks),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
