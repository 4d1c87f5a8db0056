/*
 * In: the counts of C allocations of each trace, with the stacks and modules that they name. Out: the same, in the
 * output's numbers. A module is known by its path and build ID, a stack by the addresses that the output has for it.
 */
#include "trace/merge_c.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "trace/merge_numbers.h"
#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct merge_c {
	struct trace_writer *writer;
	struct strtab *contexts, *modules;    /* of the output, by what they are */
	struct merge_numbers numbers;         /* of the contexts of the trace at hand */
	struct merge_numbers *module_numbers; /* of each trace, for its symbols come last */
	size_t count, input;
	const char *malloc, *unwinder; /* borrowed; NULL: not said */
	unsigned long long no_room;
};

struct merge_c *merge_c_new(struct trace_writer *writer, size_t count)
{
	struct merge_c *c = memory_alloc(1, sizeof(*c));

	c->writer = writer;
	c->contexts = strtab_new();
	c->modules = strtab_new();
	c->module_numbers = memory_alloc(count, sizeof(*c->module_numbers));
	c->count = count;
	return c;
}

void merge_c_free(struct merge_c *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		merge_numbers_free(&c->module_numbers[i]);
	free(c->module_numbers);
	merge_numbers_free(&c->numbers);
	strtab_free(c->contexts);
	strtab_free(c->modules);
	free(c);
}

void merge_c_begin(struct merge_c *c, size_t input)
{
	c->input = input;
	c->numbers.count = 0;
}

static uint32_t write_module(struct merge_c *c, const struct trace_module *module)
{
	struct buf key = {0};
	uint32_t number;
	bool is_new;

	buf_append(&key, module->path, strlen(module->path) + 1);
	buf_append(&key, module->build_id, strlen(module->build_id) + 1);
	number = merge_numbers_of(c->modules, &key, &is_new);
	if (is_new && number < TRACE_MODULES_MAX)
		trace_writer_module(c->writer, module);
	return number;
}

uint64_t merge_c_address(const struct merge_c *c, size_t input, uint64_t address)
{
	const struct merge_numbers *modules = &c->module_numbers[input];
	uint64_t own = address & ((1ull << TRACE_PLACE_SHIFT) - 1), number;

	if (address < TRACE_MODULE_BASE(0) || address >= TRACE_MODULE_BASE(TRACE_MODULES_MAX))
		return address;
	number = (address - TRACE_MODULE_BASE(0)) >> TRACE_PLACE_SHIFT;
	if (number >= modules->count || modules->numbers[number] >= TRACE_MODULES_MAX)
		return TRACE_PLACE_ANON | own;
	return TRACE_MODULE_BASE(modules->numbers[number]) | own;
}

static uint32_t write_context(struct merge_c *c, const struct trace_c_context *context)
{
	uint64_t *stack = memory_alloc(context->stack_depth + 1, sizeof(*stack));
	struct trace_c_context moved = *context;
	struct buf key = {0};
	uint32_t number;
	bool is_new;

	for (uint32_t i = 0; i < context->stack_depth; i++)
		stack[i] = merge_c_address(c, c->input, context->stack[i]);
	moved.stack = stack;
	buf_append_u32(&key, context->size_class);
	buf_append_u32(&key, context->flags);
	merge_numbers_key_stack(&key, stack, context->stack_depth);
	number = merge_numbers_of(c->contexts, &key, &is_new);
	if (is_new)
		trace_writer_c_context(c->writer, &moved);
	free(stack);
	return number;
}

/* Definitions that were read since the last counts. */
static void write_definitions(struct merge_c *c, const struct trace *trace)
{
	struct merge_numbers *modules = &c->module_numbers[c->input];

	while (modules->count < trace->nmodules)
		merge_numbers_add(modules, write_module(c, &trace->modules[modules->count]));
	while (c->numbers.count < trace->nc_contexts)
		merge_numbers_add(&c->numbers, write_context(c, &trace->c_contexts[c->numbers.count]));
}

void merge_c_counts(struct merge_c *c, const struct trace *trace, const struct trace_c_counts *counts, uint64_t time_ns)
{
	struct trace_c_counts moved = *counts;

	write_definitions(c, trace);
	moved.time_ns += time_ns;
	moved.context = c->numbers.numbers[counts->context];
	trace_writer_c_counts(c->writer, &moved);
}

/* The coarser way to walk is what the whole is known by. */
static void keep_fact(const char **kept, const struct trace *trace, const char *key)
{
	const char *own = trace_fact(trace, key, NULL);

	if (own && (!*kept || strcmp(own, "frame pointers") == 0))
		*kept = own;
}

void merge_c_end(struct merge_c *c, const struct trace *trace)
{
	const char *no_room = trace_fact(trace, "c_no_room", NULL);

	keep_fact(&c->malloc, trace, "c_malloc");
	keep_fact(&c->unwinder, trace, "c_unwinder");
	c->no_room += no_room ? strtoull(no_room, NULL, 10) : 0;
}

static void write_fact(const struct merge_c *c, const char *key, const char *value)
{
	if (value)
		trace_writer_fact(c->writer, key, value, strlen(value));
}

void merge_c_write_facts(const struct merge_c *c)
{
	char number[32];

	snprintf(number, sizeof(number), "%llu", c->no_room);
	write_fact(c, "c_malloc", c->malloc);
	write_fact(c, "c_unwinder", c->unwinder);
	write_fact(c, "c_no_room", number);
}
