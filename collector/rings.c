/*
 * In: rings that the agent writes meanwhile. Out: its records, one after another. A million a second may come through
 * here.
 */
#include "collector/rings.h"

#include "base/memory.h"
#include "trace/trace_writer.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct rings {
	struct region *region;
	struct trace_ring *rings, *told; /* what each has lost, as the trace has it; peaks as seen */
	uint64_t bad_records;
	double pressure;
	rings_take_record *take;
	void *user; /* of take */
};

/* One shard's records that are to be taken in this pass. */
struct ring_cursor {
	struct agent_shard *shard;
	uint64_t tail, head;
	uint64_t next_time; /* of the record at tail; UINT64_MAX: no more in this pass */
};

struct rings *rings_new(struct region *region)
{
	struct rings *rings = memory_alloc(1, sizeof(*rings));

	rings->region = region;
	rings->rings = memory_alloc(region->nshards, sizeof(*rings->rings));
	rings->told = memory_alloc(region->nshards, sizeof(*rings->told));
	return rings;
}

void rings_free(struct rings *rings)
{
	if (!rings)
		return;
	free(rings->rings);
	free(rings->told);
	free(rings);
}

/* Whether RECORD, of which SIZE bytes are there, holds what its kind needs. */
static bool is_sound(const struct agent_record *record, uint64_t size)
{
	const struct agent_alloc *alloc = (const struct agent_alloc *)record;

	switch (record->kind) {
	case AGENT_PAD:
		return true;
	case AGENT_DEATH:
		return size == sizeof(struct agent_death);
	case AGENT_GC:
		return size >= sizeof(struct agent_gc) &&
		       ((const struct agent_gc *)record)->count == (size - sizeof(struct agent_gc)) / 8;
	case AGENT_ALLOC:
		if (size < sizeof(*alloc))
			return false;
		if (!(record->flags & AGENT_FLAG_STACK))
			return size == sizeof(*alloc);
		return alloc->depth <= AGENT_MAX_FRAMES &&
		       size == sizeof(*alloc) + sizeof(struct agent_stack) + 8ull * alloc->depth;
	default:
		return false;
	}
}

/* The record at the cursor's tail and its size, padding passed over; NULL when there is none, or none that is sound. */
static const struct agent_record *peek(struct rings *rings, struct ring_cursor *cursor, uint64_t *size)
{
	uint64_t ring = rings->region->ring_size;

	while (cursor->tail < cursor->head) {
		uint64_t offset = cursor->tail & (ring - 1), left = cursor->head - cursor->tail;
		const struct agent_record *record = (const struct agent_record *)(cursor->shard->ring + offset);

		if (left > ring - offset)
			left = ring - offset;
		*size = record->size;
		if (*size < 8 || *size > left || *size & 7 || (*size >= 16 && !is_sound(record, *size))) {
			rings->bad_records++; /* not what an agent writes: go on behind it all */
			cursor->tail = cursor->head;
			return NULL;
		}
		if (*size >= 16 && record->kind != AGENT_PAD)
			return record;
		cursor->tail += *size;
	}
	return NULL;
}

static void look(struct rings *rings, struct ring_cursor *cursor, uint64_t until)
{
	uint64_t size;
	const struct agent_record *record = peek(rings, cursor, &size);

	cursor->next_time = record && record->time < until ? record->time : UINT64_MAX;
}

static void begin(struct rings *rings, struct ring_cursor *cursor, uint32_t index, uint64_t until)
{
	struct agent_shard *shard = region_shard(rings->region, index);
	uint64_t ring = rings->region->ring_size;

	cursor->shard = shard;
	cursor->tail = shard->tail;
	cursor->head = __atomic_load_n(&shard->head, __ATOMIC_ACQUIRE);
	if (cursor->head - cursor->tail > ring || (cursor->head | cursor->tail) & 7) {
		rings->bad_records++;
		cursor->tail = cursor->head &= ~7ull;
	}
	if ((double)(cursor->head - cursor->tail) / (double)ring > rings->pressure)
		rings->pressure = (double)(cursor->head - cursor->tail) / (double)ring;
	if (cursor->head - cursor->tail > rings->rings[index].peak)
		rings->rings[index].peak = cursor->head - cursor->tail;
	look(rings, cursor, until);
}

/* Take CURSOR's records up to the time LIMIT (at least one). Returns how many. */
static uint64_t take_run(struct rings *rings, struct ring_cursor *cursor, uint64_t limit, uint64_t until)
{
	uint64_t count = 0, size;

	do {
		rings->take(rings->user, peek(rings, cursor, &size));
		cursor->tail += size;
		if (!(++count & 1023)) /* make room while at it */
			__atomic_store_n(&cursor->shard->tail, cursor->tail, __ATOMIC_RELEASE);
		look(rings, cursor, until);
	} while (cursor->next_time <= limit && cursor->next_time != UINT64_MAX);
	return count;
}

/*
 * In the order of their times, for an object's death may stand in another shard than its allocation, and must not come
 * first. An allocation is published before its object can die, so that what a pass has not seen yet cannot have died
 * before the pass began.
 */
uint64_t rings_take(struct rings *rings, uint64_t until, rings_take_record *take, void *user)
{
	uint32_t nshards = rings->region->nshards, i;
	struct ring_cursor cursors[AGENT_MAX_SHARDS];
	uint64_t count = 0;

	assert(nshards); /* ours, not the target's */
	rings->pressure = 0;
	rings->take = take;
	rings->user = user;
	for (i = 0; i < nshards; i++)
		begin(rings, &cursors[i], i, until);
	for (;;) {
		struct ring_cursor *first = &cursors[0];
		uint64_t limit = UINT64_MAX;

		for (i = 1; i < nshards; i++) {
			if (cursors[i].next_time < first->next_time) {
				limit = first->next_time;
				first = &cursors[i];
			} else if (cursors[i].next_time < limit) {
				limit = cursors[i].next_time;
			}
		}
		if (first->next_time == UINT64_MAX)
			break;
		count += take_run(rings, first, limit, until);
	}
	for (i = 0; i < nshards; i++)
		__atomic_store_n(&cursors[i].shard->tail, cursors[i].tail, __ATOMIC_RELEASE);
	return count;
}

double rings_pressure(const struct rings *rings)
{
	return rings->pressure;
}

/* By ring: written only where something has changed, for most rings lose nothing. */
static void write_by_ring(struct rings *rings, struct trace_writer *writer)
{
	size_t size = rings->region->nshards * sizeof(*rings->rings);

	if (!memcmp(rings->rings, rings->told, size))
		return;
	memcpy(rings->told, rings->rings, size);
	trace_writer_rings(writer, rings->region->ring_size, rings->rings, rings->region->nshards);
}

void rings_write_losses(struct rings *rings, struct trace_writer *writer, uint64_t unusable)
{
	const struct agent_control *control = rings->region->control;
	struct trace_losses losses = {.contended = control->contended, .deaths = control->contended_deaths};
	uint32_t i;

	for (i = 0; i < rings->region->nshards; i++) {
		const struct agent_shard *shard = region_shard(rings->region, i);
		struct trace_ring *ring = &rings->rings[i];

		ring->samples = shard->lost_samples;
		ring->sample_bytes = shard->lost_bytes;
		ring->deaths = shard->lost_deaths;
		ring->throttled = shard->throttled;
		losses.samples += ring->samples;
		losses.sample_bytes += ring->sample_bytes;
		losses.deaths += ring->deaths;
		losses.throttled += ring->throttled;
	}
	losses.samples += rings->bad_records + unusable + losses.contended;
	trace_writer_losses(writer, &losses);
	write_by_ring(rings, writer);
}
