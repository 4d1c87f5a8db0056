/* From the kernel's seconds and ns to ns. */
#include "base/clock.h"

uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) ? UINT64_MAX : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
