/* What threads have for themselves: rooms that come and go, and counters that stay with them. */
#include "collector/preload/c_rooms.h"
#include "tests/unit/c_region_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct c_room *room;

static int set_up(void **state)
{
	if (c_region_fixture_begin(state))
		return 1;
	c_rooms_open(c_region);
	room = c_rooms_take();
	return room == NULL;
}

static const struct c_slot *slot_of(const struct c_counts *counts)
{
	return (const struct c_slot *)((const char *)counts - offsetof(struct c_slot, counts));
}

/* The same at each time, another one for each context and each room, and the collector is told whose they are. */
static void test_counts(void **state)
{
	struct c_room *other = c_rooms_take();
	struct c_counts *first = c_rooms_counts(room, 0), *last = c_rooms_counts(room, C_CONTEXTS - 1);

	(void)state;
	assert_non_null(other);
	assert_non_null(first);
	assert_non_null(last);
	assert_ptr_not_equal(first, last);
	assert_ptr_equal(c_rooms_counts(room, 0), first);
	assert_ptr_not_equal(c_rooms_counts(other, 0), first);
	assert_int_equal(slot_of(first)->context, 1);
	assert_int_equal(slot_of(last)->context, C_CONTEXTS);
	assert_int_equal(c_region->nslots, 3);
	c_rooms_add(&first->allocs, 3);
	c_rooms_add(&first->allocs, UINT64_MAX);
	c_rooms_add(&first->bytes, 1ull << 40);
	assert_int_equal(first->allocs, 2);
	assert_int_equal(first->bytes, 1ull << 40);
	c_rooms_leave(other);
}

/* One for each, all at once; one that was left is had again, with what it has counted. */
static void test_rooms_end(void **state)
{
	static struct c_room *all[C_ROOMS];
	struct c_counts *counts;
	size_t n = 0;

	(void)state;
	while (n < C_ROOMS && (all[n] = c_rooms_take()))
		n++;
	assert_int_equal(n, C_ROOMS - 1); /* and the one that is had from the start */
	for (size_t i = 1; i < n; i++)
		assert_true(all[i] != all[i - 1] && all[i]->walks != all[i - 1]->walks);
	assert_null(c_rooms_take());
	counts = c_rooms_counts(all[7], 5);
	c_rooms_add(&counts->allocs, 9);
	c_rooms_leave(all[7]);
	assert_ptr_equal(c_rooms_take(), all[7]);
	assert_null(c_rooms_take());
	assert_ptr_equal(c_rooms_counts(all[7], 5), counts);
	assert_int_equal(counts->allocs, 9);
	for (size_t i = 0; i < n; i++)
		c_rooms_leave(all[i]);
}

/* A room is full once, and what it has stays right; other rooms have places still, until no slot is left. */
static void test_slots_end(void **state)
{
	struct c_room *own = c_rooms_take(), *other = NULL;
	uint32_t had = 0, i;

	(void)state;
	for (i = 0; i < C_CONTEXTS; i++)
		had += c_rooms_counts(own, i) != NULL;
	assert_int_equal(had, C_ROOM_SLOTS);
	assert_null(c_rooms_counts(own, C_ROOM_SLOTS + 1));
	for (i = 0; i < C_ROOM_SLOTS; i++)
		assert_int_equal(slot_of(c_rooms_counts(own, i))->context, i + 1);
	while (c_region->nslots < C_SLOTS) {
		other = c_rooms_take();
		for (i = 0; i < C_ROOM_SLOTS; i++)
			c_rooms_counts(other, C_ROOM_SLOTS + i);
	}
	assert_int_equal(c_region->nslots, C_SLOTS);
	assert_non_null(other = c_rooms_take());
	assert_null(c_rooms_counts(other, 1));
	assert_non_null(c_rooms_counts(own, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_rooms_end),
	    cmocka_unit_test(test_slots_end),
	};

	return cmocka_run_group_tests(tests, set_up, c_region_fixture_end);
}
