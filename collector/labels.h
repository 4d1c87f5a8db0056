/*
 * A goroutine's profiler labels (runtime/pprof.Do), from the pointer that its sample names to their text.
 *
 * What the pointer leads to may be garbage by the time it is read, and its memory another's. It is believed only when
 * no GC cycle has ended between the sample and the reading: what was reachable at the sample cannot have been freed
 * before.
 */
#ifndef COLLECTOR_LABELS_H
#define COLLECTOR_LABELS_H

#include <stdint.h>
#include <sys/types.h>

struct labels;
struct trace_writer;

/*
 * A reader for process PID, built with Go 1.MINOR (22 to 27), whose numgc is at NUMGC (not 0); sets go to WRITER, which
 * is borrowed. Free with labels_free, which ignores NULL.
 */
struct labels *labels_new(pid_t pid, unsigned minor, uint64_t numgc, struct trace_writer *writer);
void labels_free(struct labels *labels);

/*
 * The set that POINTER led to at a sample of the cycle CYCLE: its number in the trace (struct trace_sample), written
 * there when it is new; TRACE_LABELS_UNKNOWN when that cannot be said, 0 for NULL.
 */
uint32_t labels_at(struct labels *labels, uint64_t pointer, uint32_t cycle);

/* How many samples' labels could have been read, but came too late: asking sooner would help. LABELS may be NULL. */
uint64_t labels_late(const struct labels *labels);

#endif
