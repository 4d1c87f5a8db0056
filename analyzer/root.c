/*
 * In: verdicts and their flows. Out: the end of each.
 *
 * A call stands in a flow as the compiler prints it: "fmt.Fprintln(os.Stderr, a...)", "reply(w, ~r0)" in the package
 * itself, "(*sync.Pool).Put(ppFree, p)" for a method that is known, with the receiver as the first argument, and
 * "w.Write(b)" for a call through an interface, which the compiler does not follow either. The callee is looked up by
 * the name of its package, since the compiler does not print paths; the parameter by what flows into it, as far as the
 * verdicts tell: they know no parameters that hold no pointers.
 */
#include "analyzer/root.h"

#include "analyzer/arena.h"
#include "analyzer/verdict_words.h"
#include "base/memory.h"
#include "verdicts/verdict.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 16
#define TEXT_MAX      512

/* A leaking parameter under its function's name as a caller prints it, "fmt.Fprintln", "(*sync.Pool).Put". */
struct root_leak {
	const char *name;
	const struct verdict *verdict;
};

struct root_finder {
	struct arena *arena;
	struct root_leak *leaks; /* by name, then by position: a function's are in the order of its parameters */
	size_t count;
};

/* A call taken apart. */
struct root_call {
	char callee[TEXT_MAX];
	char arguments[ARGUMENTS_MAX][TEXT_MAX];
	size_t narguments;
};

static bool all_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
	}
	return length > 0;
}

/*
 * The name of the package with the import path PATH, as far as the path tells: its last element, without ".v3" and
 * not a mere "v2". *LENGTH becomes its length.
 */
static const char *package_name(const char *path, size_t *length)
{
	const char *end = path + strlen(path), *begin, *dot;

	for (;;) {
		for (begin = end; begin > path && begin[-1] != '/'; begin--)
			;
		if (begin == path || !(begin[0] == 'v' && all_digits(begin + 1, (size_t)(end - begin) - 1)))
			break;
		end = begin - 1;
	}
	dot = memchr(begin, '.', (size_t)(end - begin));
	*length = (size_t)((dot && dot[1] == 'v' ? dot : end) - begin);
	return begin;
}

/* FUNCTION of the package PATH as other packages print it. */
static const char *qualified_name(struct arena *arena, const char *path, const char *function)
{
	size_t length;
	const char *name = package_name(path, &length);

	if (strncmp(function, "(*", 2) == 0)
		return arena_format(arena, "(*%.*s.%s", (int)length, name, function + 2);
	return arena_format(arena, "%.*s.%s", (int)length, name, function);
}

static int compare_places(const struct verdict *a, const struct verdict *b)
{
	const struct verdict_position *x = &a->chain[a->nchain - 1], *y = &b->chain[b->nchain - 1];

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

static int compare_leaks(const void *left, const void *right)
{
	const struct root_leak *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = strcmp(a->verdict->package, b->verdict->package);
	return order ? order : compare_places(a->verdict, b->verdict);
}

/* Whether a leak goes on to the heap; others only reach the function's results, which the caller's flow shows. */
static bool leaks_to_heap(const struct verdict *verdict)
{
	return verdict->kind == VERDICT_LEAK && verdict->function[0] && verdict->nsteps > 0 &&
	       !strstr(verdict->message, " to result ");
}

struct root_finder *root_finder_new(const struct verdict_set *set)
{
	struct root_finder *finder = memory_alloc(1, sizeof(*finder));
	size_t capacity = 0;

	finder->arena = arena_new();
	for (size_t i = 0; set && i < verdict_set_count(set); i++) {
		const struct verdict *verdict = verdict_set_at(set, i);

		if (!leaks_to_heap(verdict))
			continue;
		finder->leaks = memory_reserve(finder->leaks, finder->count, &capacity, sizeof(*finder->leaks));
		finder->leaks[finder->count].name = qualified_name(finder->arena, verdict->package, verdict->function);
		finder->leaks[finder->count++].verdict = verdict;
	}
	if (finder->count)
		qsort(finder->leaks, finder->count, sizeof(*finder->leaks), compare_leaks);
	return finder;
}

void root_finder_free(struct root_finder *finder)
{
	if (!finder)
		return;
	arena_free(finder->arena);
	free(finder->leaks);
	free(finder);
}

/* Copy the bytes from BEGIN to END to OUT, cut to its size. */
static void copy_text(char out[TEXT_MAX], const char *begin, const char *end)
{
	size_t length = (size_t)(end - begin) < TEXT_MAX ? (size_t)(end - begin) : TEXT_MAX - 1;

	memcpy(out, begin, length);
	out[length] = 0;
}

static const char *without_from(const char *text)
{
	return strncmp(text, "from ", 5) == 0 ? text + 5 : text;
}

/* Fill CALL's arguments from the text between BEGIN and END. */
static void split_arguments(struct root_call *call, const char *begin, const char *end)
{
	const char *at = begin;

	while (at < end && call->narguments < ARGUMENTS_MAX) {
		const char *stop = at;

		while (stop < end && *stop != ',')
			stop = strchr("([{\"'`", *stop) ? verdict_closing(stop) + 1 : stop + 1;
		stop = stop < end ? stop : end;
		copy_text(call->arguments[call->narguments++], at, stop);
		for (at = stop + 1; at < end && *at == ' '; at++)
			;
	}
}

/* Take "from CALLEE(ARGUMENTS) (call parameter)" apart; false when it is no call. */
static bool parse_call(struct root_call *call, const char *text)
{
	const char *begin = without_from(text), *open = begin, *close;

	call->narguments = 0;
	if (*open == '(') /* "(*T).M" */
		open = verdict_closing(open);
	while (*open && *open != '(') {
		if (*open == '[') /* type arguments */
			open = verdict_closing(open);
		open += *open != 0;
	}
	if (!*open || open == begin)
		return false;
	close = verdict_closing(open);
	if (!*close)
		return false;
	copy_text(call->callee, begin, open);
	split_arguments(call, open + 1, close);
	return true;
}

/* The leaks of the function with the qualified NAME; *COUNT their number. */
static const struct root_leak *find_named(const struct root_finder *finder, const char *name, size_t *count)
{
	size_t low = 0, high = finder->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(finder->leaks[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < finder->count && strcmp(finder->leaks[low + *count].name, name) == 0;)
		++*count;
	return *count ? &finder->leaks[low] : NULL;
}

/* The leaks of CALLEE as the package PACKAGE prints it: first as its own function, then as another package's. */
static const struct root_leak *find_callee(const struct root_finder *finder, struct arena *arena, const char *package,
					   const char *callee, size_t *count)
{
	const char *own = qualified_name(arena, package, callee);
	const struct root_leak *leaks = find_named(finder, own, count);

	while (leaks && *count && strcmp(leaks->verdict->package, package) != 0) { /* of another package so named */
		leaks++;
		--*count;
	}
	if (leaks && *count) {
		for (size_t i = 0; i < *count; i++) {
			if (strcmp(leaks[i].verdict->package, package) != 0)
				*count = i;
		}
		return leaks;
	}
	leaks = find_named(finder, callee, count);
	if (leaks && strcmp(leaks[0].verdict->package, leaks[*count - 1].verdict->package) != 0)
		return NULL; /* two packages of that name: which one is meant is not known */
	return leaks;
}

/* What flows into the last call of VERDICT, as an argument would be printed. */
static void flowing_text(char out[TEXT_MAX], const struct verdict *verdict)
{
	const struct verdict_step *last = &verdict->steps[verdict->nsteps - 1];
	const struct verdict_step *before = verdict->nsteps > 1 ? last - 1 : NULL;
	const char *text = verdict->what, *end;

	if (before && strcmp(before->target, last->target) == 0) {
		text = without_from(before->text);
		end = strrchr(text, '(');
		copy_text(out, text, end && end > text + 1 ? end - 1 : text + strlen(text));
		return;
	}
	if (before)
		text = before->target;
	end = text + strlen(text);
	if (strncmp(text, "{storage for ", 13) == 0) {
		text += 13;
		end--;
	}
	copy_text(out, text, end);
}

/* The argument of CALL that is TEXT, from 0; -1 when there is none or several. */
static int argument_number(const struct root_call *call, const char *text)
{
	size_t length = strlen(text);
	int found = -1;

	for (size_t i = 0; i < call->narguments; i++) {
		const char *argument = call->arguments[i];
		bool same = strncmp(argument, text, length) == 0 &&
			    (!argument[length] || strcmp(argument + length, "...") == 0);

		if (same && found >= 0)
			return -1;
		if (same)
			found = (int)i;
	}
	return found;
}

static bool is_variadic(const struct root_call *call, int argument)
{
	const char *text = call->arguments[argument];
	size_t length = strlen(text);

	return length > 3 && strcmp(text + length - 3, "...") == 0;
}

/*
 * Which of COUNT leaks of the callee the flow of VERDICT goes through. There may be fewer of them than arguments; the
 * only one is it, a receiver is the first, a variadic argument the last, and with as many leaks as arguments each has
 * its own. NULL when it is not known.
 */
static const struct verdict *choose_leak(const struct root_leak *leaks, size_t count, const struct root_call *call,
					 const struct verdict *verdict)
{
	char text[TEXT_MAX];
	int argument;

	if (count == 1)
		return leaks[0].verdict;
	flowing_text(text, verdict);
	argument = argument_number(call, text);
	if (argument < 0)
		return NULL;
	if (call->narguments == count)
		return leaks[argument].verdict;
	if (argument == 0 && call->callee[0] == '(')
		return leaks[0].verdict;
	return is_variadic(call, argument) ? leaks[count - 1].verdict : NULL;
}

/* The parameter that the last step of VERDICT passes its value to, if it can be followed; else NULL. */
static const struct verdict *next_leak(const struct root_finder *finder, struct arena *arena,
				       const struct verdict *verdict)
{
	const struct verdict_step *last = &verdict->steps[verdict->nsteps - 1];
	const struct root_leak *leaks;
	struct root_call call;
	size_t count;

	if (strcmp(last->why, "call parameter") != 0 || !parse_call(&call, last->text))
		return NULL;
	leaks = find_callee(finder, arena, verdict->package, call.callee, &count);
	return leaks ? choose_leak(leaks, count, &call, verdict) : NULL;
}

/* A step without its "from"; what the compiler generated has no place. */
static const char *step_text(struct arena *arena, const struct verdict_step *step)
{
	struct verdict_step shown = *step;

	if (step->file[0] == '<')
		shown.line = 0;
	return without_from(verdict_step_sentence(arena, &shown));
}

static const char *hop_text(struct arena *arena, const struct verdict *leak)
{
	const char *function = qualified_name(arena, leak->package, leak->function);

	return arena_format(arena, "%s of %s leaks: %s", leak->what, function,
			    step_text(arena, &leak->steps[leak->nsteps - 1]));
}

/* The text of a root: its statement, and in whose hands the value is there. */
static const char *root_text(struct arena *arena, const struct verdict *verdict, bool is_leak)
{
	const char *step = step_text(arena, &verdict->steps[verdict->nsteps - 1]);

	if (!is_leak)
		return step;
	return arena_format(arena, "%s of %s: %s", verdict->what,
			    qualified_name(arena, verdict->package, verdict->function), step);
}

struct root_flow root_find(const struct root_finder *finder, struct arena *arena, const struct verdict *verdict)
{
	struct root_flow flow = {.name = arena_string(arena, "")};
	const struct verdict *seen[ROOT_HOPS_MAX], *at = verdict;

	if (!verdict || verdict->nsteps == 0)
		return flow;
	while (flow.nhops < ROOT_HOPS_MAX) {
		const struct verdict *next = next_leak(finder, arena, at);
		bool again = next == NULL;

		for (size_t i = 0; i < flow.nhops; i++)
			again |= seen[i] == next;
		if (again)
			break;
		seen[flow.nhops] = next;
		flow.hops[flow.nhops++] = hop_text(arena, next);
		at = next;
	}
	flow.name = root_text(arena, at, at != verdict);
	return flow;
}
