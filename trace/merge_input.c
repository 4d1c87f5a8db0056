/* In: a trace. Out: what a merge has to know of it before it takes the records. */
#include "trace/merge_input.h"

#include "base/memory.h"

#include <stdlib.h>

/* The GC's cumulative figures. */
static const size_t cumulative[] = {
    offsetof(struct trace_gc, total_alloc),         offsetof(struct trace_gc, total_free),
    offsetof(struct trace_gc, pause_total_ns),      offsetof(struct trace_gc, cpu_gc_assist_ns),
    offsetof(struct trace_gc, cpu_gc_dedicated_ns), offsetof(struct trace_gc, cpu_gc_idle_ns),
    offsetof(struct trace_gc, cpu_gc_pause_ns),     offsetof(struct trace_gc, cpu_gc_total_ns),
    offsetof(struct trace_gc, cpu_scavenge_ns),     offsetof(struct trace_gc, cpu_idle_ns),
    offsetof(struct trace_gc, cpu_user_ns),         offsetof(struct trace_gc, cpu_total_ns),
    offsetof(struct trace_gc, process_cpu_ns),      offsetof(struct trace_gc, forced_cycles),
};
_Static_assert(sizeof(cumulative) / sizeof(cumulative[0]) == MERGE_FIGURES, "one of each");

uint64_t *merge_input_figure(struct trace_gc *gc, size_t index)
{
	return (uint64_t *)((char *)gc + cumulative[index]);
}

static void see_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	struct merge_input *input = user;
	struct trace_gc copy = *gc;

	(void)trace;
	for (size_t i = 0; i < MERGE_FIGURES; i++) {
		uint64_t value = *merge_input_figure(&copy, i);

		if (!input->any_gc)
			input->first[i] = value;
		if (value != UINT64_MAX) {
			input->last[i] = value;
			input->known |= 1u << i;
		}
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

enum status merge_input_look(struct merge_input *input, struct error *error)
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

void merge_input_free(struct merge_input *input)
{
	trace_free(&input->trace);
	free(input->build_id);
	free(input->cpu_period);
	free(input->c_rate);
	*input = (struct merge_input){0};
}
