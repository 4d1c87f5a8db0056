/* escprof info: what a trace holds, without analysing it. */
#include "cli/commands.h"
#include "cli/read_progress.h"
#include "cli/terminal.h"
#include "trace/trace_reader.h"

#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct info_arguments {
	const char *trace;
};

static error_t info_parse(int key, char *value, struct argp_state *state)
{
	struct info_arguments *arguments = state->input;

	if (key == ARGP_KEY_ARG && !arguments->trace)
		arguments->trace = value;
	else if (key == ARGP_KEY_ARG)
		argp_error(state, "%s: only one trace is taken, and that is %s", value, arguments->trace);
	else if (key == ARGP_KEY_NO_ARGS)
		argp_error(state, "give a trace");
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const struct argp info_argp = {
    .parser = info_parse, .args_doc = "TRACE", .doc = "Say what a trace holds: the run, its records, what was lost."};

struct info_sums {
	uint64_t tracked, bytes;
	struct trace_c_counts c; /* summed up */
	struct trace_gc first, last;
	bool any_gc;
};

static void info_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	struct info_sums *sums = user;

	sums->tracked += sample->address != 0;
	sums->bytes += trace->contexts[sample->context].size * sample->count;
}

static void info_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	struct info_sums *sums = user;

	(void)trace;
	if (!sums->any_gc)
		sums->first = *gc;
	sums->last = *gc;
	sums->any_gc = true;
}

static void info_c_counts(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct info_sums *sums = user;

	(void)trace;
	sums->c.allocs += counts->allocs;
	sums->c.bytes += counts->bytes;
	sums->c.frees += counts->frees;
	sums->c.freed_bytes += counts->freed_bytes;
}

/* A fact, its NULs (between arguments) shown as spaces and other control characters as '?'. */
static void info_print_fact(const struct trace_fact *fact)
{
	size_t i;

	if (!strcmp(fact->key, "build_info")) /* long, and `go version -m` shows it */
		return;
	printf("  %-20s ", fact->key);
	for (i = 0; i < fact->value_size; i++) {
		unsigned char byte = (unsigned char)fact->value[i];

		putchar(!byte ? ' ' : byte < 0x20 || byte == 0x7f ? '?' : byte);
	}
	putchar('\n');
}

static void info_print_rings(const struct trace *trace)
{
	uint64_t peak = 0;
	size_t i;

	if (!trace->nrings)
		return;
	for (i = 0; i < trace->nrings; i++)
		peak = trace->rings[i].peak > peak ? trace->rings[i].peak : peak;
	if (trace->ring_size)
		printf("  %-20s %zu of %" PRIu64 " bytes, one was found %.1f %% full\n", "rings", trace->nrings,
		       trace->ring_size, 100.0 * (double)peak / (double)trace->ring_size);
	else
		printf("  %-20s %zu of different sizes, one was found with %" PRIu64 " bytes\n", "rings", trace->nrings,
		       peak);
	for (i = 0; i < trace->nrings; i++) {
		const struct trace_ring *ring = &trace->rings[i];

		if (ring->samples || ring->deaths || ring->throttled)
			printf("    ring %-13zu lost %" PRIu64 " samples that stood for %" PRIu64 " bytes, %" PRIu64
			       " deaths; made %" PRIu64 " draws coarser\n",
			       i, ring->samples, ring->sample_bytes, ring->deaths, ring->throttled);
	}
}

static void info_print(const struct trace *trace, const struct info_sums *sums)
{
	size_t i;

	puts("run:");
	for (i = 0; i < trace->nfacts; i++)
		info_print_fact(&trace->facts[i]);
	puts("records:");
	printf("  %-20s %" PRIu64 " over %.3f s, %" PRIu64 " of them followed to their death, %" PRIu64 " deaths\n",
	       "samples", trace->nsamples, (double)trace->end_ns / 1e9, sums->tracked, trace->ndeaths);
	printf("  %-20s %" PRIu64 " (unweighted)\n", "sampled bytes", sums->bytes);
	printf("  %-20s %zu, %zu addresses with symbols, %zu types\n", "stacks", trace->ncontexts, trace->nsymbols,
	       trace->ntypes);
	if (trace->nlabel_sets)
		printf("  %-20s %zu sets of profiler labels\n", "labels", trace->nlabel_sets);
	printf("  %-20s %" PRIu64 ", the last after cycle %" PRIu32 "\n", "GC figures", trace->ngcs, sums->last.cycle);
	if (sums->any_gc && sums->last.total_alloc != UINT64_MAX)
		printf("  %-20s %" PRIu64 " bytes by the runtime's own count\n", "allocated",
		       sums->last.total_alloc - sums->first.total_alloc);
	if (trace->nc_contexts)
		printf("  %-20s %" PRIu64 " allocations of %" PRIu64 " bytes, %" PRIu64 " of them freed, of %" PRIu64
		       " (unweighted); %zu stacks and sizes, %zu files\n",
		       "C samples", sums->c.allocs, sums->c.bytes, sums->c.frees, sums->c.freed_bytes,
		       trace->nc_contexts, trace->nmodules);
	printf("  %-20s %" PRIu64 " samples, %" PRIu64 " deaths; %" PRIu64 " draws made coarser by a full ring\n",
	       "lost", trace->losses.samples, trace->losses.deaths, trace->losses.throttled);
	info_print_rings(trace);
	printf("  %-20s %s\n", "complete", trace->complete ? "yes" : trace->damage);
}

int cmd_info(int argc, char **argv)
{
	struct info_arguments arguments = {0};
	struct info_sums sums = {0};
	struct trace_callbacks callbacks = {
	    .sample = info_sample, .gc = info_gc, .c_counts = info_c_counts, .user = &sums};
	struct trace trace;
	struct error error;
	enum status status;

	argp_err_exit_status = 2;
	argp_parse(&info_argp, argc, argv, 0, NULL, &arguments);
	read_progress_begin(1);
	status = trace_read(&trace, arguments.trace, &callbacks, &error);
	read_progress_end();
	if (status != STATUS_OK) {
		terminal_error("%s", error.text);
		return 1;
	}
	info_print(&trace, &sums);
	trace_free(&trace);
	return 0;
}
