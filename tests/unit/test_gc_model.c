/* The GC's cost model: figures worked out by hand from its formula, signs, and the model's own error. */
#include "analyzer/gc_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MB    1e6
#define MIB_4 4194304.0

static struct gc_model_run middle_run(void)
{
	return (struct gc_model_run){.gogc = 100,
				     .heap_minimum = MIB_4,
				     .live = 20 * MB,
				     .goal = 42 * MB,
				     .roots = 1 * MB,
				     .allocated = 1000 * MB,
				     .sites_live = 18 * MB,
				     .sites_objects = 200000,
				     .sites_scan = 5 * MB,
				     .costs = {100000, 35, 0.6, 0.87, 0}};
}

static void assert_near(double got, double expected)
{
	if (fabs(got - expected) > 1e-9)
		print_error("%.12f, not %.12f\n", got, expected);
	assert_true(fabs(got - expected) <= 1e-9);
}

static double equal_memory(const struct gc_model_run *run, const struct gc_model_site *site)
{
	return gc_model_savings_at(run, site, NULL).of[GC_MODEL_CPU_EQUAL_MEMORY];
}

static void test_formula(void **state)
{
	static const struct {
		struct gc_model_site site;
		double saving, equal_memory;
	} cases[] = {
	    {{400 * MB, 0, 0, 0, 0, 0, NULL}, 0.4, 0.4},                                       /* garbage */
	    {{1 * MB, 8 * MB, 1000, 0, 0, 0, NULL}, -0.5461921070379254, 0.34354650894179295}, /* live buffers */
	    {{5 * MB, 6 * MB, 100000, 0, 0, 0, NULL}, 0.076861542439847, 0.5037263179281884},  /* a list */
	    {{1000 * MB, 18 * MB, 200000, 5 * MB, 0, 0, NULL}, 1, 1},                          /* everything */
	    {{0, 0, 0, 0, 0, 0, NULL}, 0, 0},
	};
	struct gc_model_run run = middle_run(), off = middle_run();

	(void)state;
	off.gogc = -1;
	off.memory_goal = off.goal;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_near(gc_model_saving(&run, &cases[i].site), cases[i].saving);
		assert_near(equal_memory(&run, &cases[i].site), cases[i].equal_memory);
		/* GOGC=off: only the limit starts cycles, and it is the peak that stays. */
		assert_near(gc_model_saving(&off, &cases[i].site), cases[i].equal_memory);
	}
}

/* Measured parts, of which roots and the rest go with the cycles. */
static void test_parts(void **state)
{
	struct gc_model_run run = middle_run();
	struct gc_model_site garbage = {400 * MB, 0, 0, 0, 0, 0, NULL}, writer = {400 * MB, 0, 0, 0, 0.25, 0, NULL};
	double cycles;

	(void)state;
	run.parts = (struct gc_model_parts){.heap = 1};
	cycles = 1 - gc_model_saving(&run, &garbage);
	assert_near(gc_model_saving(&run, &writer), 1 - cycles);
	run.parts = (struct gc_model_parts){.roots = 0.3, .rest = 0.7};
	assert_near(gc_model_saving(&run, &writer), 1 - cycles);
}

/* Where nothing floats, marking is short, and barriers go with it; else with the writes alone. */
static void test_barriers(void **state)
{
	struct gc_model_run brief = middle_run(), paced = middle_run();
	struct gc_model_site garbage = {400 * MB, 0, 0, 0, 0, 0, NULL}, writer = {400 * MB, 0, 0, 0, 0.25, 0, NULL};
	struct gc_model_setting wide = {.gogc = 400};

	(void)state;
	brief.sites_live = brief.live;
	brief.parts = paced.parts = (struct gc_model_parts){.heap = 0.6, .barriers = 0.4};
	assert_near(gc_model_saving(&brief, &garbage), 0.4);
	assert_near(gc_model_saving(&brief, &writer), 1 - 0.6 * (0.6 + 0.4 * 0.75));
	paced.sites_live = paced.live / 2;
	assert_near(gc_model_saving(&paced, &garbage), 0.6 * 0.4);
	assert_near(gc_model_saving(&paced, &writer), 0.6 * 0.4 + 0.4 * 0.25);
	/* With a longer runway marking takes no longer than before, so it is a smaller part of the time. */
	assert_true(gc_model_saving_at(&paced, &(struct gc_model_site){0}, &wide) > 0.7);
}

/* A cycle sweeps span by span, and a large object has one of its own. */
static void test_sweep(void **state)
{
	struct gc_model_site large = {400 * MB, 0, 0, 0, 0, 400, NULL}, small = {400 * MB, 0, 0, 0, 0, 48828, NULL};
	struct gc_model_run run = middle_run();
	double by_bytes;

	(void)state;
	run.parts = (struct gc_model_parts){.sweep = 1};
	by_bytes = gc_model_saving(&run, &small);
	assert_near(by_bytes, 0.4);
	assert_near(gc_model_saving(&run, &large), by_bytes);
	run.spans = 400 + 600 * MB / 8192;
	run.live_spans = 18 * MB / 8192;
	/* What lives is swept less often; of the garbage nearly as many spans as before. */
	assert_true(gc_model_saving(&run, &large) > 0.2 && gc_model_saving(&run, &large) < 0.25);
	assert_true(gc_model_saving(&run, &small) > 0.5);
	assert_near(gc_model_spans(16), 16 / 8192.0);
	assert_near(gc_model_spans(1 << 20), 1);
	assert_true(gc_model_spans(10240) > 0.125 && gc_model_spans(10240) < 1);
}

/* Garbage of the size of what lives makes the spans that are scanned more; garbage of another size does not. */
static void test_spans(void **state)
{
	struct gc_model_small small = {0}, other = {0};
	struct gc_model_site like = {400 * MB, 0, 0, 0, 0, 0, &small}, unlike = {400 * MB, 0, 0, 0, 0, 0, &other};
	struct gc_model_run run = middle_run();
	double alike, different;

	(void)state;
	run.parts = (struct gc_model_parts){.heap = 1};
	run.costs = (struct gc_model_costs){.object = 20, .span_byte = 0.25};
	run.small.live[8] = 10 * MB;
	run.small.scattered[8] = 500 * MB;
	run.small.scattered[6] = 450 * MB;
	small.scattered[8] = other.scattered[6] = 400 * MB;
	alike = gc_model_saving(&run, &like);
	different = gc_model_saving(&run, &unlike);
	assert_true(alike > different + 0.05);
	/* Where all objects of the size are gone, so are their spans. */
	run.small.live[6] = 8 * MB;
	other.live[6] = 8 * MB;
	assert_true(gc_model_saving(&run, &unlike) > different);
}

/* Pointer-free objects: small ones share spans, and take little time to mark; those of hundreds of bytes don't. */
static void test_free_weight(void **state)
{
	(void)state;
	assert_near(gc_model_free_weight(8), 0.35);
	assert_near(gc_model_free_weight(32), 0.35);
	assert_near(gc_model_free_weight(128), 0.7);
	assert_near(gc_model_free_weight(1 << 20), 2);
}

/* As much dearer as so much is scattered, in a large heap, and by Green Tea alone. */
static void test_scattered_weight(void **state)
{
	struct gc_model_run run = middle_run();

	(void)state;
	run.live = 400 * MB;
	assert_near(gc_model_scattered_weight(&run, 1, false), 1);
	run.costs.span_byte = 0.2;
	assert_near(gc_model_scattered_weight(&run, 0, false), 1);
	assert_near(gc_model_scattered_weight(&run, 1, false), 3);
	assert_near(gc_model_scattered_weight(&run, 0.5, true), 1.5);
	run.live = 10 * MB;
	assert_near(gc_model_scattered_weight(&run, 1, false), 1.5);
}

static void test_heap_minimum(void **state)
{
	struct gc_model_run run = {.gogc = 100,
				   .heap_minimum = MIB_4,
				   .live = 1 * MB,
				   .goal = MIB_4,
				   .roots = 0.1 * MB,
				   .allocated = 100 * MB,
				   .sites_live = 0.9 * MB,
				   .sites_objects = 5000,
				   .costs = {100000, 35, 0.6, 0.87, 0}};
	struct gc_model_site site = {30 * MB, 0.4 * MB, 4000, 0, 0, 0, NULL};

	(void)state;
	assert_near(gc_model_saving(&run, &site), 0.6251628028559363);
	assert_near(equal_memory(&run, &site), 0.6251628028559363);
}

static void test_older_live_is_not_floating(void **state)
{
	struct gc_model_run run = middle_run();
	struct gc_model_site site = {100 * MB, 0, 0, 0, 0, 0, NULL};

	(void)state;
	run.sites_live = 4 * MB;
	run.older_live = 16 * MB;
	/* No floating garbage at all: bytes alone count. */
	assert_near(gc_model_saving(&run, &site), 0.1);
}

/*
 * What the program asks for it gets, whatever it allocates. X bytes apart in the mean, at random, with the pacer's way
 * H there are 1/(1 − e^(−H/X)) cycles for each of them.
 */
static void test_forced(void **state)
{
	const struct gc_model_site garbage = {400 * MB, 0, 0, 0, 0, 0, NULL},
				   list = {5 * MB, 6 * MB, 100000, 0, 0, 0, NULL};
	const struct gc_model_site all = {1000 * MB, 18 * MB, 200000, 5 * MB, 0, 0, NULL};
	const struct gc_model_setting off = {-1, 0}, low = {5, 0};
	struct gc_model_run run = middle_run(), forced = middle_run();
	double way = 209 * MB / 10,
	       mixed = 1 - expm1(-1) / expm1(-1 / 0.6); /* H: all but the list leaves it as it is */

	(void)state;
	forced.forced_every = 1e18; /* as good as never */
	assert_true(fabs(gc_model_saving(&forced, &list) - gc_model_saving(&run, &list)) < 1e-6);
	forced.forced_every = way;
	assert_near(gc_model_savings_at(&forced, &garbage, NULL).of[GC_MODEL_CYCLES], mixed);
	assert_near(gc_model_savings_at(&forced, &all, NULL).of[GC_MODEL_CYCLES], 1 + expm1(-1));
	assert_true(gc_model_saving(&forced, &all) > 1 + expm1(-1) && gc_model_saving(&forced, &all) < 1);
	assert_near(gc_model_savings_at(&forced, &(struct gc_model_site){0}, &off).of[GC_MODEL_CYCLES], 1 + expm1(-1));
	assert_true(gc_model_saving_at(&forced, &list, &off) > gc_model_saving_at(&forced, &garbage, &off) + 0.05);
	forced.forced_every = 1 * MB; /* so often that no other comes */
	assert_true(fabs(gc_model_savings_at(&forced, &garbage, NULL).of[GC_MODEL_CYCLES]) < 1e-6);
	assert_true(fabs(gc_model_saving(&forced, &garbage)) < 1e-6);
	assert_true(gc_model_saving(&forced, &list) > gc_model_saving(&run, &list));
	/* Where the goal comes down to less than that, others do. */
	forced.heap_minimum = 0;
	assert_true(gc_model_savings_at(&forced, &garbage, &low).of[GC_MODEL_CYCLES] < 0);
	forced.gogc = -1; /* and without any goal none */
	assert_near(gc_model_savings_at(&forced, &all, NULL).of[GC_MODEL_CYCLES], 0);
	assert_true(isfinite(gc_model_goal_at(&forced, &list, NULL)) &&
		    isfinite(gc_model_goal_at(&forced, &all, NULL)));
}

/* What is wrong of the model: four tenths of what the site does, 12 points at most, in each figure. */
static void test_errors(void **state)
{
	struct gc_model_run run = middle_run();
	struct gc_model_site site = {50 * MB, 0, 0, 0, 0, 0, NULL}, large = {600 * MB, 2 * MB, 20000, 0, 0, 0, NULL};
	struct gc_model_savings savings = gc_model_savings_at(&run, &site, NULL);
	struct gc_model_savings errors = gc_model_errors(&run, &site, NULL, &savings);

	(void)state;
	for (int i = 0; i < GC_MODEL_FIGURES; i++) {
		assert_near(savings.of[i], 0.05);
		assert_near(errors.of[i], 1.96 * (0.4 * 0.05 + 0.02));
	}
	savings = gc_model_savings_at(&run, &large, NULL);
	errors = gc_model_errors(&run, &large, NULL, &savings);
	for (int i = 0; i < GC_MODEL_FIGURES; i++)
		assert_near(errors.of[i], 1.96 * 0.12);
}

/* Cycles go by bytes and the goal alone; assists by the marking that is left; pauses as cycles do. */
static void test_figures(void **state)
{
	struct gc_model_run run = middle_run();
	struct gc_model_site garbage = {400 * MB, 0, 0, 0, 0, 0, NULL}, buffers = {1 * MB, 8 * MB, 1000, 0, 0, 0, NULL},
			     list = {5 * MB, 0, 100000, 0, 0, 0, NULL};
	struct gc_model_setting setting = {.gogc = 200};
	struct gc_model_savings savings;

	(void)state;
	run.parts = (struct gc_model_parts){.rest = 0.1, .roots = 0.2, .heap = 0.4, .barriers = 0.2, .sweep = 0.1};
	savings = gc_model_savings_at(&run, &garbage, NULL);
	assert_near(savings.of[GC_MODEL_CYCLES], 0.4);
	assert_near(savings.of[GC_MODEL_ASSISTS], 0.4);
	assert_near(savings.of[GC_MODEL_CPU], gc_model_saving(&run, &garbage));
	/* As in test_formula, where all but the heap's marking goes with the cycles. */
	savings = gc_model_savings_at(&run, &buffers, NULL);
	assert_true(savings.of[GC_MODEL_CYCLES] < -0.6 && savings.of[GC_MODEL_ASSISTS] < -0.3);
	assert_true(savings.of[GC_MODEL_ASSISTS] > savings.of[GC_MODEL_CYCLES]);
	assert_true(savings.of[GC_MODEL_CPU_EQUAL_MEMORY] > 0.2);
	/* As often, but half of the objects less to mark. */
	savings = gc_model_savings_at(&run, &list, NULL);
	assert_near(savings.of[GC_MODEL_CYCLES], 0.005);
	assert_true(savings.of[GC_MODEL_ASSISTS] > 0.2 && savings.of[GC_MODEL_ASSISTS] < 0.3);
	savings = gc_model_savings_at(&run, &garbage, &setting);
	assert_true(isnan(savings.of[GC_MODEL_CPU_EQUAL_MEMORY]) && savings.of[GC_MODEL_CYCLES] > 0.6);
}

static void test_constants(void **state)
{
	static const struct {
		const char *version;
		double cycle;
	} cases[] = {
	    {"go1.26.8", 100000}, {"go1.27", 100000}, {"go1.25.14", 70000}, {"go1.18", 70000},
	    {"go2.1", 100000},    {"", 100000},       {NULL, 100000},       {"devel", 100000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(gc_model_costs_for(cases[i].version).cycle == cases[i].cycle);
}

static void test_alloc_seconds(void **state)
{
	static const struct {
		double size, ns;
	} cases[] = {{1, 10}, {8, 10}, {12, 12}, {16, 14}, {64, 29}, {512, 100}, {1024, 144}, {11024, 1144}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_near(gc_model_alloc_seconds(1e9, cases[i].size), 2 * cases[i].ns);
}

/* Nothing floats and no roots: the way to the goal is GOGC's share of what is alive. */
static void test_settings(void **state)
{
	static const struct gc_model_run run = {.gogc = 100,
						.live = 50e6,
						.goal = 100e6,
						.sites_live = 50e6,
						.allocated = 1e9,
						.sites_objects = 1e6,
						.costs = {1e5, 35, 0, 0}};
	static const struct gc_model_site nothing = {0}, half = {.allocated = 5e8};
	struct gc_model_setting setting = {.gogc = 200};
	struct gc_model_savings savings;

	(void)state;
	assert_near(gc_model_saving_at(&run, &nothing, NULL), 0);
	assert_near(gc_model_goal_at(&run, &nothing, NULL), 100e6);
	assert_near(gc_model_saving_at(&run, &nothing, &setting), 0.5);
	assert_near(gc_model_goal_at(&run, &nothing, &setting), 150e6);
	assert_near(gc_model_saving_at(&run, &half, &setting), 0.75);
	savings = gc_model_savings_at(&run, &nothing, &setting);
	assert_near(savings.of[GC_MODEL_CYCLES], 0.5);
	assert_near(gc_model_errors(&run, &nothing, &setting, &savings).of[GC_MODEL_CPU], 1.96 * 0.2 * 0.5);
	setting.gogc = 50;
	assert_near(gc_model_saving_at(&run, &nothing, &setting), -1);
	assert_near(gc_model_goal_at(&run, &nothing, &setting), 75e6);
	/* a limit that is nearer than GOGC's goal, and one alone */
	setting = (struct gc_model_setting){.gogc = 400, .memory_goal = 90e6};
	assert_near(gc_model_saving_at(&run, &nothing, &setting), -0.25);
	setting.gogc = -1;
	assert_near(gc_model_saving_at(&run, &nothing, &setting), -0.25);
}

/* The error of a setting goes with what it changes, however much; what is removed besides has its own. */
static void test_setting_errors(void **state)
{
	struct gc_model_run run = middle_run();
	struct gc_model_site nothing = {0}, half = {500 * MB, 0, 0, 0, 0, 0, NULL};
	struct gc_model_setting setting = {.gogc = 100};
	struct gc_model_savings savings, errors;
	double before = -1;

	(void)state;
	run.sites_live = run.live; /* nothing floats */
	for (int gogc = 99; gogc >= 5; gogc -= 2) {
		setting.gogc = gogc;
		savings = gc_model_savings_at(&run, &nothing, &setting);
		errors = gc_model_errors(&run, &nothing, &setting, &savings);
		assert_near(errors.of[GC_MODEL_CPU], 1.96 * 0.2 * -savings.of[GC_MODEL_CPU]);
		assert_near(errors.of[GC_MODEL_CYCLES], 1.96 * 0.2 * -savings.of[GC_MODEL_CYCLES]);
		assert_true(errors.of[GC_MODEL_CPU] > before);
		before = errors.of[GC_MODEL_CPU];
	}
	assert_true(savings.of[GC_MODEL_CPU] < -10 && before > 4);
	/* Of twice the GC, twice the points of a removal; and half of the setting's, as half is removed. */
	setting.gogc = 50;
	savings = gc_model_savings_at(&run, &half, &setting);
	errors = gc_model_errors(&run, &half, &setting, &savings);
	assert_near(savings.of[GC_MODEL_CYCLES], 0);
	assert_near(errors.of[GC_MODEL_CYCLES], 1.96 * hypot(2 * 0.12, 0.5 * 0.2 * 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_formula),      cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_barriers),     cmocka_unit_test(test_sweep),
	    cmocka_unit_test(test_spans),        cmocka_unit_test(test_free_weight),
	    cmocka_unit_test(test_heap_minimum), cmocka_unit_test(test_older_live_is_not_floating),
	    cmocka_unit_test(test_forced),       cmocka_unit_test(test_scattered_weight),
	    cmocka_unit_test(test_errors),       cmocka_unit_test(test_figures),
	    cmocka_unit_test(test_constants),    cmocka_unit_test(test_alloc_seconds),
	    cmocka_unit_test(test_settings),     cmocka_unit_test(test_setting_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
