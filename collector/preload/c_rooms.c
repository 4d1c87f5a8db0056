/*
 * Rooms are kept apart from what is shared with the collector; only the counters lie there, each room's in slots as it
 * comes to need them. A slot stays with its room for good, so what is counted in it stays too, whoever has the room.
 */
#include "collector/preload/c_rooms.h"

#include "collector/preload/c_walks.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#define PROBES 4 /* places that are tried for a context */

static struct c_room *rooms;
static uint32_t has_thread[C_ROOMS];
static struct c_control *shared;

void c_rooms_open(struct c_control *region)
{
	void *memory = mmap(NULL, C_ROOMS * sizeof(*rooms), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	shared = region;
	rooms = memory == MAP_FAILED ? NULL : memory;
	if (rooms)
		c_walks_open(C_ROOMS, region->plan.checks_walks);
}

struct c_room *c_rooms_take(void)
{
	uint32_t i;

	for (i = 0; rooms && i < C_ROOMS; i++) {
		uint32_t nobody = 0;

		if (__atomic_load_n(&has_thread[i], __ATOMIC_RELAXED) ||
		    !__atomic_compare_exchange_n(&has_thread[i], &nobody, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		rooms[i].walks = c_walks_of(i);
		return &rooms[i];
	}
	return NULL;
}

void c_rooms_leave(struct c_room *room)
{
	__atomic_store_n(&has_thread[room - rooms], 0, __ATOMIC_RELEASE);
}

/* A new slot for CONTEXT; C_SLOTS: there is none left. */
static uint32_t make_slot(uint32_t context)
{
	uint32_t number;

	if (__atomic_load_n(&shared->nslots, __ATOMIC_RELAXED) >= C_SLOTS)
		return C_SLOTS;
	number = __atomic_fetch_add(&shared->nslots, 1, __ATOMIC_RELAXED);
	if (number >= C_SLOTS)
		return C_SLOTS;
	__atomic_store_n(&c_slots_of(shared)[number].context, context + 1ull, __ATOMIC_RELEASE);
	return number;
}

/* A signal handler may come in between, and take the place: then the slot stays unused, and the next one is tried. */
struct c_counts *c_rooms_counts(struct c_room *room, uint32_t context)
{
	struct c_slot *slots = c_slots_of(shared);
	uint32_t i, number;

	for (i = 0; i < PROBES; i++) {
		uint64_t *place = &room->slots[(context + i) & (C_ROOM_SLOTS - 1)];
		uint64_t known = __atomic_load_n(place, __ATOMIC_RELAXED);

		if (!known) {
			number = make_slot(context);
			if (number == C_SLOTS)
				return NULL;
			if (__atomic_compare_exchange_n(place, &known, (context + 1ull) << 32 | number, false,
							__ATOMIC_RELAXED, __ATOMIC_RELAXED))
				return &slots[number].counts;
		}
		if (known >> 32 == context + 1ull)
			return &slots[(uint32_t)known].counts;
	}
	return NULL;
}
