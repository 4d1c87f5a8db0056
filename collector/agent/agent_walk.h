/*
 * Walking the frame pointers of a goroutine's stack, and the hash that tells stacks apart. Freestanding: reads the
 * target's memory at absolute addresses, always within the bounds that the goroutine gives for its stack (Go
 * runtime2.go, g.stack: its first two words).
 *
 * A walk waits for its loads: each frame is known only when the one before it is. Samples of one P that follow each
 * other mostly share all but a few innermost frames, so that the last walk is kept, and only compared with the stack
 * from the first common frame on: these loads wait for nothing.
 */
#ifndef COLLECTOR_AGENT_AGENT_WALK_H
#define COLLECTOR_AGENT_AGENT_WALK_H

#include "collector/agent/agent_shared.h"

#include <stdbool.h>

#define AGENT_HASH_FACTOR 0x9fb21c651e98df25ull
#define AGENT_CHAIN_KEEP  8 /* a walk with more frames of its own than this is worth keeping */

static inline uint64_t load64(uint64_t address)
{
	return *(const volatile uint64_t *)address;
}

static inline uint32_t load32(uint64_t address)
{
	return *(const volatile uint32_t *)address;
}

/* One step of the hash of a stack, short because the whole walk waits for it; agent_mix ends it. */
static inline uint64_t agent_step(uint64_t hash, uint64_t pc)
{
	return (hash + pc) * AGENT_HASH_FACTOR;
}

static inline uint64_t agent_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * AGENT_HASH_FACTOR;
	return hash ^ (hash >> 35);
}

/* The bounds of a goroutine's stack. */
struct agent_bounds {
	uint64_t low, high;
};

static inline struct agent_bounds agent_stack_of(uint64_t g)
{
	if (!g)
		return (struct agent_bounds){0, 0};
	return (struct agent_bounds){load64(g), load64(g + 8)};
}

/* Whether two words can be read at ADDRESS. */
static inline bool agent_within(struct agent_bounds stack, uint64_t address)
{
	return address >= stack.low && address + 16 <= stack.high;
}

/* Where a walk begins. */
struct agent_start {
	uint64_t g;     /* on whose stack the frames are */
	uint64_t curg;  /* the user's goroutine, 0: none */
	uint64_t frame; /* frame pointer of profilealloc */
};

/*
 * Go over to the stack that FRAME is on: *STACK itself, or once, unless *CROSSED, the user goroutine's (systemstack
 * switches SP alone, so that the chain of frame pointers runs on there). False when it is on neither.
 */
static inline bool agent_enter(const struct agent_start *start, uint64_t frame, struct agent_bounds *stack,
			       bool *crossed)
{
	if (frame & 7)
		return false;
	if (agent_within(*stack, frame))
		return true;
	if (*crossed)
		return false;
	*crossed = true;
	*stack = agent_stack_of(start->curg);
	return agent_within(*stack, frame);
}

/* Whether the frame at NEXT lies above FRAME, which is on STACK, and on it too: nearly always. */
static inline bool agent_rises(struct agent_bounds stack, uint64_t frame, uint64_t next)
{
	return next - frame - 1 < stack.high - 16 - frame && !(next & 7);
}

/*
 * Step the return addresses from profilealloc's caller outwards into *HASH, and write them to FRAMES (room for
 * AGENT_MAX_FRAMES) unless it is NULL. On one stack the chain only rises, so that it ends. Returns the number of
 * frames.
 */
static inline uint32_t agent_walk(const struct agent_start *start, uint64_t *frames, uint64_t *hash)
{
	struct agent_bounds stack = agent_stack_of(start->g);
	uint64_t frame = start->frame, mixed = *hash;
	bool crossed = start->g == start->curg;
	bool good = agent_enter(start, frame, &stack, &crossed);
	uint32_t depth = 0;

	while (good && depth < AGENT_MAX_FRAMES) {
		uint64_t pc = load64(frame + 8), next = load64(frame);

		if (!pc)
			break;
		if (frames)
			frames[depth] = pc;
		depth++;
		mixed = agent_step(mixed, pc);
		if (!agent_rises(stack, frame, next))
			good = !agent_within(stack, next) && agent_enter(start, next, &stack, &crossed);
		frame = next;
	}
	*hash = mixed;
	return depth;
}

/* How many of CHAIN's frames, from the outermost on, stand on STACK as they did when they were kept. */
static inline uint32_t agent_chain_stands(const struct agent_chain *chain, struct agent_bounds stack)
{
	const struct agent_link *links = chain->links;
	uint32_t count = chain->count, i;

	if (!count || links[1].next + 16 > stack.high || links[count].next < stack.low)
		return 0;
	for (i = 0; i < count; i++) {
		uint64_t frame = links[i + 1].next;

		if ((load64(frame) ^ links[i].next) | (load64(frame + 8) ^ links[i].pc))
			break;
	}
	return i;
}

/* Keep the first COUNT of CHAIN's frames, and inside them the NEW frames of its `walked`, the first being at FRAME. */
static inline void agent_chain_keep(struct agent_chain *chain, uint32_t count, uint32_t new, uint64_t frame)
{
	uint64_t power = count ? chain->powers[count - 1] : 1, hash = count ? chain->hashes[count - 1] : 0;

	while (new -- > 0) {
		power *= AGENT_HASH_FACTOR;
		hash += chain->walked[new].pc * power;
		chain->links[count] = chain->walked[new];
		chain->powers[count] = power;
		chain->hashes[count++] = hash;
	}
	chain->links[count].next = frame;
	chain->count = count;
}

/*
 * As agent_walk without FRAMES, for a P whose last walk is in CHAIN. The hash of frames is a polynomial, so that the
 * kept frames' part is ready: hash · factor^count + what they come to alone.
 */
static inline uint32_t agent_walk_again(const struct agent_start *start, struct agent_chain *chain, uint64_t *hash)
{
	struct agent_bounds stack = agent_stack_of(start->g);
	uint64_t frame = start->frame, mixed = *hash;
	uint32_t depth = 0, at;

	if (start->g != start->curg || frame & 7 || !agent_within(stack, frame))
		return agent_walk(start, 0, hash);
	at = agent_chain_stands(chain, stack);
	for (;;) {
		struct agent_link link;

		while (at && chain->links[at].next < frame)
			at--;
		if (at && chain->links[at].next == frame)
			break;
		link = (struct agent_link){load64(frame), load64(frame + 8)};
		if (!link.pc || depth + at >= AGENT_MAX_FRAMES - 1)
			return agent_walk(start, 0, hash);
		chain->walked[depth++] = link;
		mixed = agent_step(mixed, link.pc);
		if (!link.next) { /* the end, and nothing kept was met */
			at = 0;
			break;
		}
		if (!agent_rises(stack, frame, link.next))
			return agent_walk(start, 0, hash);
		frame = link.next;
	}
	if (at)
		mixed = mixed * chain->powers[at - 1] + chain->hashes[at - 1];
	if (!at || depth > AGENT_CHAIN_KEEP)
		agent_chain_keep(chain, at, depth, start->frame);
	*hash = mixed;
	return depth + at;
}

#endif
