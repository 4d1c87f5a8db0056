/*
 * In: a site's contexts. Out: its stacks, each once: contexts of one stack differ in size or type only, and are summed.
 */
#include "analyzer/site_stacks.h"

#include "analyzer/accumulate.h"
#include "analyzer/arena.h"
#include "analyzer/label_parts.h"
#include "analyzer/site_group.h"
#include "analyzer/symbols.h"
#include "base/buf.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct stack_sum {
	const struct trace_context *context;
	uint32_t number;                 /* the context's */
	size_t first, count;             /* those that have this stack, in the order of the stacks */
	double bytes, objects, survived; /* SURVIVED: bytes · cycle ends */
};

static int compare_depth_and_pcs(const struct trace_context *a, const struct trace_context *b)
{
	if (a->stack_depth != b->stack_depth)
		return a->stack_depth < b->stack_depth ? -1 : 1;
	return a->stack_depth ? memcmp(a->stack, b->stack, a->stack_depth * sizeof(*a->stack)) : 0;
}

static int compare_by_stack(const void *left, const void *right)
{
	const struct trace_context *a = ((const struct stack_sum *)left)->context;
	const struct trace_context *b = ((const struct stack_sum *)right)->context;
	int order = compare_depth_and_pcs(a, b);

	if (order == 0)
		order = (a->creator_pc > b->creator_pc) - (a->creator_pc < b->creator_pc);
	return order;
}

static int compare_by_bytes(const void *left, const void *right)
{
	const struct stack_sum *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return compare_by_stack(left, right);
}

/*
 * The sums of GROUP's contexts, equal stacks merged, most bytes first. *COUNT of them, for the caller to free().
 * ORDERED has room for its contexts, and gets them in the order of the stacks.
 */
static struct stack_sum *make_sums(const struct trace *trace, const struct context_totals *totals,
				   const struct site_group *group, uint32_t *ordered, size_t *count)
{
	struct stack_sum *sums = memory_alloc(group->ncontexts + 1, sizeof(*sums));
	size_t kept = 0;

	for (size_t i = 0; i < group->ncontexts; i++) {
		const struct context_totals *own = &totals[group->contexts[i]];

		sums[i].number = group->contexts[i];
		sums[i].context = &trace->contexts[group->contexts[i]];
		sums[i].bytes = own->objects.total * (double)sums[i].context->size;
		sums[i].objects = own->objects.total;
		sums[i].survived = (own->lives.survived + own->live_objects) * (double)sums[i].context->size;
	}
	qsort(sums, group->ncontexts, sizeof(*sums), compare_by_stack);
	for (size_t i = 0; i < group->ncontexts; i++) {
		ordered[i] = sums[i].number;
		sums[i].first = i;
		sums[i].count = 1;
		if (kept && compare_by_stack(&sums[kept - 1], &sums[i]) == 0) {
			sums[kept - 1].bytes += sums[i].bytes;
			sums[kept - 1].objects += sums[i].objects;
			sums[kept - 1].survived += sums[i].survived;
			sums[kept - 1].count++;
		} else {
			sums[kept++] = sums[i];
		}
	}
	qsort(sums, kept, sizeof(*sums), compare_by_bytes);
	*count = kept;
	return sums;
}

static size_t count_frames(struct symbols *symbols, const struct trace_context *context, size_t depth)
{
	size_t count = 0;

	for (size_t i = depth; i < context->stack_depth; i++)
		count += symbols_find(symbols, context->stack[i])->nframes;
	return count;
}

static void open_frames(struct analysis_stack *stack, struct arena *arena, struct symbols *symbols,
			const struct trace_context *context)
{
	struct call_site call = call_site_find(symbols, context);
	size_t count = count_frames(symbols, context, call.depth), skip = call.nskipped, at = 0;
	struct analysis_frame *frames = arena_alloc(arena, count + 1, sizeof(*frames));

	for (size_t i = call.depth; i < context->stack_depth; i++) {
		const struct symbol *symbol = symbols_find(symbols, context->stack[i]);

		for (size_t k = skip; k < symbol->nframes; k++)
			frames[at++] = symbol->frames[k];
		skip = 0;
	}
	if (at == 0)
		frames[at++] = call.chain[0];
	stack->frames = frames;
	stack->nframes = at;
}

/* The go statement behind CONTEXT's goroutine, in the function that a reader of the source finds it in. */
static struct analysis_frame find_creator(struct symbols *symbols, const struct trace_context *context)
{
	const struct symbol *symbol = context->creator_pc ? symbols_find(symbols, context->creator_pc) : NULL;

	return symbol && symbol->nframes ? symbol->frames[0] : (struct analysis_frame){"", "", 0};
}

void site_stacks_fill(struct site *site, struct arena *arena, struct symbols *symbols, const struct trace *trace,
		      const struct context_totals *totals, const struct dissection *dissection,
		      const struct site_group *group)
{
	uint32_t *contexts = memory_alloc(group->ncontexts + 1, sizeof(*contexts));
	size_t count;
	struct stack_sum *sums = make_sums(trace, totals, group, contexts, &count);
	double survived = 0;

	for (size_t i = 0; i < count; i++)
		survived += sums[i].survived;
	site->stacks = arena_alloc(arena, count, sizeof(*site->stacks));
	site->nstacks = count;
	for (size_t i = 0; i < count; i++) {
		struct analysis_stack *stack = &site->stacks[i];
		double share = site->alloc_bytes > 0 ? sums[i].bytes / site->alloc_bytes : 0;

		open_frames(stack, arena, symbols, sums[i].context);
		stack->creator = find_creator(symbols, sums[i].context);
		stack->alloc_bytes = sums[i].bytes;
		stack->alloc_objects = sums[i].objects;
		stack->live_bytes = site->live_bytes * (survived > 0 ? sums[i].survived / survived : share);
		stack->gc_saved_share = site->saving.share * share;
		if (dissection)
			stack->by_labels = label_parts_make(arena, dissection, contexts + sums[i].first, sums[i].count,
							    &stack->nlabels);
	}
	free(sums);
	free(contexts);
}

/* Whether FUNCTION is of package main or of a package in MODULE. */
static bool is_users_own(const char *function, const char *module)
{
	if (strncmp(function, "main.", 5) == 0)
		return true;
	return module && *module && analysis_is_in_module(function, module);
}

static const struct analysis_frame *find_users_own(const struct analysis_frame *frames, size_t count,
						   const char *main_module)
{
	for (size_t i = 0; i < count; i++) {
		if (is_users_own(frames[i].function, main_module))
			return &frames[i];
	}
	return NULL;
}

void site_stacks_choose_shown(struct site *site, struct arena *arena, const char *main_module)
{
	const struct analysis_frame *own = NULL;
	struct buf package = {0};

	if (site->nstacks)
		own = find_users_own(site->stacks[0].frames, site->stacks[0].nframes, main_module);
	site->shown = own ? *own : site->inline_chain[0];
	site->shown_is_own = own != NULL;
	if (!own || !site->advice[0] || find_users_own(site->inline_chain, site->ninline, main_module))
		return;
	analysis_append_package(&package, site->function);
	site->advice = arena_format(arena, "%s This is in package %s; what can be changed here is how %s calls it.",
				    site->advice, buf_string(&package), own->function);
	buf_free(&package);
}
