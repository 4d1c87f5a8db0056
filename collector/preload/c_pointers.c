/*
 * Buckets of eight addresses, a cache line each, and what belongs to them beside. An address may be in any of a few
 * buckets that its hash names, and all of them are looked at before it is said to be missing: nothing depends on the
 * order in which others come and go, which is what makes a table of this kind go wrong without locks.
 */
#include "collector/preload/c_pointers.h"

#include <sys/mman.h>

#define WAYS    8    /* addresses of a bucket */
#define CHAIN   6    /* buckets that an address may be in */
#define CLAIMED 1ull /* taken, but its value is not there yet */

uint8_t c_pointers_filter[1u << C_FILTER_BITS] __attribute__((aligned(64)));

static uint64_t *keys; /* 0: free */
static struct c_pointer *values;
static uint64_t capacity, mask; /* of buckets */

bool c_pointers_open(uint64_t wanted)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	keys = mmap(NULL, wanted * sizeof(*keys), PROT_READ | PROT_WRITE, flags, -1, 0);
	values = mmap(NULL, wanted * sizeof(*values), PROT_READ | PROT_WRITE, flags, -1, 0);
	capacity = wanted;
	mask = wanted / WAYS - 1;
	if (keys != MAP_FAILED && values != MAP_FAILED)
		return true;
	c_pointers_close();
	return false;
}

void c_pointers_close(void)
{
	if (keys && keys != MAP_FAILED)
		munmap(keys, capacity * sizeof(*keys));
	if (values && values != MAP_FAILED)
		munmap(values, capacity * sizeof(*values));
	keys = NULL;
	values = NULL;
	capacity = 0;
	__builtin_memset(c_pointers_filter, 0, sizeof(c_pointers_filter));
}

static uint64_t hash_of(uint64_t address)
{
	address = (address >> 3) * 0xbf58476d1ce4e5b9ull;
	address ^= address >> 31;
	return address * 0x94d049bb133111ebull;
}

/* The first place of the bucket that is tried at STEP. */
static uint64_t bucket_of(uint64_t hash, unsigned step)
{
	return ((hash >> 32) + step * (hash | 1)) & mask;
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

bool c_pointers_put(const void *pointer, const struct c_pointer *value)
{
	uint64_t address = (uint64_t)pointer, hash = hash_of(address);
	unsigned step, way;

	if (!keys)
		return false;
	for (step = 0; step < CHAIN; step++) {
		uint64_t first = bucket_of(hash, step) * WAYS;

		for (way = 0; way < WAYS; way++) {
			uint64_t *key = &keys[first + way], empty = 0;

			if (__atomic_load_n(key, __ATOMIC_RELAXED) ||
			    !__atomic_compare_exchange_n(key, &empty, CLAIMED, false, __ATOMIC_ACQUIRE,
							 __ATOMIC_RELAXED))
				continue;
			values[first + way] = *value;
			filter_add(address);
			__atomic_store_n(key, address, __ATOMIC_RELEASE);
			return true;
		}
	}
	return false;
}

bool c_pointers_take(const void *pointer, struct c_pointer *value)
{
	uint64_t address = (uint64_t)pointer, hash = hash_of(address);
	unsigned step, way;

	if (!keys || !address) /* free(NULL) is common, and 0 marks places that are free */
		return false;
	for (step = 0; step < CHAIN; step++) {
		uint64_t first = bucket_of(hash, step) * WAYS;

		for (way = 0; way < WAYS; way++) {
			uint64_t *key = &keys[first + way], expected = address;

			if (__atomic_load_n(key, __ATOMIC_ACQUIRE) != address)
				continue;
			*value = values[first + way]; /* before the place is free for another */
			if (!__atomic_compare_exchange_n(key, &expected, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
				return false; /* freed twice at once */
			filter_remove(address);
			return true;
		}
	}
	return false;
}
