/* Why an allocation is not what its verdict says: on the heap although it does not escape, or one block for several. */
#ifndef ANALYZER_DIFFERENCE_H
#define ANALYZER_DIFFERENCE_H

#include "analyzer/category.h"

#include <stddef.h>

struct arena;

/*
 * The explanation for FACTS, a text of ARENA, with the Go versions for which it holds; "" where verdict and run agree,
 * or nothing is known to say. ENTRY is the runtime's function that was called; NVERDICTS how many verdicts the one
 * block is of (0 or 1: one).
 *
 * Sources: cmd/compile/internal/walk/builtin.go, walkMakeSlice (Go 1.25), walk/convert.go and expr.go,
 * tmpstringbufsize, ssagen/ssa.go, (*state).append (Go 1.25) and newHeapaddr (Go 1.25), slice/slice.go (Go 1.26).
 */
const char *difference_for(struct arena *arena, const struct site_facts *facts, const char *entry, size_t nverdicts);

#endif
