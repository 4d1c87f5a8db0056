#include "tests/unit/c_region_fixture.h"

#include "collector/preload/c_modules.h"

#include <sys/mman.h>

struct c_control *c_region;

int c_region_fixture_begin(void **state)
{
	(void)state;
	c_region =
	    mmap(NULL, C_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (c_region == MAP_FAILED)
		return 1;
	c_region->ncontexts = C_SIZES; /* reserved for what has no room */
	c_modules_open(c_region);
	return 0;
}

int c_region_fixture_end(void **state)
{
	(void)state;
	return munmap(c_region, C_REGION_SIZE);
}
