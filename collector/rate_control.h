/*
 * The automatic rate: keeps what profiling takes of the target's CPU within a budget, by the mean between two samples
 * and, where the profile is ours alone, by that between two objects that are followed to their death. It is told what
 * was spent and says which means come next; nothing else is known here.
 */
#ifndef COLLECTOR_RATE_CONTROL_H
#define COLLECTOR_RATE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes. Below the finest, samples are counted, without labels and goroutines; the coarsest is Go's own usual one. */
#define RATE_CONTROL_FINEST   4096u
#define RATE_CONTROL_COARSEST (512u * 1024)

/* Percent of one CPU, by the clock, that samples may always take, however small the budget. */
#define RATE_CONTROL_LEAST 0.02

/* CPU in nanoseconds, since the recording began; of COUNT samples. */
struct rate_costs {
	uint64_t count;
	uint64_t time;        /* that has passed, ns too */
	uint64_t target;      /* the target's, the agent's included */
	uint64_t agent;       /* what its samples took there */
	uint64_t taking;      /* what taking records out of the rings and writing them took here */
	uint64_t collector;   /* all that the collector took, that included */
	uint64_t followed;    /* samples that the runtime's own profile got because we asked for them; a number */
	uint64_t cpu_samples; /* of where CPU is spent; a number */
};

/* Something that is done once in MEAN bytes. */
struct rate_mean {
	uint64_t mean, finest, coarsest; /* bytes; FINEST times a power of two */
	double cost;                     /* ns; a sum in which what is long ago counts less and less */
	unsigned low;                    /* how often in turn it could have been finer */
};

struct rate_control {
	double budget;                      /* of the target's CPU; a fraction of 1 */
	struct rate_mean samples, followed; /* followed: objects whose deaths the runtime tells */
	struct rate_costs last;
	double one;                /* ns that taking a sample takes */
	double time, target, rest; /* ns; such sums too */
};

/* Begin with the finest means: between followed objects LIVE_FINEST bytes. */
void rate_control_start(struct rate_control *control, double budget, uint64_t live_finest);

/*
 * COSTS are those so far; IS_PRESSED: the rings are filling up. To be asked some times a second. What comes next
 * is in CONTROL's means.
 */
void rate_control_next(struct rate_control *control, const struct rate_costs *costs, bool is_pressed);

/* Ns of CPU between two samples of where CPU is spent, so that they take 12 % of BUDGET at most. */
uint64_t rate_control_cpu_period(double budget);

/*
 * Ms between two looks into the rings at most, where CPU is sampled every CPU_PERIOD_NS of it, or not at all (0). What
 * is known of a moment (goroutines, running Ps, labels) is as old as the last look; and each look costs the target.
 */
double rate_control_longest_pause(uint64_t cpu_period_ns);

#endif
