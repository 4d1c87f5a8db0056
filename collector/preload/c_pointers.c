/*
 * Where nearly all objects are put in, those in the first pages of the program's memory have places of their own
 * (c_pages.c). All others are in a table.
 *
 * Buckets of seven addresses, a cache line each, and what belongs to them behind it. Those of a page of the program's
 * memory lie together, so that a program that works on little memory makes us work on little. An address may be in any
 * of a few buckets that its hash names, and they are looked at one after the other until one that has always had room:
 * nothing depends on the order in which others come and go, which is what makes a table of this kind go wrong without
 * locks.
 */
#include "collector/preload/c_pointers.h"

#include "collector/preload/c_pages.h"

#include <string.h>
#include <sys/mman.h>

#define WAYS       7    /* addresses of a bucket */
#define CHAIN      12   /* buckets that an address may be in */
#define CLAIMED    1ull /* taken, but its value is not there yet */
#define PAGE_SHIFT 12   /* a page has a group of buckets */
#define SPAN_SHIFT 7    /* so many bytes of it have a bucket of the group */
#define GROUP      (1u << (PAGE_SHIFT - SPAN_SHIFT))
#define PAGES      (1u << 15) /* of the program's memory, in which objects need no table, where nearly all are put in */

struct bucket {
	uint64_t keys[WAYS]; /* 0: free */
	uint64_t spilled;    /* 1: it was full once, and others may have what belongs here */
	struct c_pointer values[WAYS];
} __attribute__((aligned(64)));

uint8_t c_pointers_filter[1u << C_FILTER_BITS] __attribute__((aligned(64)));

static struct bucket *buckets;
static uint64_t nbuckets;
static bool filters;

bool c_pointers_open(uint64_t capacity, bool nearly_all)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *memory;

	nbuckets = capacity / 8;
	memory = mmap(NULL, nbuckets * sizeof(*buckets), PROT_READ | PROT_WRITE, flags, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	filters = !nearly_all;
	if (nearly_all) {
		memset(c_pointers_filter, UINT8_MAX, sizeof(c_pointers_filter));
		c_pages_open(PAGES);
	}
	buckets = memory;
	return true;
}

void c_pointers_close(void)
{
	if (buckets)
		munmap(buckets, nbuckets * sizeof(*buckets));
	c_pages_close();
	buckets = NULL;
	nbuckets = 0;
	memset(c_pointers_filter, 0, sizeof(c_pointers_filter));
}

static uint64_t hash_of(uint64_t page)
{
	page *= 0xbf58476d1ce4e5b9ull;
	page ^= page >> 31;
	return page * 0x94d049bb133111ebull;
}

/* The bucket of ADDRESS that is tried at STEP; HASH is its page's. */
static struct bucket *bucket_of(uint64_t hash, uint64_t address, unsigned step)
{
	uint64_t group = (hash >> 32) + step * (hash | 1), place = (address >> SPAN_SHIFT ^ hash >> 24) % GROUP;

	return &buckets[(group * GROUP + place) & (nbuckets - 1)];
}

static void filter_add(uint64_t address)
{
	uint8_t *byte = &c_pointers_filter[c_pointers_place(address)];
	uint8_t now = __atomic_load_n(byte, __ATOMIC_RELAXED);

	while (now != UINT8_MAX &&
	       !__atomic_compare_exchange_n(byte, &now, (uint8_t)(now + 1), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void filter_remove(uint64_t address)
{
	uint8_t *byte = &c_pointers_filter[c_pointers_place(address)];
	uint8_t now = __atomic_load_n(byte, __ATOMIC_RELAXED);

	while (now != UINT8_MAX && now &&
	       !__atomic_compare_exchange_n(byte, &now, (uint8_t)(now - 1), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

void c_pointers_mark(const void *address)
{
	__atomic_store_n(&c_pointers_filter[c_pointers_place((uint64_t)address)], UINT8_MAX, __ATOMIC_RELAXED);
}

/* The ways of BUCKET that have KEY, as bits: all are looked at, since which it is no branch can foresee. */
static inline unsigned ways_with(const struct bucket *bucket, uint64_t key)
{
	unsigned ways = 0, way;

#pragma GCC unroll 7
	for (way = 0; way < WAYS; way++)
		ways |= (unsigned)(__atomic_load_n(&bucket->keys[way], __ATOMIC_RELAXED) == key) << way;
	return ways;
}

/* Put ADDRESS and its VALUE into BUCKET; false when it is full. */
static bool put_into(struct bucket *bucket, uint64_t address, struct c_pointer value)
{
	unsigned ways;

	for (ways = ways_with(bucket, 0); ways; ways &= ways - 1) {
		unsigned way = (unsigned)__builtin_ctz(ways);
		uint64_t *key = &bucket->keys[way], empty = 0;

		if (!__atomic_compare_exchange_n(key, &empty, CLAIMED, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		bucket->values[way] = value;
		if (filters)
			filter_add(address);
		__atomic_store_n(key, address, __ATOMIC_RELEASE);
		return true;
	}
	return false;
}

/* What is in a place has a birth with the last bit set. Only the owner of the address that it is for writes to it. */
static enum c_put put_in_place(struct c_pointer *place, struct c_pointer value, struct c_pointer *stale)
{
	bool is_taken = place->birth;

	*stale = *place;
	value.birth |= 1;
	*place = value;
	return is_taken ? C_PUT_FOR_STALE : C_PUT_IN;
}

static bool take_from_place(struct c_pointer *place, struct c_pointer *value)
{
	if (!place->birth)
		return false;
	*value = *place;
	place->birth = 0;
	return true;
}

/*
 * Nobody else asks for an address that its owner has just got. Who frees it has it from whoever put it in, and sees
 * that the buckets before it have spilled.
 */
static enum c_put put_in_table(uint64_t address, struct c_pointer value, struct c_pointer *stale)
{
	uint64_t hash = hash_of(address >> PAGE_SHIFT);
	unsigned step, ways;

	for (step = 0; step < CHAIN; step++) {
		struct bucket *bucket = bucket_of(hash, address, step);

		ways = step ? 0 : ways_with(bucket, address);
		if (ways) {
			struct c_pointer *old = &bucket->values[__builtin_ctz(ways)];

			*stale = *old;
			*old = value;
			return C_PUT_FOR_STALE;
		}
		if (put_into(bucket, address, value))
			return C_PUT_IN;
		__atomic_store_n(&bucket->spilled, 1, __ATOMIC_RELEASE);
	}
	return C_PUT_NOWHERE;
}

static bool take_from_table(uint64_t address, struct c_pointer *value)
{
	uint64_t hash = hash_of(address >> PAGE_SHIFT);
	unsigned step, ways, way;

	for (step = 0; step < CHAIN; step++) {
		struct bucket *bucket = bucket_of(hash, address, step);

		ways = ways_with(bucket, address);
		if (ways) {
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			way = (unsigned)__builtin_ctz(ways);
			*value = bucket->values[way]; /* before the place is free for another */
			if (!__atomic_compare_exchange_n(&bucket->keys[way], &address, 0, false, __ATOMIC_RELEASE,
							 __ATOMIC_RELAXED))
				return false; /* freed twice at once */
			if (filters)
				filter_remove(address);
			return true;
		}
		if (!__atomic_load_n(&bucket->spilled, __ATOMIC_ACQUIRE))
			return false;
	}
	return false;
}

enum c_put c_pointers_put(const void *pointer, struct c_pointer value, struct c_pointer *stale)
{
	struct c_pointer *place;

	if (!buckets)
		return C_PUT_NOWHERE;
	place = c_pages_place((uint64_t)pointer, true);
	return place ? put_in_place(place, value, stale) : put_in_table((uint64_t)pointer, value, stale);
}

/* It may be in the table all the same: its page was just given the last of ours when it was put there. */
bool c_pointers_take(const void *pointer, struct c_pointer *value)
{
	struct c_pointer *place;

	if (!buckets || !pointer) /* free(NULL) is common, and 0 marks places that are free */
		return false;
	place = c_pages_place((uint64_t)pointer, false);
	return (place && take_from_place(place, value)) || take_from_table((uint64_t)pointer, value);
}
