/*
 * Which of several conversions to interfaces a call is. Line tables have no columns, but numbers that are converted on
 * one line are so in the order of the source: seen in all of 117 such lines of three programs. Strings and slices are
 * not always, and objects of a type hardly ever.
 */
#ifndef SYMBOLIZER_CALL_ORDER_H
#define SYMBOLIZER_CALL_ORDER_H

#include <stdint.h>

struct symbolizer;

/* The NUMBER-th, from 0, of COUNT calls; NUMBER is COUNT where their order tells nothing. */
struct call_order {
	uint32_t number, count;
};

/*
 * The place of the call that returns to RETURN_PC among the like calls: those of runtime.convT's kin in the same
 * function at the same inline chain. Their order tells nothing unless all convert numbers. A count of 0: it is no such
 * call.
 */
struct call_order symbolizer_call_order(struct symbolizer *symbolizer, uint64_t return_pc);

#endif
