/*
 * Walking the frame pointers of a goroutine's stack, and the hash that tells stacks apart. Freestanding: reads the
 * target's memory at absolute addresses, always within the bounds that the goroutine gives for its stack (Go
 * runtime2.go, g.stack: its first two words).
 *
 * A walk waits for its loads: each frame is known only when the one before it is. Samples of one P that follow each
 * other mostly share all but some innermost frames, so that a walk is kept, and only compared with the stack from the
 * first common frame on: these loads wait for nothing. To keep one takes as long as several walks, so that it has to
 * pay: when those since the last have had so many frames of their own, AGENT_CHAIN_PAID, and without the innermost
 * ones, which are others from one sample to the next (the runtime's own are among them).
 */
#ifndef COLLECTOR_AGENT_AGENT_WALK_H
#define COLLECTOR_AGENT_AGENT_WALK_H

#include "collector/agent/agent_shared.h"

#include <stdbool.h>

/* A frame pointer that has been led astray may be odd. */
typedef uint64_t agent_word64 __attribute__((may_alias, aligned(1)));
typedef uint32_t agent_word32 __attribute__((may_alias, aligned(1)));

static inline uint64_t load64(uint64_t address)
{
	return *(const agent_word64 *)address;
}

static inline uint32_t load32(uint64_t address)
{
	return *(const agent_word32 *)address;
}

/* One step of the hash of a stack, short because the whole walk waits for it. */
static inline uint64_t agent_step(uint64_t hash, uint64_t pc)
{
	return (hash + pc) * AGENT_HASH_FACTOR;
}

/* Of a goroutine's stack: where two words can be read first, and last. */
struct agent_bounds {
	uint64_t low, last;
};

static inline struct agent_bounds agent_stack_of(uint64_t g)
{
	if (!g)
		return (struct agent_bounds){1, 0};
	return (struct agent_bounds){load64(g), load64(g + 8) - 16};
}

/* Whether two words can be read at ADDRESS. */
static inline bool agent_within(struct agent_bounds stack, uint64_t address)
{
	return address >= stack.low && address <= stack.last;
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
	return next > frame && next <= stack.last && !(next & 7);
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

/* Two words at once. */
typedef uint64_t agent_words __attribute__((vector_size(16), may_alias));
typedef agent_words agent_loose_words __attribute__((aligned(8)));

/* In which bits the frame of LINK[0], which stands at LINK[1].next, differs from what was kept. */
AGENT_INLINE agent_words agent_link_differs(const struct agent_link *link)
{
	return *(const agent_loose_words *)link[1].next ^ *(const agent_words *)link;
}

/* The same of four frames. */
AGENT_INLINE agent_words agent_four_differ(const struct agent_link *link)
{
	return agent_link_differs(link) | agent_link_differs(link + 1) | agent_link_differs(link + 2) |
	       agent_link_differs(link + 3);
}

static inline bool agent_is_zero(agent_words words)
{
	return !(words[0] | words[1]);
}

/* The address of CHAIN's outermost frame; 0 where it is empty. */
AGENT_INLINE uint64_t agent_chain_top(const struct agent_chain *chain)
{
	return chain->links[1].next;
}

/*
 * How many of CHAIN's frames, from the outermost on, stand on STACK as they did when they were kept. Those below FRAME
 * have been left and don't count.
 */
static inline uint32_t agent_chain_stands(const struct agent_chain *chain, struct agent_bounds stack, uint64_t frame)
{
	uint32_t count = chain->count, i;

	while (count && chain->links[count].next < frame)
		count--;
	if (!count || agent_chain_top(chain) > stack.last)
		return 0;
	for (i = 0; i < count && agent_is_zero(agent_link_differs(&chain->links[i])); i++)
		;
	return i;
}

/*
 * Keep the first COUNT of CHAIN's frames, and inside them the NEW frames from the one at FRAME outwards, but for
 * AGENT_CHAIN_LEFT innermost ones, and those for which there is no room. The outermost of all is always kept.
 */
static inline void agent_chain_keep(struct agent_chain *chain, uint32_t count, uint32_t new, uint64_t frame)
{
	uint32_t all = count + new, left = AGENT_CHAIN_LEFT, i;
	struct agent_rest rest = {1, 0};
	uint64_t innermost;

	if (all > AGENT_CHAIN_MAX + left)
		left = all - AGENT_CHAIN_MAX;
	if (left >= new)
		left = count ? new : new - 1;
	for (i = 0; i < left; i++)
		frame = load64(frame);
	innermost = frame;
	new -= left;
	if (count)
		rest = chain->rests[count - 1];
	for (i = 0; i < new; i++) {
		chain->walked[i] = (struct agent_link){load64(frame), load64(frame + 8)};
		frame = chain->walked[i].next;
	}
	while (new -- > 0) {
		rest.power *= AGENT_HASH_FACTOR;
		rest.hash += chain->walked[new].pc * rest.power;
		chain->links[count] = chain->walked[new];
		chain->rests[count++] = rest;
	}
	chain->links[count].next = innermost;
	chain->count = count;
	chain->paid = AGENT_CHAIN_PAID;
}

/*
 * Whether the COUNT outermost frames of CHAIN are as they were when they were kept: in fours, the last of which takes
 * some a second time, so that there is no rest to be told apart.
 */
static inline bool agent_outer_stand(const struct agent_chain *chain, int64_t count)
{
	agent_words differs = {0, 0};

	if (count < 4) {
		while (count-- > 0)
			differs |= agent_link_differs(&chain->links[count]);
		return agent_is_zero(differs);
	}
	for (count -= 4; count > 0; count -= 4)
		differs |= agent_four_differ(&chain->links[count]);
	return agent_is_zero(differs | agent_four_differ(chain->links));
}

/*
 * agent_walk_again where it is quick: FRAME and CHAIN's outermost are on the stack that the user's goroutine runs on,
 * it is AGENT_CHAIN_OWN frames at most from one to those that CHAIN has kept, and these are all the same. Keeps the
 * walk when it pays. 0, and *HASH as it was, where it is not so, or anything on the way is odd (a frame that is not
 * aligned or does not rise, a return address of 0). agent_quick does not look for that: where a frame is not aligned or
 * returns to 0 it comes to a hash that no walk has, and frames that don't rise lead in a circle.
 */
static inline uint32_t agent_walk_quickly(uint64_t frame, struct agent_chain *chain, uint64_t *hash)
{
	const uint64_t innermost = frame;
	const struct agent_link *link = &chain->links[chain->count];
	uint64_t mixed = *hash, met = link->next;
	uint32_t own = 0, kept;

	for (;;) {
		uint64_t next, pc;

		while (met < frame) {
			if (--link == chain->links)
				return 0;
			met = link->next;
		}
		next = load64(frame); /* at most at the frame of `link`, so that it is on the stack */
		pc = load64(frame + 8);
		if (met == frame) {
			if (link[-1].next == next && link[-1].pc == pc)
				break;
			if (--link == chain->links)
				return 0;
			met = link->next;
		}
		if (next <= frame || !pc || next & 7 || ++own > AGENT_CHAIN_OWN)
			return 0;
		mixed = agent_step(mixed, pc);
		frame = next;
	}
	kept = (uint32_t)(link - chain->links);
	if (!agent_outer_stand(chain, kept - 1))
		return 0;
	*hash = mixed * chain->rests[kept - 1].power + chain->rests[kept - 1].hash;
	if (own > AGENT_CHAIN_LEFT && (chain->paid -= (int32_t)(own - AGENT_CHAIN_LEFT)) < 0)
		agent_chain_keep(chain, kept, own, innermost);
	return own + kept;
}

/* As agent_walk without FRAMES, for a P whose kept walk is in CHAIN. */
static inline uint32_t agent_walk_again(const struct agent_start *start, struct agent_chain *chain, uint64_t *hash)
{
	struct agent_bounds stack = agent_stack_of(start->g);
	uint64_t frame = start->frame, mixed = *hash, met;
	uint32_t depth = 0, at;

	if (start->g != start->curg || frame & 7 || !agent_within(stack, frame))
		return agent_walk(start, 0, hash);
	if (frame <= agent_chain_top(chain) && agent_chain_top(chain) <= stack.last)
		depth = agent_walk_quickly(frame, chain, hash);
	if (depth)
		return depth;
	at = agent_chain_stands(chain, stack, frame);
	met = at ? chain->links[at].next : UINT64_MAX; /* where the kept frames begin */
	while (frame != met) {
		uint64_t next = load64(frame), pc = load64(frame + 8);

		if (!pc || depth + at >= AGENT_MAX_FRAMES - 1)
			return agent_walk(start, 0, hash);
		depth++;
		mixed = agent_step(mixed, pc);
		if (!next) { /* the end, and nothing kept was met */
			at = 0;
			break;
		}
		if (!agent_rises(stack, frame, next))
			return agent_walk(start, 0, hash);
		frame = next;
		while (frame > met) {
			at--;
			met = at ? chain->links[at].next : UINT64_MAX;
		}
	}
	*hash = at ? mixed * chain->rests[at - 1].power + chain->rests[at - 1].hash : mixed;
	if (!at || (chain->paid -= (int32_t)depth) < 0)
		agent_chain_keep(chain, at, depth, start->frame);
	return depth + at;
}

#endif
