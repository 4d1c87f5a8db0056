/*
 * In: words of the runtime's memory, and what the target does at once. Out: records of the GC's figures.
 */
#include "collector/gc_record.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collector/concurrency.h"
#include "collector/figures.h"
#include "trace/trace_writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#define WATCH_NS 20000000u /* between looks at the goroutines and Ps */

struct gc_record {
	const struct region *region;
	struct trace_writer *writer;
	pid_t pid;
	struct concurrency *concurrency;
	struct concurrency_now now, written; /* as last seen, and as the trace has it */
	uint64_t watch_ns;                   /* when it was seen */
	uint64_t process_cpu;                /* ns at the last look */
	uint32_t cycle;                      /* numgc, as last heard */
	uint64_t total_alloc;                /* likewise */
};

struct gc_record *gc_record_new(const struct region *region, struct trace_writer *writer, pid_t pid)
{
	struct gc_record *gc = memory_alloc(1, sizeof(*gc));

	gc->region = region;
	gc->writer = writer;
	gc->pid = pid;
	gc->process_cpu = UINT64_MAX;
	gc->now = gc->written = (struct concurrency_now){UINT64_MAX, UINT64_MAX, UINT64_MAX};
	return gc;
}

void gc_record_free(struct gc_record *gc)
{
	if (!gc)
		return;
	concurrency_free(gc->concurrency);
	free(gc);
}

void gc_record_watch(struct gc_record *gc, struct concurrency *concurrency)
{
	concurrency_free(gc->concurrency);
	gc->concurrency = concurrency;
}

void gc_record_read_cpu(struct gc_record *gc)
{
	clockid_t clock;
	uint64_t now = clock_getcpuclockid(gc->pid, &clock) ? UINT64_MAX : clock_ns(clock);

	if (now != UINT64_MAX)
		gc->process_cpu = now;
}

uint64_t gc_record_cpu(const struct gc_record *gc)
{
	return gc->process_cpu;
}

void gc_record_write(struct gc_record *gc, uint64_t time_ns, uint32_t cycle, const uint64_t *words, size_t count)
{
	struct trace_gc out;

	memset(&out, 0xff, sizeof(out));
	out.time_ns = time_ns;
	out.cycle = cycle;
	out.gc_percent = 100;
	figures_decode(words, count, &out);
	out.process_cpu_ns = gc->process_cpu;
	out.goroutines_live = gc->now.goroutines;
	out.procs_running = gc->now.running;
	out.procs = gc->now.procs;
	gc->written = gc->now;
	gc->cycle = cycle;
	if (out.total_alloc != UINT64_MAX)
		gc->total_alloc = out.total_alloc;
	trace_writer_gc(gc->writer, &out);
}

/* The words of the GC's figures and numgc, by one system call; false when they cannot be read. */
static bool read_figures(const struct gc_record *gc, uint64_t *words, uint32_t *cycle)
{
	const struct agent_plan *plan = &gc->region->control->plan;
	struct iovec local[AGENT_MAX_FIGURES + 1] = {{.iov_base = cycle, .iov_len = sizeof(*cycle)}};
	struct iovec remote[AGENT_MAX_FIGURES + 1] = {{.iov_base = (void *)plan->numgc, .iov_len = sizeof(*cycle)}};
	uint32_t i, count = 1;

	if (!plan->numgc || plan->nfigures > AGENT_MAX_FIGURES)
		return false;
	for (i = 0; i < plan->nfigures; i++) {
		words[i] = UINT64_MAX;
		if (!plan->figures[i])
			continue;
		local[count] = (struct iovec){.iov_base = &words[i], .iov_len = sizeof(words[i])};
		remote[count++] = (struct iovec){.iov_base = (void *)plan->figures[i], .iov_len = sizeof(words[i])};
	}
	return process_vm_readv(gc->pid, local, count, remote, count, 0) ==
	       (ssize_t)(sizeof(*cycle) + (count - 1) * sizeof(*words));
}

void gc_record_write_now(struct gc_record *gc, uint64_t time_ns)
{
	uint64_t words[AGENT_MAX_FIGURES];
	uint32_t cycle;

	if (read_figures(gc, words, &cycle))
		gc_record_write(gc, time_ns, cycle, words, gc->region->control->plan.nfigures);
}

bool gc_record_has_changed(struct gc_record *gc, uint64_t now_ns)
{
	if (now_ns - gc->watch_ns < WATCH_NS)
		return false;
	gc->watch_ns = now_ns;
	return concurrency_read(gc->concurrency, gc->pid, &gc->now) &&
	       (gc->now.goroutines != gc->written.goroutines || gc->now.running != gc->written.running ||
		gc->now.procs != gc->written.procs);
}

void gc_record_poll(struct gc_record *gc, uint64_t time_ns)
{
	gc_record_read_cpu(gc);
	concurrency_read(gc->concurrency, gc->pid, &gc->now);
	gc_record_write_now(gc, time_ns);
}

uint32_t gc_record_cycle(const struct gc_record *gc)
{
	return gc->cycle;
}

uint64_t gc_record_total_alloc(const struct gc_record *gc)
{
	return gc->total_alloc;
}
