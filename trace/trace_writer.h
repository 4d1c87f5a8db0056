/*
 * Writing a trace: records go to a block in memory, blocks become compressed, checksummed frames in the file. A frame
 * is whole or absent for a reader, so a trace whose writer was killed is readable up to its last flush. One thread.
 */
#ifndef TRACE_TRACE_WRITER_H
#define TRACE_TRACE_WRITER_H

#include "base/error.h"
#include "trace/trace_model.h"

struct trace_writer;

/* Create (or replace) the file PATH and write its header. Close with trace_writer_close. */
enum status trace_writer_open(struct trace_writer **writer, const char *path, struct error *error);

/* Append one record. All strings and arrays are copied. Contexts are numbered from 0 in the order they are given, and
 * so are the CPU's stacks. */
void trace_writer_fact(struct trace_writer *writer, const char *key, const void *value, size_t size);
uint32_t trace_writer_context(struct trace_writer *writer, const struct trace_context *context);
uint32_t trace_writer_cpu_stack(struct trace_writer *writer, const struct trace_cpu_stack *stack);
void trace_writer_cpu_sample(struct trace_writer *writer, const struct trace_cpu_sample *sample);
/* A set of labels, numbered from 0 in the order they are given; before the first sample that has it. */
void trace_writer_labels(struct trace_writer *writer, const struct trace_label *labels, uint32_t count);
void trace_writer_sample(struct trace_writer *writer, const struct trace_sample *sample);
void trace_writer_death(struct trace_writer *writer, const struct trace_death *death);
void trace_writer_gc(struct trace_writer *writer, const struct trace_gc *gc);
/* What was written so far is a run of its own, whose last cycle was CYCLE: what lives does not live on. */
void trace_writer_run_end(struct trace_writer *writer, uint32_t cycle);
void trace_writer_losses(struct trace_writer *writer, const struct trace_losses *losses);
/* The same by rings, COUNT (at most 1024) of RING_SIZE bytes each. */
void trace_writer_rings(struct trace_writer *writer, uint64_t ring_size, const struct trace_ring *rings,
			uint32_t count);

/* The same of C allocations: modules and contexts are numbered from 0 in the order they are given. */
void trace_writer_module(struct trace_writer *writer, const struct trace_module *module);
uint32_t trace_writer_c_context(struct trace_writer *writer, const struct trace_c_context *context);
void trace_writer_c_counts(struct trace_writer *writer, const struct trace_c_counts *counts);

/* Append symbols; function, file and name are given as texts, numbered inside. NFRAMES frames, innermost first. */
struct trace_frame_text {
	const char *function, *file;
	uint32_t line, start_line;
};
/* The symbols of PC, its ENTRY (the name of the function its call goes to, "" for none) and CALL_TYPE (0 for none). */
void trace_writer_symbol(struct trace_writer *writer, uint64_t pc, const struct trace_frame_text *frames,
			 uint32_t nframes, const char *entry, uint64_t call_type);
/* A type: sizes in bytes. */
void trace_writer_type(struct trace_writer *writer, uint64_t address, const char *name, uint8_t kind, uint64_t size,
		       uint64_t ptr_bytes);
void trace_writer_order(struct trace_writer *writer, const struct trace_order *order);
void trace_writer_function(struct trace_writer *writer, const struct trace_function *function);

/* Compress what was appended and hand it to the kernel. Errors: the disk is full and the like; what was written stays.
 */
enum status trace_writer_flush(struct trace_writer *writer, struct error *error);

/* Bytes written to the file so far. */
uint64_t trace_writer_size(const struct trace_writer *writer);

/* Flush; with COMPLETE write the end record that tells a reader nothing is missing; close the file and free. */
enum status trace_writer_close(struct trace_writer *writer, bool complete, struct error *error);

/* Free, and close the file here: a child of this process, which has the writer too, goes on with it. */
void trace_writer_leave(struct trace_writer *writer);

#endif
