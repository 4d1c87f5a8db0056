/*
 * In: stacks of CPU with their counts. Out: sums by kind of work, and by site. A site is found by the return address of
 * its call into the allocator, since a stack of CPU knows no type; where sites of several types share a call, its
 * samples are divided as the estimates of their allocation time are.
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

/* The groups that a call belongs to. */
struct call_entry {
	uint64_t pc;
	struct site_group **groups;
	size_t ngroups, capacity;
	double seconds; /* of all of them, estimated */
	UT_hash_handle hh;
};

static void add_call(struct call_entry **calls, uint64_t pc, struct site_group *group)
{
	struct call_entry *call;

	HASH_FIND(hh, *calls, &pc, sizeof(pc), call);
	if (!call) {
		call = memory_alloc(1, sizeof(*call));
		call->pc = pc;
		HASH_ADD(hh, *calls, pc, sizeof(call->pc), call);
	}
	for (size_t i = 0; i < call->ngroups; i++) {
		if (call->groups[i] == group)
			return;
	}
	call->groups = memory_reserve(call->groups, call->ngroups, &call->capacity, sizeof(*call->groups));
	call->groups[call->ngroups++] = group;
	call->seconds += group->alloc_seconds;
}

static struct call_entry *index_calls(const struct trace *trace, struct symbols *symbols,
				      const struct site_groups *groups)
{
	struct call_entry *calls = NULL;

	for (size_t i = 0; i < groups->count; i++) {
		struct site_group *group = groups->groups[i];

		for (size_t k = 0; k < group->ncontexts; k++)
			add_call(&calls, call_site_find(symbols, &trace->contexts[group->contexts[k]]).pc, group);
	}
	return calls;
}

static void free_calls(struct call_entry *calls)
{
	struct call_entry *call, *next;

	HASH_ITER(hh, calls, call, next)
	{
		HASH_DEL(calls, call);
		free(call->groups);
		free(call);
	}
}

static void share_samples(const struct call_entry *call, double count, bool assist)
{
	for (size_t i = 0; i < call->ngroups; i++) {
		struct site_group *group = call->groups[i];
		double part = call->seconds > 0 ? group->alloc_seconds / call->seconds : 1.0 / (double)call->ngroups;

		*(assist ? &group->assist_samples : &group->alloc_samples) += count * part;
	}
}

void cpu_profile_share(const struct trace *trace, const uint64_t *counts, struct symbols *symbols,
		       struct stack_filter *filter, struct site_groups *groups)
{
	struct call_entry *calls = index_calls(trace, symbols, groups), *call;

	for (size_t i = 0; i < trace->ncpu_stacks; i++) {
		const struct trace_cpu_stack *stack = &trace->cpu_stacks[i];
		struct trace_context context = {.stack_depth = stack->depth, .stack = stack->stack};
		unsigned bits = bits_of_stack(symbols, stack);
		bool assist = cpu_class_is_assist(bits);
		uint64_t pc;

		if (!counts[i] || (!assist && cpu_class_of(bits) != CPU_ALLOCATING) ||
		    (filter && !stack_filter_keeps(filter, symbols, &context)))
			continue;
		pc = call_site_find(symbols, &context).pc;
		HASH_FIND(hh, calls, &pc, sizeof(pc), call);
		if (call)
			share_samples(call, (double)counts[i], assist);
	}
	free_calls(calls);
}
