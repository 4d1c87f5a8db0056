/*
 * The C allocations of traces that are merged: their stacks and modules get one number where they are alike, and the
 * addresses in them name the modules by those.
 */
#ifndef TRACE_MERGE_C_H
#define TRACE_MERGE_C_H

#include <stddef.h>
#include <stdint.h>

struct merge_c;
struct trace;
struct trace_c_counts;
struct trace_writer;

/* Of COUNT traces into WRITER, which is borrowed. Free with merge_c_free. */
struct merge_c *merge_c_new(struct trace_writer *writer, size_t count);

/* Free; NULL is ignored. */
void merge_c_free(struct merge_c *c);

/* What comes from here on is of the trace INPUT, from 0. */
void merge_c_begin(struct merge_c *c, size_t input);

/* Write COUNTS of TRACE, as far as it is read, TIME_NS later, and before them what is new of stacks and modules. */
void merge_c_counts(struct merge_c *c, const struct trace *trace, const struct trace_c_counts *counts,
		    uint64_t time_ns);

/* The trace at hand, TRACE, has been read to its end. It is borrowed until merge_c_write_facts. */
void merge_c_end(struct merge_c *c, const struct trace *trace);

/* Write what is said of C where it holds for any of the runs, and the sum of samples without room. */
void merge_c_write_facts(const struct merge_c *c);

/* An address of a stack, or of a symbol, of the trace INPUT as the output has it; what is not of a module stays. */
uint64_t merge_c_address(const struct merge_c *c, size_t input, uint64_t address);

#endif
