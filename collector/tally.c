/*
 * The other end of the agent's counters. Only the target writes there, only we remember what was taken: neither waits
 * for the other. The target's memory is not trusted.
 */
#include "collector/tally.h"

#include "base/memory.h"
#include "collector/region.h"

#include <stdlib.h>

/* Of one P: what was taken of each counter, in the order in which they came. */
struct tally_taken {
	uint64_t *counts;
	uint32_t used, capacity;
};

struct tally {
	const struct region *region;
	struct tally_taken *taken; /* one for each of the region's tallies */
};

struct tally *tally_new(const struct region *region)
{
	struct tally *tally = memory_alloc(1, sizeof(*tally));

	tally->region = region;
	tally->taken = memory_alloc(region->ntallies, sizeof(*tally->taken));
	return tally;
}

static void tally_make_room(struct tally_taken *taken, uint32_t used)
{
	if (used > taken->capacity) {
		taken->capacity = used * 2;
		taken->counts = memory_resize(taken->counts, taken->capacity, sizeof(*taken->counts));
	}
	while (taken->used < used)
		taken->counts[taken->used++] = 0;
}

/* Read the counters of PROCESSOR. */
static void tally_read_one(struct tally *tally, uint32_t processor,
			   bool (*step)(void *user, const struct tally_step *step), void *user)
{
	const struct agent_tally *source = region_tally(tally->region, processor);
	struct tally_taken *taken = &tally->taken[processor];
	uint32_t used = __atomic_load_n(&source->used, __ATOMIC_ACQUIRE), i;

	if (used > AGENT_COUNTERS)
		return;
	tally_make_room(taken, used);
	for (i = 0; i < used; i++) {
		const struct agent_counter *counter = &source->slots[source->order[i] % AGENT_SLOTS];
		uint64_t count = __atomic_load_n(&counter->count, __ATOMIC_RELAXED);
		struct tally_step next = {counter->hash, count - taken->counts[i], counter->rate, processor};

		if (count > taken->counts[i] && step(user, &next))
			taken->counts[i] = count;
	}
}

void tally_read(struct tally *tally, bool (*step)(void *user, const struct tally_step *step), void *user)
{
	uint32_t i;

	for (i = 0; i < tally->region->ntallies; i++)
		tally_read_one(tally, i, step, user);
}

void tally_free(struct tally *tally)
{
	uint32_t i;

	if (!tally)
		return;
	for (i = 0; i < tally->region->ntallies; i++)
		free(tally->taken[i].counts);
	free(tally->taken);
	free(tally);
}
