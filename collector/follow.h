/*
 * Following a command through its forks and execs by ptrace, until a Go program appears. Tracees are held only for the
 * moment of a stop; signals go through to them untouched; when it is over all are let go.
 */
#ifndef COLLECTOR_FOLLOW_H
#define COLLECTOR_FOLLOW_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct follow;

/* What to do with a process that stands at its exec. */
enum follow_decision {
	FOLLOW_ON,     /* not what we look for: let it run and watch for its next exec */
	FOLLOW_LET_GO, /* let this process go, go on following the others */
	FOLLOW_DONE,   /* found: let everything go */
};

typedef enum follow_decision follow_decide(void *user, pid_t pid);

/* A follower that asks DECIDE (with USER) at every exec. Free with follow_free. */
struct follow *follow_new(follow_decide *decide, void *user);
void follow_free(struct follow *follow);

/* Seize PID, which waits at its gate. STATUS_ERROR says why ptrace is not allowed and what to do. */
enum status follow_seize(struct follow *follow, pid_t pid, struct error *error);

/* Whether waitpid's STATUS of PID is a ptrace stop; if so it is dealt with. False: an exit, which is the caller's. */
bool follow_handle(struct follow *follow, pid_t pid, int status);

/* Stop following: every tracee is detached at its next stop, and is asked to stop for it. */
void follow_release(struct follow *follow);

#endif
