/*
 * In: a seed. Out: a program. The ranges are those of real services, scaled down in time: 5 to 40 sites over four
 * orders of magnitude of bytes, slots of 8 bytes to 128 KiB, 3 to 100 cycles, up to 35 % of the bytes allocated while
 * marking is on, sampling means of 512 bytes to 128 KiB (sometimes 1), of which a part, up to all, is followed.
 */
#include "tests/simulate/simulated_program.h"

#include <math.h>
#include <string.h>

#define SMALLEST  8
#define LARGEST   131072
#define OBJECTS   20000.0 /* a run allocates so many at the least */
#define OBJECTS_2 1000000.0

const char *simulated_life_name(enum life_kind kind)
{
	static const char *const names[LIFE_KINDS] = {"at once", "exponential", "fixed", "forever", "mixture"};

	return names[kind];
}

/* A slot's size; Go's classes are 8 to 25 % apart, which 8-byte steps and eighths imitate. */
static uint64_t draw_size(struct chance *chance, double low, double high)
{
	uint64_t size = (uint64_t)chance_log(chance, low, high), step = 8;

	while (step * 16 <= size)
		step *= 2;
	return (size + step - 1) / step * step;
}

/* One size at two sites of three; else several, as many of each, or as many bytes of each. */
static void draw_sizes(struct simulated_site *site, struct chance *chance)
{
	bool mixed = chance_pick(chance, 3) == 0, by_bytes = chance_pick(chance, 2);
	double low = chance_log(chance, SMALLEST, 16384), high = low * chance_log(chance, 2, 1024), sum = 0;

	site->nsizes = mixed ? 2 + chance_pick(chance, SIMULATED_SIZES - 1) : 1;
	if (!mixed)
		low = SMALLEST, high = LARGEST;
	for (unsigned i = 0; i < site->nsizes; i++) {
		site->sizes[i] = draw_size(chance, low, fmin(high, LARGEST));
		sum += by_bytes ? 1 / (double)site->sizes[i] : 1;
		site->size_up_to[i] = sum;
	}
	for (unsigned i = 0; i < site->nsizes; i++)
		site->size_up_to[i] /= sum;
}

double simulated_size_range(const struct simulated_site *site)
{
	uint64_t smallest = site->sizes[0], largest = site->sizes[0];

	for (unsigned i = 1; i < site->nsizes; i++) {
		if (site->sizes[i] < smallest)
			smallest = site->sizes[i];
		if (site->sizes[i] > largest)
			largest = site->sizes[i];
	}
	return (double)largest / (double)smallest;
}

static double mean_size(const struct simulated_site *site)
{
	double mean = 0, before = 0;

	for (unsigned i = 0; i < site->nsizes; i++) {
		mean += (site->size_up_to[i] - before) * (double)site->sizes[i];
		before = site->size_up_to[i];
	}
	return mean;
}

/* Begin and end as shares of the run, up_to as objects a byte of the clock: scaled when all sites are known. */
static void draw_site(struct simulated_site *site, struct chance *chance)
{
	static const enum life_kind kinds[] = {LIFE_AT_ONCE, LIFE_AT_ONCE,     LIFE_AT_ONCE, LIFE_EXPONENTIAL,
					       LIFE_FIXED,   LIFE_EXPONENTIAL, LIFE_FOREVER, LIFE_MIXTURE};

	draw_sizes(site, chance);
	site->up_to = chance_log(chance, 1, 10000) / mean_size(site);
	site->kind = kinds[chance_pick(chance, sizeof(kinds) / sizeof(kinds[0]))];
	site->life = chance_log(chance, 0.05, 30);
	site->kept = chance_log(chance, 0.002, 0.3);
	site->has_pointers = chance_pick(chance, 2);
	site->begin = 0;
	site->end = 1;
	if (chance_pick(chance, 4) == 0) {
		site->begin = chance_between(chance, 0, 0.8);
		site->end = chance_between(chance, site->begin + 0.05, 1);
	}
}

/* The share of bytes allocated while marking is one of the program's; each cycle differs a little. */
static void draw_cycles(struct simulated_program *program)
{
	struct chance *chance = &program->chance;
	double black = chance_between(chance, 0.01, 0.35), at = 0, scale;
	unsigned count = (unsigned)chance_log(chance, 3, 100);

	for (unsigned k = 1; k <= count; k++) {
		double runway = chance_between(chance, 0.7, 1.3), marking = black * chance_between(chance, 0.7, 1.3);

		program->mark_begin[k] = at + runway * (1 - marking);
		program->mark_end[k] = at += runway;
	}
	scale = program->end / (at + chance_uniform(chance) * (1 - black));
	for (unsigned k = 1; k <= count; k++) {
		program->mark_begin[k] *= scale;
		program->mark_end[k] *= scale;
	}
	program->ncycles = count;
	program->mark_begin[count + 1] = program->mark_end[count + 1] = INFINITY;
	program->runway = at * scale / count;
	program->swept = chance_uniform(chance);
	program->heap_minimum = program->runway * chance_log(chance, 0.02, 0.9);
}

/* The mean changes in a third of the runs, as when a ring fills up. The program's own profile is one of any rate. */
static void draw_rates(struct simulated_program *program)
{
	struct chance *chance = &program->chance;
	uint64_t rate = chance_pick(chance, 16) ? (uint64_t)chance_log(chance, 512, 131072) : 1;

	program->nrates = chance_pick(chance, 3) ? 1 : 2 + chance_pick(chance, SIMULATED_RATES - 1);
	for (unsigned i = 0; i < program->nrates; i++) {
		program->rates[i] = rate << (i ? chance_pick(chance, 4) : 0);
		program->rate_since[i] = program->end * i / program->nrates;
	}
	program->live_rate = (uint64_t)((double)(rate > 512 ? rate : 512) * chance_log(chance, 0.5, 128));
}

static void scale_sites(struct simulated_program *program)
{
	double wanted = chance_log(&program->chance, OBJECTS, OBJECTS_2), objects = 0;

	for (unsigned i = 0; i < program->nsites; i++) {
		struct simulated_site *site = &program->sites[i];

		program->end += site->up_to * mean_size(site) * (site->end - site->begin);
		objects += site->up_to;
	}
	program->end *= wanted / objects;
	for (unsigned i = 0; i < program->nsites; i++) {
		struct simulated_site *site = &program->sites[i];

		site->up_to = (i ? site[-1].up_to : 0) + site->up_to / objects;
		site->begin *= program->end;
		site->end *= program->end;
	}
	program->sites[program->nsites - 1].up_to = 1;
}

void simulated_program_draw(struct simulated_program *program, uint64_t seed)
{
	memset(program, 0, sizeof(*program));
	program->chance.state = seed * 0xda942042e4dd58b5u;
	program->nsites = 5 + chance_pick(&program->chance, SIMULATED_SITES - 4);
	for (unsigned i = 0; i < program->nsites; i++) {
		struct simulated_site *site = &program->sites[i];

		draw_site(site, &program->chance);
		site->first_context = program->ncontexts;
		program->ncontexts += site->nsizes;
	}
	scale_sites(program);
	draw_cycles(program);
	draw_rates(program);
	for (unsigned i = 0; i < program->nsites; i++)
		program->sites[i].life *= program->runway;
}
