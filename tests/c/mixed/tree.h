/*
 * Calls by a code: three bits a call, from the lowest up. 0: c_leaf, which allocates; 1, 2, 3: the Go functions goA, goB
 * and goI, which is inlined; 4, 5, 6, 7: the C functions c_a, c_b (which has a large frame), c_i, which is inlined, and
 * c_t, which a tail call leaves nothing of. There is room for 19 calls; the highest seven bits are the caller's own.
 */
#ifndef TREE_H
#define TREE_H

#include <stdint.h>

void c_call(uint64_t code);

/* The same in threads of C's own, COUNT of them, each with its code; waits for all. */
void c_threads(uint64_t *codes, int count);

/* Free all that was allocated, and return how much that was. */
uint64_t c_free_all(void);

#endif
