/*
 * In: the sampler's stacks as they lie in the target. Out: trace records. The agent's own CPU is told apart by where
 * its code lies, and recorded as a stack of no depth.
 */
#include "collector/cpu_record.h"

#include "base/memory.h"
#include "collector/cpu_sampler.h"
#include "collector/region.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#define DEEPEST 256 /* frames; the kernel's own limit is 127 by default */

struct known_stack {
	uint32_t number;
	UT_hash_handle hh;
	uint64_t frames[];
};

struct cpu_record {
	struct cpu_sampler *sampler; /* NULL: there are no samples */
	uint64_t nsamples;           /* that were written */
	struct error refusal;
	uint64_t period_ns;
	struct trace_writer *writer; /* NULL until it begins */
	pid_t target;
	uint64_t bias, agent_start, start_ns;
	struct known_stack *stacks;
	uint64_t *addresses;
	size_t naddresses, capacity;
};

struct cpu_record *cpu_record_new(pid_t pid, bool is_running, uint64_t period_ns)
{
	struct cpu_record *record = memory_alloc(1, sizeof(*record));

	record->period_ns = period_ns;
	if (!period_ns)
		error_set(&record->refusal, "not asked for");
	else if (cpu_sampler_open(&record->sampler, pid, is_running, period_ns, &record->refusal) != STATUS_OK)
		record->sampler = NULL;
	return record;
}

static void write_fact(struct cpu_record *record, const char *key, const char *value)
{
	trace_writer_fact(record->writer, key, value, strlen(value));
}

static void write_number(struct cpu_record *record, const char *key, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	write_fact(record, key, text);
}

void cpu_record_begin(struct cpu_record *record, struct trace_writer *writer, pid_t target, uint64_t bias,
		      const struct region *region, uint64_t start_ns)
{
	cpu_record_take(record);
	record->writer = writer;
	record->target = target;
	record->bias = bias;
	record->agent_start = region->code;
	record->start_ns = start_ns;
	if (!record->sampler) {
		write_fact(record, "cpu_sampled", record->refusal.text);
		return;
	}
	write_fact(record, "cpu_sampled", cpu_sampler_sees_kernel(record->sampler) ? "all" : "user");
	write_number(record, "cpu_period_ns", record->period_ns);
}

static bool is_agent(const struct cpu_record *record, uint64_t address)
{
	return record->agent_start && address - record->agent_start < AGENT_CODE_SIZE;
}

static struct known_stack *add_stack(struct cpu_record *record, const uint64_t *frames, uint32_t depth)
{
	size_t size = depth * sizeof(*frames);
	struct known_stack *known = memory_alloc(1, sizeof(*known) + size);
	struct trace_cpu_stack stack = {depth, frames};

	memcpy(known->frames, frames, size);
	known->number = trace_writer_cpu_stack(record->writer, &stack);
	HASH_ADD_KEYPTR(hh, record->stacks, known->frames, size, known);
	for (uint32_t i = 0; i < depth; i++) {
		record->addresses =
		    memory_reserve(record->addresses, record->naddresses, &record->capacity, sizeof(*frames));
		record->addresses[record->naddresses++] = frames[i];
	}
	return known;
}

static void take(void *user, const struct cpu_sample *sample)
{
	struct cpu_record *record = user;
	struct trace_cpu_sample out = {0};
	struct known_stack *known;
	uint64_t frames[DEEPEST] = {0};
	uint32_t depth = sample->depth < DEEPEST ? sample->depth : DEEPEST;

	if (!record->writer || sample->process != record->target)
		return;
	if (depth && is_agent(record, sample->frames[0]))
		depth = 0;
	/* Where it was is an address, all others are of returns: one more makes it one of them. */
	for (uint32_t i = 0; i < depth; i++)
		frames[i] = sample->frames[i] + (i == 0) - record->bias;
	HASH_FIND(hh, record->stacks, frames, depth * sizeof(*frames), known);
	if (!known)
		known = add_stack(record, frames, depth);
	out.time_ns = sample->time_ns > record->start_ns ? sample->time_ns - record->start_ns : 0;
	out.stack = known->number;
	trace_writer_cpu_sample(record->writer, &out);
	record->nsamples++;
}

void cpu_record_take(struct cpu_record *record)
{
	if (record->sampler)
		cpu_sampler_read(record->sampler, take, record);
}

void cpu_record_end(struct cpu_record *record)
{
	cpu_record_take(record);
	if (record->writer && record->sampler)
		write_number(record, "cpu_lost", cpu_sampler_lost(record->sampler));
}

uint64_t cpu_record_samples(const struct cpu_record *record)
{
	return record ? record->nsamples : 0;
}

const uint64_t *cpu_record_addresses(const struct cpu_record *record, size_t *count)
{
	*count = record->naddresses;
	return record->addresses;
}

void cpu_record_free(struct cpu_record *record)
{
	struct known_stack *known, *next;

	if (!record)
		return;
	known = record->stacks;
	HASH_CLEAR(hh, record->stacks); /* the table alone: what was in it is still a list */
	for (; known; known = next) {
		next = known->hh.next;
		free(known);
	}
	cpu_sampler_close(record->sampler);
	free(record->addresses);
	free(record);
}
