/*
 * The automatic rate: keeps what profiling takes of the target's CPU within a budget, by the mean between two samples.
 * It is told what was spent and says which mean comes next; nothing else is known here.
 */
#ifndef COLLECTOR_RATE_CONTROL_H
#define COLLECTOR_RATE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes. Below the finest, samples are counted, without labels and goroutines; the coarsest is Go's own usual one. */
#define RATE_CONTROL_FINEST   4096u
#define RATE_CONTROL_COARSEST (512u * 1024)

/* CPU in nanoseconds, since the recording began; of COUNT samples. */
struct rate_costs {
	uint64_t count;
	uint64_t time;      /* that has passed, ns too */
	uint64_t target;    /* the target's, the agent's included */
	uint64_t agent;     /* what its samples took there */
	uint64_t taking;    /* what taking records out of the rings and writing them took here */
	uint64_t collector; /* all that the collector took, that included */
};

struct rate_control {
	double budget; /* of the target's CPU; a fraction of 1 */
	uint64_t mean; /* bytes, a power of two */
	struct rate_costs last;
	double one;                         /* ns that taking a sample takes */
	double time, target, samples, rest; /* ns; sums in which what is long ago counts less and less */
	unsigned low;                       /* how often in turn it could have been finer */
};

/* Begin with the finest mean. */
void rate_control_start(struct rate_control *control, double budget);

/*
 * COSTS are those so far; IS_PRESSED: the rings are filling up. To be asked about five times a second. Returns the mean
 * to sample with from now on.
 */
uint64_t rate_control_next(struct rate_control *control, const struct rate_costs *costs, bool is_pressed);

#endif
