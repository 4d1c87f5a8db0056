/*
 * The drain: takes the agent's records out of the rings and writes them to the trace. Stacks are kept once, times
 * become nanoseconds, addresses of the program link-time. The rings are written by the target: everything in them is
 * checked.
 */
#ifndef COLLECTOR_DRAIN_H
#define COLLECTOR_DRAIN_H

#include "base/error.h"
#include "collector/region.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct concurrency;
struct drain;
struct labels;
struct rate_costs;

/*
 * A drain of REGION, of process PID whose program is loaded at BIAS, into WRITER. Both are borrowed. Free with
 * drain_free.
 */
struct drain *drain_new(struct region *region, struct trace_writer *writer, pid_t pid, uint64_t bias);

/*
 * From now on look many times a second at what the target does at once, by CONCURRENCY, which DRAIN takes over (NULL:
 * it is not known); a change becomes a record of the GC's figures.
 */
void drain_watch(struct drain *drain, struct concurrency *concurrency);

/* Name the labels of samples by LABELS, which DRAIN takes over (NULL: those of labelled goroutines are not known). */
void drain_name_labels(struct drain *drain, struct labels *labels);

/* Free; NULL is ignored. Region and writer are the caller's to close. */
void drain_free(struct drain *drain);

/* Take what is there, and renew the heartbeat. Returns the number of records taken. */
uint64_t drain_run(struct drain *drain);

/* Take all that is left once the target has ended. Returns the number of records taken. */
uint64_t drain_rest(struct drain *drain);

/*
 * Read the GC's figures from the target's memory now and write them as a record; quietly nothing when it has exited.
 */
void drain_poll_figures(struct drain *drain);

/* Write the losses so far, in all and by ring. */
void drain_write_losses(struct drain *drain);

/* How full the fullest ring was at the last drain_run, as a fraction. */
double drain_pressure(const struct drain *drain);

/* Whether the labels of samples came too late within the last second: look more often. */
bool drain_is_hurried(const struct drain *drain);

/* What the automatic rate goes by, but the collector's own CPU: so far. */
void drain_costs(struct drain *drain, struct rate_costs *costs);

/* How many samples were taken; and about how many bytes the program has allocated. */
uint64_t drain_samples(const struct drain *drain);
uint64_t drain_bytes(const struct drain *drain);

/* When it began, by CLOCK_MONOTONIC: the trace's time 0. */
uint64_t drain_start_ns(const struct drain *drain);

/*
 * Every distinct return address (link-time) of the stacks, and of NMORE others, rising; and every distinct type. The
 * caller free()s the arrays.
 */
uint64_t *drain_addresses(const struct drain *drain, const uint64_t *more, size_t nmore, size_t *count);
uint64_t *drain_types(const struct drain *drain, size_t *count);

#endif
