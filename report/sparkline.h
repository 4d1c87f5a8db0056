/* Numbers over time as a line of blocks, a column each. Pure functions. */
#ifndef REPORT_SPARKLINE_H
#define REPORT_SPARKLINE_H

#include "base/buf.h"

#include <stddef.h>

/*
 * Append COLUMNS columns of UTF-8 for the COUNT values VALUES, those that share a column as their mean: a block of up
 * to eight eighths of the greatest column, a space for nothing, a dot for what is not known (NAN). COLUMNS is at
 * least 1.
 */
void sparkline_append(struct buf *out, const double *values, size_t count, size_t columns);

/* The greatest of VALUES that is known; NAN when none is. */
double sparkline_most(const double *values, size_t count);

#endif
