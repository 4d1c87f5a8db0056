/*
 * The collector's side of the memory that it shares with an agent: a memfd with the control block, the
 * tallies and the rings (collector/agent/agent_shared.h).
 */
#ifndef COLLECTOR_REGION_H
#define COLLECTOR_REGION_H

#include "base/error.h"
#include "collector/agent/agent_shared.h"

#include <stddef.h>
#include <stdint.h>

struct plan;

struct region {
	int fd;        /* the memfd, owned; -1 when none */
	uint64_t size; /* bytes of control and rings: what is mapped behind the agent's code */
	uint64_t rate; /* mean bytes between samples, as planned */
	uint64_t code; /* where the agent's code lies in the target, AGENT_CODE_SIZE bytes */
	uint32_t nshards, ntallies;
	uint64_t ring_size;            /* bytes of each shard's ring */
	struct agent_control *control; /* mapped here; NULL when not */
};

/*
 * Decide how many shards there are and how large, by this machine's CPUs and by RATE, the mean bytes between samples;
 * RING_SIZE bytes each where that is not 0 and region_check_ring_size allows it. Sets the sizes only: nothing is
 * mapped.
 */
void region_plan(struct region *region, uint64_t rate, uint64_t ring_size);

/* Whether each shard's ring may have SIZE bytes on this machine; STATUS_ERROR says what it may have. */
enum status region_check_ring_size(uint64_t size, struct error *error);

/*
 * Process PID could not map what it was to, at STEP: errno says why. Returns STATUS_ERROR; the error tells of the
 * limits that the region's size may have met.
 */
enum status region_refused(const struct region *region, int pid, size_t step, struct error *error);

/*
 * Map FD, a memfd of at least `size` bytes, and write the shards' geometry and random seeds into it. Takes FD over,
 * also on error.
 */
enum status region_map(struct region *region, int fd, struct error *error);

/* Complete the plan in the region and mark it valid: what the agent needs before the first patched call. */
void region_arm(struct region *region, const struct plan *plan, uint64_t bias);

/*
 * Bytes from the region's start to what a target that runs on unmaps at the end: tallies and rings. The same for all
 * regions of this agent.
 */
uint64_t region_rest_offset(const struct region *region);

/* Give the memory of tallies and rings back to the system, wherever they are mapped still: they read as zeros then. */
void region_give_back(struct region *region);

/* The shard at INDEX, below `nshards`; borrowed. */
struct agent_shard *region_shard(const struct region *region, uint32_t index);

/* What the P with id INDEX, below `ntallies`, has counted; borrowed. */
const struct agent_tally *region_tally(const struct region *region, uint32_t index);

/* Tell the agent that the collector lives; call it more often than once a second. */
void region_heartbeat(struct region *region);

/* Unmap and close; a zeroed region (with fd -1) is fine. */
void region_close(struct region *region);

/* Ticks of the time stamp counter now. */
uint64_t region_ticks(void);

/* How many of them a second has; takes some 2 ms. */
uint64_t region_ticks_a_second(void);

/* The agent's code and its entries. */
const void *region_agent_code(uint64_t *size, struct agent_entries *entries);

#endif
