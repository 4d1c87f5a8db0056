/* The size of the store, and keeping it bounded. Safe while builds and reports use it. */
#ifndef VERDICTS_STORE_PRUNE_H
#define VERDICTS_STORE_PRUNE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define STORE_LIMIT (1ull << 30) /* bytes that `escprof build` lets the store grow to */

struct store_totals {
	size_t packages, binaries; /* files of each kind */
	uint64_t bytes;            /* of all files */
};

/* Measure the store; all zero where there is none. Errors: it cannot be read. */
enum status store_measure(struct store_totals *totals, struct error *error);

/*
 * Remove what was used least lately until no more than KEEP bytes are left (0: everything), and what builds that were
 * killed have left behind. *REMOVED becomes what went. An entry that is removed while it is read stays whole for its
 * reader; its package's verdicts are missing afterwards, which a report says and a build brings back. Errors: the store
 * cannot be read, or an entry not be removed.
 */
enum status store_prune(uint64_t keep, struct store_totals *removed, struct error *error);

#endif
