/*
 * The rings that records go into: one for each CPU, chosen by P, taken by whoever writes and never waited for. Records
 * lie in one piece and are published when they are whole.
 */
#ifndef COLLECTOR_AGENT_AGENT_RING_H
#define COLLECTOR_AGENT_AGENT_RING_H

#include "collector/agent/agent_shared.h"

static inline struct agent_shard *agent_shard_at(struct agent_control *control, uint32_t index)
{
	return (struct agent_shard *)((uint8_t *)control + control->plan.shards_offset +
				      index * control->plan.shard_size);
}

/* A shard for this P, or the next that nobody is writing to; NULL when all are busy. */
static struct agent_shard *agent_take_shard(struct agent_control *control, uint32_t processor)
{
	uint32_t count = control->plan.nshards, i;

	for (i = 0; i < count; i++) {
		struct agent_shard *shard = agent_shard_at(control, (processor + i) % count);

		if (!__atomic_exchange_n(&shard->lock, 1, __ATOMIC_ACQUIRE))
			return shard;
	}
	return 0;
}

static inline void agent_give_shard(struct agent_shard *shard)
{
	__atomic_store_n(&shard->lock, 0, __ATOMIC_RELEASE);
}

/*
 * Where a record of at most SIZE bytes goes, RESERVE bytes left free behind it; NULL when the ring is too full. A rest
 * at the ring's end that is too short becomes padding.
 */
static void *agent_room(struct agent_control *control, struct agent_shard *shard, uint64_t size, uint64_t reserve)
{
	uint64_t ring = control->plan.ring_size, head = shard->head;
	uint64_t used = head - __atomic_load_n(&shard->tail, __ATOMIC_ACQUIRE);
	uint64_t offset = head & (ring - 1), rest = ring - offset;

	if (used > ring || ring - used < size + reserve + (rest < size ? rest : 0))
		return 0;
	if (rest < size) {
		struct agent_record *pad = (struct agent_record *)(shard->ring + offset);

		pad->size = (uint32_t)rest;
		pad->kind = AGENT_PAD;
		__atomic_store_n(&shard->head, head + rest, __ATOMIC_RELEASE);
		offset = 0;
	}
	return shard->ring + offset;
}

static inline void agent_publish(struct agent_shard *shard, uint64_t size)
{
	__atomic_store_n(&shard->head, shard->head + size, __ATOMIC_RELEASE);
}

#endif
