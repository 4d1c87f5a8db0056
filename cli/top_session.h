/* A session of `escprof top`: from the profiler's start until the user has left and the profiler has ended. */
#ifndef CLI_TOP_SESSION_H
#define CLI_TOP_SESSION_H

#include "base/error.h"

#include <sys/types.h>

struct top_request {
	pid_t pid;             /* to watch; 0: run COMMAND */
	char *const *command;  /* NULL-terminated */
	char *const *options;  /* for the profiler; NULL-terminated */
	const char *trace;     /* where the trace is kept; NULL: nowhere */
	const char *output;    /* where the command's output goes; NULL: nowhere */
	double window_seconds; /* what the figures are of */
};

/* Run it. STATUS_ERROR when there is no terminal, or nothing could be profiled: then with the profiler's own words. */
enum status top_session_run(const struct top_request *request, struct error *error);

#endif
