/*
 * In: traces. Out: one. Each is read twice: first for what it is of and where its figures begin and end, then for its
 * records, which are written at once with their numbers, times and cycles moved. Definitions that are alike (stacks,
 * label sets, symbols) get one number; the traces' own memory is kept until the symbols are written at the end.
 */
#include "trace/trace_merge.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "trace/merge_c.h"
#include "trace/merge_input.h"
#include "trace/merge_numbers.h"
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

struct merge {
	struct merge_input *inputs;
	size_t count;
	struct trace_writer *writer;
	struct strtab *contexts, *cpu_stacks, *label_sets; /* by what they are */
	struct strtab *known;                              /* addresses that were written, by kind */
	struct merge_c *c;
	bool with_cpu, with_c;
	/* The input at hand: its numbers to the output's, and what its times and figures are moved by. */
	struct merge_numbers context_numbers, cpu_numbers, label_numbers;
	uint64_t time_ns;
	uint32_t cycle, base_cycle;
	uint64_t sums[MERGE_FIGURES], bases[MERGE_FIGURES];
	uint32_t figures_known; /* bits: of these, what all inputs with a GC have */
};

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
	merge->figures_known = UINT32_MAX;
	for (size_t i = 0; i < merge->count; i++) {
		struct merge_input *input = &merge->inputs[i];

		if (is_same_file(input->path, output))
			return error_set(error, "the output is one of the traces: %s: give another -o", output);
		for (size_t k = 0; k < i; k++)
			if (is_same_file(input->path, merge->inputs[k].path))
				return error_set(error, "the same trace twice: %s", input->path);
		if (merge_input_look(input, error) != STATUS_OK)
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
		if (input->any_gc)
			merge->figures_known &= input->known;
		if (input->cut) {
			result->cut++;
			result->last = input->path;
		}
	}
	result->without_cpu = !merge->with_cpu;
	result->without_c = any_c && !merge->with_c;
	return STATUS_OK;
}

static uint32_t write_context(struct merge *merge, const struct trace_context *context)
{
	struct buf key = {0};
	uint32_t number;
	bool is_new;

	buf_append_u8(&key, context->type_known);
	buf_append_u8(&key, context->truncated);
	buf_append_u64(&key, context->size);
	buf_append_u64(&key, context->type);
	buf_append_u64(&key, context->creator_pc);
	merge_numbers_key_stack(&key, context->stack, context->stack_depth);
	number = merge_numbers_of(merge->contexts, &key, &is_new);
	if (is_new)
		trace_writer_context(merge->writer, context);
	return number;
}

static uint32_t write_cpu_stack(struct merge *merge, const struct trace_cpu_stack *stack)
{
	struct buf key = {0};
	uint32_t number;
	bool is_new;

	merge_numbers_key_stack(&key, stack->stack, stack->depth);
	number = merge_numbers_of(merge->cpu_stacks, &key, &is_new);
	if (is_new)
		trace_writer_cpu_stack(merge->writer, stack);
	return number;
}

static uint32_t write_labels(struct merge *merge, const struct trace_label_set *set)
{
	struct buf key = {0};
	uint32_t number;
	bool is_new;

	buf_append_u32(&key, set->count);
	for (uint32_t i = 0; i < set->count; i++) {
		buf_append(&key, set->labels[i].key, strlen(set->labels[i].key) + 1);
		buf_append(&key, set->labels[i].value, strlen(set->labels[i].value) + 1);
	}
	number = merge_numbers_of(merge->label_sets, &key, &is_new);
	if (is_new)
		trace_writer_labels(merge->writer, set->labels, set->count);
	return number + TRACE_LABELS_FIRST;
}

static uint32_t moved_cycle(const struct merge *merge, uint32_t cycle)
{
	return merge->cycle + (cycle > merge->base_cycle ? cycle - merge->base_cycle : 0);
}

/* Definitions that were read since the last record are written before the next one. */
static void write_definitions(struct merge *merge, const struct trace *trace)
{
	struct merge_numbers *contexts = &merge->context_numbers, *labels = &merge->label_numbers;

	while (contexts->count < trace->ncontexts)
		merge_numbers_add(contexts, write_context(merge, &trace->contexts[contexts->count]));
	while (labels->count < trace->nlabel_sets)
		merge_numbers_add(labels, write_labels(merge, &trace->label_sets[labels->count]));
}

static void on_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	struct merge *merge = user;
	struct trace_sample moved = *sample;

	write_definitions(merge, trace);
	moved.time_ns += merge->time_ns;
	moved.cycle = moved_cycle(merge, sample->cycle);
	moved.context = merge->context_numbers.numbers[sample->context];
	if (sample->labels >= TRACE_LABELS_FIRST)
		moved.labels = merge->label_numbers.numbers[sample->labels - TRACE_LABELS_FIRST];
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
	struct merge_numbers *stacks = &merge->cpu_numbers;

	if (!merge->with_cpu)
		return;
	while (stacks->count < trace->ncpu_stacks)
		merge_numbers_add(stacks, write_cpu_stack(merge, &trace->cpu_stacks[stacks->count]));
	trace_writer_cpu_sample(merge->writer, &(struct trace_cpu_sample){sample->time_ns + merge->time_ns,
									  stacks->numbers[sample->stack]});
}

static void on_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	struct merge *merge = user;
	struct trace_gc moved = *gc;

	(void)trace;
	moved.time_ns += merge->time_ns;
	moved.cycle = moved_cycle(merge, gc->cycle);
	for (size_t i = 0; i < MERGE_FIGURES; i++) {
		uint64_t *value = merge_input_figure(&moved, i);

		if (!(merge->figures_known & 1u << i))
			*value = UINT64_MAX; /* a sum of some would be too little */
		else if (*value != UINT64_MAX)
			*value += merge->sums[i] - merge->bases[i];
	}
	trace_writer_gc(merge->writer, &moved);
}

static void on_c_counts(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct merge *merge = user;

	if (merge->with_c)
		merge_c_counts(merge->c, trace, counts, merge->time_ns);
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

	merge_c_begin(merge->c, (size_t)(input - merge->inputs));
	merge->base_cycle = late ? input->first_cycle : 0;
	for (size_t i = 0; i < MERGE_FIGURES; i++)
		merge->bases[i] = late && input->first[i] != UINT64_MAX ? input->first[i] : 0;
	merge->context_numbers.count = merge->cpu_numbers.count = merge->label_numbers.count = 0;
}

static void end_input(struct merge *merge, const struct merge_input *input, bool is_last)
{
	uint32_t end = moved_cycle(merge, input->last_cycle);

	merge_c_end(merge->c, &input->trace);
	for (size_t i = 0; i < MERGE_FIGURES; i++)
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
		merge_c_write_facts(merge->c);
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
	bool is_new;

	buf_append_u8(&key, (uint8_t)kind);
	buf_append_u64(&key, address);
	merge_numbers_of(merge->known, &key, &is_new);
	return is_new;
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

static void write_symbols(struct merge *merge, size_t input)
{
	const struct trace *trace = &merge->inputs[input].trace;

	for (size_t i = 0; i < trace->nsymbols; i++) {
		uint64_t pc = merge_c_address(merge->c, input, trace->symbols[i].pc);

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
	merge->c = merge_c_new(merge->writer, merge->count);
	if (merge->with_c) /* counts are read by it */
		trace_writer_fact(merge->writer, "c_rate", merge->inputs[0].c_rate, strlen(merge->inputs[0].c_rate));
	status = write_records(merge, error);
	if (status == STATUS_OK) {
		write_facts(merge);
		write_losses(merge);
		write_rings(merge);
		for (size_t i = 0; i < merge->count; i++)
			write_symbols(merge, i);
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
	for (size_t i = 0; i < merge->count; i++)
		merge_input_free(&merge->inputs[i]);
	free(merge->inputs);
	merge_c_free(merge->c);
	strtab_free(merge->contexts);
	strtab_free(merge->cpu_stacks);
	strtab_free(merge->label_sets);
	strtab_free(merge->known);
	merge_numbers_free(&merge->context_numbers);
	merge_numbers_free(&merge->cpu_numbers);
	merge_numbers_free(&merge->label_numbers);
}

enum status trace_merge(const char *output, const char *const *paths, size_t count, struct trace_merge_result *result,
			struct error *error)
{
	struct merge merge = {.count = count,
			      .contexts = strtab_new(),
			      .cpu_stacks = strtab_new(),
			      .label_sets = strtab_new(),
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
