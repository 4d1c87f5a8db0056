/*
 * The collector's side of C allocations: lays out the memory that libescprof.so counts in
 * (collector/preload/c_shared.h) and carries the counts, as differences, into the trace. What the target has written
 * there is checked before use.
 */
#ifndef COLLECTOR_C_DRAIN_H
#define COLLECTOR_C_DRAIN_H

#include "base/error.h"
#include "collector/preload/c_shared.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct c_drain;

/*
 * Make the memory, for sampling with a mean of RATE bytes, at least 1. GO (NULL: none) is what the program's Go runtime
 * is like. Free with c_drain_free.
 */
enum status c_drain_new(struct c_drain **drain, uint64_t rate, const struct c_go *go, struct error *error);

/* Free; NULL is ignored. */
void c_drain_free(struct c_drain *drain);

/* The memory's memfd, to be handed to the target; borrowed. */
int c_drain_fd(const struct c_drain *drain);

/*
 * The library counts from now on: into WRITER, which is borrowed, with times from START_NS (CLOCK_MONOTONIC) on; 0:
 * from now on. UNWINDER and OWN_MALLOC are for the trace's facts (trace_model.h).
 */
void c_drain_begin(struct c_drain *drain, struct trace_writer *writer, uint64_t start_ns, const char *unwinder,
		   int own_malloc);

/* Take what has changed when it is time. */
void c_drain_run(struct c_drain *drain);

/* Take all that is left once the target has ended, and write the last facts. */
void c_drain_rest(struct c_drain *drain);

/* How many allocations were sampled. */
uint64_t c_drain_samples(const struct c_drain *drain);

/* Every address of the stacks, as the trace has them, in no order and more than once; borrowed. */
const uint64_t *c_drain_addresses(const struct c_drain *drain, size_t *count);

/* The modules that the trace has, by number; borrowed. NULL and 0 when DRAIN is NULL. */
const struct trace_module *c_drain_modules(const struct c_drain *drain, size_t *count);

/*
 * By number, after c_drain_rest: whether another file lies where the module's did. Only those without a build ID are
 * asked for; NULL before, and when DRAIN is NULL; borrowed.
 */
const bool *c_drain_replaced(const struct c_drain *drain);

#endif
