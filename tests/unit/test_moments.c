/* What was so at a time: literal records, some out of order, and what lies between them. */
#include "analyzer/moments.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull

static struct trace_gc record(uint64_t time_ns, uint32_t cycle, uint64_t goroutines, uint64_t running)
{
	struct trace_gc gc;

	memset(&gc, 0xff, sizeof(gc));
	gc.time_ns = time_ns;
	gc.cycle = cycle;
	gc.goroutines_live = goroutines;
	gc.procs_running = running;
	return gc;
}

static void add(struct moments *moments, uint64_t time_ns, uint32_t cycle, uint64_t gc_ns, uint64_t user_ns)
{
	struct trace_gc gc = record(time_ns, cycle, 10 * (uint64_t)cycle, cycle);

	gc.cpu_gc_total_ns = gc_ns;
	gc.cpu_user_ns = user_ns;
	gc.cpu_scavenge_ns = 0;
	moments_add_gc(moments, &gc);
}

/* Cycles end at 1, 3 and 4 s; the GC took 10 %, 50 % and 20 % of what was used in between. */
static struct moments *make(void)
{
	struct moments *moments = moments_new();

	add(moments, 0, 0, 0, 0);
	add(moments, 3 * SECOND, 2, 600, 1400); /* read before one that is older */
	add(moments, 1 * SECOND, 1, 100, 900);
	add(moments, 2 * SECOND, 1, 100, 900); /* a look in between */
	add(moments, 4 * SECOND, 3, 800, 2200);
	add(moments, 4 * SECOND + 1, 3, 900, 2200); /* the runtime is adding up */
	moments_add_bytes(moments, 50000000, 1e6);
	moments_add_bytes(moments, 99999999, 1e6);
	moments_add_bytes(moments, 100000000, 3e6);
	moments_finish(moments, 5 * SECOND);
	return moments;
}

static void check(const struct moments *moments, uint64_t time_ns, enum moment_value value, double expected)
{
	struct moment moment = moments_at(moments, time_ns);
	double found = moment.values[value];

	if (isnan(expected) ? !isnan(found) : !(fabs(found - expected) < 1e-9))
		fail_msg("value %d at %llu: %g, not %g", (int)value, (unsigned long long)time_ns, found, expected);
}

static void test_looks(void **state)
{
	struct moments *moments = make();

	(void)state;
	check(moments, 0, MOMENT_GOROUTINES, 0);
	check(moments, SECOND - 1, MOMENT_GOROUTINES, 0);
	check(moments, SECOND, MOMENT_GOROUTINES, 10);
	check(moments, 3 * SECOND + 5, MOMENT_GOROUTINES, 20);
	check(moments, 3 * SECOND + 5, MOMENT_RUNNING, 2);
	check(moments, 100 * SECOND, MOMENT_GOROUTINES, 30);
	check(moments, 100 * SECOND, MOMENT_TIME, 100);
	moments_free(moments);
}

static void test_gc_share(void **state)
{
	struct moments *moments = make();

	(void)state;
	check(moments, 0, MOMENT_GC_SHARE, 0.1);
	check(moments, SECOND, MOMENT_GC_SHARE, 0.1);
	check(moments, SECOND + 1, MOMENT_GC_SHARE, 0.5);
	check(moments, 2 * SECOND, MOMENT_GC_SHARE, 0.5);
	check(moments, 3 * SECOND + 1, MOMENT_GC_SHARE, 0.2);
	check(moments, 4 * SECOND + 1, MOMENT_GC_SHARE, NAN);
	moments_free(moments);
}

static void test_alloc_rate(void **state)
{
	struct moments *moments = make();

	(void)state;
	check(moments, 0, MOMENT_ALLOC_RATE, 2e7);
	check(moments, 99999999, MOMENT_ALLOC_RATE, 2e7);
	check(moments, 150000000, MOMENT_ALLOC_RATE, 3e7);
	check(moments, SECOND, MOMENT_ALLOC_RATE, 0);
	moments_free(moments);
}

/* The last slot is shorter; one that is too short to tell has the rate of the one before. */
static void test_last_slot(void **state)
{
	struct moments *moments = moments_new();

	(void)state;
	moments_add_bytes(moments, 10, 1e6);
	moments_add_bytes(moments, 110000000, 1e6);
	moments_finish(moments, 120000000);
	check(moments, 115000000, MOMENT_ALLOC_RATE, 5e7);
	moments_finish(moments, 100000001);
	check(moments, 100000000, MOMENT_ALLOC_RATE, 1e7);
	moments_free(moments);
}

static void test_between(void **state)
{
	struct moments *moments = make();
	struct moments_span span = moments_between(moments, 0, 2 * SECOND);

	(void)state;
	assert_true(fabs(span.goroutines - 5) < 1e-9 && fabs(span.running - 0.5) < 1e-9);
	assert_int_equal(span.cycles, 1);
	assert_true(fabs(span.gc_share - 350.0 / 1500) < 1e-9); /* a whole cycle, and half of the next one's time */
	span = moments_between(moments, 2 * SECOND, 6 * SECOND);
	assert_int_equal(span.cycles, 2);
	assert_true(fabs(span.goroutines - (10 + 20 + 30 + 30) / 4.0) < 1e-6);
	span = moments_between(moments, 5 * SECOND, 6 * SECOND);
	assert_true(isnan(span.gc_share) && span.cycles == 0 && fabs(span.goroutines - 30) < 1e-9);
	moments_free(moments);
}

/* A trace of an older escprof, or nothing at all. */
static void test_unknown(void **state)
{
	struct moments *moments = moments_new();
	struct trace_gc gc = record(5, 1, UINT64_MAX, UINT64_MAX);

	(void)state;
	moments_finish(moments, 0);
	check(moments, 0, MOMENT_GOROUTINES, NAN);
	check(moments, 0, MOMENT_GC_SHARE, NAN);
	check(moments, 0, MOMENT_ALLOC_RATE, 0);
	moments_free(moments);
	moments = moments_new();
	moments_add_gc(moments, &gc);
	moments_finish(moments, 10);
	check(moments, 7, MOMENT_GOROUTINES, NAN);
	check(moments, 7, MOMENT_RUNNING, NAN);
	assert_true(isnan(moments_between(moments, 0, 10).goroutines));
	moments_free(moments);
}

/* A long trace: slots widen, and no byte is lost. */
static void test_long(void **state)
{
	struct moments *moments = moments_new();
	uint64_t day = 86400 * SECOND;

	(void)state;
	for (uint64_t time = 0; time < day; time += 60 * SECOND)
		moments_add_bytes(moments, time, 1e6);
	moments_add_bytes(moments, UINT64_MAX, 1); /* what no trace holds must do no harm */
	moments_finish(moments, day);
	assert_true(moments_at(moments, day / 2).values[MOMENT_ALLOC_RATE] > 0);
	moments_free(moments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_looks),     cmocka_unit_test(test_gc_share), cmocka_unit_test(test_alloc_rate),
	    cmocka_unit_test(test_last_slot), cmocka_unit_test(test_between),  cmocka_unit_test(test_unknown),
	    cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
