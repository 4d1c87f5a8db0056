/*
 * The contexts of Go's allocations: each stack with its size, type and creator is written to the trace once, and known
 * by the agent's hash of it from then on. Addresses of the program become link-time.
 */
#ifndef COLLECTOR_CONTEXT_TABLE_H
#define COLLECTOR_CONTEXT_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct agent_alloc;
struct context_table;
struct trace_writer;

/* One that is in the trace. */
struct known_context {
	uint64_t hash;
	uint32_t number; /* the trace's */
	uint32_t size;   /* of the objects, at most UINT32_MAX */
};

/* An empty table of a program that is loaded at BIAS; what is new goes to WRITER, which is borrowed. */
struct context_table *context_table_new(struct trace_writer *writer, uint64_t bias);

/* Free TABLE, which may be NULL. */
void context_table_free(struct context_table *table);

/* The context with HASH; NULL when it is not known. Borrowed, until context_table_of is called. */
const struct known_context *context_table_find(const struct context_table *table, uint64_t hash);

/* The context of ALLOC, a sound record, added where that brings its stack; NULL when its stack never came. Likewise. */
const struct known_context *context_table_of(struct context_table *table, const struct agent_alloc *alloc);

/*
 * Every distinct return address of the stacks, and of NMORE others, rising; and every distinct type. The caller free()s
 * the arrays.
 */
uint64_t *context_table_addresses(const struct context_table *table, const uint64_t *more, size_t nmore, size_t *count);
uint64_t *context_table_types(const struct context_table *table, size_t *count);

#endif
