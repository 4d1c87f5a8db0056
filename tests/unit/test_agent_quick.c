/*
 * The agent's quick way for what is usual against the long one: the agent's code as it lies in a target, and its C
 * compiled into this test, which has no quick way, are given the same samples. Both must count, record, pass on and
 * draw the same.
 */
#include "tests/unit/agent_fixture.h"

#include "collector/agent/agent.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM    (128 << 20) /* for the region of any machine with rings of that size: */
#define RING    (1 << 20)
#define SAMPLES 400000
#define DEPTH   40 /* of stacks, usually */
#define DEEP    240

/* Where the agent's code looks for its control block: the linker's script puts it there else. */
__asm__(".bss\n.balign 4096\n.globl agent_control_block\nagent_control_block: .skip 134217728\n.previous\n");
extern uint8_t agent_control_block[];

/* What it takes for the word that is 0 in a forked child. */
extern uint32_t agent_here;
uint32_t agent_here = 1;

/* Both of them, and what they are given. */
static struct {
	struct region quick, plain;
	struct agent_entries entries;
	uint64_t code;
	struct made_processor processor;
	struct made_g other; /* a second goroutine on the same stack */
	int64_t own_rate;
	uint64_t numgc;
	uint32_t least, most;         /* frames */
	uint32_t depth, at[DEEP + 1]; /* words of the frames, the outermost first */
} world;

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % below;
}

static void arm(struct region *region)
{
	made_plan(&region->control->plan, &world.own_rate, &world.numgc);
	region->control->plan.figures_ticks = region->control->heartbeat_ticks = UINT64_MAX >> 2;
}

static int set_up(void **state)
{
	uint32_t i;

	(void)state;
	random_state = 1;
	made_processor_init(&world.processor, 0);
	world.other = world.processor.g;
	world.other.gopc += 0x40;
	world.processor.g0.low = world.processor.g.low;
	world.processor.g0.high = world.processor.g.high;
	world.own_rate = 524288;
	world.numgc = world.depth = 0;
	world.least = 4;
	world.most = DEPTH;
	region_plan(&world.quick, 1, RING);
	region_plan(&world.plain, 1, RING);
	assert_true(world.plain.size <= ROOM);
	world.code = made_place_agent(&world.quick, &world.entries);
	assert_int_equal(region_map(&world.plain, memfd_create("test", MFD_CLOEXEC), NULL), STATUS_OK);
	assert_ptr_equal(mmap(agent_control_block, world.plain.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			      world.plain.fd, 0),
			 agent_control_block);
	world.plain.control->enabled = 1;
	arm(&world.quick);
	arm(&world.plain);
	for (i = 0; i < AGENT_PROCESSORS; i++)
		world.plain.control->processors[i].random = world.quick.control->processors[i].random;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	made_remove(world.code, &world.quick);
	region_close(&world.plain);
	return 0;
}

/* What a frame at DEPTH returns to: mostly the same, so that the same stacks come again. */
static uint64_t draw_pc(uint32_t depth)
{
	if (!draw(5000))
		return 0; /* a walk ends there */
	return 0x400000 + 64 * depth + (draw(20) ? 0 : 16 * draw(3));
}

/* Frames go and come. */
static void move_stack(void)
{
	if (world.depth && !draw(50))
		world.depth = (uint32_t)draw(4);
	else if (world.depth > 1 && draw(3))
		world.depth -= 1 + (uint32_t)draw(world.depth < 6 ? world.depth - 1 : 5);
	while (world.depth < world.least || (world.depth < world.most && draw(4))) {
		uint32_t outer = world.depth ? world.at[world.depth - 1] : MADE_STACK_WORDS;
		uint32_t end = outer - (draw(10) ? 0 : 2 * (uint32_t)draw(4));

		world.at[world.depth] = made_push(&world.processor, end, outer, draw_pc(world.depth));
		world.depth++;
	}
	if (!draw(20)) {
		uint32_t frame = (uint32_t)draw(draw(2) ? world.depth : 5) % world.depth;

		world.processor.stack[world.at[frame] + 1] = draw_pc(frame); /* far out, while all inside it stays */
	}
}

/* What may differ from one sample to the next. */
static void change_world(void)
{
	static const int64_t rates[] = {1, 4096, 524288, 524288, 1ll << 40};
	static const uint64_t means[] = {1, 1, 1, 100, 512, 3000, 4096};

	if (!draw(4000))
		world.own_rate = rates[draw(5)];
	if (!draw(5000))
		world.numgc++;
	if (!draw(3000))
		world.quick.control->rate = world.plain.control->rate = means[draw(7)];
	if (!draw(200))
		world.processor.m.curg = made_address(
		    world.processor.m.curg == made_address(&world.other) ? &world.processor.g : &world.other);
	world.processor.g.low = world.other.low =
	    made_address(&world.processor.stack[draw(300) ? 0 : MADE_STACK_WORDS - 64]);
	world.processor.g.high = world.other.high =
	    made_address(&world.processor.stack[draw(300) ? MADE_STACK_WORDS : MADE_STACK_WORDS - MADE_FRAME_WORDS]);
}

static void take_records(struct region *region)
{
	uint32_t i;

	for (i = 0; i < region->nshards; i++)
		region_shard(region, i)->tail = region_shard(region, i)->head;
}

static uint64_t counts_of(const struct region *region)
{
	const struct agent_tally *tally = region_tally(region, 0);
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < tally->used; i++)
		sum += tally->slots[tally->order[i]].count;
	return sum;
}

/* A frame pointer that leads astray, seldom: *WORD is where, and what stood there is returned. */
static uint64_t lead_astray(uint64_t **word)
{
	uint32_t frame = world.at[world.depth - 1 - (uint32_t)draw(world.depth < 8 ? world.depth : 8)];
	const uint64_t wrong[] = {0,
				  made_address(&world.processor.stack[frame]),
				  made_address(&world.processor.stack[world.at[world.depth - 1]]),
				  made_address(&world.processor.stack[frame]) - 8,
				  made_address(&world.processor.stack[frame]) + 20,
				  made_address(&world.processor.stack[world.at[draw(world.depth)]]),
				  made_address(&world.processor.stack[MADE_STACK_WORDS]),
				  made_address(&world.processor.p),
				  0x1234567890,
				  UINT64_MAX - 7};
	uint64_t before;

	*word = &world.processor.stack[frame];
	before = **word;
	if (!draw(300))
		**word = wrong[draw(sizeof(wrong) / sizeof(wrong[0]))];
	return before;
}

/* One allocation, by both. */
static void allocate(uint64_t number)
{
	static const uint64_t types[] = {0, 0x500000, 0x512340, 0x600000, 0x4fffff};
	uint64_t object = 0xc000000000 + 16 * number, size = 16 << (draw(30) ? 0 : draw(5)), passed = made_passed_on;
	uint64_t g = draw(500) ? world.processor.m.curg : world.processor.m.g0;
	uint64_t frame = made_address(&world.processor.stack[world.at[world.depth - 1]]);
	uint64_t *word, before;
	int64_t quick;
	bool pass;

	made_arguments(&world.processor, world.at[world.depth - 1], draw(50) ? size - draw(4) : 3 * size,
		       types[draw(30) ? 1 : draw(5)]);
	before = lead_astray(&word);
	made_call(world.code + world.entries.malloc_entry, object, size, frame, g);
	passed = made_passed_on - passed;
	quick = world.processor.next_sample;
	assert_int_equal(world.processor.m.vdso_sp, 0);
	pass = agent_malloc(object, size, g, frame);
	*word = before;
	if (pass) {
		const struct made_registers same = {world.code + world.entries.malloc_entry, object, size, g, frame, 0};

		assert_memory_equal(&made_registers, &same, sizeof(same));
	}
	assert_int_equal(passed, pass);
	assert_int_equal(quick, world.processor.next_sample);
	assert_int_equal(world.quick.control->last_numgc, world.plain.control->last_numgc);
}

static void assert_same(void)
{
	const struct agent_tally *quick = region_tally(&world.quick, 0), *plain = region_tally(&world.plain, 0);
	uint32_t i;

	assert_memory_equal(&world.quick.control->processors[0], &world.plain.control->processors[0],
			    offsetof(struct agent_processor, spent));
	assert_int_equal(quick->used, plain->used);
	assert_memory_equal(quick->order, plain->order, sizeof(quick->order));
	assert_memory_equal(quick->slots, plain->slots, sizeof(quick->slots));
	for (i = 0; i < world.quick.nshards; i++)
		assert_int_equal(region_shard(&world.quick, i)->head, region_shard(&world.plain, i)->head);
}

static void do_both(uint64_t samples)
{
	uint64_t i;

	for (i = 0; i < samples; i++) {
		if (!world.depth || !draw(3))
			move_stack();
		change_world();
		allocate(i);
		if (i % 1000 == 0) {
			take_records(&world.quick);
			take_records(&world.plain);
			assert_same();
		}
	}
	assert_same();
	print_message("%lu of %lu counted, %lu passed on\n", counts_of(&world.quick), samples, made_passed_on);
	assert_true(made_passed_on > 100);
}

static void test_both_do_the_same(void **state)
{
	(void)state;
	do_both(SAMPLES);
	assert_true(counts_of(&world.quick) > SAMPLES / 5);
}

/* Recursion, up to more frames than are recorded. */
static void test_both_do_the_same_deep_down(void **state)
{
	(void)state;
	world.least = AGENT_CHAIN_MAX - 4;
	world.most = DEEP;
	do_both(SAMPLES / 4);
	assert_true(counts_of(&world.quick) > SAMPLES / 100);
}

/* So few frames that what mallocgc was asked for stands in none of them. */
static void test_both_do_the_same_at_the_top(void **state)
{
	(void)state;
	world.least = 1;
	world.most = 6;
	do_both(SAMPLES / 4);
	assert_true(counts_of(&world.quick) > SAMPLES / 100);
}

/* With a plan by which the long way would not come back, all of many samples are counted. */
static void test_the_quick_way_is_taken(void **state)
{
	struct agent_chain *chain = (struct agent_chain *)&region_tally(&world.quick, 0)->chain;
	const uint64_t made = 64 * 1000;
	uint64_t i, before;
	uint32_t count;

	(void)state;
	world.own_rate = 1ll << 40;
	world.least = 30;
	move_stack();
	for (i = 0; i < 64; i++)
		made_call(world.code + world.entries.malloc_entry, 0xc000000000, 64,
			  made_address(&world.processor.stack[world.at[world.depth - 1]]), world.processor.m.curg);
	before = counts_of(&world.quick);
	world.quick.control->plan.m_g0 = 0x7fffffff; /* which the long way alone looks for */
	count = chain->count;
	assert_int_equal(count, world.depth - AGENT_CHAIN_LEFT);
	chain->count -= 10; /* as if it were another walk's, and it did not pay for long */
	chain->paid = AGENT_CHAIN_PAID;
	for (i = 0; i < made; i++) {
		if (!(world.quick.control->processors[0].random & AGENT_TURN_BITS))
			world.quick.control->processors[0].random += AGENT_WEYL;
		made_call(world.code + world.entries.malloc_entry, 0xc000000000, 64,
			  made_address(&world.processor.stack[world.at[world.depth - 1]]), world.processor.m.curg);
	}
	assert_int_equal(counts_of(&world.quick) - before, made);
	assert_int_equal(chain->count, count); /* kept again on the quick way */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_both_do_the_same, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_both_do_the_same_deep_down, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_both_do_the_same_at_the_top, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_the_quick_way_is_taken, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
