/*
 * The walk that reuses a P's last one against the plain walk, on stacks made up here: calls and returns at random,
 * recursion, stacks that move, other goroutines on the same addresses, chains that lead nowhere.
 */
#include "collector/agent/agent_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STACK_WORDS 2048

/* A goroutine as the runtime lays it out: its stack's bounds first. */
struct goroutine {
	uint64_t low, high;
	uint64_t words[STACK_WORDS];
};

static struct agent_chain chain;
static uint64_t random_state = 1;

static uint64_t draw(uint64_t below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % below;
}

static uint64_t address_of(const void *object)
{
	return (uint64_t)(uintptr_t)object;
}

static void goroutine_init(struct goroutine *goroutine)
{
	goroutine->low = address_of(goroutine->words);
	goroutine->high = address_of(goroutine->words + STACK_WORDS);
}

/* A stack that grows down from the end of a goroutine: FRAMES[0] is the outermost. */
struct stack {
	struct goroutine *goroutine;
	uint32_t depth;
	uint32_t at[AGENT_MAX_FRAMES * 2]; /* words */
};

static void push(struct stack *stack, uint64_t pc)
{
	uint32_t top = stack->depth ? stack->at[stack->depth - 1] : STACK_WORDS, words = 2 + 2 * (uint32_t)draw(3);
	uint64_t *frame = &stack->goroutine->words[top - words];

	frame[0] = stack->depth ? address_of(&stack->goroutine->words[top]) : 0;
	frame[1] = pc;
	stack->at[stack->depth++] = top - words;
}

static struct agent_start start_of(const struct stack *stack)
{
	uint64_t g = address_of(stack->goroutine);

	return (struct agent_start){
	    .g = g, .curg = g, .frame = address_of(&stack->goroutine->words[stack->at[stack->depth - 1]])};
}

/* Both walks of what START stands for agree. Returns the depth. */
static uint32_t check_agree(const struct agent_start *start)
{
	uint64_t seed = draw(UINT64_MAX), plain = seed, again = seed, frames[AGENT_MAX_FRAMES];
	uint32_t depth = agent_walk(start, frames, &plain);

	assert_int_equal(agent_walk_again(start, &chain, &again), depth);
	assert_true(plain == again);
	return depth;
}

static int clear_chain(void **state)
{
	(void)state;
	memset(&chain, 0, sizeof(chain));
	return 0;
}

/* Few distinct addresses and pcs, so that the same frames come back with other contents. */
static void test_calls_and_returns(void **state)
{
	static struct goroutine goroutine;
	struct stack stack = {.goroutine = &goroutine};
	uint64_t reused = 0;
	int i;

	(void)state;
	goroutine_init(&goroutine);
	for (i = 0; i < 300000; i++) {
		if (stack.depth > 1 && draw(2))
			stack.depth -= 1 + (uint32_t)draw(stack.depth < 4 ? stack.depth - 1 : 3);
		else if (draw(1000) == 0)
			stack.depth = 0;
		while (!stack.depth || (stack.depth < 60 && draw(2)))
			push(&stack, 0x400000 + 16 * draw(3));
		struct agent_start start = start_of(&stack);
		assert_int_equal(check_agree(&start), stack.depth);
		reused += chain.count >= stack.depth;
	}
	assert_true(reused > 1000); /* the kept walk was there to be used */
}

/* Fill STACK with DEPTH frames and walk them, to be kept. Returns where the walk began. */
static struct agent_start keep_walk(struct stack *stack, uint32_t depth)
{
	struct agent_start start;
	uint32_t i;

	goroutine_init(stack->goroutine);
	for (i = 0; i < depth; i++)
		push(stack, 0x400000 + (uint64_t)i);
	start = start_of(stack);
	check_agree(&start);
	return start;
}

static void test_kept_frames_are_used(void **state)
{
	static struct goroutine goroutine;
	struct stack stack = {.goroutine = &goroutine};
	struct agent_start start;
	struct agent_link sentinel = {1, 1};

	(void)state;
	start = keep_walk(&stack, 40);
	assert_int_equal(chain.count, 40 - AGENT_CHAIN_LEFT);
	stack.depth = 38;
	push(&stack, 0x500000);
	chain.walked[1] = sentinel;
	start = start_of(&stack);
	assert_int_equal(check_agree(&start), 39);
	assert_memory_equal(&chain.walked[1], &sentinel, sizeof(sentinel)); /* nothing was walked to be kept */
	assert_int_equal(chain.count, 40 - AGENT_CHAIN_LEFT);
}

/* Walks with frames of their own that would be kept add up to one that is. */
static void test_kept_when_it_pays(void **state)
{
	static struct goroutine goroutine;
	struct stack stack = {.goroutine = &goroutine};
	const int more = 10;
	struct agent_start start;
	int i;

	(void)state;
	start = keep_walk(&stack, 40);
	for (i = 0; i < more; i++)
		push(&stack, 0x500000 + (uint64_t)i);
	start = start_of(&stack);
	for (i = 0; i < AGENT_CHAIN_PAID / more; i++)
		assert_int_equal(check_agree(&start), 40 + more);
	assert_int_equal(chain.count, 40 - AGENT_CHAIN_LEFT);
	check_agree(&start);
	assert_int_equal(chain.count, 40 + more - AGENT_CHAIN_LEFT);
}

/* A frame far out changes while all addresses stay: what was kept outside it only may be used. */
static void test_outer_frame_changes(void **state)
{
	static struct goroutine goroutine;
	struct stack stack = {.goroutine = &goroutine};
	struct agent_start start;
	uint64_t before, after;
	int i;

	(void)state;
	start = keep_walk(&stack, 30);
	for (i = 0; i < 30; i++) {
		before = after = 0;
		agent_walk(&start, 0, &before);
		goroutine.words[stack.at[i] + 1] += 0x1000;
		check_agree(&start);
		agent_walk_again(&start, &chain, &after);
		assert_true(before != after);
	}
}

/* The stack is copied elsewhere, and another goroutine's stack comes to lie where it was. */
static void test_stacks_move(void **state)
{
	static struct goroutine goroutines[3];
	struct stack stack = {.goroutine = &goroutines[0]};
	int i, round;

	(void)state;
	for (i = 0; i < 3; i++)
		goroutine_init(&goroutines[i]);
	for (round = 0; round < 3000; round++) {
		struct agent_start start;

		stack.goroutine = &goroutines[draw(3)];
		stack.depth = 0;
		for (i = 0; i < 25; i++)
			push(&stack, 0x400000 + draw(2));
		start = start_of(&stack);
		check_agree(&start);
		/* shrunk: what was kept lies outside the bounds now */
		stack.goroutine->low = start.frame;
		assert_int_equal(check_agree(&start), 25);
		stack.goroutine->high = start.frame + 16 + 8 * draw(60);
		check_agree(&start);
		goroutine_init(stack.goroutine);
	}
}

/* Depths about the limit: both stop there, and say so by the same number. */
static void test_deep(void **state)
{
	static struct goroutine goroutine;
	struct stack stack = {.goroutine = &goroutine};
	int round;

	(void)state;
	goroutine_init(&goroutine);
	for (round = 0; round < 2000; round++) {
		uint32_t depth = AGENT_MAX_FRAMES - 4 + (uint32_t)draw(8);
		struct agent_start start;

		if (stack.depth > depth || (stack.depth && !draw(4)))
			stack.depth = (uint32_t)draw(100);
		while (stack.depth < depth)
			push(&stack, 0x400000 + draw(5));
		start = start_of(&stack);
		assert_int_equal(check_agree(&start), depth < AGENT_MAX_FRAMES ? depth : AGENT_MAX_FRAMES);
	}
}

/* Frames of the system stack, whose chain runs on on the user's, and chains that end in the middle of nowhere. */
static void test_odd_chains(void **state)
{
	static struct goroutine system, user;
	struct stack outer = {.goroutine = &user}, inner = {.goroutine = &system};
	struct agent_start start;
	uint64_t *link;
	int i;

	(void)state;
	goroutine_init(&system);
	goroutine_init(&user);
	for (i = 0; i < 20; i++)
		push(&outer, 0x400000 + (uint64_t)i);
	for (i = 0; i < 12; i++)
		push(&inner, 0x500000 + (uint64_t)i);
	start = start_of(&outer);
	check_agree(&start);
	system.words[inner.at[0]] = start.frame;
	start = start_of(&inner);
	start.curg = address_of(&user);
	assert_int_equal(check_agree(&start), 32);
	assert_int_equal(check_agree(&start), 32);

	start = start_of(&outer);
	link = &user.words[outer.at[9]];
	for (i = 0; i < 6; i++) {
		static const uint64_t nowhere[] = {1, 8, UINT64_MAX, UINT64_MAX - 7, 0x1234567890, 0};
		uint64_t kept = *link;

		*link = nowhere[i];
		assert_int_equal(check_agree(&start), 11);
		*link = kept;
		assert_int_equal(check_agree(&start), 20);
	}
	link[1] = 0; /* a return address of 0 ends a walk */
	assert_int_equal(check_agree(&start), 10);
	*link = start.frame; /* a circle */
	link[1] = 7;
	assert_int_equal(check_agree(&start), 11);
	start.frame |= 4;
	assert_int_equal(check_agree(&start), 0);
	start.frame = 16;
	assert_int_equal(check_agree(&start), 0);
	start.curg = 0;
	assert_int_equal(check_agree(&start), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_calls_and_returns, clear_chain),
	    cmocka_unit_test_setup(test_kept_frames_are_used, clear_chain),
	    cmocka_unit_test_setup(test_kept_when_it_pays, clear_chain),
	    cmocka_unit_test_setup(test_outer_frame_changes, clear_chain),
	    cmocka_unit_test_setup(test_stacks_move, clear_chain),
	    cmocka_unit_test_setup(test_deep, clear_chain),
	    cmocka_unit_test_setup(test_odd_chains, clear_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
