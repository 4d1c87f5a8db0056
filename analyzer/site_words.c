/* In: a joined site. Out: the words of the report, copied so that the verdicts may go. */
#include "analyzer/site_words.h"

#include "analyzer/advice.h"
#include "analyzer/arena.h"
#include "analyzer/category.h"
#include "analyzer/join.h"
#include "analyzer/site_group.h"
#include "verdicts/verdict.h"

#include <string.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *step_sentence(struct arena *arena, const struct verdict_step *step)
{
	const char *text = step->text && step->text[0] ? step->text : step->why;

	if (!step->file || !step->file[0] || step->line == 0)
		return arena_string(arena, text);
	return arena_format(arena, "%s at %s:%u", text, base_name(step->file), step->line);
}

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
		copy.reason[i] = step_sentence(arena, &verdict->steps[i]);
	return copy;
}

/* The function that is called in "from fmt.Println(... argument...) (call parameter)"; NULL when there is none. */
static const char *callee_of(struct arena *arena, const char *text)
{
	const char *begin = strncmp(text, "from ", 5) == 0 ? text + 5 : text, *end;
	char name[256];

	/* A method's receiver may be in parentheses: "(*os.File).Close(f)". */
	end = begin[0] == '(' ? strchr(begin, ')') : begin;
	end = end ? strchr(end + (begin[0] == '('), '(') : NULL;
	if (!end || end == begin || (size_t)(end - begin) >= sizeof(name))
		return NULL;
	memcpy(name, begin, (size_t)(end - begin));
	name[end - begin] = 0;
	return arena_string(arena, name);
}

/* What the flow ends at: the parameter that leaks, or the statement that lets the value out. */
static const char *root_of(struct arena *arena, const struct verdict *verdict)
{
	const struct verdict_step *last;
	const char *callee;

	if (!verdict || verdict->nsteps == 0)
		return arena_string(arena, "");
	last = &verdict->steps[verdict->nsteps - 1];
	if (strcmp(last->why, "call parameter") == 0) {
		callee = callee_of(arena, last->text);
		if (callee && strcmp(callee, "append") != 0)
			return arena_format(arena, "parameter of %s", callee);
	}
	return step_sentence(arena, last) + (strncmp(last->text, "from ", 5) == 0 ? 5 : 0);
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

void site_words_fill(struct site *site, struct arena *arena, struct join *join, const struct site_group *group,
		     bool uses_structpb)
{
	struct join_result result = join_site(join, &group->call, group->type);
	struct site_facts facts = {result.class_, group->call.operation, result.verdict, site->function,
				   site->type,    site->object_size,     uses_structpb};

	site->class_ = result.class_;
	site->category = result.class_ == CLASS_AMBIGUOUS ? common_category(facts, &result) : category_of(&facts);
	if (result.verdict)
		site->verdict = copy_verdict(arena, result.verdict);
	copy_candidates(site, arena, &result);
	site->root = root_of(arena, result.verdict);
	if (result.class_ == CLASS_AMBIGUOUS && site->category != CATEGORY_NONE)
		facts.verdict = result.candidates[0];
	site->advice = advice_for(arena, &facts, site->category);
}
