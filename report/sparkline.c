/*
 * In: numbers. Out: a line of blocks.
 */
#include "report/sparkline.h"

#include <math.h>

/* The mean of those of VALUES' COUNT that fall to COLUMN of COLUMNS; NAN when none of them is known. */
static double column_of(const double *values, size_t count, size_t column, size_t columns)
{
	size_t from = column * count / columns, to = (column + 1) * count / columns, known = 0;
	double sum = 0;

	for (size_t i = from; i < to || i == from; i++) {
		if (i >= count || isnan(values[i]))
			continue;
		sum += values[i];
		known++;
	}
	return known ? sum / (double)known : NAN;
}

double sparkline_most(const double *values, size_t count)
{
	double most = NAN;

	for (size_t i = 0; i < count; i++)
		most = fmax(most, values[i]); /* the known one of two */
	return most;
}

void sparkline_append(struct buf *out, const double *values, size_t count, size_t columns)
{
	static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double most = NAN;

	for (size_t i = 0; i < columns; i++)
		most = fmax(most, column_of(values, count, i, columns));
	for (size_t i = 0; i < columns; i++) {
		double value = column_of(values, count, i, columns);
		int eighths = most > 0 && value > 0 ? (int)ceil(fmin(value / most, 1) * 8) : 0;

		buf_append_string(out, isnan(value) ? "·" : blocks[eighths]);
	}
}
