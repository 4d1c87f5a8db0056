/*
 * A made-up program: what it allocates, how long that lives, when its GC runs, and how it is sampled. All is drawn from
 * a seed. Its clock is the bytes it has allocated. What really was alive is added up while it runs (simulated_run.h).
 */
#ifndef TESTS_SIMULATE_SIMULATED_PROGRAM_H
#define TESTS_SIMULATE_SIMULATED_PROGRAM_H

#include "analyzer/accumulate.h"
#include "analyzer/gc_model.h"
#include "tests/simulate/chance.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIMULATED_SITES  40
#define SIMULATED_SIZES  5
#define SIMULATED_CYCLES 128
#define SIMULATED_RATES  4

enum life_kind {
	LIFE_AT_ONCE,     /* garbage as soon as it is made */
	LIFE_EXPONENTIAL, /* any moment may be its last */
	LIFE_FIXED,       /* a ring or a window: all as long */
	LIFE_FOREVER,
	LIFE_MIXTURE, /* most of it is garbage at once, some is kept */
	LIFE_KINDS,
};

/* What happened, to be compared with what is reported. ALIVE: sums over the ends of cycles. */
struct simulated_truth {
	double objects, bytes;
	double alive_bytes, alive_objects, alive_scan; /* the last: scannable, in objects over 512 bytes */
	double alive_marks;                            /* objects, by what marking them takes */
	struct life_totals lives;                      /* of all objects, by bytes, as the GC finds them */
	struct gc_model_small small;                   /* of objects with pointers; alive: as above */
};

struct simulated_site {
	uint64_t sizes[SIMULATED_SIZES];
	double size_up_to[SIMULATED_SIZES]; /* cumulative chance of the sizes, by objects */
	unsigned nsizes;
	uint32_t first_context; /* one for each size */
	double up_to;           /* cumulative chance of the sites, by objects */
	enum life_kind kind;
	double life;       /* mean, in bytes of the program's clock; of a mixture: of what is kept */
	double kept;       /* share of a mixture that lives */
	double begin, end; /* the part of the run in which it allocates, by the clock */
	bool has_pointers;
	struct simulated_truth truth;
};

struct simulated_program {
	struct chance chance;
	struct simulated_site sites[SIMULATED_SITES];
	unsigned nsites;
	uint32_t ncontexts;
	double end; /* of the trace, by the clock */
	/* Marking of cycle k, from 1, goes from mark_begin[k] to mark_end[k]; none begins after the last. */
	double mark_begin[SIMULATED_CYCLES + 2], mark_end[SIMULATED_CYCLES + 2];
	unsigned ncycles;
	double runway; /* mean bytes between two ends */
	double heap_minimum;
	double swept; /* share of the last cycle's garbage that was swept when the trace ended */
	/* The sampling's mean from rate_since[i] on; the mean by which deaths are told. */
	uint64_t rates[SIMULATED_RATES], live_rate;
	double rate_since[SIMULATED_RATES];
	unsigned nrates;
};

/* Draw PROGRAM from SEED. The same seed gives the same program and, run once, the same run. */
void simulated_program_draw(struct simulated_program *program, uint64_t seed);

/* SITE's largest size as a multiple of its smallest. */
double simulated_size_range(const struct simulated_site *site);

/* "at once", …: for a table. */
const char *simulated_life_name(enum life_kind kind);

#endif
