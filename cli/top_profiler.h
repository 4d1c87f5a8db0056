/*
 * The profiler behind `escprof top`: this very program as `escprof attach` or `escprof run`, a process of its own. So a
 * viewer that dies does the profiled program no harm, and the profiler ends with the viewer however that ends.
 */
#ifndef CLI_TOP_PROFILER_H
#define CLI_TOP_PROFILER_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct top_profiler;

struct top_profiler_options {
	pid_t pid;            /* to attach to; 0: run COMMAND */
	char *const *command; /* NULL-terminated */
	char *const *options; /* of the profiler's own, as --rate=512; NULL-terminated */
	const char *trace;    /* where to leave the trace; NULL: nowhere */
	const char *output;   /* where the command's output goes; NULL: a file that nobody sees */
	sigset_t signals;     /* the mask that it begins with */
};

/* Start it. OPTIONS are not kept. End with top_profiler_free. */
enum status top_profiler_start(struct top_profiler **profiler, const struct top_profiler_options *options,
			       struct error *error);

/* The trace that it writes, or is about to; borrowed. */
const char *top_profiler_trace(const struct top_profiler *profiler);

/* The trace is open: its temporary folder is no longer needed and goes, the trace itself with its last reader. */
void top_profiler_hide(struct top_profiler *profiler);

/* Whether it has ended by now; and then how, as waitpid tells. */
bool top_profiler_has_ended(struct top_profiler *profiler, int *wait_status);

/* Ask it to end: to detach, or to end the command. Its end is to be waited for. */
void top_profiler_stop(struct top_profiler *profiler);

/* Keep what the command writes from filling the disk, where nobody asked for it. */
void top_profiler_trim(struct top_profiler *profiler);

/* The last few lines that the profiler or the command wrote, to be freed with free(); "" for none. */
char *top_profiler_last_words(const struct top_profiler *profiler);

/* Free, its files removed. If it has not ended yet it is asked to, and does so by itself. NULL is ignored. */
void top_profiler_free(struct top_profiler *profiler);

/* Remove the temporary files. Safe in a handler of a signal; PROFILER may be NULL. */
void top_profiler_remove(const struct top_profiler *profiler);

#endif
