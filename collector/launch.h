/* Starting the command to be profiled, so that it can be seized before it runs. */
#ifndef COLLECTOR_LAUNCH_H
#define COLLECTOR_LAUNCH_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* A child that waits before its exec. */
struct launch {
	pid_t pid;
	int gate;    /* closing it lets the child go */
	int failure; /* the child writes errno here if its exec fails */
};

/*
 * Fork a child that will run COMMAND (NULL-terminated, looked up on PATH) in this process group with the signal mask
 * MASK, with LIBRARY (NULL: none) added to LD_PRELOAD and SOCKET_NAME in the library's variable.
 */
enum status launch_start(struct launch *launch, char *const *command, const sigset_t *mask, const char *library,
			 const char *socket_name, struct error *error);

/* Let it exec; returns at once. */
void launch_release(struct launch *launch);

/*
 * Whether its exec failed: the errno of it, 0 when it did not. Valid once the child has exec'd or exited. The failure
 * is the shell's 127 or 126.
 */
int launch_exec_error(struct launch *launch);

/*
 * Why the program COMMAND0 must not be traced: set-user-ID, set-group-ID or file capabilities would silently be lost.
 * NULL when it may be; a static text otherwise.
 */
const char *launch_forbids_tracing(const char *command0);

#endif
