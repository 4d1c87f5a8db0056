/*
 * Way 2 into a program: by ptrace, while it stands at its exec and nothing of it has run.
 *
 * A small stub in code that only runs while a program dies makes the system calls that map the agent, then restores all
 * registers by rt_sigreturn: if the collector is killed in the middle, the program starts as if nothing had been.
 */
#ifndef COLLECTOR_INJECT_H
#define COLLECTOR_INJECT_H

#include "base/error.h"
#include "collector/region.h"

#include <stdint.h>
#include <sys/types.h>

struct plan;

/*
 * PID stands at a PTRACE_EVENT_EXEC stop of the caller's (seized with PTRACE_O_TRACESYSGOOD). Map the agent and the
 * region, whose sizes are decided (region_plan), into it, arm the plan and patch the program. On STATUS_OK, REGION is
 * mapped and *BIAS the load bias. On STATUS_ERROR nothing in the program's code is changed. Either way it is still
 * stopped.
 */
enum status inject_at_exec(pid_t pid, const struct plan *plan, struct region *region, uint64_t *bias,
			   struct error *error);

#endif
