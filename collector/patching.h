/*
 * The few bytes that switch an agent in a running program on and off. All threads are stopped meanwhile, so that each
 * write may come in any order with what they do, and none finds a half of it.
 */
#ifndef COLLECTOR_PATCHING_H
#define COLLECTOR_PATCHING_H

#include "base/error.h"
#include "collector/plan.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct region;
struct thread_stop;

struct patching {
	pid_t process;
	const struct plan *plan;
	uint64_t bias;
};

/* Where the patched calls of a program lead. */
enum patching_state {
	PATCHING_NONE,    /* all to the program's own functions */
	PATCHING_PATCHED, /* some elsewhere */
};

/*
 * Look where the calls lead. *TARGET: for PATCHING_PATCHED, where the first that leads elsewhere does. Threads need not
 * be stopped.
 */
enum status patching_look(const struct patching *patching, enum patching_state *state, uint64_t *target,
			  struct error *error);

/*
 * Lead the calls to the agent, whose code is at CODE and whose control block, REGION's, is complete and in place, and
 * have each P sample anew. STOP holds all threads. On STATUS_ERROR nothing is changed.
 */
enum status patching_put_in(const struct patching *patching, const struct thread_stop *stop, uint64_t code,
			    struct region *region, struct error *error);

/*
 * Up to Go 1.23 a thread that was about to count its interval down when it stopped puts the old one back: have those
 * sample anew whose agent has not run yet. *LEFT: how many there were. STOP as above.
 */
enum status patching_put_again(const struct patching *patching, const struct thread_stop *stop,
			       const struct region *region, size_t *left, struct error *error);

/* Whether patching_put_again has anything to do; threads need not be stopped. */
bool patching_is_missed(const struct patching *patching, const struct region *region);

/*
 * Take back whatever patching_put_in, or a start under escprof, has changed, and switch the agent with the control
 * block at CONTROL off. STOP as above. Every byte of machine code is then as the program's file has it.
 */
enum status patching_take_out(const struct patching *patching, const struct thread_stop *stop, uint64_t control,
			      struct error *error);

/*
 * Wait until no thread is in the agent with the control block at CONTROL, which was switched off. STATUS_NO_ENTRY: one
 * still is after two seconds (it does not run), or the process has ended.
 */
enum status patching_wait_outside(pid_t process, uint64_t control);

#endif
