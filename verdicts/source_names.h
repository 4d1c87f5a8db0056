/* The names that source files have in a binary's line table, from those the compiler writes in its diagnostics. */
#ifndef VERDICTS_SOURCE_NAMES_H
#define VERDICTS_SOURCE_NAMES_H

#include "base/buf.h"

#include <stdbool.h>

/* How a compile names its files. All borrowed; any may be NULL or "". */
struct source_names {
	const char *directory; /* where it ran: names that start with "./" or "../" are joined to it */
	const char *rewrites;  /* its -trimpath argument: "prefix=>replacement;prefix" */
	const char *goroot;    /* stands for a leading "$GOROOT" */
	bool look; /* join other relative names too when there is such a file: a go command's log has them */
};

/*
 * FILE as the line table has it. Returns FILE itself, or a string that is kept in SCRATCH (overwritten by the next
 * call). NAMES may be NULL: nothing is changed then. Names that are in their final form already stay as they are.
 */
const char *source_names_resolve(const struct source_names *names, const char *file, struct buf *scratch);

#endif
