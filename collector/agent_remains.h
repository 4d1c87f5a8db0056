/*
 * What earlier collectors have left in a process: an agent whose code and control block stay for good, rings of one
 * that was killed, a stub that it did not clear away, calls that still lead to the agent.
 */
#ifndef COLLECTOR_AGENT_REMAINS_H
#define COLLECTOR_AGENT_REMAINS_H

#include "base/error.h"
#include "collector/patching.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define REMAINS_MAX 4

struct remains_range {
	uint64_t start, end;
};

struct agent_remains {
	uint64_t code;                  /* of an agent like ours, to be used again; 0: none */
	bool code_is_complete;          /* else it was never copied there, and nothing ever led to it */
	uint64_t controls[REMAINS_MAX]; /* control blocks of agents like ours */
	size_t ncontrols;
	struct remains_range rest[REMAINS_MAX]; /* tallies and rings to unmap, when no thread is in those agents */
	size_t nrest;
};

/* The control block that the calls of PATCHING's process lead to, by where one of them leads (TARGET). */
enum status agent_remains_control(const struct patching *patching, uint64_t target, uint64_t *control,
				  struct error *error);

/*
 * Whether the agent with the control block at CONTROL has a collector that lives. STATUS_ERROR: it has, and the error
 * names it. Waits a moment where that collector cannot be seen from here.
 */
enum status agent_remains_check_alone(pid_t process, uint64_t control, struct error *error);

/* Look through the mappings of PROCESS, to which no call leads any more. */
enum status agent_remains_find(struct agent_remains *remains, pid_t process, struct error *error);

#endif
