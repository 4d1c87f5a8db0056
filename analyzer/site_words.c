/* In: a joined site. Out: the words of the report, copied so that the verdicts may go. */
#include "analyzer/site_words.h"

#include "analyzer/advice.h"
#include "analyzer/arena.h"
#include "analyzer/category.h"
#include "analyzer/difference.h"
#include "analyzer/join.h"
#include "analyzer/root.h"
#include "analyzer/site_group.h"
#include "analyzer/verdict_words.h"
#include "verdicts/verdict.h"

#include <math.h>

static struct site_verdict copy_verdict(struct arena *arena, const struct verdict *verdict)
{
	const struct verdict_position *own = &verdict->chain[verdict->nchain - 1];
	struct site_verdict copy = {.message = arena_string(arena, verdict->message),
				    .line = own->line,
				    .column = own->column,
				    .nreason = verdict->nsteps};

	copy.file = arena_string(arena, own->file);
	copy.reason = arena_alloc(arena, verdict->nsteps + 1, sizeof(*copy.reason));
	for (size_t i = 0; i < verdict->nsteps; i++)
		copy.reason[i] = verdict_step_sentence(arena, &verdict->steps[i]);
	return copy;
}

static void copy_root(struct site *site, struct arena *arena, const struct root_flow *flow)
{
	site->root = flow->name;
	site->root_path = arena_alloc(arena, flow->nhops + 1, sizeof(*site->root_path));
	site->nroot_path = flow->nhops;
	for (size_t i = 0; i < flow->nhops; i++)
		site->root_path[i] = flow->hops[i];
}

static void copy_candidates(struct site *site, struct arena *arena, const struct join_result *result)
{
	site->ncandidates = result->ncandidates;
	site->candidates = arena_alloc(arena, result->ncandidates + 1, sizeof(*site->candidates));
	for (size_t i = 0; i < result->ncandidates; i++)
		site->candidates[i] = copy_verdict(arena, result->candidates[i]);
}

/* Candidates that are all of one category need not be told apart to say what to do. */
static enum site_category common_category(struct site_facts facts, const struct join_result *result)
{
	enum site_category category = CATEGORY_NONE;

	for (size_t i = 0; i < result->ncandidates; i++) {
		facts.verdict = result->candidates[i];
		if (i > 0 && category_of(&facts) != category)
			return CATEGORY_NONE;
		category = category_of(&facts);
	}
	return category;
}

/* The verdict of GROUP, unless it is of another version of the function: then what it is without. */
static struct join_result join_unless_refused(struct site *site, const struct site_words_input *input,
					      const struct site_group *group)
{
	const struct call_site *call = &group->call;
	struct join_object object = {group->type, group->one_call ? group->smallest : group->largest};
	struct join_result result = join_site(input->join, call, &object);

	if (!input->is_refused || (!result.verdict && !result.ncandidates && result.class_ != CLASS_UNMATCHED))
		return result;
	site->refused = input->is_refused(input->user, call->pc, call->chain[call->nchain - 1].function);
	return site->refused ? join_without_verdicts(call) : result;
}

void site_words_fill(struct site *site, struct arena *arena, const struct site_words_input *input,
		     const struct site_group *group)
{
	struct join_result result = join_unless_refused(site, input, group);
	struct site_facts facts = {.class_ = result.class_,
				   .operation = group->call.operation,
				   .verdict = result.verdict,
				   .function = site->function,
				   .type = site->type,
				   .object_size = site->object_size,
				   .uses_structpb = input->uses_structpb,
				   .type_size = group->type_size,
				   .smallest = group->smallest,
				   .largest = group->largest,
				   .lifetime_cycles = site->lifetimes ? site->lifetime_cycles : NAN};
	struct root_flow root = root_find(input->roots, arena, result.verdict);

	site->class_ = result.class_;
	site->category = result.class_ == CLASS_AMBIGUOUS ? common_category(facts, &result) : category_of(&facts);
	if (result.verdict)
		site->verdict = copy_verdict(arena, result.verdict);
	copy_candidates(site, arena, &result);
	copy_root(site, arena, &root);
	site->difference = difference_for(arena, &facts, site->entry, result.ncandidates);
	if (result.class_ == CLASS_AMBIGUOUS && site->category != CATEGORY_NONE)
		facts.verdict = result.candidates[0];
	site->advice = advice_for(arena, &facts, site->category);
	if (result.class_ == CLASS_AMBIGUOUS && facts.verdict && site->advice[0])
		site->advice = arena_format(arena, "If it is %s: %s", facts.verdict->what, site->advice);
}
