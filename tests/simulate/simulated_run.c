/*
 * In: a program. Out: records for analyzer/accumulate.h, and what really was. Every object is allocated one by one, so
 * the sampling is the agent's own: a countdown of bytes, exponential with the finer of the two means; one uniform
 * number decides whether the object it ends at is recorded and whether its death will be told.
 *
 * A cycle marks what can be reached when marking begins, and what is born meanwhile. An object dead by then is found
 * unmarked, swept before the next marking, and its death told if it is followed; numgc counts the ends of marking.
 */
#include "tests/simulate/simulated_run.h"

#include "analyzer/accumulate.h"
#include "analyzer/analyze.h"
#include "analyzer/gc_model.h"
#include "analyzer/live_estimate.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIG_OBJECT 512
#define ROOT_BYTES 65536
#define PC_MALLOC  1
#define PC_NEW     2
#define PC_MAIN    3
#define PC_SITE    16
#define TYPE_PLAIN 0x100
#define TYPE_OWN   0x200 /* of pointers */

/* A death that will be told once the cycle that finds it has ended. */
struct told_death {
	uint64_t address;
	size_t next; /* in the same cycle; 0: none, else 1 + its place */
};

struct run {
	struct simulated_program *program;
	struct accumulation sums;
	double clock;
	unsigned cycle; /* numgc */
	unsigned rate;  /* the one in force, of the program's */
	double countdown, drawn;
	uint64_t address;
	double marked, marked_change[SIMULATED_CYCLES + 2];
	struct told_death *deaths;
	size_t ndeaths, deaths_capacity, deaths_of[SIMULATED_CYCLES + 2];
};

struct object {
	uint32_t context;
	uint64_t size;
	double death;
};

/* P(x): the chance that an object of SIZE bytes is met by sampling with a mean of RATE. */
static double met(uint64_t size, double rate)
{
	return rate <= 1 ? 1 : -expm1(-(double)size / rate);
}

static void draw_interval(struct run *run)
{
	run->drawn = fmin((double)run->program->rates[run->rate], (double)run->program->live_rate);
	run->countdown = run->drawn <= 1 ? 0 : chance_exponential(&run->program->chance, run->drawn);
}

/* The first cycle that begins to mark at MOMENT or later: that finds garbage of then. */
static unsigned cycle_finding(const struct simulated_program *program, double moment)
{
	unsigned low = 1, high = program->ncycles + 1;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (program->mark_begin[middle] >= moment)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void tell_later(struct run *run, uint64_t address, unsigned cycle)
{
	run->deaths = memory_reserve(run->deaths, run->ndeaths, &run->deaths_capacity, sizeof(*run->deaths));
	run->deaths[run->ndeaths] = (struct told_death){address, run->deaths_of[cycle]};
	run->deaths_of[cycle] = ++run->ndeaths;
}

/* The countdown ended at OBJECT, which the cycle FOUND will find dead. */
static void take_hit(struct run *run, const struct object *object, unsigned found)
{
	struct simulated_program *program = run->program;
	double rate = fmax((double)program->rates[run->rate], run->drawn), uniform = chance_uniform(&program->chance);
	double met_drawn = met(object->size, run->drawn);
	bool followed = uniform * met_drawn <= met(object->size, (double)program->live_rate);
	struct trace_sample sample = {.time_ns = (uint64_t)run->clock,
				      .count = 1,
				      .context = object->context,
				      .rate = (uint64_t)rate,
				      .cycle = run->cycle};

	if (uniform * met_drawn <= met(object->size, rate)) {
		if (followed) {
			sample.address = run->address += 16;
			sample.live_rate = program->live_rate;
			tell_later(run, sample.address, found);
		}
		accumulate_sample(&run->sums, &sample, object->size);
	}
	draw_interval(run);
}

/* An object of SIZE bytes that holds pointers and lived at so many ENDS. */
static void add_pointers(struct simulated_truth *truth, uint64_t size, double ends)
{
	if (size > BIG_OBJECT) {
		truth->alive_scan += ends * (double)size;
	} else {
		truth->small.allocated[(size + 7) / 8] += (double)size;
		truth->small.live[(size + 7) / 8] += ends * (double)size;
	}
}

/* SIZE bytes that survived so many ENDS as the GC counts them; ENDED: found dead. */
static void add_life(struct life_totals *lives, double size, double ends, bool ended)
{
	lives->weight += size;
	if (!ended) {
		lives->young += ends <= 1 ? size : 0;
		return;
	}
	lives->ended += size;
	if (ends < 2)
		return;
	lives->old += size;
	lives->old_survived += size * ends;
	lives->old_squared += size * ends * ends;
}

static void add_truth(struct run *run, struct simulated_site *site, const struct object *object, unsigned found)
{
	const struct simulated_program *program = run->program;
	double size = (double)object->size, ends = found > run->cycle + 1 ? found - run->cycle - 1 : 0;

	/* Dead before the end of a marking that it saw the beginning of: marked all the same, but not alive. */
	if (ends > 0 && found > 1 && object->death <= program->mark_end[found - 1])
		ends--;
	add_life(&site->truth.lives, size, found > run->cycle + 1 ? found - run->cycle - 1 : 0,
		 found <= program->ncycles);
	if (site->has_pointers)
		add_pointers(&site->truth, object->size, ends);
	site->truth.objects++;
	site->truth.bytes += size;
	site->truth.alive_bytes += ends * size;
	site->truth.alive_objects += ends;
	site->truth.alive_marks += ends * (site->has_pointers ? 1 : gc_model_free_weight(size));
	run->marked_change[run->cycle + 1] += size;
	run->marked_change[found] -= size;
}

static double draw_death(struct run *run, const struct simulated_site *site)
{
	struct chance *chance = &run->program->chance;

	switch (site->kind) {
	case LIFE_EXPONENTIAL:
		return run->clock + chance_exponential(chance, site->life);
	case LIFE_FIXED:
		return run->clock + site->life;
	case LIFE_FOREVER:
		return INFINITY;
	case LIFE_MIXTURE:
		return chance_uniform(chance) < site->kept ? run->clock + chance_exponential(chance, site->life)
							   : run->clock;
	default:
		return run->clock;
	}
}

static void allocate(struct run *run, struct simulated_site *site)
{
	double which = site->nsizes > 1 ? chance_uniform(&run->program->chance) : 0;
	struct object object = {.context = site->first_context};
	unsigned found;

	while (which > site->size_up_to[object.context - site->first_context])
		object.context++;
	object.size = site->sizes[object.context - site->first_context];
	object.death = draw_death(run, site);
	/* Garbage at once is found by the next cycle, or by the one after that if the next is already marking. */
	if (object.death == run->clock)
		found = run->cycle + 1 + (run->clock > run->program->mark_begin[run->cycle + 1]);
	else
		found = cycle_finding(run->program, object.death);
	if (found > run->program->ncycles + 1)
		found = run->program->ncycles + 1;
	add_truth(run, site, &object, found);
	run->countdown -= (double)object.size;
	if (run->countdown < 0)
		take_hit(run, &object, found);
	run->clock += (double)object.size;
}

static void tell_deaths(struct run *run, unsigned cycle)
{
	bool last = cycle == run->program->ncycles;

	for (size_t i = run->deaths_of[cycle]; i; i = run->deaths[i - 1].next) {
		struct trace_death death = {(uint64_t)run->clock, run->deaths[i - 1].address, cycle};

		if (!last || chance_uniform(&run->program->chance) < run->program->swept)
			accumulate_death(&run->sums, &death);
	}
}

/* GOGC is as the program's heap asks for it, so that the model's runway is about the run's. */
static void tell_gc(struct run *run)
{
	struct trace_gc gc = {.time_ns = (uint64_t)run->clock,
			      .cycle = run->cycle,
			      .memory_limit = INT64_MAX,
			      .heap_marked = (uint64_t)run->marked,
			      .heap_minimum = (uint64_t)run->program->heap_minimum,
			      .stack_scan = ROOT_BYTES,
			      .goroutines = 1};

	gc.heap_goal = gc.heap_marked + (uint64_t)run->program->runway;
	gc.gc_percent = (int32_t)fmax(100 * run->program->runway / (run->marked + ROOT_BYTES), 1);
	accumulate_gc(&run->sums, &gc);
}

static void end_cycle(struct run *run)
{
	run->cycle++;
	run->marked += run->marked_change[run->cycle];
	tell_gc(run);
	tell_deaths(run, run->cycle);
}

static void pass_time(struct run *run)
{
	struct simulated_program *program = run->program;

	while (run->cycle < program->ncycles && run->clock > program->mark_end[run->cycle + 1])
		end_cycle(run);
	if (run->rate + 1 < program->nrates && run->clock >= program->rate_since[run->rate + 1])
		run->rate++;
}

static struct simulated_site *pick_site(struct simulated_program *program)
{
	double which = chance_uniform(&program->chance);
	unsigned low = 0, high = program->nsites - 1;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (program->sites[middle].up_to < which)
			low = middle + 1;
		else
			high = middle;
	}
	return &program->sites[low];
}

static void run_all(struct run *run)
{
	struct simulated_program *program = run->program;

	draw_interval(run);
	while (run->clock < program->end) {
		struct simulated_site *site = pick_site(program);

		if (run->clock < site->begin || run->clock >= site->end) {
			/* Where no other site is active, the clock goes on all the same. */
			run->clock += 1;
			continue;
		}
		pass_time(run);
		allocate(run, site);
	}
	pass_time(run);
	tell_gc(run);
	accumulate_finish(&run->sums, program->ncontexts, 0);
}

/* The names by which the analyzer tells sites apart; all lie in one block, which is freed as such. */
struct names {
	struct trace trace;
	struct trace_symbol symbols[SIMULATED_SITES + 3];
	struct trace_frame frames[SIMULATED_SITES + 3];
	struct trace_context contexts[SIMULATED_SITES * SIMULATED_SIZES];
	uint64_t stacks[SIMULATED_SITES][4];
	struct trace_type types[2];
};

static void name_pc(struct names *names, uint64_t pc, const char *function, const char *calls, uint32_t line)
{
	size_t i = names->trace.nsymbols++;

	names->frames[i] = (struct trace_frame){strtab_add(names->trace.strings, function),
						strtab_add(names->trace.strings, "/simulated/main.go"), line, 0};
	names->symbols[i] = (struct trace_symbol){pc, &names->frames[i], 1, strtab_add(names->trace.strings, calls), 0};
}

static void name_site(struct names *names, const struct simulated_site *site, unsigned number)
{
	uint64_t *stack = names->stacks[number];
	char function[32];

	snprintf(function, sizeof(function), "main.site%u", number);
	name_pc(names, PC_SITE + number, function, "runtime.newobject", number + 1);
	stack[0] = PC_MALLOC;
	stack[1] = PC_NEW;
	stack[2] = PC_SITE + number;
	stack[3] = PC_MAIN;
	for (unsigned i = 0; i < site->nsizes; i++) {
		names->contexts[names->trace.ncontexts++] =
		    (struct trace_context){.stack_depth = 4,
					   .stack = stack,
					   .size = site->sizes[i],
					   .type = site->has_pointers ? TYPE_OWN : TYPE_PLAIN,
					   .type_known = true};
	}
}

static struct names *make_names(const struct simulated_program *program)
{
	struct names *names = memory_alloc(1, sizeof(*names));
	struct strtab *strings = names->trace.strings = strtab_new();

	name_pc(names, PC_MALLOC, "runtime.mallocgc", "", 1);
	name_pc(names, PC_NEW, "runtime.newobject", "runtime.mallocgc", 1);
	name_pc(names, PC_MAIN, "main.main", "main.site", 1);
	for (unsigned i = 0; i < program->nsites; i++)
		name_site(names, &program->sites[i], i);
	names->types[0] = (struct trace_type){TYPE_PLAIN, strtab_add(strings, "main.plain"), 25, 8, 0};
	names->types[1] = (struct trace_type){TYPE_OWN, strtab_add(strings, "main.linked"), 25, 8, 8};
	names->trace.types = names->types;
	names->trace.ntypes = 2;
	names->trace.symbols = names->symbols;
	names->trace.contexts = names->contexts;
	names->trace.complete = true;
	assert(names->trace.ncontexts == program->ncontexts);
	return names;
}

void simulated_run(struct simulated_program *program, struct analysis *analysis)
{
	struct run run = {.program = program, .address = 0x1000};
	struct names *names = make_names(program);

	run_all(&run);
	analyze_totals(analysis, &names->trace, run.sums.contexts, &run.sums.gc, NULL, NULL);
	accumulate_free(&run.sums);
	free(run.deaths);
	strtab_free(names->trace.strings);
	free(names);
}

/* What the model is asked to do without SITE in RUN; its small objects are put into SMALL. */
static struct gc_model_site true_part(const struct simulated_program *program, const struct simulated_site *site,
				      const struct gc_model_run *run, struct gc_model_small *small)
{
	const struct simulated_truth *truth = &site->truth;
	double scattered = live_scattered_share(&truth->lives), ends = program->ncycles;

	*small = truth->small;
	for (int i = 0; i < GC_MODEL_SMALL; i++) {
		small->live[i] /= ends;
		small->scattered[i] = scattered * small->allocated[i];
	}
	return (struct gc_model_site){.allocated = truth->bytes,
				      .live = truth->alive_bytes / ends,
				      .objects = truth->alive_marks / ends *
						 gc_model_scattered_weight(run, scattered, site->has_pointers),
				      .scan = truth->alive_scan / ends,
				      .small = small};
}

struct gc_model_run simulated_true_model(const struct simulated_program *program, const struct analysis *analysis)
{
	struct gc_model_run run = *analysis->gc_run;
	struct gc_model_small small;

	run.allocated = run.sites_live = run.sites_objects = run.sites_scan = 0;
	run.small = (struct gc_model_small){0};
	for (unsigned i = 0; i < program->nsites; i++) {
		struct gc_model_site part = true_part(program, &program->sites[i], analysis->gc_run, &small);

		run.allocated += part.allocated;
		run.sites_live += part.live;
		run.sites_objects += part.objects;
		run.sites_scan += part.scan;
		for (int k = 0; k < GC_MODEL_SMALL; k++) {
			run.small.live[k] += small.live[k];
			run.small.scattered[k] += small.scattered[k];
		}
	}
	return run;
}

double simulated_true_saving(const struct simulated_program *program, const struct gc_model_run *run,
			     const struct simulated_site *site)
{
	struct gc_model_small small;
	struct gc_model_site part = true_part(program, site, run, &small);

	return gc_model_saving(run, &part);
}
