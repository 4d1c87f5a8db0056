/* The table of sampled objects: what is still there when its address comes again, and what a double free finds. */
#include "collector/preload/c_pointers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void *address(uint64_t number)
{
	return (void *)(uintptr_t)(0x20000000 + number * 48);
}

static void test_stale(void **state)
{
	const struct c_pointer old = {.size = 1, .context = 2}, new = {.size = 3, .context = 4};
	struct c_pointer found;

	(void)state;
	assert_true(c_pointers_open(1024, false));
	assert_int_equal(c_pointers_put(address(1), old, &found), C_PUT_IN);
	assert_int_equal(c_pointers_put(address(2), new, &found), C_PUT_IN);
	assert_int_equal(c_pointers_put(address(1), new, &found), C_PUT_FOR_STALE);
	assert_int_equal(found.size, 1);
	assert_int_equal(found.context, 2);
	assert_true(c_pointers_take(address(1), &found));
	assert_int_equal(found.size, 3);
	assert_false(c_pointers_take(address(1), &found)); /* there is no second of it */
	c_pointers_close();
}

/* The same where nearly all are put in: in a page of their own, beside it, and where there are too many pages. */
static void test_nearly_all(void **state)
{
	const uint64_t steps[] = {16, 8, 1 << 20};
	struct c_pointer found;

	(void)state;
	for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
		uint8_t *first = (uint8_t *)(uintptr_t)0x500000000000;

		assert_true(c_pointers_open(1 << 20, true));
		for (uint64_t i = 0; i < 60000; i++)
			assert_int_equal(c_pointers_put(first + i * steps[k], (struct c_pointer){.size = i}, &found),
					 C_PUT_IN);
		for (uint64_t i = 0; i < 60000; i += 2) {
			struct c_pointer next = {.birth = 8, .size = i + 1, .context = 5};

			assert_int_equal(c_pointers_put(first + i * steps[k], next, &found), C_PUT_FOR_STALE);
			assert_int_equal(found.size, i);
		}
		for (uint64_t i = 0; i < 60000; i++) {
			assert_true(c_pointers_take(first + i * steps[k], &found));
			assert_int_equal(found.size, i + !(i % 2));
			assert_int_equal(found.context, i % 2 ? 0 : 5);
			assert_true(found.birth <= 9);
			assert_false(c_pointers_take(first + i * steps[k], &found));
		}
		assert_false(c_pointers_take(NULL, &found));
		c_pointers_close();
	}
}

/* Addresses that come again and again without a free don't fill the table. */
static void test_no_growth(void **state)
{
	const struct c_pointer value = {.size = 5};
	struct c_pointer stale;
	uint64_t round, i;

	(void)state;
	assert_true(c_pointers_open(1024, false));
	for (round = 0; round < 100; round++)
		for (i = 0; i < 100; i++)
			assert_int_equal(c_pointers_put(address(i), value, &stale), round ? C_PUT_FOR_STALE : C_PUT_IN);
	for (i = 0; i < 100; i++) {
		assert_true(c_pointers_take(address(i), &stale));
		assert_false(c_pointers_take(address(i), &stale));
	}
	c_pointers_close();
}

#define ROUNDS 20000

static uint64_t taken;

static void *take_all(void *argument)
{
	struct c_pointer value;

	for (uint64_t i = 0; i < ROUNDS; i++)
		if (c_pointers_take(address(i), &value))
			__atomic_fetch_add(&taken, value.size, __ATOMIC_RELAXED);
	return argument;
}

/* Two threads free the same objects: each is found once. */
static void test_freed_twice(void **state)
{
	pthread_t threads[2];
	struct c_pointer stale;

	(void)state;
	assert_true(c_pointers_open(1 << 17, false));
	for (uint64_t i = 0; i < ROUNDS; i++)
		assert_int_equal(c_pointers_put(address(i), (struct c_pointer){.size = 1}, &stale), C_PUT_IN);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, NULL), 0);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(taken, ROUNDS);
	c_pointers_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stale),
	    cmocka_unit_test(test_nearly_all),
	    cmocka_unit_test(test_no_growth),
	    cmocka_unit_test(test_freed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
