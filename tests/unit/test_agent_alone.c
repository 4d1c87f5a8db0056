/*
 * The agent's own code when its collector is gone: how many samples a P takes until it knows, that nothing is written
 * from then on, that its intervals are the quiet ones, and that the program's own profile gets what is its own.
 */
#include "tests/unit/agent_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#define RING       (1 << 20)
#define FRAMES     8
#define CONTEXTS   50
#define SIZE       64
#define PROCESSORS 2
#define QUIET      2000 /* samples of a P that knows */
#define PHASES     128  /* states of the bits by which a sample has the turn to look at the clock */

/*
 * Samples up to the one that looks. At a mean of 1 a sample takes one random number; the two turns in 128 of those are
 * not quite as far from each other as from those of the next 128. Else it takes two.
 */
#define TURN_AT_ONE (AGENT_LOOK_EVERY + 3)
#define TURN_FINE   AGENT_LOOK_EVERY
#define TURN_COARSE 1

/* A program by its profile, a mean of ours, and what becomes of both. */
struct program {
	int64_t own; /* MemProfileRate */
	uint32_t switched_on, rate_one_is_all;
	uint64_t rate;
	uint32_t mean, quiet; /* that intervals are drawn with: with a collector, without */
	uint32_t turn, quiet_turn;
	bool passes; /* without a collector: the program's own profile gets every sample; else none */
};

static const struct program programs[] = {
    {524288, 0, 0, 1, 1, 524288, TURN_AT_ONE, TURN_COARSE, true},
    {524288, 0, 0, 512, 512, 524288, TURN_FINE, TURN_COARSE, true},
    {524288, 0, 0, 4095, 4095, 524288, TURN_FINE, TURN_COARSE, true},
    {524288, 0, 0, 4096, 4096, 524288, TURN_COARSE, TURN_COARSE, true},
    {524288, 0, 0, 65536, 65536, 524288, TURN_COARSE, TURN_COARSE, true},
    {512, 0, 0, 512, 512, 512, TURN_FINE, TURN_FINE, true}, /* finer than agent_quick.S needs, and not for us */
    {512, 0, 0, 4096, 512, 512, TURN_FINE, TURN_FINE, true},
    {1ll << 40, 0, 0, 1, 1, AGENT_RATE_MAX, TURN_AT_ONE, TURN_COARSE, false},
    {0, 0, 0, 1, 1, AGENT_RATE_MAX, TURN_AT_ONE, TURN_COARSE, false},
    {0, 0, 0, 4096, 4096, AGENT_RATE_MAX, TURN_COARSE, TURN_COARSE, false},
    {65536, 1, 0, 1, 1, AGENT_RATE_MAX, TURN_AT_ONE, TURN_COARSE, false},
    {65536, 1, 0, 4096, 4096, AGENT_RATE_MAX, TURN_COARSE, TURN_COARSE, false},
    {1, 0, 1, 1, 1, AGENT_RATE_MAX, TURN_AT_ONE, TURN_COARSE, true},
    {1, 0, 1, 4096, 4096, AGENT_RATE_MAX, TURN_COARSE, TURN_COARSE, true},
};

static struct {
	const struct program *program;
	struct region region;
	struct agent_entries entries;
	uint64_t code;
	struct made_processor processors[PROCESSORS];
	uint32_t outer; /* word of the frame that every stack has its own one in */
	int64_t own;
	uint64_t numgc, number;
} world;

static struct agent_processor *state_of(uint32_t id)
{
	return &world.region.control->processors[id];
}

/* However long a test takes on a machine that has other work. */
static void let_collector_live(void)
{
	world.region.control->heartbeat = region_ticks() + (UINT64_MAX >> 2);
}

static void let_collector_be_gone(void)
{
	world.region.control->heartbeat = region_ticks() - world.region.control->heartbeat_ticks - 1;
}

static void begin(const struct program *program)
{
	struct agent_plan *plan;
	uint32_t id, i;

	world.program = program;
	world.own = program->own;
	world.numgc = world.number = 0;
	region_plan(&world.region, program->rate, RING);
	world.code = made_place_agent(&world.region, &world.entries);
	plan = &world.region.control->plan;
	made_plan(plan, &world.own, &world.numgc);
	plan->switched_on = program->switched_on;
	plan->rate_one_is_all = program->rate_one_is_all;
	for (id = 0; id < PROCESSORS; id++) {
		made_processor_init(&world.processors[id], id);
		state_of(id)->random = 4711 * id;
		world.outer = MADE_STACK_WORDS;
		for (i = 0; i < FRAMES; i++)
			world.outer = made_push(&world.processors[id], world.outer, world.outer, 0x400000 + 16 * i);
	}
	let_collector_live();
}

static void end(void)
{
	made_remove(world.code, &world.region);
}

/* All that samples and deaths leave anywhere, added up: each part only grows. */
static uint64_t written(void)
{
	const struct agent_control *control = world.region.control;
	uint64_t sum = control->contended + control->contended_deaths;
	uint32_t i, k;

	for (i = 0; i < world.region.nshards; i++) {
		struct agent_shard *shard = region_shard(&world.region, i);

		sum += shard->head + shard->lost_samples + shard->lost_deaths + shard->throttled;
		shard->tail = shard->head;
	}
	for (i = 0; i < world.region.ntallies; i++) {
		const struct agent_tally *tally = region_tally(&world.region, i);

		sum += tally->used;
		for (k = 0; k < tally->used; k++)
			sum += tally->slots[tally->order[k]].count;
	}
	return sum;
}

/* A sample of the P with the number ID, from one of CONTEXTS places. Returns whether it was passed on. */
static bool allocate(uint32_t id)
{
	struct made_processor *processor = &world.processors[id];
	uint64_t passed = made_passed_on, pc = 0x401000 + 16 * (world.number++ % CONTEXTS);
	uint32_t at = made_push(processor, world.outer, world.outer, pc);

	if (world.program->rate_one_is_all)
		state_of(id)->countdown = 0; /* its interval is over, as that of a sample always is */
	made_call(world.code + world.entries.malloc_entry, 0xc000000000 + 64 * world.number, SIZE,
		  made_address(&processor->stack[at]), made_address(&processor->g));
	return made_passed_on > passed;
}

/* The death of an object that the P with the number ID finds. */
static void free_object(uint32_t id)
{
	const struct made_special special = {4};
	uint64_t passed = made_passed_on;

	made_free(world.code + world.entries.free_entry, made_address(&special), 0xc000000000,
		  made_address(&world.processors[id].g));
	assert_int_equal(made_passed_on, passed + 1);
}

/* Samples of the P with the number ID until it knows whether it is ALONE; at most LIMIT. Returns how many. */
static uint32_t allocate_until(uint32_t id, bool alone, uint32_t limit)
{
	uint32_t count = 0;

	do {
		allocate(id);
		count++;
	} while (state_of(id)->alone != alone && count < limit);
	assert_int_equal(state_of(id)->alone, alone);
	return count;
}

/* The collector lives, and the P with the number ID knows it. */
static void settle(uint32_t id)
{
	let_collector_live();
	allocate_until(id, false, world.program->quiet_turn);
	assert_int_equal(state_of(id)->mean, world.program->mean);
}

/* Wherever a P is between two looks when the collector goes, it knows as soon as is said, and each by itself. */
static void test_known_in_time(void **state)
{
	uint32_t latest, phase, id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		begin(&programs[i]);
		latest = 0;
		for (phase = 0; phase < PHASES; phase++) {
			id = phase % PROCESSORS;
			settle(id);
			state_of(id)->random = state_of(id)->random / PHASES * PHASES + phase;
			let_collector_be_gone();
			uint32_t count = allocate_until(id, true, programs[i].turn);
			uint64_t before = written();

			latest = count > latest ? count : latest;
			assert_int_equal(state_of(id)->mean, programs[i].quiet);
			allocate(id);
			assert_int_equal(written(), before);
		}
		print_message("rate %lu, MemProfileRate %ld: after %u samples at most\n", programs[i].rate,
			      programs[i].own, latest);
		end();
	}
}

/* QUIET samples of each P, with cycles ending and objects dying, leave nothing behind. */
static void expect_quiet(const struct program *program)
{
	uint64_t before = written();
	double sum = 0;
	uint32_t id, i;
	bool passed;

	for (i = 0; i < QUIET; i++) {
		world.numgc += i % 20 == 0;
		for (id = 0; id < PROCESSORS; id++) {
			passed = allocate(id);
			if (program->own <= AGENT_RATE_MAX)
				assert_int_equal(passed, program->passes);
			assert_int_equal(state_of(id)->mean, program->quiet);
			sum += (double)world.processors[id].next_sample;
			free_object(id);
		}
	}
	assert_int_equal(written(), before);
	assert_true(sum > 0.9 * program->quiet * QUIET * PROCESSORS);
	assert_true(sum < 1.1 * program->quiet * QUIET * PROCESSORS);
}

/* While it lives all is recorded; when it is gone nothing is; when it has only been late all is again. */
static void test_quiet(void **state)
{
	uint32_t id, n;
	uint64_t before;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		begin(&programs[i]);
		for (k = 0; k < 3; k++) {
			for (id = 0; id < PROCESSORS; id++) {
				settle(id);
				for (before = written(), n = 0; n < CONTEXTS; n++)
					allocate(id);
				assert_true(written() > before);
			}
			let_collector_be_gone();
			for (id = 0; id < PROCESSORS; id++)
				allocate_until(id, true, programs[i].turn);
			expect_quiet(&programs[i]);
		}
		end();
	}
}

/* Nobody waits for a turn with a death. */
static void test_deaths(void **state)
{
	uint64_t before;

	(void)state;
	begin(&programs[0]);
	before = written();
	free_object(0);
	assert_int_equal(written(), before + sizeof(struct agent_death));
	let_collector_be_gone();
	before = written();
	free_object(0);
	assert_int_equal(written(), before);
	let_collector_live();
	free_object(0);
	assert_int_equal(written(), before + sizeof(struct agent_death));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_in_time),
	    cmocka_unit_test(test_quiet),
	    cmocka_unit_test(test_deaths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
