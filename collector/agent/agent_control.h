/* Where the agent finds what it shares with the collector. For the agent alone. */
#ifndef COLLECTOR_AGENT_AGENT_CONTROL_H
#define COLLECTOR_AGENT_AGENT_CONTROL_H

#include "collector/agent/agent_shared.h"

#include <stdbool.h>

/* The control block, which the linker script puts behind the code. */
static inline struct agent_control *agent_control_get(void)
{
	struct agent_control *control;

	__asm__("lea agent_control_block(%%rip), %0" : "=r"(control));
	return control;
}

/* Whether this process was forked from the one that the collector knows: what it shares with it is not its own. */
static inline bool agent_is_forked(void)
{
	uint32_t here;

	__asm__ volatile("mov agent_here(%%rip), %0" : "=r"(here));
	return !here;
}

#endif
