#include "tests/unit/c_sampler_fixture.h"

#include "collector/preload/c_sampler.h"

#include <sys/mman.h>

int c_sampler_fixture_begin(struct c_drain **drain, struct c_control **region)
{
	struct error error;

	if (c_drain_new(drain, 1, NULL, &error) != STATUS_OK)
		return 1;
	*region = mmap(NULL, C_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c_drain_fd(*drain), 0);
	return *region == MAP_FAILED || c_sampler_begin(*region);
}
