/*
 * Stopping the threads of a running process by ptrace, for a moment, and letting them go as they were: a signal that
 * stopped one is passed on, and a process that was stopped stays so. Whoever calls these has SIGCHLD blocked.
 */
#ifndef COLLECTOR_THREAD_STOP_H
#define COLLECTOR_THREAD_STOP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct held_thread {
	pid_t thread;
	bool stopped;
	int signal; /* was about to be delivered when it stopped, and is passed on; 0: none */
};

struct thread_stop {
	pid_t process;
	struct held_thread *threads;
	size_t count, capacity;
	uint64_t began_ns;   /* CLOCK_MONOTONIC, before the first was asked to stop; 0: none was */
	uint64_t longest_ns; /* for how long some were stopped in the tries that have ended, the longest of them */
};

/*
 * Stop every thread of PROCESS: those that are born meanwhile too. STATUS_NO_ENTRY: it has ended. STATUS_ERROR: some
 * thread cannot be traced, or did not stop in time (the message says so; all others run again). Release it with
 * thread_stop_release. Whatever the status, `longest_ns` holds from here on.
 */
enum status thread_stop_all(struct thread_stop *stop, pid_t process, struct error *error);

/* Let all go. Returns for how long they were stopped: ns; where tries failed before, the longest of all. */
uint64_t thread_stop_release(struct thread_stop *stop);

/* A stopped one of them, for reading and writing memory by; 0 when all are gone. */
pid_t thread_stop_any(const struct thread_stop *stop);

/* Addresses from START to before END. */
struct thread_stop_range {
	uint64_t start, end;
};

/* Whether one of them is at an instruction in one of COUNT RANGES. */
bool thread_stop_is_inside(const struct thread_stop *stop, const struct thread_stop_range *ranges, size_t count);

/*
 * Stop THREAD of PROCESS alone. STATUS_NO_ENTRY: it is gone. Let it go with thread_stop_let_go, whatever the status of
 * what was done meanwhile.
 */
enum status thread_stop_one(struct held_thread *held, pid_t process, pid_t thread, struct error *error);
void thread_stop_let_go(struct held_thread *held);

/* The threads of PROCESS now, *COUNT of them, the caller's to free(). NULL when it has none. */
pid_t *thread_stop_list(pid_t process, size_t *count);

/* Wait until THREAD, a tracee, changes its state, at most LIMIT_NS: false when it does not. *STATUS as of waitpid. */
bool thread_stop_wait(pid_t thread, uint64_t limit_ns, int *status);

#endif
