/* Samples, deaths and GC records to totals: literal tables, and the time that ten million take. */
#include "analyzer/accumulate.h"

#include "trace/trace_reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static struct trace_sample make_sample(uint32_t context, uint64_t rate, uint64_t address, uint32_t cycle)
{
	return (struct trace_sample){.count = 1,
				     .context = context,
				     .rate = rate,
				     .address = address,
				     .live_rate = address ? rate : 0,
				     .cycle = cycle};
}

static void test_totals(void **state)
{
	struct accumulation sums = {0};
	struct trace_sample sample = make_sample(3, 512, 0, 0);

	(void)state;
	accumulate_sample(&sums, &sample, 512);
	accumulate_sample(&sums, &sample, 512);
	sample.rate = 1;
	accumulate_sample(&sums, &sample, 512);
	accumulate_finish(&sums, 5, 0);
	assert_true(sums.ncontexts >= 5);
	assert_int_equal(sums.contexts[3].objects.count, 3);
	assert_true(fabs(sums.contexts[3].objects.total - (2 * 1.58197670686 + 1)) < 1e-9);
	assert_int_equal(sums.contexts[3].rate_low, 1);
	assert_int_equal(sums.rate_high, 512);
	assert_int_equal(sums.contexts[4].objects.count, 0);
	accumulate_free(&sums);
}

static void test_lives(void **state)
{
	struct accumulation sums = {0};
	/* Born in numgc 1: dies in 2 (survived 0), in 5 (survived 3), never (trace ends at 6: survived 5). */
	struct trace_sample births[] = {make_sample(0, 1, 0x10, 1), make_sample(0, 1, 0x20, 1),
					make_sample(0, 1, 0x30, 1), make_sample(1, 1, 0x40, 2),
					make_sample(1, 1, 0x40, 4)};
	struct trace_death deaths[] = {
	    {.address = 0x10, .cycle = 2}, {.address = 0x20, .cycle = 5}, {.address = 0x99, .cycle = 5}};
	struct trace_gc gc = {.cycle = 6};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		accumulate_sample(&sums, &births[i], 8);
	for (size_t i = 0; i < 3; i++)
		accumulate_death(&sums, &deaths[i]);
	accumulate_gc(&sums, &gc);
	accumulate_finish(&sums, 2, 0);
	assert_int_equal(sums.contexts[0].lives.count, 3);
	assert_int_equal(sums.contexts[0].lives.censored, 1);
	assert_true(sums.contexts[0].lives.survived == 0 + 3 + 5);
	assert_true(sums.contexts[0].lives.doubt == 0); /* all are seen at this rate */
	assert_true(sums.contexts[0].lives.survived_any == 2);
	assert_int_equal(sums.unmatched_deaths, 1);
	assert_int_equal(sums.reused, 1);
	assert_true(sums.contexts[1].lives.survived == 1 + 2); /* the lost death is put where the address came again */
	accumulate_free(&sums);
}

static void test_records_out_of_order(void **state)
{
	struct accumulation sums = {0};
	struct trace_sample born = make_sample(0, 1, 0x10, 4), again = make_sample(0, 1, 0x10, 7);
	struct trace_death death = {.address = 0x10, .cycle = 6};
	struct trace_gc gc = {.cycle = 8};

	(void)state;
	/* The death is read before the birth. */
	accumulate_death(&sums, &death);
	accumulate_sample(&sums, &born, 8);
	/* The birth of the next object there is read before the death of the one before. */
	accumulate_sample(&sums, &born, 8);
	accumulate_sample(&sums, &again, 8);
	accumulate_death(&sums, &death);
	accumulate_gc(&sums, &gc);
	accumulate_finish(&sums, 1, 0);
	assert_int_equal(sums.contexts[0].lives.count, 3);
	assert_int_equal(sums.contexts[0].lives.censored, 1);
	assert_true(sums.contexts[0].lives.survived == 1 + 2 + 1);
	assert_int_equal(sums.unmatched_deaths, 0);
	accumulate_free(&sums);
}

static void test_gc_means(void **state)
{
	struct accumulation sums = {0};
	static const struct trace_gc records[] = {
	    {.cycle = 0, .heap_marked = 999, .goroutines = 3, .goroutines_live = UINT64_MAX},
	    {.cycle = 1, .heap_marked = 100, .heap_goal = 4000, .goroutines = 9, .goroutines_live = 5},
	    {.cycle = 2, .heap_marked = 300, .heap_goal = 5000, .goroutines = 4},
	    {.cycle = 2, .heap_marked = 300, .heap_goal = 5000, .goroutines = 4}, /* at the trace's end */
	};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		accumulate_gc(&sums, &records[i]);
	assert_int_equal(sums.gc.cycles, 2);
	assert_true(sums.gc.heap_marked == 200 && sums.gc.heap_goal == 4500);
	assert_int_equal(sums.gc.goroutines_max, 9);
	assert_int_equal(sums.gc.goroutines_live_max, 5);
	assert_int_equal(sums.gc.cycle_low, 0);
	assert_int_equal(sums.gc.cycle_high, 2);
	accumulate_free(&sums);
}

static void test_forced_cycles(void **state)
{
	struct gc_totals totals = {
	    .records = 2, .first = {.cycle = 1, .forced_cycles = 1}, .last = {.forced_cycles = 4}};

	(void)state;
	assert_true(gc_totals_forced(&totals) == 4); /* seen from the start: the first is the trace's own */
	totals.first.cycle = 7;
	assert_true(gc_totals_begin_late(&totals) && gc_totals_forced(&totals) == 3);
	totals.last.forced_cycles = UINT64_MAX;
	assert_true(isnan(gc_totals_forced(&totals)));
	totals = (struct gc_totals){0};
	assert_true(isnan(gc_totals_forced(&totals)));
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void test_ten_million(void **state)
{
	struct accumulation sums = {0};
	double began = cpu_seconds();
	uint64_t address = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000000; i++) {
		struct trace_sample sample = make_sample(i * 2654435761u % 5000, 4096, 0, i / 100000);

		if (i % 8 == 0) {
			sample.address = address = 0xc000000000u + (uint64_t)i * 16;
			sample.live_rate = 524288;
		}
		accumulate_sample(&sums, &sample, 64);
		if (i >= 80000 && i % 8 == 1) {
			struct trace_death death = {.address = address - 80000 * 16, .cycle = i / 100000};

			accumulate_death(&sums, &death);
		}
	}
	accumulate_finish(&sums, 5000, 0);
	print_message("10 M samples: %.2f s CPU\n", cpu_seconds() - began);
	assert_int_equal(sums.samples, 10000000);
	assert_int_equal(sums.unmatched_deaths, 0);
	assert_true(cpu_seconds() - began < 10);
	accumulate_free(&sums);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_totals),
	    cmocka_unit_test(test_lives),
	    cmocka_unit_test(test_records_out_of_order),
	    cmocka_unit_test(test_gc_means),
	    cmocka_unit_test(test_forced_cycles),
	    cmocka_unit_test(test_ten_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
