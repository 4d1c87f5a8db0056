/* Reading the agent's counters from outside: each count once, whenever it was read, and nothing of a damaged tally. */
#include "collector/tally.h"

#include "collector/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>

#include <cmocka.h>

struct taken {
	uint64_t total[4]; /* by hash */
	uint32_t steps, rate, processor;
	uint64_t refused; /* a hash that has no context yet */
};

static struct region region;

static int make_region(void **state)
{
	struct error error;

	(void)state;
	region_plan(&region, 1, 0);
	return region_map(&region, memfd_create("test", MFD_CLOEXEC), &error) != STATUS_OK;
}

static int close_region(void **state)
{
	(void)state;
	region_close(&region);
	return 0;
}

static struct agent_tally *tally_of(uint32_t processor)
{
	return (struct agent_tally *)(uintptr_t)region_tally(&region, processor);
}

/* Take a counter as the agent does. */
static struct agent_counter *take_counter(uint32_t processor, uint16_t slot, uint64_t hash, uint32_t rate)
{
	struct agent_tally *tally = tally_of(processor);
	struct agent_counter *counter = &tally->slots[slot];

	counter->hash = hash;
	counter->rate = rate;
	tally->order[tally->used++] = slot;
	return counter;
}

static bool take(void *user, const struct tally_step *step)
{
	struct taken *taken = user;

	if (step->hash == taken->refused)
		return false;
	assert_in_range(step->hash, 0, 3);
	assert_true(step->count > 0);
	taken->total[step->hash] += step->count;
	taken->rate = step->rate;
	taken->processor = step->processor;
	taken->steps++;
	return true;
}

static void test_differences(void **state)
{
	struct tally *tally = tally_new(&region);
	struct taken taken = {.refused = 99};
	struct agent_counter *first = take_counter(0, 7, 1, 1), *other = take_counter(1, 16383, 1, 512);

	(void)state;
	tally_read(tally, take, &taken);
	assert_int_equal(taken.steps, 0);
	first->count = 5;
	tally_read(tally, take, &taken);
	first->count = 12;
	tally_read(tally, take, &taken);
	tally_read(tally, take, &taken);
	assert_int_equal(taken.steps, 2);
	assert_int_equal(taken.total[1], 12);
	assert_int_equal(taken.rate, 1);
	other->count = 3;
	tally_read(tally, take, &taken);
	assert_int_equal(taken.total[1], 15);
	assert_int_equal(taken.rate, 512);
	assert_int_equal(taken.processor, 1);
	tally_free(tally);
}

static void test_what_has_no_context_comes_again(void **state)
{
	struct tally *tally = tally_new(&region);
	struct taken taken = {.refused = 2};
	struct agent_counter *late = take_counter(2, 100, 2, 1);

	(void)state;
	late->count = 10;
	tally_read(tally, take, &taken);
	late->count = 25;
	taken.refused = 99;
	tally_read(tally, take, &taken);
	assert_int_equal(taken.total[2], 25);
	tally_free(tally);
}

static void test_damaged_tallies(void **state)
{
	struct tally *tally = tally_new(&region);
	struct taken taken = {.refused = 99};
	struct agent_counter *counter = take_counter(3, 5, 3, 1);

	(void)state;
	tally_of(3)->order[0] = 65535; /* beyond the slots */
	counter->count = 4;
	tally_read(tally, take, &taken);
	assert_int_equal(taken.total[3], 0);
	tally_of(3)->order[0] = 5;
	tally_of(3)->used = AGENT_COUNTERS + 1;
	tally_read(tally, take, &taken);
	assert_int_equal(taken.total[3], 0);
	tally_of(3)->used = 1;
	tally_read(tally, take, &taken);
	assert_int_equal(taken.total[3], 4);
	counter->count = 1; /* never falls in an agent's hands */
	tally_read(tally, take, &taken);
	assert_int_equal(taken.total[3], 4);
	tally_free(tally);
}

static void test_full_tally(void **state)
{
	struct tally *tally = tally_new(&region);
	struct taken taken = {.refused = 99};
	uint32_t i;

	(void)state;
	for (i = 0; i < AGENT_COUNTERS; i++)
		take_counter(4, (uint16_t)(2 * i), 0, 1)->count = i + 1;
	tally_read(tally, take, &taken);
	assert_int_equal(taken.steps, AGENT_COUNTERS);
	assert_int_equal(taken.total[0], (uint64_t)AGENT_COUNTERS * (AGENT_COUNTERS + 1) / 2);
	tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_differences, make_region, close_region),
	    cmocka_unit_test_setup_teardown(test_what_has_no_context_comes_again, make_region, close_region),
	    cmocka_unit_test_setup_teardown(test_damaged_tallies, make_region, close_region),
	    cmocka_unit_test_setup_teardown(test_full_tally, make_region, close_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
