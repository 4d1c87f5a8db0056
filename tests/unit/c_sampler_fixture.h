/* The sampler of C allocations with its collector, both in this process, every allocation sampled. */
#ifndef TESTS_UNIT_C_SAMPLER_FIXTURE_H
#define TESTS_UNIT_C_SAMPLER_FIXTURE_H

#include "collector/c_drain.h"
#include "collector/preload/c_shared.h"

extern struct c_drain *c_sampler_drain;
extern struct c_control *c_sampler_region; /* as the program sees it */

/* cmocka's set-up and tear-down of a group. A test may end the collector before: c_sampler_drain is NULL then. */
int c_sampler_fixture_begin(void **state);
int c_sampler_fixture_end(void **state);

#define EVERY_CONTEXT UINT32_MAX

/* What all threads together count in CONTEXT, or in all contexts. */
struct c_counts c_sampler_fixture_count(uint32_t context);

/* How many of the objects that COUNTS holds were freed. */
uint64_t c_sampler_fixture_frees(const struct c_counts *counts);

/* How many times slower than usual all is, by the environment's UNIT_SLOWNESS (valgrind.sh sets it); 1: not slower. */
int c_sampler_fixture_slowness(void);

#endif
