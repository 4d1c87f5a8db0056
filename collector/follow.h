/*
 * Following a command through its forks and execs by ptrace, to the Go programs among them. Tracees are held only for
 * the moment of a stop; signals go through to them untouched; when it is over all are let go.
 */
#ifndef COLLECTOR_FOLLOW_H
#define COLLECTOR_FOLLOW_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct follow;

/* What to do with a process that stands at its exec. */
enum follow_decision {
	FOLLOW_ON,     /* not what we look for: let it run and watch for its next exec */
	FOLLOW_LET_GO, /* let this process go, go on following the others */
	FOLLOW_DONE,   /* found: let this process go, and follow_settle */
};

typedef enum follow_decision follow_decide(void *user, pid_t pid);

/* Whether PID is followed to its next exec although what was looked for is found. */
typedef bool follow_keep(void *user, pid_t pid);

/* A follower that asks DECIDE (with USER) at every exec, and KEEP in follow_settle. Free with follow_free. */
struct follow *follow_new(follow_decide *decide, follow_keep *keep, void *user);
void follow_free(struct follow *follow);

/* Seize PID, which waits at its gate. STATUS_ERROR says why ptrace is not allowed and what to do. */
enum status follow_seize(struct follow *follow, pid_t pid, struct error *error);

/*
 * Seize PID, a thread that is about to exec, and let it go again after a second if that has failed. Nothing happens
 * where ptrace is not allowed.
 */
void follow_seize_briefly(struct follow *follow, pid_t pid);

/* Let those go whose second is over; to be called now and then. */
void follow_tend(struct follow *follow);

/* How many are followed; and how many of them have been forked and not exec'd yet. */
size_t follow_count(const struct follow *follow);
size_t follow_fresh(const struct follow *follow);

/* Whether waitpid's STATUS of PID is a ptrace stop; if so it is dealt with. False: an exit, which is the caller's. */
bool follow_handle(struct follow *follow, pid_t pid, int status);

/*
 * What was looked for is found: every tracee is let go that KEEP does not want, and what those that stay start is kept
 * or let go alike.
 */
void follow_settle(struct follow *follow);

/* Stop following: every tracee is detached at its next stop, and is asked to stop for it. */
void follow_release(struct follow *follow);

#endif
