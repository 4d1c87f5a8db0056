#include "tests/unit/c_sampler_fixture.h"

#include "collector/preload/c_sampler.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

struct c_drain *c_sampler_drain;
struct c_control *c_sampler_region;

int c_sampler_fixture_begin(void **state)
{
	struct error error;

	(void)state;
	if (c_drain_new(&c_sampler_drain, 1, NULL, &error) != STATUS_OK)
		return 1;
	c_sampler_region =
	    mmap(NULL, C_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c_drain_fd(c_sampler_drain), 0);
	return c_sampler_region == MAP_FAILED || c_sampler_begin(c_sampler_region);
}

int c_sampler_fixture_end(void **state)
{
	(void)state;
	c_drain_free(c_sampler_drain);
	return 0;
}

/* Structures of counters, nothing else, added word by word. */
static void add(struct c_counts *sum, const struct c_counts *counts)
{
	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
		((uint64_t *)sum)[i] += ((const uint64_t *)counts)[i];
}

struct c_counts c_sampler_fixture_count(uint32_t context)
{
	const struct c_control *region = c_sampler_region;
	const struct c_context *contexts = c_contexts_of(region);
	const struct c_slot *slots = c_slots_of(region);
	struct c_counts sum = {0};

	for (uint32_t i = 0; i < region->ncontexts && i < C_CONTEXTS; i++)
		if (context == EVERY_CONTEXT || i == context)
			add(&sum, &contexts[i].counts);
	for (uint32_t i = 0; i < region->nslots && i < C_SLOTS; i++)
		if (context == EVERY_CONTEXT || slots[i].context == context + 1ull)
			add(&sum, &slots[i].counts);
	return sum;
}

uint64_t c_sampler_fixture_frees(const struct c_counts *counts)
{
	uint64_t frees = 0;

	for (size_t i = 0; i < C_LIVES; i++)
		frees += counts->lives[i];
	return frees;
}

int c_sampler_fixture_slowness(void)
{
	const char *value = getenv("UNIT_SLOWNESS");
	int slowness = value ? atoi(value) : 1;

	return slowness > 1 ? slowness : 1;
}
