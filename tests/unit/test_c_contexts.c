/* Stacks in the shared memory: each once, whoever comes first, and what happens when there is no room for more. */
#include "collector/preload/c_contexts.h"
#include "collector/preload/c_modules.h"
#include "tests/unit/c_region_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 8
#define STACKS  500
#define DEPTH   5
#define CLASS   77

/* The stack NUMBER: all through one function of this program. */
static uint32_t find(uint64_t number, uint32_t flags, uint32_t size_class)
{
	uint64_t frames[DEPTH], start = (uint64_t)(uintptr_t)find;

	for (size_t i = 0; i < DEPTH; i++)
		frames[i] = start + (number >> (2 * i) & 3);
	return c_contexts_find(c_region, frames, DEPTH, flags, size_class);
}

static void test_once(void **state)
{
	const struct c_context *context;
	const struct c_stack *stack;
	uint32_t first = find(1, 0, CLASS);
	bool fresh = true;

	(void)state;
	assert_true(first >= C_SIZES && first < C_CONTEXTS);
	assert_int_equal(find(1, 0, CLASS), first);
	assert_int_not_equal(find(2, 0, CLASS), first);
	assert_int_not_equal(find(1, C_STACK_GUESSED, CLASS), first);
	assert_int_not_equal(find(1, 0, CLASS + 1), first);
	context = &c_contexts_of(c_region)[first];
	stack = (const struct c_stack *)(c_arena_of(c_region) + context->stack);
	assert_int_equal(context->ready, 1);
	assert_int_equal(context->size, CLASS);
	assert_int_equal(stack->depth, DEPTH);
	assert_int_equal(stack->flags, 0);
	assert_true(stack->frames[0] == c_modules_place((uint64_t)(uintptr_t)find + 1, &fresh));
	assert_int_equal(c_region->no_room, 0);
}

static void *find_all(void *user)
{
	uint32_t *numbers = user;

	for (uint32_t i = 0; i < STACKS; i++)
		numbers[i] = find(i + 100, 0, CLASS);
	return NULL;
}

/* All threads come to the same contexts, whose content is there for each of them. */
static void test_threads(void **state)
{
	static uint32_t numbers[THREADS][STACKS];
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, find_all, numbers[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 1; i < THREADS; i++)
		assert_memory_equal(numbers[i], numbers[0], sizeof(numbers[0]));
	for (uint32_t i = 0; i < STACKS; i++) {
		const struct c_context *context = &c_contexts_of(c_region)[numbers[0][i]];

		assert_true(context->ready && context->stack < C_ARENA);
		for (uint32_t k = 0; k < i; k++)
			assert_int_not_equal(numbers[0][i], numbers[0][k]);
	}
}

/* Where there is no room it is the context of the class alone; what is known is found all the same. */
static void test_no_room(void **state)
{
	uint64_t used = c_region->arena_used, contexts = c_region->ncontexts;
	uint32_t known = find(1, 0, CLASS);

	(void)state;
	c_region->arena_used = C_ARENA - 8;
	assert_int_equal(find(10000, 0, CLASS), CLASS);
	assert_int_equal(c_region->no_room, 1);
	assert_int_equal(find(1, 0, CLASS), known);
	c_region->arena_used = used;
	c_region->ncontexts = C_CONTEXTS;
	assert_int_equal(find(10001, 0, CLASS), CLASS);
	assert_int_equal(c_region->no_room, 2);
	c_region->ncontexts = (uint32_t)contexts;
	assert_true(find(10001, 0, CLASS) >= C_SIZES);
	assert_int_equal(c_region->no_room, 2);
}

/* Two that were named at once have two numbers; what else differs is another one. */
static void test_same(void **state)
{
	uint32_t first = find(60000, 0, CLASS), twin, other;

	(void)state;
	other = find(60001, 0, CLASS);
	assert_true(c_contexts_are_same(c_region, first, first));
	assert_false(c_contexts_are_same(c_region, first, other));
	assert_false(c_contexts_are_same(c_region, first, find(60000, C_STACK_GUESSED, CLASS)));
	assert_false(c_contexts_are_same(c_region, first, find(60000, 0, CLASS + 1)));
	assert_false(c_contexts_are_same(c_region, first, 0)); /* no stack */
	memset(c_index_of(c_region), 0, C_INDEX * sizeof(uint32_t));
	twin = find(60000, 0, CLASS);
	assert_int_not_equal(twin, first);
	assert_true(c_contexts_are_same(c_region, first, twin));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_once),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_same),
	    cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, c_region_fixture_begin, c_region_fixture_end);
}
