/*
 * One program that a session profiles, from the agent in it to the end of its trace. The last step, adding symbols,
 * takes long and can be left to a process of its own, so that the others' rings are looked after meanwhile.
 */
#ifndef COLLECTOR_PROFILED_H
#define COLLECTOR_PROFILED_H

#include "collector/c_target.h"
#include "collector/region.h"
#include "collector/session.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct c_drain;
struct plan;

enum profiled_state {
	PROFILED_PREPARED, /* nothing runs yet */
	PROFILED_RUNS,
	PROFILED_ENDED,    /* its trace lacks the symbols */
	PROFILED_FINISHES, /* a process of its own adds them */
	PROFILED_DONE,
};

struct profiled {
	enum profiled_state state;
	pid_t pid;
	int handle;        /* a pidfd, readable once the process has ended; -1: not asked for */
	struct plan *plan; /* NULL: it has no Go */
	struct region region;
	uint64_t bias;
	struct c_drain *c;        /* NULL: C allocations are not sampled */
	struct c_target c_target; /* the program, where it has no Go */
	struct recording *recording;
	struct session_trace trace; /* what is known of it */
	pid_t finisher;             /* the process that adds the symbols */
	int outcome;                /* a pipe from it */
};

/* Nothing yet. Free with profiled_free. */
struct profiled *profiled_new(void);

/* Free, and close what is open; NULL is ignored. The trace's texts stay: session_result_free has them. */
void profiled_free(struct profiled *profiled);

/*
 * The agent is in PID, or the sampler of C allocations is: what the fields say goes to the recording from here on.
 * COMMAND (NULL: it is looked up) is the program's, NULL-terminated. WATCHED: a handle tells of its end.
 */
void profiled_begin(struct profiled *profiled, const struct session_options *options, pid_t pid, const char *way,
		    char *const *command, bool watched);

/* It has ended, or is to be let alone: take what is left. */
void profiled_end(struct profiled *profiled);

/* After that: add symbols, close the trace. */
void profiled_finish(struct profiled *profiled, session_at_end *at_end, void *user);

/*
 * The same in a process of its own, where LISTENER (-1: none) is closed; profiled_hear is to be called when it has
 * ended.
 */
void profiled_finish_apart(struct profiled *profiled, session_at_end *at_end, void *user, int listener);
void profiled_hear(struct profiled *profiled);

#endif
