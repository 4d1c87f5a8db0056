/*
 * Weights and intervals. In: sizes, rates, counts. Out: totals with their uncertainty. No state.
 *
 * The interval. Suppose that n of N objects were seen, each with probability p. What is not known is U, the number that
 * was not seen. Seen from n, U is negative binomial: n successes came, how many failures lie between them? Its mean is
 * n(1−p)/p and its variance n(1−p)/p²: exactly total − seen and exactly the variance that Horvitz and Thompson give. So
 * the interval is seen + [quantiles of U]. It cannot fall below what was seen, closes as p → 1, and for p → 0 turns
 * into that of a Poisson count. U is taken as a gamma distribution of the same two moments, which also serves sums over
 * different p (there the sum's moments are kept, as Welch and Satterthwaite did for variances). Half a sample is
 * thought in so that coverage is right on average for small n, where n alone would reach too low and n + 1 too high
 * (Jeffreys): an average one for the lower end, the one that would add most for the upper, since what is missing in the
 * sum is missing most likely where samples weigh most (Fay and Feuer add a whole one, which is too much). A gamma
 * variable is never 0, but U often is where p is near 1: the interval then begins at what was seen, unless seeing all
 * was unlikely.
 *
 * What no sample shows has no part in it, unless weights_expect told of it: where a site's sizes differ widely, all its
 * small objects may be missed. They are next to no bytes, but can be most of the objects. tests/unit/test_weights.c and
 * `make simulate` measure the coverage.
 */
#include "analyzer/weights.h"

#include <math.h>

#define TAIL        0.025 /* on each side of a 95 % interval */
#define LARGE_SHAPE 200.0 /* from here on the cube-root normal approximation is good to 1e-4 of the quantile */

double weights_of(uint64_t size, uint64_t rate)
{
	if (rate <= 1 || size == 0)
		return 1;
	return -1 / expm1(-(double)size / (double)rate);
}

void weights_add(struct weighted_sum *sum, double value, double weight, uint64_t count)
{
	double n = (double)count;

	sum->count += count;
	sum->seen += n * value;
	sum->total += n * value * weight;
	sum->variance += n * value * value * weight * (weight - 1); /* (1−p)/p² = w(w−1) */
	sum->log_all -= n * log(weight);
	if (n > 0)
		weights_expect(sum, value, weight);
}

void weights_expect(struct weighted_sum *sum, double value, double weight)
{
	if (value * (weight - 1) <= sum->step)
		return;
	sum->step = value * (weight - 1);
	sum->step_variance = sum->step * value * weight;
}

void weights_merge(struct weighted_sum *sum, const struct weighted_sum *part)
{
	sum->count += part->count;
	sum->seen += part->seen;
	sum->total += part->total;
	sum->variance += part->variance;
	sum->log_all += part->log_all;
	if (part->step > sum->step) {
		sum->step = part->step;
		sum->step_variance = part->step_variance;
	}
}

/* P(shape, x), the regularised lower incomplete gamma function, by its power series: for x < shape + 1. */
static double gamma_series(double shape, double x)
{
	double term = 1 / shape, sum = term;

	for (int i = 1; i < 2000 && term > sum * 1e-13; i++) {
		term *= x / (shape + i);
		sum += term;
	}
	return sum * exp(shape * log(x) - x - lgamma(shape));
}

/* 1 − P(shape, x) by the continued fraction (Lentz's way): for x ≥ shape + 1. */
static double gamma_fraction(double shape, double x)
{
	double b = x + 1 - shape, c = 1e300, d = 1 / b, h = d;

	for (int i = 1; i < 2000; i++) {
		double a = -i * (i - shape), step;

		b += 2;
		d = 1 / (a * d + b);
		c = b + a / c;
		step = c * d;
		h *= step;
		if (fabs(step - 1) < 1e-13)
			break;
	}
	return h * exp(shape * log(x) - x - lgamma(shape));
}

static double gamma_probability(double shape, double x)
{
	if (x <= 0)
		return 0;
	return x < shape + 1 ? gamma_series(shape, x) : 1 - gamma_fraction(shape, x);
}

/* By bisection on erfc. */
double weights_normal_quantile(double probability)
{
	double low = -9, high = 9;

	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (0.5 * erfc(-middle / M_SQRT2) < probability)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Wilson and Hilferty: the cube root of a gamma variable is nearly normal. */
static double gamma_quantile_large(double shape, double probability)
{
	double ninth = 1 / (9 * shape);
	double root = 1 - ninth + weights_normal_quantile(probability) * sqrt(ninth);

	return shape * root * root * root;
}

static double gamma_quantile(double shape, double probability)
{
	double low = 0, high = shape + 1;

	if (shape > LARGE_SHAPE)
		return gamma_quantile_large(shape, probability);
	while (gamma_probability(shape, high) < probability)
		high *= 2;
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (gamma_probability(shape, middle) < probability)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

double weights_gamma_quantile(double mean, double variance, double probability)
{
	return gamma_quantile(mean * mean / variance, probability) * variance / mean;
}

struct interval weights_interval(const struct weighted_sum *sum)
{
	struct interval interval = {sum->seen, sum->seen};
	double unseen = sum->total - sum->seen;
	double half = 1 + 0.5 / (double)(sum->count ? sum->count : 1); /* Jeffreys: n + 1/2 for n */

	if (sum->count == 0 || sum->variance <= 0 || unseen <= sum->total * 1e-12)
		return interval;
	if (sum->log_all < log(TAIL))
		interval.low += weights_gamma_quantile(unseen * half, sum->variance * half, TAIL);
	interval.high +=
	    weights_gamma_quantile(unseen + 0.5 * sum->step, sum->variance + 0.5 * sum->step_variance, 1 - TAIL);
	return interval;
}

double weights_unseen_bound(uint64_t rate)
{
	return rate <= 1 ? 0 : -log(0.05) * (double)rate;
}
