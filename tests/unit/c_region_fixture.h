/* The memory that target and collector share of C allocations, in this process alone. */
#ifndef TESTS_UNIT_C_REGION_FIXTURE_H
#define TESTS_UNIT_C_REGION_FIXTURE_H

#include "collector/preload/c_shared.h"

extern struct c_control *c_region;

/* cmocka's set-up and tear-down of a group: c_region is empty, but for what is loaded. */
int c_region_fixture_begin(void **state);
int c_region_fixture_end(void **state);

#endif
