/*
 * Which of several like calls a call is. Line tables have no columns, but a compiler that goes from left to right
 * leaves the order of the calls on a line in the order of their addresses.
 */
#ifndef SYMBOLIZER_CALL_ORDER_H
#define SYMBOLIZER_CALL_ORDER_H

#include <stdint.h>

struct symbolizer;

/* The NUMBER-th (from 0) of COUNT calls. */
struct call_order {
	uint32_t number, count;
};

/*
 * The place of the call that returns to RETURN_PC among the like calls: those in the same function, at the same inline
 * chain, to the same entry of the runtime with the same type; the kin of runtime.convT count as one, whatever they
 * convert. A count of 0: no direct call of the runtime ends there.
 */
struct call_order symbolizer_call_order(struct symbolizer *symbolizer, uint64_t return_pc);

#endif
