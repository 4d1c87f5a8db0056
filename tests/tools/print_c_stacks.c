/*
 * print_c_stacks TRACE: where C allocations came from, a line for each context, for tests to read, parted by tabs:
 *	OBJECTS BYTES FREES FREED_BYTES FUNCTION:LINE;FUNCTION:LINE;…	innermost first, inlined levels too
 * The status is 1 when there is nothing to be read.
 */
#include "base/error.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct sums {
	struct trace_c_counts *counts; /* by context */
	size_t count, capacity;
};

static void add(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct sums *sums = user;
	struct trace_c_counts *sum;

	(void)trace;
	while (sums->count <= counts->context) {
		sums->counts = memory_reserve(sums->counts, sums->count, &sums->capacity, sizeof(*sums->counts));
		sums->counts[sums->count++] = (struct trace_c_counts){0};
	}
	sum = &sums->counts[counts->context];
	sum->allocs += counts->allocs;
	sum->bytes += counts->bytes;
	sum->frees += counts->frees;
	sum->freed_bytes += counts->freed_bytes;
}

static void print_stack(const struct trace *trace, const struct trace_c_context *context)
{
	const char *between = "";
	uint32_t i, k;

	for (i = 0; i < context->stack_depth; i++) {
		const struct trace_symbol *symbol = trace_find_symbol(trace, context->stack[i]);

		if (!symbol)
			printf("%s%#" PRIx64, between, context->stack[i]);
		for (k = 0; symbol && k < symbol->nframes; k++)
			printf("%s%s:%" PRIu32, k ? ";" : between,
			       strtab_get(trace->strings, symbol->frames[k].function), symbol->frames[k].line);
		between = ";";
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct sums sums = {0};
	struct trace_callbacks callbacks = {.c_counts = add, .user = &sums};
	struct error error = {""};
	struct trace trace;
	size_t i;

	if (argc != 2 || trace_read(&trace, argv[1], &callbacks, &error) != STATUS_OK) {
		fprintf(stderr, "print_c_stacks: %s\n", argc != 2 ? "give a trace" : error.text);
		return 1;
	}
	for (i = 0; i < sums.count; i++) {
		const struct trace_c_counts *sum = &sums.counts[i];

		printf("%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t", sum->allocs, sum->bytes, sum->frees,
		       sum->freed_bytes);
		print_stack(&trace, &trace.c_contexts[i]);
	}
	free(sums.counts);
	trace_free(&trace);
	return 0;
}
