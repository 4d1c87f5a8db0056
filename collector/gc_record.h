/*
 * The GC's figures into the trace, with what the target did at the time: its CPU, its goroutines and Ps. The figures
 * come from the agent, or are read here from outside.
 */
#ifndef COLLECTOR_GC_RECORD_H
#define COLLECTOR_GC_RECORD_H

#include "collector/region.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct concurrency;
struct gc_record;
struct trace_writer;

/* Of process PID, whose figures lie where REGION's plan says, into WRITER. Both are borrowed. Free with gc_record_free.
 */
struct gc_record *gc_record_new(const struct region *region, struct trace_writer *writer, pid_t pid);

/* Free; NULL is ignored. */
void gc_record_free(struct gc_record *gc);

/* From now on look at what the target does at once, by CONCURRENCY, which GC takes over (NULL: it is not known). */
void gc_record_watch(struct gc_record *gc, struct concurrency *concurrency);

/* Look at the target's CPU. */
void gc_record_read_cpu(struct gc_record *gc);

/* The target's CPU in ns, as of the last look while it ran; UINT64_MAX: never known. */
uint64_t gc_record_cpu(const struct gc_record *gc);

/* Write COUNT words of figures, as of TIME_NS and CYCLE. */
void gc_record_write(struct gc_record *gc, uint64_t time_ns, uint32_t cycle, const uint64_t *words, size_t count);

/* Read the figures now, at TIME_NS, and write them; quietly nothing when the target has exited. */
void gc_record_write_now(struct gc_record *gc, uint64_t time_ns);

/*
 * Whether what the target does at once is another than what was last written. It is looked at when NOW_NS is long
 * enough after the last look.
 */
bool gc_record_has_changed(struct gc_record *gc, uint64_t now_ns);

/* Look at that and the CPU, and write the figures in any case. */
void gc_record_poll(struct gc_record *gc, uint64_t time_ns);

/* numgc, and the bytes that the program has allocated by the runtime's own count, as last written; 0: none yet. */
uint32_t gc_record_cycle(const struct gc_record *gc);
uint64_t gc_record_total_alloc(const struct gc_record *gc);

#endif
