/*
 * The programs that a session profiles: the next one, which is being prepared, and those that are recorded. With
 * `follow` each has a trace of its own, and its symbols are added in a process of its own. Without there is one trace,
 * which is there from the start; a program without Go gives it to the Go program that comes of it.
 */
#ifndef COLLECTOR_PROGRAMS_H
#define COLLECTOR_PROGRAMS_H

#include "base/error.h"
#include "collector/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pollfd;
struct profiled;
struct programs;

/*
 * None but the next, whose trace is opened where there is one trace; what goes wrong with that is the STATUS_ERROR.
 * OPTIONS are borrowed; AT_END (may be NULL) as session_run has it. Close with programs_close.
 */
enum status programs_open(struct programs **programs, const struct session_options *options, session_at_end *at_end,
			  struct error *error);

/* Close what is open, free all, and leave the traces to RESULT, whose first they are. NULL is ignored. */
void programs_close(struct programs *programs, struct session_result *result);

/* The next program, to be filled in before programs_begin; borrowed. NULL: no other is wanted. */
struct profiled *programs_next(const struct programs *programs);

/* Without `follow`: sample the CPU of COMMAND, which stands before its exec, and of all that comes of it. */
void programs_sample_cpu(struct programs *programs, pid_t command);

/* A trace for the next program, which is PROGRAM (a path) in process PID, where it has none yet. */
enum status programs_open_trace(struct programs *programs, pid_t pid, const char *program, struct error *error);

/* The next program did not come to be: another one may. */
void programs_drop_next(struct programs *programs);

/*
 * The agent is in PID, or the sampler of C allocations in a program without Go: from here on records go to the next
 * program's trace, and it is the next no longer. WAY: which of the ways in (recording.h).
 */
void programs_begin(struct programs *programs, pid_t pid, const char *way);

/* How many are recorded or were. */
size_t programs_count(const struct programs *programs);

/* Take what is there of all. */
void programs_tend(struct programs *programs);

/* What tells of the end of each into FDS, programs_count of them. Returns the ms to wait for it, at most TIMEOUT. */
int programs_poll(const struct programs *programs, struct pollfd *fds, int timeout);

/* Those of the first COUNT that have ended, by what FDS was found to be: take what is left of them. */
void programs_end_some(struct programs *programs, const struct pollfd *fds, size_t count);

/* PID is another program now: what was recorded there is over, with `follow`. */
void programs_end_replaced(struct programs *programs, pid_t pid);

/* No more is wanted of any. */
void programs_end_all(struct programs *programs);

/*
 * With `follow`: begin to add symbols to those that have ended, as many at once as there are CPUs, each in a process of
 * its own, where LISTENER (-1: none) is closed.
 */
void programs_finish_some(struct programs *programs, int listener);

/* The process PID has ended; it may have been one that added symbols. */
void programs_hear(struct programs *programs, pid_t pid);

/* Whether nothing is left to do for any of them, with `follow`. */
bool programs_are_done(const struct programs *programs);

/* Without `follow`: the one trace, to its end. *WAIT_STATUS goes into it as the command's; NULL: it is not known. */
void programs_finish(struct programs *programs, const int *wait_status);

#endif
