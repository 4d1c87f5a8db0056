/*
 * The arithmetic of sampling, without a C library: freestanding, pure but for the random state. Accurate to 1e-6 of a
 * mean interval, and to 1e-8 in probabilities, which is far below what any number of samples can show.
 */
#ifndef COLLECTOR_AGENT_AGENT_MATH_H
#define COLLECTOR_AGENT_AGENT_MATH_H

#include "collector/agent/agent_numbers.h"

#include <stdint.h>

union agent_double {
	double value;
	uint64_t bits;
};

/* A · B: returns the lower half of the product, and *HIGH the upper. (unsigned __int128 goes by way of the stack here.)
 */
static inline uint64_t agent_multiply(uint64_t a, uint64_t b, uint64_t *high)
{
	uint64_t low;

	__asm__("mulq %3" : "=a"(low), "=d"(*high) : "a"(a), "rm"(b) : "cc");
	return low;
}

/* What the next 64 random bits of a generator in STATE will be; agent_advance goes on to them. */
static inline uint64_t agent_peek(uint64_t state)
{
	uint64_t word = state + AGENT_WEYL, high, low = agent_multiply(word, word ^ AGENT_WEYL_MASK, &high);

	return high ^ low;
}

static inline void agent_advance(uint64_t *state)
{
	*state += AGENT_WEYL;
}

/*
 * The next 64 random bits of *STATE: a Weyl sequence, whose words are mixed by one long product with themselves (as
 * wyrand, Wang Yi 2019). Any state is a good one.
 */
static inline uint64_t agent_random(uint64_t *state)
{
	uint64_t random = agent_peek(*state);

	agent_advance(state);
	return random;
}

/* RANDOM bits as a uniform number in (0, 1]. */
static inline double agent_chance(uint64_t random)
{
	return (double)((random >> 11) + 1) * 0x1p-53;
}

#define AGENT_LOG_BITS 6 /* of a mantissa, the upper ones: its place in agent_logs */

/* The middle of a stretch of mantissas: 1 divided by it, and minus its natural logarithm. */
struct agent_log {
	double inverse, minus_log;
};

/* Of C from 1 to 2; the logarithm by ten terms of 2·atanh((C−1)/(C+1)), for the compiler to reckon out. */
/* clang-format off */
#define AGENT_SERIES(s) \
	(1 + (s) * (1.0 / 3 + (s) * (1.0 / 5 + (s) * (1.0 / 7 + (s) * (1.0 / 9 + (s) * (1.0 / 11 + (s) * (1.0 / 13 + \
	(s) * (1.0 / 15 + (s) * (1.0 / 17 + (s) / 19)))))))))
#define AGENT_ATANH(z)    ((z) * AGENT_SERIES((z) * (z)))
#define AGENT_LOG(c)      {1 / (c), -2 * AGENT_ATANH(((c) - 1) / ((c) + 1))}
#define AGENT_LOG_1(i)    AGENT_LOG(1 + ((i) + 0.5) / (1 << AGENT_LOG_BITS))
#define AGENT_LOGS_4(i)   AGENT_LOG_1(i), AGENT_LOG_1((i) + 1), AGENT_LOG_1((i) + 2), AGENT_LOG_1((i) + 3)
#define AGENT_LOGS_16(i)  AGENT_LOGS_4(i), AGENT_LOGS_4((i) + 4), AGENT_LOGS_4((i) + 8), AGENT_LOGS_4((i) + 12)
/* clang-format on */

static const struct agent_log agent_logs[1 << AGENT_LOG_BITS] = {AGENT_LOGS_16(0), AGENT_LOGS_16(16), AGENT_LOGS_16(32),
								 AGENT_LOGS_16(48)};

/*
 * Minus the natural logarithm of RANDOM bits as a number between 0 and 1, within 2e-7: of the exponent, of the
 * mantissa's place in the table, and of what that is off. From 0, as the number is never 1. No division, and nothing to
 * be guessed: half of all mantissas would be.
 */
static inline double agent_exponential(uint64_t random)
{
	union agent_double number = {.value = (double)(int64_t)(random >> 11 | 1)}; /* of 53 bits */
	const struct agent_log *near = &agent_logs[number.bits >> (52 - AGENT_LOG_BITS) & ((1 << AGENT_LOG_BITS) - 1)];
	int halvings = 1023 + 53 - (int)(number.bits >> 52);
	double rest;

	number.bits = (number.bits & 0xfffffffffffffull) | 0x3ff0000000000000ull;
	rest = 1 - number.value * near->inverse;
	return halvings * 0.6931471805599453 + near->minus_log + (rest + rest * rest * 0.5);
}

/* 1 − e^(−Y) for Y ≥ 0: the probability that an object of Y mean intervals is sampled. */
static inline double agent_hit_probability(double y)
{
	union agent_double power;
	double rest, e;
	int halvings;

	if (y < 1e-3)
		return y * (1 - y * (1.0 / 2 - y * (1.0 / 6 - y / 24)));
	if (y > 40)
		return 1;
	halvings = (int)(y * 1.4426950408889634);
	rest = y - halvings * 0.6931471805599453;
	/* e^(−rest), rest in [0, ln 2) */
	e = 1 - rest / 11;
	e = 1 - rest / 10 * e;
	e = 1 - rest / 9 * e;
	e = 1 - rest / 8 * e;
	e = 1 - rest / 7 * e;
	e = 1 - rest / 6 * e;
	e = 1 - rest / 5 * e;
	e = 1 - rest / 4 * e;
	e = 1 - rest / 3 * e;
	e = 1 - rest / 2 * e;
	e = 1 - rest * e;
	power.bits = (uint64_t)(1023 - halvings) << 52;
	return 1 - e * power.value;
}

/* Bytes to the next sample: exponential with the given MEAN, from 1 to 112 MiB, rounded down. */
static inline int64_t agent_draw(uint64_t *state, double mean)
{
	return (int64_t)(agent_exponential(agent_random(state)) * mean);
}

/*
 * The probability that an object of SIZE bytes, seen by an interval of mean DRAWN, is kept by a thinning to the mean
 * WANTED: so that it is kept overall as if WANTED had been drawn. 1 where DRAWN is not the finer one. A mean of 1 sees
 * every object.
 */
static inline double agent_thin(double size, double drawn, double wanted)
{
	if (wanted <= drawn)
		return 1;
	if (drawn <= 1)
		return agent_hit_probability(size / wanted);
	return agent_hit_probability(size / wanted) / agent_hit_probability(size / drawn);
}

/*
 * Whether an object is among those that agent_thin keeps, by CHANCE, uniform in (0, 1]. Nearly every sample of a fine
 * mean is not, and the exponentials need not be known to tell: since x/(1+x) ≤ 1−e^(−x) ≤ x, the probability is at most
 * (SIZE + DRAWN)/WANTED.
 */
static inline int agent_is_kept(double chance, double size, double drawn, double wanted)
{
	if (wanted <= drawn)
		return 1;
	if (chance * wanted > size + (drawn > 1 ? drawn : 0))
		return 0;
	return chance <= agent_thin(size, drawn, wanted);
}

/*
 * For tests alone: what agent_quick.S does by a few instructions. False only when agent_is_kept, for the chance of the
 * same RANDOM bits, is false too. Sizes and means in bytes, DRAWN from 1.
 */
static inline int agent_may_be_kept(uint64_t random, uint64_t size, uint64_t drawn, uint64_t wanted)
{
	uint64_t high;

	agent_multiply(random, wanted, &high);
	return high <= size + drawn; /* always so where WANTED is at most DRAWN */
}

#endif
