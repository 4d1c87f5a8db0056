/*
 * How much the target does at once: its live goroutines and its running Ps, read from its memory without stopping it.
 * len(allgs), which is all that one word tells, also counts the dead goroutines that the runtime keeps for reuse.
 */
#ifndef COLLECTOR_CONCURRENCY_H
#define COLLECTOR_CONCURRENCY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct concurrency;
struct go_layout;

/* What was so at one moment; UINT64_MAX: unknown. */
struct concurrency_now {
	uint64_t goroutines; /* alive, without the runtime's own: what runtime.NumGoroutine says */
	uint64_t running;    /* Ps that are not idle; one whose goroutine is in a system call may count */
	uint64_t procs;      /* GOMAXPROCS */
};

/*
 * A reader for a program of LAYOUT, which is loaded at BIAS. NULL where the layout does not tell. Free with
 * concurrency_free.
 */
struct concurrency *concurrency_new(const struct go_layout *layout, uint64_t bias);

/* Free; NULL is ignored. */
void concurrency_free(struct concurrency *concurrency);

/*
 * Look at process PID now: one system call, or two more after GOMAXPROCS has changed. CONCURRENCY may be NULL. False,
 * and everything in NOW unknown, when it cannot be read, or there are no Ps yet.
 */
bool concurrency_read(struct concurrency *concurrency, pid_t pid, struct concurrency_now *now);

#endif
