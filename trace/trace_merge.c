/*
 * In: traces. Out: one. Each is read twice: first for what it is of and where its figures begin and end, then for its
 * records, which are written at once with their numbers, times and cycles moved. Definitions that are alike (stacks,
 * label sets, symbols) get one number; the traces' own memory is kept until the symbols are written at the end.
 */
#include "trace/trace_merge.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "trace/trace_reader.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MERGE_MAX 4096
#define NOT_ALIKE "not all of the merged traces have them alike"

/* The GC's cumulative figures. */
static const size_t cumulative[] = {
    offsetof(struct trace_gc, total_alloc),         offsetof(struct trace_gc, total_free),
    offsetof(struct trace_gc, pause_total_ns),      offsetof(struct trace_gc, cpu_gc_assist_ns),
    offsetof(struct trace_gc, cpu_gc_dedicated_ns), offsetof(struct trace_gc, cpu_gc_idle_ns),
    offsetof(struct trace_gc, cpu_gc_pause_ns),     offsetof(struct trace_gc, cpu_gc_total_ns),
    offsetof(struct trace_gc, cpu_scavenge_ns),     offsetof(struct trace_gc, cpu_idle_ns),
    offsetof(struct trace_gc, cpu_user_ns),         offsetof(struct trace_gc, cpu_total_ns),
    offsetof(struct trace_gc, process_cpu_ns),
};
#define NCUMULATIVE (sizeof(cumulative) / sizeof(cumulative[0]))

/* One input, as the first reading saw it. */
struct merge_input {
	const char *path;
	struct trace trace; /* the second reading's */
	uint64_t end_ns;
	uint32_t first_cycle, last_cycle;
	uint64_t first[NCUMULATIVE], last[NCUMULATIVE];
	bool any_gc, cut;
	char *build_id, *cpu_period, *c_rate; /* owned; "" when there is none */
	uint64_t cpu_lost;
	uint32_t *modules; /* their numbers in the output, by those here; owned */
	size_t nmodules, module_capacity;
};

struct merge {
	struct merge_input *inputs;
	size_t count;
	struct trace_writer *writer;
	struct strtab *contexts, *cpu_stacks, *label_sets, *c_contexts,
	    *modules;         /* by what they are; a string's number, less 1, is theirs */
	struct strtab *known; /* addresses that were written, by kind */
	bool with_cpu, with_c;
	/* The input at hand: its numbers to the output's, and what its times and figures are moved by. */
	struct merge_input *input;
	uint32_t *context_numbers, *cpu_numbers, *label_numbers, *c_numbers;
	size_t ncontexts, ncpu, nlabels, nc;
	size_t context_capacity, cpu_capacity, label_capacity, c_capacity;
	uint64_t time_ns;
	uint32_t cycle, base_cycle;
	uint64_t sums[NCUMULATIVE], bases[NCUMULATIVE];
};

static uint64_t *figure_of(struct trace_gc *gc, size_t index)
{
	return (uint64_t *)((char *)gc + cumulative[index]);
}

static void see_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	struct merge_input *input = user;
	struct trace_gc copy = *gc;

	(void)trace;
	for (size_t i = 0; i < NCUMULATIVE; i++) {
		uint64_t value = *figure_of(&copy, i);

		if (!input->any_gc)
			input->first[i] = value;
		if (value != UINT64_MAX)
			input->last[i] = value;
	}
	if (!input->any_gc)
		input->first_cycle = gc->cycle;
	if (!input->any_gc || gc->cycle > input->last_cycle)
		input->last_cycle = gc->cycle;
	input->any_gc = true;
}

static char *copy_fact(const struct trace *trace, const char *key)
{
	const char *value = trace_fact(trace, key, NULL);

	return memory_copy_string(value ? value : "");
}

/* What the program is known by: Go's build ID, or the linker's. */
static char *copy_build_id(const struct trace *trace)
{
	const char *go = trace_fact(trace, "go_build_id", NULL);

	return go && *go ? memory_copy_string(go) : copy_fact(trace, "gnu_build_id");
}

static enum status look_at(struct merge_input *input, struct error *error)
{
	struct trace_callbacks callbacks = {.gc = see_gc, .user = input};
	const char *lost;
	struct trace trace;

	if (trace_read(&trace, input->path, &callbacks, error) != STATUS_OK)
		return STATUS_ERROR;
	lost = trace_fact(&trace, "cpu_lost", NULL);
	input->end_ns = trace.end_ns;
	input->cut = !trace.complete;
	input->build_id = copy_build_id(&trace);
	input->cpu_period = copy_fact(&trace, "cpu_period_ns");
	input->cpu_lost = lost ? strtoull(lost, NULL, 10) : 0;
	input->c_rate = copy_fact(&trace, "c_rate");
	trace_free(&trace);
	return STATUS_OK;
}

static bool is_same_file(const char *left, const char *right)
{
	struct stat a, b;

	return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* All inputs of one program, each once, and none of them the output. */
static enum status check_inputs(struct merge *merge, const char *output, struct trace_merge_result *result,
				struct error *error)
{
	const struct merge_input *first = &merge->inputs[0];
	bool any_c = false;

	merge->with_cpu = merge->with_c = true;
	for (size_t i = 0; i < merge->count; i++) {
		struct merge_input *input = &merge->inputs[i];

		if (is_same_file(input->path, output))
			return error_set(error, "the output is one of the traces: %s: give another -o", output);
		for (size_t k = 0; k < i; k++)
			if (is_same_file(input->path, merge->inputs[k].path))
				return error_set(error, "the same trace twice: %s", input->path);
		if (look_at(input, error) != STATUS_OK)
			return STATUS_ERROR;
		if (!*input->build_id)
			return error_set(error, "what program it is of is not known: %s: it has no build ID",
					 input->path);
		if (strcmp(input->build_id, first->build_id) != 0)
			return error_set(error, "traces of different programs: %s and %s: build IDs %s and %s",
					 first->path, input->path, first->build_id, input->build_id);
		merge->with_cpu &= *input->cpu_period && !strcmp(input->cpu_period, first->cpu_period);
		merge->with_c &= *input->c_rate && !strcmp(input->c_rate, first->c_rate);
		any_c |= *input->c_rate != 0;
		if (input->cut) {
			result->cut++;
			result->last = input->path;
		}
	}
	result->without_cpu = !merge->with_cpu;
	result->without_c = any_c && !merge->with_c;
	return STATUS_OK;
}

/* The number of KEY's thing in the output; *NEW: it has to be written. */
static uint32_t number_of(struct strtab *table, const struct buf *key, bool *new)
{
	uint32_t before = strtab_count(table), number = strtab_add_bytes(table, (const char *)key->data, key->size);

	*new = number == before;
	return number - 1;
}

static void append_stack(struct buf *key, const uint64_t *stack, uint32_t depth)
{
	buf_append_u32(key, depth);
	buf_append(key, stack, depth * sizeof(*stack));
}

static uint32_t write_context(struct merge *merge, const struct trace_context *context)
{
	struct buf key = {0};
	uint32_t number;
	bool new;

	buf_append_u8(&key, context->type_known);
	buf_append_u8(&key, context->truncated);
	buf_append_u64(&key, context->size);
	buf_append_u64(&key, context->type);
	buf_append_u64(&key, context->creator_pc);
	append_stack(&key, context->stack, context->stack_depth);
	number = number_of(merge->contexts, &key, &new);
	if (new)
		trace_writer_context(merge->writer, context);
	buf_free(&key);
	return number;
}

static uint32_t write_cpu_stack(struct merge *merge, const struct trace_cpu_stack *stack)
{
	struct buf key = {0};
	uint32_t number;
	bool new;

	append_stack(&key, stack->stack, stack->depth);
	number = number_of(merge->cpu_stacks, &key, &new);
	if (new)
		trace_writer_cpu_stack(merge->writer, stack);
	buf_free(&key);
	return number;
}

static uint32_t write_labels(struct merge *merge, const struct trace_label_set *set)
{
	struct buf key = {0};
	uint32_t number;
	bool new;

	buf_append_u32(&key, set->count);
	for (uint32_t i = 0; i < set->count; i++) {
		buf_append(&key, set->labels[i].key, strlen(set->labels[i].key) + 1);
		buf_append(&key, set->labels[i].value, strlen(set->labels[i].value) + 1);
	}
	number = number_of(merge->label_sets, &key, &new);
	if (new)
		trace_writer_labels(merge->writer, set->labels, set->count);
	buf_free(&key);
	return number + TRACE_LABELS_FIRST;
}

static uint32_t write_module(struct merge *merge, const struct trace_module *module)
{
	struct buf key = {0};
	uint32_t number;
	bool new;

	buf_append(&key, module->path, strlen(module->path) + 1);
	buf_append(&key, module->build_id, strlen(module->build_id) + 1);
	number = number_of(merge->modules, &key, &new);
	if (new &&number < TRACE_MODULES_MAX)
		trace_writer_module(merge->writer, module);
	buf_free(&key);
	return number;
}

/* An address of a C stack as the output has it: there modules have other numbers than in INPUT. */
static uint64_t moved_address(const struct merge_input *input, uint64_t address)
{
	uint64_t own = address & ((1ull << TRACE_PLACE_SHIFT) - 1), number;

	if (address < TRACE_MODULE_BASE(0) || address >= TRACE_MODULE_BASE(TRACE_MODULES_MAX))
		return address;
	number = (address - TRACE_MODULE_BASE(0)) >> TRACE_PLACE_SHIFT;
	if (number >= input->nmodules || input->modules[number] >= TRACE_MODULES_MAX)
		return TRACE_PLACE_ANON | own;
	return TRACE_MODULE_BASE(input->modules[number]) | own;
}

static uint32_t write_c_context(struct merge *merge, const struct trace_c_context *context)
{
	uint64_t *stack = memory_alloc(context->stack_depth + 1, sizeof(*stack));
	struct trace_c_context moved = *context;
	struct buf key = {0};
	uint32_t number;
	bool new;

	for (uint32_t i = 0; i < context->stack_depth; i++)
		stack[i] = moved_address(merge->input, context->stack[i]);
	moved.stack = stack;
	buf_append_u32(&key, context->size_class);
	buf_append_u32(&key, context->flags);
	append_stack(&key, stack, context->stack_depth);
	number = number_of(merge->c_contexts, &key, &new);
	if (new)
		trace_writer_c_context(merge->writer, &moved);
	buf_free(&key);
	free(stack);
	return number;
}

/* The same as write_definitions, of C's. */
static void write_c_definitions(struct merge *merge, const struct trace *trace)
{
	struct merge_input *input = merge->input;

	for (; input->nmodules < trace->nmodules; input->nmodules++) {
		input->modules =
		    memory_reserve(input->modules, input->nmodules, &input->module_capacity, sizeof(uint32_t));
		input->modules[input->nmodules] = write_module(merge, &trace->modules[input->nmodules]);
	}
	for (; merge->nc < trace->nc_contexts; merge->nc++) {
		merge->c_numbers = memory_reserve(merge->c_numbers, merge->nc, &merge->c_capacity, sizeof(uint32_t));
		merge->c_numbers[merge->nc] = write_c_context(merge, &trace->c_contexts[merge->nc]);
	}
}

static uint32_t moved_cycle(const struct merge *merge, uint32_t cycle)
{
	return merge->cycle + (cycle > merge->base_cycle ? cycle - merge->base_cycle : 0);
}

/* Definitions that were read since the last record are written before the next one. */
static void write_definitions(struct merge *merge, const struct trace *trace)
{
	for (; merge->ncontexts < trace->ncontexts; merge->ncontexts++) {
		merge->context_numbers = memory_reserve(merge->context_numbers, merge->ncontexts,
							&merge->context_capacity, sizeof(uint32_t));
		merge->context_numbers[merge->ncontexts] = write_context(merge, &trace->contexts[merge->ncontexts]);
	}
	for (; merge->nlabels < trace->nlabel_sets; merge->nlabels++) {
		merge->label_numbers =
		    memory_reserve(merge->label_numbers, merge->nlabels, &merge->label_capacity, sizeof(uint32_t));
		merge->label_numbers[merge->nlabels] = write_labels(merge, &trace->label_sets[merge->nlabels]);
	}
}

static void on_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	struct merge *merge = user;
	struct trace_sample moved = *sample;

	write_definitions(merge, trace);
	moved.time_ns += merge->time_ns;
	moved.cycle = moved_cycle(merge, sample->cycle);
	moved.context = merge->context_numbers[sample->context];
	if (sample->labels >= TRACE_LABELS_FIRST)
		moved.labels = merge->label_numbers[sample->labels - TRACE_LABELS_FIRST];
	if (moved.count > 1)
		moved.address = 0;
	trace_writer_sample(merge->writer, &moved);
}

static void on_death(void *user, const struct trace *trace, const struct trace_death *death)
{
	struct merge *merge = user;
	struct trace_death moved = *death;

	(void)trace;
	moved.time_ns += merge->time_ns;
	moved.cycle = moved_cycle(merge, death->cycle);
	trace_writer_death(merge->writer, &moved);
}

static void on_cpu_sample(void *user, const struct trace *trace, const struct trace_cpu_sample *sample)
{
	struct merge *merge = user;

	if (!merge->with_cpu)
		return;
	for (; merge->ncpu < trace->ncpu_stacks; merge->ncpu++) {
		merge->cpu_numbers =
		    memory_reserve(merge->cpu_numbers, merge->ncpu, &merge->cpu_capacity, sizeof(uint32_t));
		merge->cpu_numbers[merge->ncpu] = write_cpu_stack(merge, &trace->cpu_stacks[merge->ncpu]);
	}
	trace_writer_cpu_sample(merge->writer, &(struct trace_cpu_sample){sample->time_ns + merge->time_ns,
									  merge->cpu_numbers[sample->stack]});
}

static void on_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	struct merge *merge = user;
	struct trace_gc moved = *gc;

	(void)trace;
	moved.time_ns += merge->time_ns;
	moved.cycle = moved_cycle(merge, gc->cycle);
	for (size_t i = 0; i < NCUMULATIVE; i++) {
		uint64_t *value = figure_of(&moved, i);

		if (*value != UINT64_MAX)
			*value += merge->sums[i] - merge->bases[i];
	}
	trace_writer_gc(merge->writer, &moved);
}

static void on_c_counts(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct merge *merge = user;
	struct trace_c_counts moved = *counts;

	if (!merge->with_c)
		return;
	write_c_definitions(merge, trace);
	moved.time_ns += merge->time_ns;
	moved.context = merge->c_numbers[counts->context];
	trace_writer_c_counts(merge->writer, &moved);
}

static void on_run_end(void *user, const struct trace *trace, uint32_t cycle)
{
	struct merge *merge = user;

	(void)trace;
	trace_writer_run_end(merge->writer, moved_cycle(merge, cycle));
}

/*
 * Figures of a run that was seen from its start count from 0. Of one that was joined later they count from the first
 * that was seen, but for the first run, whose beginning is the output's too.
 */
static void begin_input(struct merge *merge, struct merge_input *input, bool is_first)
{
	bool late = !is_first && input->any_gc && input->first_cycle > 1;

	merge->input = input;
	merge->base_cycle = late ? input->first_cycle : 0;
	for (size_t i = 0; i < NCUMULATIVE; i++)
		merge->bases[i] = late && input->first[i] != UINT64_MAX ? input->first[i] : 0;
	merge->ncontexts = merge->ncpu = merge->nlabels = merge->nc = 0;
}

static void end_input(struct merge *merge, const struct merge_input *input, bool is_last)
{
	uint32_t end = moved_cycle(merge, input->last_cycle);

	for (size_t i = 0; i < NCUMULATIVE; i++)
		merge->sums[i] +=
		    input->last[i] - (input->last[i] >= merge->bases[i] ? merge->bases[i] : input->last[i]);
	merge->time_ns += input->end_ns;
	merge->cycle = end;
	if (!is_last)
		trace_writer_run_end(merge->writer, end);
}

static enum status write_records(struct merge *merge, struct error *error)
{
	struct trace_callbacks callbacks = {.sample = on_sample,
					    .death = on_death,
					    .cpu_sample = on_cpu_sample,
					    .gc = on_gc,
					    .run_end = on_run_end,
					    .c_counts = on_c_counts,
					    .user = merge};

	for (size_t i = 0; i < merge->count; i++) {
		struct merge_input *input = &merge->inputs[i];

		begin_input(merge, input, i == 0);
		if (trace_read(&input->trace, input->path, &callbacks, error) != STATUS_OK)
			return STATUS_ERROR;
		write_definitions(merge, &input->trace);
		end_input(merge, input, i + 1 == merge->count);
	}
	return STATUS_OK;
}

/* What is said of C where it holds for any of the runs; the numbers of samples without room are summed up. */
static void write_c_facts(struct merge *merge)
{
	static const char *const keys[] = {"c_malloc", "c_unwinder"};
	unsigned long long no_room = 0;
	char number[32];

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		const char *value = NULL;

		for (size_t i = 0; i < merge->count; i++) {
			const char *own = trace_fact(&merge->inputs[i].trace, keys[k], NULL);

			/* The coarser way to walk is what the whole is known by. */
			if (own && (!value || strcmp(own, "frame pointers") == 0))
				value = own;
		}
		if (value)
			trace_writer_fact(merge->writer, keys[k], value, strlen(value));
	}
	for (size_t i = 0; i < merge->count; i++) {
		const char *own = trace_fact(&merge->inputs[i].trace, "c_no_room", NULL);

		no_room += own ? strtoull(own, NULL, 10) : 0;
	}
	snprintf(number, sizeof(number), "%llu", no_room);
	trace_writer_fact(merge->writer, "c_no_room", number, strlen(number));
}

/* The first run's facts hold for all; what CPU samples there are, and how many runs it is of, is said anew. */
static void write_facts(struct merge *merge)
{
	const struct trace *trace = &merge->inputs[0].trace;
	uint64_t lost = 0;
	char text[64];

	for (size_t i = 0; i < trace->nfacts; i++) {
		const struct trace_fact *fact = &trace->facts[i];

		if (strcmp(fact->key, "cpu_lost") == 0 || (!merge->with_cpu && strncmp(fact->key, "cpu_", 4) == 0) ||
		    strncmp(fact->key, "c_", 2) == 0)
			continue;
		trace_writer_fact(merge->writer, fact->key, fact->value, fact->value_size);
	}
	for (size_t i = 0; i < merge->count; i++)
		lost += merge->inputs[i].cpu_lost;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)lost);
	if (merge->with_cpu)
		trace_writer_fact(merge->writer, "cpu_lost", text, strlen(text));
	else
		trace_writer_fact(merge->writer, "cpu_sampled", NOT_ALIKE, strlen(NOT_ALIKE));
	if (merge->with_c)
		write_c_facts(merge);
	snprintf(text, sizeof(text), "%zu", merge->count);
	trace_writer_fact(merge->writer, "merged", text, strlen(text));
}

static void write_losses(struct merge *merge)
{
	struct trace_losses losses = {0};

	for (size_t i = 0; i < merge->count; i++) {
		const struct trace_losses *input = &merge->inputs[i].trace.losses;

		losses.samples += input->samples;
		losses.sample_bytes += input->sample_bytes;
		losses.deaths += input->deaths;
		losses.contended += input->contended;
		losses.throttled += input->throttled;
	}
	trace_writer_losses(merge->writer, &losses);
}

/* What each ring has lost, by its number; of inputs that do not tell, nothing. */
static void write_rings(struct merge *merge)
{
	struct trace_ring *rings = NULL;
	uint64_t ring_size = 0;
	size_t count = 0;

	for (size_t i = 0; i < merge->count; i++) {
		const struct trace *input = &merge->inputs[i].trace;

		if (!input->nrings)
			continue;
		ring_size = !count || input->ring_size == ring_size ? input->ring_size : 0;
		rings = memory_resize(rings, count > input->nrings ? count : input->nrings, sizeof(*rings));
		for (; count < input->nrings; count++)
			rings[count] = (struct trace_ring){0};
		for (size_t k = 0; k < input->nrings; k++) {
			rings[k].samples += input->rings[k].samples;
			rings[k].sample_bytes += input->rings[k].sample_bytes;
			rings[k].deaths += input->rings[k].deaths;
			rings[k].throttled += input->rings[k].throttled;
			if (input->rings[k].peak > rings[k].peak)
				rings[k].peak = input->rings[k].peak;
		}
	}
	if (count)
		trace_writer_rings(merge->writer, ring_size, rings, (uint32_t)count);
	free(rings);
}

/* Whether what KIND tells of ADDRESS is not yet in the output. */
static bool is_new(struct merge *merge, char kind, uint64_t address)
{
	struct buf key = {0};
	bool new;

	buf_append_u8(&key, (uint8_t)kind);
	buf_append_u64(&key, address);
	number_of(merge->known, &key, &new);
	buf_free(&key);
	return new;
}

static void write_symbol(struct merge *merge, const struct trace *trace, const struct trace_symbol *symbol, uint64_t pc)
{
	struct trace_frame_text *frames = memory_alloc(symbol->nframes + 1, sizeof(*frames));

	for (uint32_t i = 0; i < symbol->nframes; i++)
		frames[i] = (struct trace_frame_text){strtab_get(trace->strings, symbol->frames[i].function),
						      strtab_get(trace->strings, symbol->frames[i].file),
						      symbol->frames[i].line, symbol->frames[i].start_line};
	trace_writer_symbol(merge->writer, pc, frames, symbol->nframes, strtab_get(trace->strings, symbol->entry),
			    symbol->call_type);
	free(frames);
}

static void write_symbols(struct merge *merge, const struct merge_input *input)
{
	const struct trace *trace = &input->trace;

	for (size_t i = 0; i < trace->nsymbols; i++) {
		uint64_t pc = moved_address(input, trace->symbols[i].pc);

		if (is_new(merge, 's', pc))
			write_symbol(merge, trace, &trace->symbols[i], pc);
	}
	for (size_t i = 0; i < trace->ntypes; i++) {
		const struct trace_type *type = &trace->types[i];

		if (is_new(merge, 't', type->address))
			trace_writer_type(merge->writer, type->address, strtab_get(trace->strings, type->name),
					  type->kind, type->size, type->ptr_bytes);
	}
	for (size_t i = 0; i < trace->norders; i++)
		if (is_new(merge, 'o', trace->orders[i].pc))
			trace_writer_order(merge->writer, &trace->orders[i]);
	for (size_t i = 0; i < trace->nfunctions; i++)
		if (is_new(merge, 'f', trace->functions[i].entry))
			trace_writer_function(merge->writer, &trace->functions[i]);
}

static enum status write_output(struct merge *merge, const char *output, struct error *error)
{
	enum status status, closed;
	struct error *first = error, dropped;

	if (trace_writer_open(&merge->writer, output, error) != STATUS_OK)
		return STATUS_ERROR;
	if (merge->with_c) /* counts are read by it */
		trace_writer_fact(merge->writer, "c_rate", merge->inputs[0].c_rate, strlen(merge->inputs[0].c_rate));
	status = write_records(merge, error);
	if (status == STATUS_OK) {
		write_facts(merge);
		write_losses(merge);
		write_rings(merge);
		for (size_t i = 0; i < merge->count; i++)
			write_symbols(merge, &merge->inputs[i]);
	}
	closed = trace_writer_close(merge->writer, true, status == STATUS_OK ? first : &dropped);
	if (status == STATUS_OK)
		status = closed;
	if (status != STATUS_OK)
		unlink(output);
	return status;
}

static void merge_free(struct merge *merge)
{
	for (size_t i = 0; i < merge->count; i++) {
		trace_free(&merge->inputs[i].trace);
		free(merge->inputs[i].build_id);
		free(merge->inputs[i].cpu_period);
		free(merge->inputs[i].c_rate);
		free(merge->inputs[i].modules);
	}
	free(merge->inputs);
	strtab_free(merge->contexts);
	strtab_free(merge->cpu_stacks);
	strtab_free(merge->label_sets);
	strtab_free(merge->c_contexts);
	strtab_free(merge->modules);
	strtab_free(merge->known);
	free(merge->context_numbers);
	free(merge->cpu_numbers);
	free(merge->label_numbers);
	free(merge->c_numbers);
}

enum status trace_merge(const char *output, const char *const *paths, size_t count, struct trace_merge_result *result,
			struct error *error)
{
	struct merge merge = {.count = count,
			      .contexts = strtab_new(),
			      .cpu_stacks = strtab_new(),
			      .label_sets = strtab_new(),
			      .c_contexts = strtab_new(),
			      .modules = strtab_new(),
			      .known = strtab_new()};
	enum status status = STATUS_ERROR;

	*result = (struct trace_merge_result){0};
	merge.inputs = memory_alloc(count + 1, sizeof(*merge.inputs));
	for (size_t i = 0; i < count; i++)
		merge.inputs[i].path = paths[i];
	if (!count || count > MERGE_MAX)
		error_set(error, "from 1 to %d traces can be merged, not %zu", MERGE_MAX, count);
	else if (check_inputs(&merge, output, result, error) == STATUS_OK)
		status = write_output(&merge, output, error);
	merge_free(&merge);
	return status;
}
