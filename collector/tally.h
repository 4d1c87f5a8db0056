/*
 * Reading what the agent has counted (struct agent_tally), again and again, as differences to the last time.
 */
#ifndef COLLECTOR_TALLY_H
#define COLLECTOR_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct region;
struct tally;

/* COUNT more allocations of the context with HASH, at a mean of RATE bytes, on the P with id PROCESSOR. */
struct tally_step {
	uint64_t hash, count;
	uint32_t rate, processor;
};

/* A reader of the tallies of REGION, which must outlive it; free with tally_free. */
struct tally *tally_new(const struct region *region);

/*
 * Hand every counter that has grown to STEP. Where STEP returns false (the context has not come through its ring yet),
 * the same difference and what is added to it comes again the next time. What no agent writes is passed over.
 */
void tally_read(struct tally *tally, bool (*step)(void *user, const struct tally_step *step), void *user);

/* Free TALLY, which may be NULL. */
void tally_free(struct tally *tally);

#endif
