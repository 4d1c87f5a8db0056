/*
 * print_trace TRACE: what a trace holds, as lines for tests to read:
 *	stack OBJECTS BYTES FOLLOWED DEATHS FUNCTION	for each context: its innermost function but the runtime's own
 *	gc CYCLE GOAL PAUSE_TOTAL MARKED GC_CPU STACK_SCAN GLOBALS_SCAN	as first seen after the cycle's end; or "none"
 *	goroutines MOST		that were alive at once
 *	followed BYTES FINEST COARSEST	that the objects stand for whose deaths may be told; the means of their sampling
 *	lost SAMPLES DEATHS CONTENDED THROTTLED
 *	complete yes|no
 * The status is 1 when there is nothing to be read.
 */
#include "base/error.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

struct context_sums {
	uint64_t objects, bytes, followed, deaths;
};

/* An object whose death may be told. */
struct life {
	uint64_t address;
	uint32_t context;
	UT_hash_handle hh;
};

struct sums {
	struct context_sums *contexts;
	size_t count, capacity;
	struct life *lives;
	uint64_t goroutines;
	uint32_t cycle; /* the last one printed */
	double followed_bytes;
	uint64_t live_finest, live_coarsest;
};

/* An object of SIZE bytes is there once in 1 - exp(-SIZE / mean), of the coarser of the two means. */
static void add_followed(struct sums *sums, uint64_t size, const struct trace_sample *sample)
{
	double mean = (double)(sample->live_rate > sample->rate ? sample->live_rate : sample->rate);

	if (!sums->live_finest || sample->live_rate < sums->live_finest)
		sums->live_finest = sample->live_rate;
	if (sample->live_rate > sums->live_coarsest)
		sums->live_coarsest = sample->live_rate;
	sums->followed_bytes += (double)size / -expm1(-(double)size / mean);
}

static void add_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	struct sums *sums = user;
	struct context_sums *context;
	struct life *life;

	while (sums->count <= sample->context) {
		sums->contexts = memory_reserve(sums->contexts, sums->count, &sums->capacity, sizeof(*sums->contexts));
		sums->contexts[sums->count++] = (struct context_sums){0};
	}
	context = &sums->contexts[sample->context];
	context->objects += sample->count;
	context->bytes += sample->count * trace->contexts[sample->context].size;
	if (!sample->address)
		return;
	context->followed++;
	add_followed(sums, trace->contexts[sample->context].size, sample);
	HASH_FIND(hh, sums->lives, &sample->address, sizeof(sample->address), life);
	if (!life) {
		life = memory_alloc(1, sizeof(*life));
		life->address = sample->address;
		HASH_ADD(hh, sums->lives, address, sizeof(life->address), life);
	}
	life->context = sample->context;
}

/* Of an object that was there before us nothing is known. */
static void add_death(void *user, const struct trace *trace, const struct trace_death *death)
{
	struct sums *sums = user;
	struct life *life;

	(void)trace;
	HASH_FIND(hh, sums->lives, &death->address, sizeof(death->address), life);
	if (!life)
		return;
	sums->contexts[life->context].deaths++;
	HASH_DEL(sums->lives, life);
	free(life);
}

static void print_number(uint64_t number)
{
	if (number == UINT64_MAX)
		printf(" none");
	else
		printf(" %" PRIu64, number);
}

static void print_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	const uint64_t numbers[] = {gc->heap_goal,  gc->pause_total_ns, gc->heap_marked,  gc->cpu_gc_total_ns,
				    gc->stack_scan, gc->globals_scan,   gc->forced_cycles};
	struct sums *sums = user;

	(void)trace;
	if (gc->goroutines_live != UINT64_MAX && gc->goroutines_live > sums->goroutines)
		sums->goroutines = gc->goroutines_live;
	if (gc->cycle == sums->cycle)
		return;
	sums->cycle = gc->cycle;
	printf("gc %" PRIu32, gc->cycle);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		print_number(numbers[i]);
	putchar('\n');
}

static bool is_the_runtimes(const char *function)
{
	return !strncmp(function, "runtime.", 8) || !strncmp(function, "internal/runtime/", 17);
}

/*
 * Whose allocation it is, with INSIDE whether the frame before was mallocgc or one of its parts: where mallocgc stands
 * once more, further out, an allocation has set off what the runtime allocates for itself.
 */
static const char *owner_in(const struct trace *trace, const struct trace_symbol *symbol, const char *owner,
			    bool *inside)
{
	for (uint32_t k = 0; k < symbol->nframes; k++) {
		const char *function = strtab_get(trace->strings, symbol->frames[k].function);
		bool is_malloc = !strncmp(function, "runtime.mallocgc", 16);

		if (is_malloc && !*inside)
			return "runtime";
		*inside = is_malloc;
		if (!owner && !is_the_runtimes(function))
			owner = function;
	}
	return owner;
}

/* The innermost function but the runtime's; "?" where the trace has no symbols. */
static const char *owner_of(const struct trace *trace, const struct trace_context *context)
{
	const char *owner = NULL;
	bool inside = true;

	for (uint32_t i = 0; i < context->stack_depth; i++) {
		const struct trace_symbol *symbol = trace_find_symbol(trace, context->stack[i]);

		if (symbol && symbol->nframes)
			owner = owner_in(trace, symbol, owner, &inside);
		else if (!owner)
			owner = "?";
	}
	return owner ? owner : "runtime";
}

static void print_sums(const struct trace *trace, const struct sums *sums)
{
	for (size_t i = 0; i < sums->count; i++) {
		const struct context_sums *context = &sums->contexts[i];

		printf("stack %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", context->objects, context->bytes,
		       context->followed, context->deaths, owner_of(trace, &trace->contexts[i]));
	}
	printf("goroutines %" PRIu64 "\n", sums->goroutines);
	printf("followed %.0f %" PRIu64 " %" PRIu64 "\n", sums->followed_bytes, sums->live_finest, sums->live_coarsest);
	printf("lost %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", trace->losses.samples, trace->losses.deaths,
	       trace->losses.contended, trace->losses.throttled);
	printf("complete %s\n", trace->complete ? "yes" : "no");
}

static void free_sums(struct sums *sums)
{
	struct life *life, *next;

	HASH_ITER(hh, sums->lives, life, next)
	{
		HASH_DEL(sums->lives, life);
		free(life);
	}
	free(sums->contexts);
}

int main(int argc, char **argv)
{
	struct sums sums = {.cycle = UINT32_MAX};
	struct trace_callbacks callbacks = {.sample = add_sample, .death = add_death, .gc = print_gc, .user = &sums};
	struct trace trace;
	struct error error = {""};

	if (argc != 2 || trace_read(&trace, argv[1], &callbacks, &error) != STATUS_OK) {
		fprintf(stderr, "print_trace: %s\n", argc != 2 ? "give a trace" : error.text);
		return 1;
	}
	print_sums(&trace, &sums);
	trace_free(&trace);
	free_sums(&sums);
	return 0;
}
