/* Starting the command to be profiled, so that it can be seized before it runs. */
#ifndef COLLECTOR_LAUNCH_H
#define COLLECTOR_LAUNCH_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* A process that waits before its exec. */
struct launch {
	pid_t pid;
	int gate;    /* closing it lets the process go */
	int failure; /* it writes errno here if its exec fails */
};

struct launch_options {
	char *const *command;    /* NULL-terminated, looked up on PATH */
	const sigset_t *mask;    /* the command's signal mask */
	const char *library;     /* is added to LD_PRELOAD; NULL: none */
	const char *socket_name; /* goes into the library's variable */
	bool detached;
};

/*
 * Fork a child that will run the command in this process group. Detached it is this very process that will, with its
 * parent, its number and its descriptors: then this returns in a grandchild, which has a session of its own, none of
 * the descriptors that were inherited but standard error, and may trace the process even under Yama.
 */
enum status launch_start(struct launch *launch, const struct launch_options *options, struct error *error);

/* Let it exec; returns at once. */
void launch_release(struct launch *launch);

/*
 * Whether its exec failed: the errno of it, 0 when it did not. Valid once the process has exec'd or exited. The failure
 * is the shell's 127 or 126.
 */
int launch_exec_error(struct launch *launch);

/*
 * Whether the program COMMAND0, or what LD_PRELOAD would bring into it, has a sanitizer's runtime (elf_sanitizer.h):
 * then it does not start with a library of ours before it.
 */
bool launch_is_sanitized(const char *command0);

/*
 * Why the program COMMAND0 must not be traced: set-user-ID, set-group-ID or file capabilities would silently be lost.
 * NULL when it may be; a static text otherwise.
 */
const char *launch_forbids_tracing(const char *command0);

#endif
