/*
 * In: sites with their samples and slices. Out: variances, and intervals whose tails hold.
 *
 * Whether something differs is asked of hundreds of sites, so the tails are small (1e-5) and their form matters:
 * figures are taken as gamma variables, which Poisson counts of samples are from near, and intervals of differences are
 * put together from those of their parts (the method of variance estimates recovery: Zou and Donner, 2008), so that
 * they keep their skewness.
 */
#include "analyzer/compare_noise.h"

#include "analyzer/weights.h"

#include <math.h>

#define EDGE_SLICES   3    /* at the run's start and end: what happens there happens once in every run */
#define COUNTED_BELOW 4096 /* at finer rates samples are counted, and stand in time where their count was read … */
#define COUNTED_BLOCK 0.2  /* … twenty times a second: so many seconds hold several readings */
#define FREEDOM_LEAST 2.0
#define LARGE_FREEDOM 1e4

/* Slices that are put together into one block. */
static size_t block_slices(const struct analysis *analysis)
{
	double slice = analysis->timeline.slice_seconds;

	if (analysis->rate_low >= COUNTED_BELOW || slice <= 0 || slice >= COUNTED_BLOCK)
		return 1;
	return (size_t)ceil(COUNTED_BLOCK / slice);
}

/*
 * What the sites have in the block of SLICES slices from slice FROM on, less what they would have with an even share of
 * the program's bytes there: how fast the whole program is at the time is left out. Adds their bytes to *BYTES.
 */
static double residual(const struct analysis *analysis, const struct site *const *sites, size_t count, size_t from,
		       size_t slices, double share, double *bytes)
{
	double own = 0, all = 0;

	for (size_t k = from; k < from + slices; k++) {
		all += analysis->timeline.alloc_bytes[k];
		for (size_t i = 0; i < count; i++)
			own += sites[i]->slices ? sites[i]->slices[k] : 0;
	}
	*bytes += own;
	return own - share * all;
}

static double all_bytes(const struct analysis *analysis)
{
	double bytes = 0;

	for (size_t k = 0; k < analysis->timeline.count; k++)
		bytes += analysis->timeline.alloc_bytes[k];
	return bytes;
}

/*
 * The variance of a sum over blocks from how far each is from the one before (von Neumann): a phase in which a site is
 * busier than in others counts at its two ends alone. Bursts of few blocks leave few degrees of freedom.
 */
static void add_scatter(struct noisy *noisy, const struct analysis *analysis, const struct site *const *sites,
			size_t count)
{
	size_t slices = block_slices(analysis), first = (EDGE_SLICES + slices - 1) / slices;
	size_t blocks = analysis->timeline.count / slices, nblocks = 0;
	double all = all_bytes(analysis), share = all > 0 ? noisy->value / all : 0;
	double before = 0, squares = 0, fourths = 0, middle = 0;

	for (size_t i = first; i + first < blocks; i++) {
		double now = residual(analysis, sites, count, i * slices, slices, share, &middle);

		if (nblocks++) {
			squares += (now - before) * (now - before);
			fourths += pow(now - before, 4);
		}
		before = now;
	}
	if (nblocks < 3 || squares <= 0 || fourths <= 0)
		return;
	noisy->scatter = squares / 2 * (double)nblocks / (double)(nblocks - 1);
	if (noisy->value > 0 && middle < noisy->value)
		noisy->scatter += noisy->chance * (noisy->value - middle) / noisy->value;
	noisy->freedom = fmax(FREEDOM_LEAST, 2 * squares * squares / fourths);
}

struct noisy noise_of_sites(const struct analysis *analysis, const struct site *const *sites, size_t count,
			    double floor)
{
	struct noisy noisy = {.floor = floor};

	for (size_t i = 0; i < count; i++) {
		noisy.value += sites[i]->alloc_bytes;
		noisy.chance += sites[i]->sampling_variance + sites[i]->squared_bytes;
		noisy.step = fmax(noisy.step, sites[i]->sample_bytes);
	}
	if (count && sites[0]->class_ != CLASS_C) /* which have no slices */
		add_scatter(&noisy, analysis, sites, count);
	return noisy;
}

/* Student's quantile where the normal one is Z, by Wallace's transform (1959): good to 1 % from 3 degrees on. */
static double student(double z, double freedom)
{
	double scaled = z * (8 * freedom + 3) / (8 * freedom + 1);

	return freedom > LARGE_FREEDOM ? z : sqrt(freedom * expm1(fmin(scaled * scaled / freedom, 500)));
}

static double variance_at(const struct noisy *noisy, double tail)
{
	double z = -weights_normal_quantile(tail);
	double t = noisy->scatter > noisy->chance ? student(z, noisy->freedom) : z;
	double floor = noisy->floor * noisy->value;

	return fmax(noisy->chance, noisy->scatter * (t / z) * (t / z)) + floor * floor;
}

struct interval noise_interval(const struct noisy *noisy, double tail)
{
	double variance = variance_at(noisy, tail), step = noisy->step;
	struct interval interval = {noisy->value, noisy->value};

	if (noisy->value > 0 && variance > 0)
		interval.low = weights_gamma_quantile(noisy->value, variance, tail);
	if (noisy->value + step > 0 && variance + step * step > 0)
		interval.high = weights_gamma_quantile(noisy->value + step, variance + step * step, 1 - tail);
	interval.low = fmin(interval.low, noisy->value);
	interval.high = fmax(interval.high, noisy->value);
	return interval;
}

struct interval noise_difference(const struct noisy *before, const struct noisy *after, const double *work,
				 const struct interval *common, double tail)
{
	struct interval a = noise_interval(before, tail), b = noise_interval(after, tail), difference;
	double low = common->high / work[0], high = common->low / work[0];

	difference.low = after->value / work[1] - low * before->value -
			 hypot((after->value - b.low) / work[1], low * (a.high - before->value));
	difference.high = after->value / work[1] - high * before->value +
			  hypot((b.high - after->value) / work[1], high * (before->value - a.low));
	return difference;
}
