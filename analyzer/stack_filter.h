/*
 * Which stacks a report is about, as `go tool pprof` has it: --focus keeps stacks with a frame that matches, --ignore
 * drops those with one. Matched are function names and files, anywhere in them, without the allocator's own frames.
 */
#ifndef ANALYZER_STACK_FILTER_H
#define ANALYZER_STACK_FILTER_H

#include "base/error.h"

#include <stdbool.h>

struct stack_filter;
struct symbols;
struct trace_context;

/*
 * Compile the POSIX extended regular expressions FOCUS and IGNORE; each may be NULL. *FILTER is the caller's to free;
 * NULL when both are. STATUS_ERROR for what is no expression. Not thread-safe.
 */
enum status stack_filter_new(struct stack_filter **filter, const char *focus, const char *ignore, struct error *error);
void stack_filter_free(struct stack_filter *filter);

/* Whether CONTEXT's stack is kept. SYMBOLS must be the same at every call. */
bool stack_filter_keeps(struct stack_filter *filter, struct symbols *symbols, const struct trace_context *context);

/* The expressions, "" for one not given; borrowed. */
const char *stack_filter_focus(const struct stack_filter *filter);
const char *stack_filter_ignore(const struct stack_filter *filter);

#endif
