/*
 * The merge of JSON's verdicts with -m's, by the outermost place and the message. Comes in: the sets of both readers;
 * goes out: one set in which each verdict stands once.
 *
 * JSON knows chains and flows, calls a moved variable an escape, writes out an append that -m does not, and loses
 * files; -m has one line a place and message, however many inlined bodies it speaks of.
 */
#include "verdicts/verdict_merge.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* How well the plain line PLAIN fits a verdict of the same place that JSON or a block explains; 0: not at all. */
static int merge_fit(const struct verdict *explained, const struct verdict *plain)
{
	bool same_what = !strcmp(explained->what, plain->what);

	if (!strcmp(explained->message, plain->message))
		return 3;
	if (explained->kind == VERDICT_LEAK || plain->kind == VERDICT_LEAK)
		return same_what && explained->kind == plain->kind ? 2 : 0;
	if (plain->kind == VERDICT_NO_ESCAPE || !same_what)
		return 0;
	return explained->kind == plain->kind ? 2 : 1;
}

/* The verdict of SET at VERDICT's outermost place that fits best as (explained, plain) in either role; NULL: none. */
static const struct verdict *merge_find(const struct verdict_set *set, const struct verdict *verdict, bool set_is_plain,
					size_t *index)
{
	const struct verdict_position *place = verdict->chain;
	const struct verdict *candidate, *best = NULL;
	int fit, best_fit = 0;
	const uint32_t *at;
	size_t i, count;

	at = verdict_set_lookup(set, place->file, place->line, &count);
	for (i = 0; i < count; i++) {
		candidate = verdict_set_at(set, at[i]);
		if (candidate->chain->column != place->column)
			continue;
		fit = set_is_plain ? merge_fit(verdict, candidate) : merge_fit(candidate, verdict);
		if (fit > best_fit) {
			best_fit = fit;
			best = candidate;
			*index = at[i];
		}
	}
	return best;
}

/* The verdict in -m's words, when -m has it; then it is marked as covered. */
static void merge_explained(struct verdict_set *into, const struct verdict *explained,
			    const struct diagnostic_text *text, bool *covered)
{
	const struct verdict *plain, *block;
	struct verdict verdict = *explained;
	size_t index;

	plain = merge_find(text->plain, explained, true, &index);
	if (plain) {
		verdict.kind = plain->kind;
		verdict.message = plain->message;
		covered[index] = true;
	}
	block = merge_find(text->blocks, &verdict, false, &index);
	if (block && !*verdict.function)
		verdict.function = block->function;
	verdict_set_add(into, &verdict);
}

/* A verdict that only -m has, with the flow of -m=2 when it has one. */
static void merge_plain(struct verdict_set *into, const struct verdict *plain, const struct verdict_set *blocks)
{
	struct verdict verdict = *plain;
	const struct verdict *block;
	size_t index;

	block = plain->kind == VERDICT_NO_ESCAPE ? NULL : merge_find(blocks, plain, false, &index);
	if (block) {
		verdict.what = block->what;
		verdict.function = block->function;
		verdict.steps = block->steps;
		verdict.nsteps = block->nsteps;
		verdict.too_large = block->too_large;
		verdict.non_constant = block->non_constant;
	}
	verdict_set_add(into, &verdict);
}

void verdict_merge(struct verdict_set *into, const struct verdict_set *explained, const struct diagnostic_text *text)
{
	size_t i, nplain = verdict_set_count(text->plain);
	bool *covered = memory_alloc(nplain + 1, sizeof(*covered));

	for (i = 0; explained && i < verdict_set_count(explained); i++)
		merge_explained(into, verdict_set_at(explained, i), text, covered);
	for (i = 0; i < nplain; i++)
		if (!covered[i])
			merge_plain(into, verdict_set_at(text->plain, i), text->blocks);
	free(covered);
}
