/* Places for what lies in the program's pages: one for each address, the same for whoever asks, until no page is left.
 */
#include "collector/preload/c_pages.h"
#include "collector/preload/c_pointers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT   1024
#define START   0x7f1234560000ull
#define PAGE    4096ull
#define THREADS 8

static void test_places(void **state)
{
	struct c_pointer *place, *last = NULL;

	(void)state;
	assert_null(c_pages_place(START, true)); /* before there is any */
	c_pages_open(COUNT);
	assert_null(c_pages_place(START, false));
	for (uint64_t at = START; at < START + 3 * PAGE; at += 16) {
		place = c_pages_place(at, true);
		assert_non_null(place);
		assert_ptr_equal(c_pages_place(at, false), place);
		assert_int_equal(place->birth, 0);
		place->birth = at;
		if (at % PAGE)
			assert_ptr_equal(place, last + 1);
		last = place;
	}
	for (uint64_t at = START; at < START + 3 * PAGE; at += 16)
		assert_int_equal(c_pages_place(at, true)->birth, at);
	assert_null(c_pages_place(START + 3 * PAGE, false));
	c_pages_close();
}

/* What is not aligned would share the place of its neighbour. */
static void test_alignment(void **state)
{
	(void)state;
	c_pages_open(COUNT);
	assert_non_null(c_pages_place(START, true));
	assert_null(c_pages_place(START + 8, true));
	assert_null(c_pages_place(START + 8, false));
	c_pages_close();
}

/* Pages apart have places for nearly as many as there are, and what once has one keeps it. */
static void test_end(void **state)
{
	static bool has[4 * COUNT];

	(void)state;
	for (uint64_t stride = PAGE; stride <= 4096 * PAGE; stride *= 16) {
		uint32_t had = 0;

		c_pages_open(COUNT);
		for (uint64_t i = 0; i < 4 * COUNT; i++) {
			has[i] = c_pages_place(START + i * stride, true);
			had += has[i];
		}
		assert_true(had > COUNT / 10 * 9 && had <= COUNT);
		for (uint64_t i = 0; i < 4 * COUNT; i++)
			assert_int_equal(c_pages_place(START + i * stride, true) != NULL, has[i]);
		c_pages_close();
	}
}

static void *ask_for_all(void *argument)
{
	struct c_pointer **places = argument;

	for (uint64_t i = 0; i < COUNT; i++)
		places[i] = c_pages_place(START + i * PAGE, true);
	return NULL;
}

/* All threads come to the same places. */
static void test_threads(void **state)
{
	static struct c_pointer *places[THREADS][COUNT];
	pthread_t threads[THREADS];

	(void)state;
	c_pages_open(4 * COUNT);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_for_all, places[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < THREADS; i++)
		assert_memory_equal(places[i], places[0], sizeof(places[0]));
	for (size_t i = 1; i < COUNT; i++)
		assert_true(places[0][i] && places[0][i] != places[0][i - 1]);
	c_pages_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_alignment),
	    cmocka_unit_test(test_end),
	    cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
