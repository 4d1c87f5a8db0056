/* Random numbers that repeat: one 64-bit state, every program and platform the same. Not thread-safe. */
#ifndef TESTS_SIMULATE_CHANCE_H
#define TESTS_SIMULATE_CHANCE_H

#include <math.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

/* 64 random bits: a counter that goes by an odd step, its bits mixed by two multiplications. */
static inline uint64_t chance_bits(struct chance *chance)
{
	uint64_t bits = chance->state += 0x9e3779b97f4a7c15u;

	bits = (bits ^ bits >> 32) * 0xd6e8feb86659fd93u;
	bits = (bits ^ bits >> 32) * 0xd6e8feb86659fd93u;
	return bits ^ bits >> 32;
}

/* Uniform in (0, 1). */
static inline double chance_uniform(struct chance *chance)
{
	return ((double)(chance_bits(chance) >> 11) + 0.5) * 0x1p-53;
}

static inline double chance_between(struct chance *chance, double low, double high)
{
	return low + (high - low) * chance_uniform(chance);
}

/* Uniform in its logarithm. */
static inline double chance_log(struct chance *chance, double low, double high)
{
	return low * exp(log(high / low) * chance_uniform(chance));
}

/* One of 0 … COUNT − 1. */
static inline unsigned chance_pick(struct chance *chance, unsigned count)
{
	return (unsigned)(chance_uniform(chance) * count);
}

static inline double chance_exponential(struct chance *chance, double mean)
{
	return -mean * log(chance_uniform(chance));
}

#endif
