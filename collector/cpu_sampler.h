/*
 * Where a process and its threads spend their CPU, seen from outside: the kernel (perf_event_open(2), the software
 * task-clock event, no hardware counter) notes the stack by its frame pointers every so many ns of CPU that a thread
 * used. Go keeps frame pointers on amd64 through all switches to a system stack. Nothing of it runs in the target.
 */
#ifndef COLLECTOR_CPU_SAMPLER_H
#define COLLECTOR_CPU_SAMPLER_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cpu_sampler;

struct cpu_sample {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	pid_t process, thread;
	uint32_t depth;
	const uint64_t *frames; /* where it was, then return addresses, innermost first; as they lie in the process */
};

/*
 * Sample PID, and whatever threads and children it makes from now on, every PERIOD_NS of CPU each; a long period, where
 * that is allowed, is of each CPU's time, and then other processes are sampled as well. To be called before PID runs,
 * or with IS_RUNNING: then all threads that it has are sampled too, and no children. STATUS_ERROR where the kernel does
 * not allow it: the error says what would. Free with cpu_sampler_close.
 */
enum status cpu_sampler_open(struct cpu_sampler **sampler, pid_t pid, bool is_running, uint64_t period_ns,
			     struct error *error);

/* Hand every sample that is there to TAKE with USER; it is borrowed during the call. To be called often: at 1 ms and
 * usual depths a CPU's ring is full after a second. */
void cpu_sampler_read(struct cpu_sampler *sampler, void (*take)(void *user, const struct cpu_sample *sample),
		      void *user);

/* Samples that found no room so far. */
uint64_t cpu_sampler_lost(const struct cpu_sampler *sampler);

/* Whether the time spent in the kernel is sampled too; without the right to it, only what runs outside is. */
bool cpu_sampler_sees_kernel(const struct cpu_sampler *sampler);

/* Free; NULL is ignored. */
void cpu_sampler_close(struct cpu_sampler *sampler);

#endif
