/*
 * Stretches of our work that must not be left in their midst: with the loader's lock held, or libunwind's tables half
 * written. A signal handler may jump out of whatever it interrupts, and a thread that is to be cancelled ends in the
 * next function that is a cancellation point. Neither comes before such a stretch is over; only what it does itself is
 * told at once (SIGSEGV and its like).
 */
#ifndef COLLECTOR_PRELOAD_QUIET_H
#define COLLECTOR_PRELOAD_QUIET_H

#include <stdint.h>

struct quiet {
	uint64_t signals; /* blocked before, as the kernel has them */
	int cancels;
	int failed; /* the kernel would not: signals are as they were */
};

/*
 * To be called once, before all else: a fork waits until no thread is in such a stretch (for 20 ms at most), and none
 * begins meanwhile. The child of a process in which another thread has the loader's list locked could never load
 * anything.
 */
void quiet_open(void);

/* Begin, in this thread. Two system calls together with quiet_end: not for what is done at every allocation. */
void quiet_begin(struct quiet *quiet);

/* End what QUIET began. They nest. errno may have changed. */
void quiet_end(const struct quiet *quiet);

#endif
