/*
 * In: stacks of CPU with their counts. Out: sums by kind of work, and by site. A site is found by the return address of
 * its call into the allocator, since a stack of CPU knows no type; where sites of several types share a call, its
 * samples are divided as the estimates of their allocation time are. The writes of pointers that go with a site stand
 * in the function that makes the objects, or in its caller.
 */
#include "analyzer/cpu_profile.h"

#include "analyzer/call_site.h"
#include "analyzer/site_group.h"
#include "analyzer/stack_filter.h"
#include "analyzer/symbols.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#define STORED_WEIGHT 0.5 /* of an object without pointers: that one to it is written to the heap is not certain */

static unsigned bits_of(struct symbols *symbols, uint64_t pc)
{
	const struct symbol *symbol = symbols_find(symbols, pc);
	unsigned bits = 0;

	for (size_t i = 0; i < symbol->nframes; i++)
		bits |= cpu_class_bits(symbol->frames[i].function);
	return bits;
}

static unsigned bits_of_stack(struct symbols *symbols, const struct trace_cpu_stack *stack)
{
	unsigned bits = 0;

	for (uint32_t i = 0; i < stack->depth; i++)
		bits |= bits_of(symbols, stack->stack[i]);
	return bits;
}

struct cpu_profile cpu_profile_make(const struct trace *trace, const uint64_t *counts, struct symbols *symbols)
{
	const char *period = trace_fact(trace, "cpu_period_ns", NULL), *seen = trace_fact(trace, "cpu_sampled", NULL);
	struct cpu_profile profile = {0};

	if (!counts || !period)
		return profile;
	profile.period = strtod(period, NULL) * 1e-9;
	profile.sees_kernel = seen && strcmp(seen, "all") == 0;
	for (size_t i = 0; i < trace->ncpu_stacks; i++) {
		unsigned bits = bits_of_stack(symbols, &trace->cpu_stacks[i]);

		if (trace->cpu_stacks[i].depth == 0) {
			profile.agent += counts[i];
			continue;
		}
		profile.samples += counts[i];
		profile.by_work[cpu_class_of(bits)] += counts[i];
		if (cpu_class_is_assist(bits))
			profile.assists += counts[i];
	}
	profile.known = profile.samples > 0 && profile.period > 0;
	return profile;
}

uint64_t cpu_profile_gc(const struct cpu_profile *profile)
{
	uint64_t sum = 0;

	for (int work = 0; work < CPU_WORK_COUNT; work++) {
		if (cpu_work_is_gc(work))
			sum += profile->by_work[work];
	}
	return sum;
}

/* A part of a call's or a function's samples that is a group's. */
struct share {
	struct site_group *group;
	double weight;
};

/* What is divided: samples of a call into the allocator (by its return address), or of a function (by its name). */
struct shared {
	uintptr_t key;
	struct share *shares;
	size_t count, capacity;
	double weight; /* of all of them */
	UT_hash_handle hh;
};

static struct shared *find_shared(struct shared *table, uintptr_t key)
{
	struct shared *found;

	HASH_FIND(hh, table, &key, sizeof(key), found);
	return found;
}

static void add_share(struct shared **table, uintptr_t key, struct site_group *group, double weight)
{
	struct shared *shared = find_shared(*table, key);

	if (!shared) {
		shared = memory_alloc(1, sizeof(*shared));
		shared->key = key;
		HASH_ADD(hh, *table, key, sizeof(shared->key), shared);
	}
	shared->weight += weight;
	/* A group's contexts come one after the other. */
	if (shared->count && shared->shares[shared->count - 1].group == group) {
		shared->shares[shared->count - 1].weight += weight;
		return;
	}
	shared->shares = memory_reserve(shared->shares, shared->count, &shared->capacity, sizeof(*shared->shares));
	shared->shares[shared->count++] = (struct share){group, weight};
}

static void free_shared(struct shared *table)
{
	struct shared *shared = table, *next;

	HASH_CLEAR(hh, table); /* the table alone: what was in it is still a list */
	for (; shared; shared = next) {
		next = shared->hh.next;
		free(shared->shares);
		free(shared);
	}
}

/* The tables of one division. */
struct division {
	const struct trace *trace;
	struct symbols *symbols;
	struct shared *by_call;     /* weights: seconds of allocating */
	struct shared *by_function; /* weights: objects whose making writes pointers */
};

/* The function, not an inlined one, that the frame at DEPTH of STACK is of: a text of the arena. */
static uintptr_t function_at(struct symbols *symbols, const uint64_t *stack, uint32_t depth, size_t at)
{
	const struct symbol *symbol;

	if (at >= depth)
		return 0;
	symbol = symbols_find(symbols, stack[at]);
	return (uintptr_t)symbol->frames[symbol->nframes - 1].function;
}

/*
 * Pointers are written where an object is made, into it, and by the caller of its maker, of it. What holds no pointers
 * is only written of.
 */
static void add_context(struct division *division, struct site_group *group, const struct trace_context *context)
{
	struct call_site call = call_site_find(division->symbols, context);
	double contexts = (double)group->ncontexts, objects = group->objects.total / contexts;
	double pointers = group->pointer_objects / contexts;
	uintptr_t maker = function_at(division->symbols, context->stack, context->stack_depth, call.depth);
	uintptr_t caller = function_at(division->symbols, context->stack, context->stack_depth, call.depth + 1);

	add_share(&division->by_call, call.pc, group, group->alloc_seconds / contexts);
	if (pointers > 0)
		add_share(&division->by_function, maker, group, pointers);
	add_share(&division->by_function, caller, group, pointers + STORED_WEIGHT * (objects - pointers));
}

/* The samples of GROUP that a stack of WORK adds to. */
static double *samples_of(struct site_group *group, enum cpu_work work)
{
	if (work == CPU_BARRIERS)
		return &group->barrier_samples;
	return work == CPU_ALLOCATING ? &group->alloc_samples : &group->assist_samples;
}

static void divide(const struct shared *shared, enum cpu_work work, double count)
{
	for (size_t i = 0; i < shared->count; i++) {
		double part =
		    shared->weight > 0 ? shared->shares[i].weight / shared->weight : 1.0 / (double)shared->count;

		*samples_of(shared->shares[i].group, work) += count * part;
	}
}

/* Give the groups a stack's COUNT samples; BITS are its functions'. */
static void take_stack(struct division *division, const struct trace_context *stack, unsigned bits, double count)
{
	struct call_site call = call_site_find(division->symbols, stack);
	enum cpu_work work = cpu_class_of(bits);
	const struct shared *shared;

	if (work == CPU_BARRIERS)
		shared = find_shared(division->by_function,
				     function_at(division->symbols, stack->stack, stack->stack_depth, call.depth));
	else
		shared = find_shared(division->by_call, call.pc);
	if (shared)
		divide(shared, work, count);
}

static bool concerns_sites(unsigned bits)
{
	enum cpu_work work = cpu_class_of(bits);

	return work == CPU_ALLOCATING || work == CPU_BARRIERS || cpu_class_is_assist(bits);
}

double cpu_profile_share(const struct trace *trace, const uint64_t *counts, struct symbols *symbols,
			 struct stack_filter *filter, struct site_groups *groups)
{
	struct division division = {.trace = trace, .symbols = symbols};
	double barriers = 0;

	for (size_t i = 0; i < groups->count; i++) {
		struct site_group *group = groups->groups[i];

		for (size_t k = 0; k < group->ncontexts; k++)
			add_context(&division, group, &trace->contexts[group->contexts[k]]);
	}
	for (size_t i = 0; i < trace->ncpu_stacks; i++) {
		const struct trace_cpu_stack *stack = &trace->cpu_stacks[i];
		struct trace_context context = {.stack_depth = stack->depth, .stack = stack->stack};
		unsigned bits = bits_of_stack(symbols, stack);

		if (!counts[i] || !concerns_sites(bits) || (filter && !stack_filter_keeps(filter, symbols, &context)))
			continue;
		take_stack(&division, &context, bits, (double)counts[i]);
		if (cpu_class_of(bits) == CPU_BARRIERS)
			barriers += (double)counts[i];
	}
	free_shared(division.by_call);
	free_shared(division.by_function);
	return barriers;
}
