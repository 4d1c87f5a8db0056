/*
 * In: a call site and the verdicts at its outermost place. Out: one class.
 *
 * Verdicts are tried in rounds, from what is proven to what is only near: the very inline chain; the outermost place of
 * a verdict that did not say its chain; the same for "does not escape"; last, the innermost place compiled by itself.
 * In each round the entry must agree, and then the type narrows down what is left. The first round that leaves any
 * decides; but a verdict that did not say its chain may have the very same, and what does not escape goes to the heap
 * by the same entries as what does: where one of those fits as well, nothing is certain.
 */
#include "analyzer/join.h"

#include "analyzer/call_site.h"
#include "analyzer/verdict_words.h"
#include "base/memory.h"
#include "verdicts/verdict.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BUFFER 32

enum join_round {
	ROUND_CHAIN,     /* the whole chain, or one level further in but made at the call itself */
	ROUND_OUTERMOST, /* a verdict of unknown chain at the outermost place */
	ROUND_NO_ESCAPE, /* "does not escape", by either */
	ROUND_BODY,      /* the innermost place, compiled by itself */
	ROUND_COUNT,
};

/* Verdicts by the base name and line of their outermost place, for files whose paths were trimmed differently. */
struct join_place {
	uint64_t key;
	uint32_t verdict;
};

struct join {
	const struct verdict_set *set;
	struct join_place *places; /* sorted by key; made when first needed */
	size_t nplaces;
	uint32_t *near; /* indexes found for the current place */
	size_t nnear, near_capacity;
	const struct verdict **found;
	size_t nfound, found_capacity;
};

static uint64_t place_key(const char *file, uint32_t line)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (const char *at = verdict_base_name(file); *at; at++)
		hash = (hash ^ (unsigned char)*at) * 1099511628211u;
	return (hash ^ line) * 1099511628211u;
}

static int compare_places(const void *left, const void *right)
{
	const struct join_place *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->verdict > b->verdict) - (a->verdict < b->verdict);
}

static void make_places(struct join *join)
{
	size_t count = verdict_set_count(join->set);

	join->places = memory_alloc(count ? count : 1, sizeof(*join->places));
	for (size_t i = 0; i < count; i++) {
		const struct verdict *verdict = verdict_set_at(join->set, i);

		join->places[i].key = place_key(verdict->chain[0].file, verdict->chain[0].line);
		join->places[i].verdict = (uint32_t)i;
	}
	join->nplaces = count;
	qsort(join->places, count, sizeof(*join->places), compare_places);
}

/* Where in join->places those with KEY begin. */
static size_t first_place(const struct join *join, uint64_t key)
{
	size_t low = 0, high = join->nplaces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (join->places[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Fill join->near with the verdicts whose outermost place has FRAME's line and base name. */
static void find_near(struct join *join, const struct analysis_frame *frame)
{
	uint64_t key = place_key(frame->file, frame->line);

	join->nnear = 0;
	for (size_t i = first_place(join, key); i < join->nplaces && join->places[i].key == key; i++) {
		join->near = memory_reserve(join->near, join->nnear, &join->near_capacity, sizeof(*join->near));
		join->near[join->nnear++] = join->places[i].verdict;
	}
}

struct join *join_new(const struct verdict_set *set)
{
	struct join *join = memory_alloc(1, sizeof(*join));

	join->set = set;
	if (set)
		make_places(join);
	return join;
}

void join_free(struct join *join)
{
	if (!join)
		return;
	free(join->places);
	free(join->near);
	free(join->found);
	free(join);
}

bool join_same_file(const char *a, const char *b)
{
	size_t a_length, b_length;

	if (strncmp(a, "./", 2) == 0)
		a += 2;
	if (strncmp(b, "./", 2) == 0)
		b += 2;
	a_length = strlen(a);
	b_length = strlen(b);
	if (a_length < b_length)
		return join_same_file(b, a);
	if (strcmp(a + a_length - b_length, b) != 0)
		return false;
	if (a_length == b_length)
		return true;
	/* B is A's tail: whole folders of it, and one folder at the least. */
	return a[a_length - b_length - 1] == '/' && b[0] != '/' && strchr(b, '/');
}

static bool same_place(const struct verdict_position *position, const struct analysis_frame *frame)
{
	return position->line == frame->line && join_same_file(position->file, frame->file);
}

/* CHAIN is innermost first, a verdict's outermost first. */
static bool same_chain(const struct verdict *verdict, const struct analysis_frame *chain, size_t count)
{
	if (verdict->nchain != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!same_place(&verdict->chain[i], &chain[count - 1 - i]))
			return false;
	}
	return true;
}

/*
 * What the code at an inlined call makes though its verdict stands one level further in: a parameter (or result) that
 * moves to the heap, which is declared in the function's own head, and a slice literal that is all the function
 * returns.
 */
static bool is_made_at_call(const struct verdict *verdict, const struct call_site *site)
{
	struct verdict outer = *verdict;

	outer.nchain--;
	return (verdict->kind == VERDICT_MOVED || verdict_form_of(verdict) == FORM_SLICE_LITERAL) && outer.nchain &&
	       same_chain(&outer, site->chain, site->nchain);
}

static bool on_chain(const struct verdict *verdict, const struct call_site *site)
{
	/* A runtime function that was inlined here has verdicts of its own; only the whole chain names them. */
	return same_chain(verdict, site->chain, site->nchain) ||
	       (site->nskipped && same_chain(verdict, site->chain - site->nskipped, site->nchain + site->nskipped));
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '~' || (unsigned char)c >= 0x80;
}

/* BODY's words as another package prints them in WHAT: with "pkg." before names that had none. Of BODY LENGTH bytes
 * are looked at. */
static bool same_words(const char *body, const char *what, size_t length)
{
	const char *begin = what, *end = body + length;

	for (; body < end; body++, what++) {
		size_t name = 0;

		while ((what == begin || !is_name(what[-1])) && is_name(what[name]))
			name++;
		if (name && what[name] == '.' && strncmp(body, what, name + 1) != 0)
			what += name + 1;
		if (*body != *what)
			return false;
	}
	return true;
}

/*
 * Whether an inlined body's verdict on WHAT may be of the expression that is BODY where the function is compiled by
 * itself: the same words, or another size, when the call made a number of it.
 */
static bool may_become(const char *body, const char *what)
{
	size_t head = strcspn(body, ",");

	if (same_words(body, what, strlen(body) + 1))
		return true;
	return strncmp(body, "make(", 5) == 0 && body[head] && !isdigit((unsigned char)body[head + 2]) &&
	       same_words(body, what, head + 2);
}

/*
 * Whether a verdict that did not say its chain may be of SITE. It stands at a call that SITE was inlined by, as all of
 * that body's do. Which are of SITE's own line shows where the body is compiled by itself; a generic one is not.
 */
static bool may_be_inlined(const struct join *join, const struct verdict *verdict, const struct call_site *site)
{
	uint64_t key = place_key(site->chain[0].file, site->chain[0].line);
	bool compiled = false;

	if (!same_place(&verdict->chain[0], &site->chain[site->nchain - 1]))
		return false;
	if (site->nchain == 1)
		return true;
	for (size_t i = first_place(join, key); i < join->nplaces && join->places[i].key == key; i++) {
		const struct verdict *body = verdict_set_at(join->set, join->places[i].verdict);

		if (body->nchain != 1 || !same_place(&body->chain[0], &site->chain[0]))
			continue;
		if (may_become(body->what, verdict->what))
			return true;
		compiled = true;
	}
	return !compiled;
}

static bool in_round(const struct join *join, enum join_round round, const struct verdict *verdict,
		     const struct call_site *site)
{
	bool heap = verdict->kind == VERDICT_ESCAPES || verdict->kind == VERDICT_MOVED;

	switch (round) {
	case ROUND_CHAIN:
		return heap && verdict->chain_known && (on_chain(verdict, site) || is_made_at_call(verdict, site));
	case ROUND_OUTERMOST:
		return heap && !verdict->chain_known && may_be_inlined(join, verdict, site);
	case ROUND_NO_ESCAPE:
		if (verdict->kind != VERDICT_NO_ESCAPE)
			return false;
		return verdict->chain_known ? on_chain(verdict, site) : may_be_inlined(join, verdict, site);
	case ROUND_BODY:
		return heap && verdict->nchain == 1 && same_place(&verdict->chain[0], &site->chain[0]);
	default:
		return false;
	}
}

/*
 * What "does not escape" can still put on the heap: what is too big for the buffer that the compiler gave it. For text
 * that buffer has 32 bytes (runtime/string.go, tmpStringBufSize), and what made a smaller block had none.
 */
static unsigned no_escape_operations(const struct join_object *object)
{
	unsigned text = OPERATION_CONCAT | OPERATION_TO_STRING | OPERATION_FROM_STRING;

	if (object->small_slot && object->small_slot <= TEXT_BUFFER)
		text = 0;
	return OPERATION_MAKE_SLICE | OPERATION_APPEND | OPERATION_MAKE_MAP | text;
}

/* How well VERDICT fits: 0 not at all; more is better. */
static int fit_of(const struct verdict *verdict, const struct call_site *site, const struct join_object *object)
{
	unsigned likely, possible, operation = site->operation;
	enum verdict_form form = verdict_form_of(verdict);
	int fit, agrees = verdict_type_agrees(verdict, object->type);

	if (verdict->is_constant || agrees < 0 || !verdict_form_fits(form, site->entry, object->type))
		return 0;
	verdict_form_operations(form, &likely, &possible);
	if (verdict->kind == VERDICT_NO_ESCAPE) {
		/* -m says "append does not escape" nowhere before Go 1.25, and of a slice: "make(…) does not escape".
		 */
		operation &= no_escape_operations(object);
	}
	/* An entry that could not be told apart agrees with every operation, but worse than any that was. */
	if (site->operation == OPERATION_UNKNOWN)
		fit = likely ? 1 : 0;
	else
		fit = likely & operation ? 2 : possible & operation ? 1 : 0;
	/* Of several values that are converted there any may be the one. */
	if (site->operation == OPERATION_CONVERT && site->like_calls > 1 && fit)
		return 2;
	/* The type outweighs; a variable's is not told, so it may be this one. */
	if (form == FORM_MOVED && object->type[0])
		agrees = 1;
	return fit == 0 ? 0 : agrees * 4 + fit;
}

static void add_found(struct join *join, const struct verdict *verdict)
{
	join->found = memory_reserve(join->found, join->nfound, &join->found_capacity, sizeof(*join->found));
	join->found[join->nfound++] = verdict;
}

/* Two verdicts that say the same of the same kind of thing need not be told apart. */
static bool says_the_same(const struct verdict *a, const struct verdict *b)
{
	const char *a_why = a->nsteps ? a->steps[a->nsteps - 1].why : "";
	const char *b_why = b->nsteps ? b->steps[b->nsteps - 1].why : "";

	return a->kind == b->kind && strcmp(a->what, b->what) == 0 && strcmp(a_why, b_why) == 0;
}

static bool already_found(const struct join *join, const struct verdict *verdict)
{
	for (size_t i = 0; i < join->nfound; i++) {
		if (says_the_same(join->found[i], verdict))
			return true;
	}
	return false;
}

/*
 * Leave in join->found the best of the verdicts near that are of ROUND and fit no worse than BEST; better ones replace
 * what was found before, equal ones are added. Returns how well they fit.
 */
static int find_best(struct join *join, enum join_round round, const struct call_site *site,
		     const struct join_object *object, int best)
{
	for (size_t i = 0; i < join->nnear; i++) {
		const struct verdict *verdict = verdict_set_at(join->set, join->near[i]);
		int fit;

		if (!in_round(join, round, verdict, site))
			continue;
		fit = fit_of(verdict, site, object);
		if (fit < best || (fit == best && already_found(join, verdict)))
			continue;
		if (fit > best)
			join->nfound = 0;
		best = fit;
		add_found(join, verdict);
	}
	return best;
}

/*
 * Whether WHAT is a variable, a field, a length or a number converted: nothing that is called or made before it is put
 * into an interface, which would move its conversion behind others on the line.
 */
static bool is_plain(const char *what)
{
	static const char *const harmless[] = {"len(",  "cap(",    "int(",    "int16(",  "int32(",   "int64(",
					       "uint(", "uint16(", "uint32(", "uint64(", "float32(", "float64("};

	if (strchr(what, '{'))
		return false;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		size_t length = strlen(harmless[i]);

		if (strncmp(what, harmless[i], length) == 0)
			return !strchr(what + length, '(');
	}
	return !strchr(what, '(');
}

static int compare_columns(const void *left, const void *right)
{
	const struct verdict *a = *(const struct verdict *const *)left, *b = *(const struct verdict *const *)right;
	uint32_t x = a->chain[a->nchain - 1].column, y = b->chain[b->nchain - 1].column;

	return x < y ? -1 : x > y;
}

/*
 * Where a line has as many verdicts as it has like calls, the columns of the ones go with the addresses of the others.
 * Leaves that verdict alone in join->found; false when their numbers differ, or something may change their order.
 */
static bool find_by_order(struct join *join, const struct call_site *site)
{
	size_t kept = 0;

	join->nfound = 0;
	for (size_t i = 0; i < join->nnear; i++) {
		const struct verdict *verdict = verdict_set_at(join->set, join->near[i]);

		if (verdict->kind == VERDICT_ESCAPES && verdict->chain_known && on_chain(verdict, site) &&
		    verdict_form_of(verdict) == FORM_EXPRESSION)
			add_found(join, verdict);
	}
	if (join->nfound)
		qsort(join->found, join->nfound, sizeof(*join->found), compare_columns);
	for (size_t i = 0; i < join->nfound; i++) { /* one a column: -m and JSON may word the same differently */
		if (!kept || compare_columns(&join->found[kept - 1], &join->found[i]) != 0)
			join->found[kept++] = join->found[i];
	}
	join->nfound = 0;
	if (kept != site->like_calls)
		return false;
	for (size_t i = 0; i < kept; i++) {
		if (!is_plain(join->found[i]->what))
			return false;
	}
	join->found[0] = join->found[site->order];
	join->nfound = 1;
	return true;
}

/* Several small pointer-free variables of a function are put into one block: then all of them are meant. */
static bool is_joint_block(const struct join *join, const struct call_site *site, const char *type)
{
	for (size_t i = 0; i < join->nfound; i++) {
		if (join->found[i]->kind != VERDICT_MOVED)
			return false;
	}
	return (site->operation & OPERATION_RAW) && !type[0];
}

static struct join_result result_of(struct join *join, const struct call_site *site, const char *type)
{
	struct join_result result = {.class_ = CLASS_ESCAPE, .verdict = join->found[0]};

	if (join->nfound > 1) {
		result.candidates = join->found;
		result.ncandidates = join->nfound;
		if (!is_joint_block(join, site, type)) {
			result.class_ = CLASS_AMBIGUOUS;
			result.verdict = NULL;
		}
	}
	if (join->found[0]->kind == VERDICT_NO_ESCAPE)
		result.class_ = CLASS_HEAP_NOT_ESCAPING;
	return result;
}

/* Operations that no verdict ever speaks of. */
static bool has_no_verdict(enum entry_operation operation)
{
	return operation == OPERATION_C || operation == OPERATION_RUNTIME || operation == OPERATION_GOROUTINE ||
	       operation == OPERATION_MAP_ASSIGN || operation == OPERATION_BUFFER || operation == OPERATION_REFLECT;
}

struct join_result join_without_verdicts(const struct call_site *site)
{
	struct join_result none = {.class_ = entry_default_class(site->operation)};

	if (site->all_runtime)
		none.class_ = CLASS_RUNTIME;
	return none;
}

struct join_result join_site(struct join *join, const struct call_site *site, const struct join_object *object)
{
	struct join_result none = join_without_verdicts(site);

	if (!join->set || site->all_runtime || has_no_verdict(site->operation))
		return none;
	if (site->order < site->like_calls && site->like_calls > 1) {
		find_near(join, &site->chain[site->nchain - 1]);
		if (find_by_order(join, site))
			return result_of(join, site, object->type);
	}
	for (int round = 0; round < ROUND_COUNT; round++) {
		int best;

		find_near(join, &site->chain[round == ROUND_BODY ? 0 : site->nchain - 1]);
		join->nfound = 0;
		best = find_best(join, round, site, object, 1);
		if (round == ROUND_CHAIN && join->nfound)
			best = find_best(join, ROUND_OUTERMOST, site, object, best);
		if (round < ROUND_NO_ESCAPE && join->nfound)
			find_best(join, ROUND_NO_ESCAPE, site, object, best);
		if (join->nfound)
			return result_of(join, site, object->type);
	}
	/* The closure that "go f(x)" makes of its own accord is no expression of the source, and has no verdict. */
	if (site->operation == OPERATION_NEW && verdict_type_is_closure(object->type))
		none.class_ = CLASS_GOROUTINE;
	return none;
}
