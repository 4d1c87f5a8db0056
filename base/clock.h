/* The kernel's clocks, in ns. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* What CLOCK says now, in ns; UINT64_MAX where there is no such clock (any more): a process's own ends with it. */
uint64_t clock_ns(clockid_t clock);

#endif
