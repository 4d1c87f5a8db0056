/*
 * How what profiles comes into the programs of a session: a program that stands at its exec is entered by ptrace
 * (inject.h), or is let go because libescprof.so, which its loader will load, asks by itself (preload_host.h).
 */
#ifndef COLLECTOR_WAYS_IN_H
#define COLLECTOR_WAYS_IN_H

#include "base/error.h"
#include "collector/follow.h"
#include "collector/session.h"

#include <stdbool.h>
#include <sys/types.h>

struct programs;
struct ways_in;

/*
 * The ways into programs that become PROGRAMS' next. REFUSAL keeps why the first program that was not entered was not.
 * All are borrowed. Close with ways_in_close.
 */
struct ways_in *ways_in_open(const struct session_options *options, struct programs *programs, struct error *refusal);

/* Close; NULL is ignored. */
void ways_in_close(struct ways_in *ways);

/* What the command has to be started with: the library to preload, and the socket that it asks. NULL: none. Borrowed.
 */
const char *ways_in_library(const struct ways_in *ways);
const char *ways_in_socket(const struct ways_in *ways);

/* The descriptor that becomes readable when somebody asks; -1: nobody can. */
int ways_in_fd(const struct ways_in *ways);

/* The command has been started as PID. */
void ways_in_set_command(struct ways_in *ways, pid_t pid);

/* PID stands at its exec: enter the program if it is one to profile. Returns what is to become of PID. */
enum follow_decision ways_in_at_exec(struct ways_in *ways, pid_t pid);

/*
 * No other program is wanted: whether PID is followed on all the same, because what it starts would have our library,
 * with which some programs do not start (binary/elf_sanitizer.h). At its exec that is taken out.
 */
bool ways_in_keeps(const struct ways_in *ways, pid_t pid);

/*
 * A library or an agent asks: answer. FOLLOW follows the children that agents tell of, and is settled once no other
 * program is wanted.
 */
void ways_in_answer(struct ways_in *ways, struct follow *follow);

#endif
