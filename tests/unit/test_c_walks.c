/* Walks that are looked up are those that would be done: stacks that start alike and differ further up. */
#include "collector/preload/c_walks.h"

#include <alloca.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define DEPTH 6
#define COUNT 16

static struct c_walks *walks;
static uint32_t nused;
static uint64_t found, wrong, walked;

/* As an allocation does it; the context of a stack is its PATH here. */
static __attribute__((noinline)) int allocate(uint32_t path)
{
	const uint64_t *frame = __builtin_frame_address(0);
	struct unwind_start start = {(uint64_t)(uintptr_t)__builtin_return_address(0), (uint64_t)(uintptr_t)(frame + 2),
				     frame[0]};
	uint64_t frames[UNWIND_ROOM];
	uint32_t context = UINT32_MAX, depth, flags;

	if (c_walks_find(walks, &start, 1, &context)) {
		found++;
		wrong += context != path;
		return 1;
	}
	depth = unwind_stack(frames, start.caller, __builtin_frame_address(0), &flags);
	assert_int_equal(flags, 0);
	c_walks_keep(walks, &start, 1, path, frames, depth);
	walked++;
	return 1;
}

/* By one of two calls at each level, so that the stacks of all PATHs have the same size; with ROOM its frames vary. */
static __attribute__((noinline)) int go_down(uint32_t path, int level, size_t room)
{
	volatile char *extra = room ? alloca(room) : NULL;
	volatile int sum = 0;

	if (extra)
		*extra = 1;
	if (level == DEPTH)
		sum += allocate(path);
	else if (path >> level & 1)
		sum += go_down(path, level + 1, room) + 1;
	else
		sum += go_down(path, level + 1, room) + 2;
	return sum;
}

static void reset(void)
{
	assert_true(nused < COUNT);
	walks = c_walks_of(nused++);
	assert_non_null(walks);
	found = wrong = walked = 0;
}

static void test_each_for_long(void **state)
{
	(void)state;
	for (size_t room = 0; room <= 64; room += 32) {
		reset();
		for (uint32_t path = 0; path < 1u << DEPTH; path++)
			for (int i = 0; i < 300; i++)
				go_down(path, 0, room);
		assert_int_equal(wrong, 0);
		assert_int_equal(found + walked, 300u << DEPTH);
		assert_true(found > walked);
	}
}

/* Each is another one than the last. */
static void test_in_turn(void **state)
{
	(void)state;
	reset();
	for (uint32_t i = 0; i < 20000; i++)
		go_down(i % (1u << DEPTH), 0, 0);
	assert_int_equal(wrong, 0);
	reset();
	for (uint32_t i = 0; i < 20000; i++)
		go_down(i / 3 % 2 << (DEPTH - 1), 0, i % 5 * 16);
	assert_int_equal(wrong, 0);
	assert_true(found > 0);
}

/*
 * A function that aligns its stack anew, has arguments on the stack, and takes more of it as it goes: gcc has it keep
 * where its arguments are, which is where its frame ends, in a word below its frame pointer.
 */
static __attribute__((noipa)) int aligned(uint32_t path, int a, int b, int c, int d, int e, int f, int g)
{
	__attribute__((aligned(1024))) volatile char room[1024];
	volatile char *more = alloca((size_t)a);

	room[0] = *more = (char)path;
	return allocate(path) + room[0] + a + b + c + d + e + f + g;
}

/*
 * Two calls of it, from stack pointers that are a few bytes apart, so that all else that a walk reads is the same: the
 * return address of the one call still lies where it was, in what is not yet used of the other's stack.
 */
static __attribute__((noipa)) int call_aligned(uint32_t path)
{
	volatile int sum = 0;
	char *room;

	if (!path) {
		sum += aligned(0, 1, 2, 3, 4, 5, 6, 7) + 1;
		return sum;
	}
	room = alloca(64);
	__asm__ volatile("" : : "r"(room));
	sum += aligned(1, 1, 2, 3, 4, 5, 6, 7) + 2;
	return sum;
}

static void test_aligned(void **state)
{
	(void)state;
	reset();
	for (uint32_t i = 0; i < 1000; i++)
		call_aligned(i / 10 % 2);
	assert_int_equal(wrong, 0);
	assert_true(found > 500);
}

/* All start at the same place, by the same few callers: nearly none has to be walked. */
static void test_of_several_callers(void **state)
{
	(void)state;
	reset();
	for (uint32_t i = 0; i < 20000; i++)
		go_down(i % 3, 0, 0);
	assert_int_equal(wrong, 0);
	assert_true(walked < 100);
}

/* A walk is kept for what it came to only. */
static void test_other_frames(void **state)
{
	uint64_t *frame = __builtin_frame_address(0);
	struct unwind_start start = {(uint64_t)(uintptr_t)__builtin_return_address(0), (uint64_t)(uintptr_t)(frame + 2),
				     frame[0]};
	struct unwind_word words[C_WALKS_WORDS];
	uint64_t frames[UNWIND_ROOM];
	uint32_t flags, depth = unwind_stack(frames, start.caller, __builtin_frame_address(0), &flags);

	(void)state;
	assert_true(unwind_words(&start, frames, depth, words, C_WALKS_WORDS) >= depth - 1);
	assert_int_equal(unwind_words(&start, frames, depth, words, depth - 2), 0);
	assert_int_equal(unwind_words(&start, frames, depth - 1, words, C_WALKS_WORDS), 0);
	frames[depth - 1]++;
	assert_int_equal(unwind_words(&start, frames, depth, words, C_WALKS_WORDS), 0);
	frames[depth - 1]--;
	start.cfa += 8;
	assert_int_equal(unwind_words(&start, frames, depth, words, C_WALKS_WORDS), 0);
}

static void test_unloaded(void **state)
{
	(void)state;
	assert_true(unwind_is_steady());
	unwind_forget();
	assert_false(unwind_is_steady());
}

static int begin(void **state)
{
	const struct c_go none = {0};

	(void)state;
	unwind_open(&none);
	c_walks_open(COUNT, false);
	return !unwind_has_library();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_for_long), cmocka_unit_test(test_in_turn),
	    cmocka_unit_test(test_aligned),       cmocka_unit_test(test_of_several_callers),
	    cmocka_unit_test(test_other_frames),  cmocka_unit_test(test_unloaded),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
