/*
 * The target's CPU into the trace: samples of the kernel's, each stack stored once, addresses link-time. Where samples
 * are not to be had, the trace says why, and all else goes on.
 */
#ifndef COLLECTOR_CPU_RECORD_H
#define COLLECTOR_CPU_RECORD_H

#include "base/error.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cpu_record;
struct region;

/*
 * Sample PID, which stands before its exec, and all that comes of it (IS_RUNNING: which runs; all its threads alone),
 * every PERIOD_NS of CPU; 0: not at all. Never fails: where the kernel refuses, cpu_record_begin writes so. Free with
 * cpu_record_free.
 */
struct cpu_record *cpu_record_new(pid_t pid, bool is_running, uint64_t period_ns);

/*
 * From here on the samples of process TARGET go to WRITER; what was sampled before is dropped. Its program is loaded at
 * BIAS, the agent in it is REGION's; times count from START_NS of CLOCK_MONOTONIC. The facts are written now.
 */
void cpu_record_begin(struct cpu_record *record, struct trace_writer *writer, pid_t target, uint64_t bias,
		      const struct region *region, uint64_t start_ns);

/* Take what is there; before cpu_record_begin it is dropped. */
void cpu_record_take(struct cpu_record *record);

/* Take the rest and write how many samples were lost. */
void cpu_record_end(struct cpu_record *record);

/* How many samples there were so far; of NULL 0. */
uint64_t cpu_record_samples(const struct cpu_record *record);

/* The addresses of all stacks (link-time, some more than once), COUNT of them; borrowed. */
const uint64_t *cpu_record_addresses(const struct cpu_record *record, size_t *count);

/* Free; NULL is ignored. */
void cpu_record_free(struct cpu_record *record);

#endif
