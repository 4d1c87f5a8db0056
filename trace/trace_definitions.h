/*
 * The records of a trace that define something: facts, stacks, labels, strings, symbols and modules. They go into the
 * struct trace, those of one kind in their order. For the reader's own modules alone.
 */
#ifndef TRACE_TRACE_DEFINITIONS_H
#define TRACE_TRACE_DEFINITIONS_H

#include <stdbool.h>
#include <stdint.h>

struct cursor;
struct trace;
struct trace_records;

/*
 * Read the record behind its TAG into the trace of RECORDS; CURSOR fails when it holds what no writer writes. False,
 * and nothing is read, when TAG is of no record that defines.
 */
bool trace_definitions_read(struct trace_records *records, struct cursor *cursor, uint8_t tag);

/* Free the memory that texts and stacks of TRACE lie in. */
void trace_definitions_free(struct trace *trace);

#endif
