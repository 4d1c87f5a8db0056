/* The words of the compiler's escape analysis, taken apart: the same in -m's text and in JSON, Go 1.18 to 1.27. */
#include "verdicts/verdict_draft.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Part of a line; not terminated. */
struct span {
	const char *text;
	size_t length;
};

static bool span_starts(struct span span, const char *word)
{
	size_t length = strlen(word);

	return span.length >= length && !memcmp(span.text, word, length);
}

static bool span_ends(struct span span, const char *word)
{
	size_t length = strlen(word);

	return span.length >= length && !memcmp(span.text + span.length - length, word, length);
}

static struct span span_without_first(struct span span, size_t count)
{
	return (struct span){span.text + count, span.length - count};
}

static struct span span_without_last(struct span span, size_t count)
{
	return (struct span){span.text, span.length - count};
}

/* Split at the first WORD; false, and nothing changed, when it is not there. */
static bool span_split(struct span span, const char *word, struct span *before, struct span *after)
{
	const char *at = memmem(span.text, span.length, word, strlen(word));

	if (!at)
		return false;
	*before = (struct span){span.text, at - span.text};
	*after = span_without_first(span, before->length + strlen(word));
	return true;
}

/* The same at the last WORD. */
static bool span_split_last(struct span span, const char *word, struct span *before, struct span *after)
{
	struct span head, tail = span;
	const char *at = NULL;

	while (span_split(tail, word, &head, &tail))
		at = head.text + head.length;
	if (!at)
		return false;
	*before = (struct span){span.text, at - span.text};
	*after = tail;
	return true;
}

static const char *draft_string(struct verdict_draft *draft, struct span span)
{
	return strtab_get(draft->strings, strtab_add_bytes(draft->strings, span.text, span.length));
}

static const char *draft_join(struct verdict_draft *draft, const char *before, struct span middle, const char *after)
{
	char *text = memory_format("%s%.*s%s", before, (int)middle.length, middle.text, after);
	const char *kept = strtab_get(draft->strings, strtab_add(draft->strings, text));

	free(text);
	return kept;
}

void verdict_draft_start(struct verdict_draft *draft, const char *package)
{
	if (!draft->strings)
		draft->strings = strtab_new();
	draft->nchain = draft->nsteps = 0;
	draft->has_flow = false;
	draft->target = "";
	draft->verdict = (struct verdict){.function = "", .what = "", .message = ""};
	draft->verdict.package = strtab_get(draft->strings, strtab_add(draft->strings, package));
}

void verdict_draft_free(struct verdict_draft *draft)
{
	strtab_free(draft->strings);
	free(draft->chain);
	free(draft->steps);
	*draft = (struct verdict_draft){0};
}

/* "X escapes to heap[ in FUNC]"; an expression may hold the words itself, as a string, so the last ones count. */
static bool draft_message_escapes(struct verdict_draft *draft, struct span text)
{
	struct span what, function = {"", 0};

	if (span_ends(text, " escapes to heap"))
		what = span_without_last(text, strlen(" escapes to heap"));
	else if (!span_split_last(text, " escapes to heap in ", &what, &function))
		return false;
	draft->verdict.kind = VERDICT_ESCAPES;
	draft->verdict.what = draft_string(draft, what);
	draft->verdict.function = draft_string(draft, function);
	/* The text's own words for it since Go 1.25, where JSON has the whole call. */
	if (span_starts(what, "append("))
		draft->verdict.message = "append escapes to heap";
	else
		draft->verdict.message = draft_join(draft, "", what, " escapes to heap");
	return true;
}

/*
 * "parameter p leaks to D[ for FUNC] with derefs=N" in the words of -m. D is the heap, or something that counts as the
 * heap for callers, or a result.
 */
static bool draft_message_parameter(struct verdict_draft *draft, struct span text)
{
	struct span name, rest, target, function = {"", 0}, derefs;
	char *message;

	text = span_without_first(text, strlen("parameter "));
	if (!span_split(text, " leaks to ", &name, &rest) || !span_split_last(rest, " with derefs=", &target, &derefs))
		return false;
	rest = target;
	if (span_split_last(rest, " for ", &target, &function) && span_starts(rest, "{storage for ") &&
	    !memchr(target.text, '}', target.length)) {
		target = rest;
		function = (struct span){"", 0};
	}
	draft->verdict.kind = VERDICT_LEAK;
	draft->verdict.what = draft_string(draft, name);
	draft->verdict.function = draft_string(draft, function);
	if (!span_starts(target, "{"))
		message = memory_format("leaking param: %.*s to result %.*s level=%.*s", (int)name.length, name.text,
					(int)target.length, target.text, (int)derefs.length, derefs.text);
	else
		message =
		    memory_format("leaking param%s: %.*s", derefs.length == 1 && *derefs.text == '0' ? "" : " content",
				  (int)name.length, name.text);
	draft->verdict.message = strtab_get(draft->strings, strtab_add(draft->strings, message));
	free(message);
	return true;
}

/* What -m prints in one line; the message stays as it is. */
static bool draft_message_plain(struct verdict_draft *draft, struct span text)
{
	struct span what, rest;

	if (span_starts(text, "moved to heap: ")) {
		draft->verdict.kind = VERDICT_MOVED;
		what = span_without_first(text, strlen("moved to heap: "));
	} else if (span_ends(text, " does not escape")) {
		draft->verdict.kind = VERDICT_NO_ESCAPE;
		what = span_without_last(text, strlen(" does not escape"));
	} else if (span_starts(text, "leaking param: ") || span_starts(text, "leaking param content: ")) {
		draft->verdict.kind = VERDICT_LEAK;
		if (!span_split(text, ": ", &rest, &what))
			return false;
		span_split(what, " to result ", &what, &rest);
	} else {
		return false;
	}
	draft->verdict.what = draft_string(draft, what);
	draft->verdict.message = draft_string(draft, text);
	return true;
}

bool verdict_draft_message(struct verdict_draft *draft, const char *text, size_t length)
{
	struct span span = {text, length};

	if (span_starts(span, "parameter ") && draft_message_parameter(draft, span))
		return true;
	return draft_message_plain(draft, span) || draft_message_escapes(draft, span);
}

void verdict_draft_place(struct verdict_draft *draft, const char *file, uint32_t line, uint32_t column)
{
	struct verdict_position place = {"", "", line, column};

	place.file = strtab_get(draft->strings, strtab_add(draft->strings, file));
	draft->chain = memory_reserve(draft->chain, draft->nchain, &draft->chain_capacity, sizeof(*draft->chain));
	draft->chain[draft->nchain++] = place;
}

/* A is "x", "{heap}" or "{storage for EXPR}", whose EXPR may hold an equals sign of its own. */
static bool flow_split(struct span text, struct span *target, struct span *source)
{
	if (!span_starts(text, "{"))
		return span_split(text, " ← ", target, source) || span_split(text, " = ", target, source);
	if (!span_split(text, "} ← ", target, source) && !span_split(text, "} = ", target, source))
		return false;
	target->length++;
	return true;
}

/* A variable's address flows: the variable itself is moved to the heap. */
static void draft_take_source(struct verdict_draft *draft, struct span source)
{
	struct span what = {draft->verdict.what, strlen(draft->verdict.what)};

	if (draft->has_flow || draft->verdict.kind != VERDICT_ESCAPES)
		return;
	if (!span_starts(source, "&") || span_starts(source, "&{storage for "))
		return;
	draft->verdict.kind = VERDICT_MOVED;
	draft->verdict.message = draft_join(draft, "moved to heap: ", what, "");
}

void verdict_draft_flow(struct verdict_draft *draft, const char *text, size_t length, const char *file, uint32_t line,
			uint32_t column)
{
	struct span span = {text, length}, target, source, what, why;
	struct verdict_step step = {.target = draft->target, .line = line, .column = column};

	if (span_starts(span, "flow: ") && flow_split(span_without_first(span, 6), &target, &source)) {
		draft_take_source(draft, source);
		draft->target = draft_string(draft, target);
		draft->has_flow = true;
		return;
	}
	if (!span_starts(span, "from ") || !span_ends(span, ")") || !span_split_last(span, " (", &what, &why))
		return;
	why.length--;
	step.text = draft_string(draft, span);
	step.why = draft_string(draft, why);
	step.file = strtab_get(draft->strings, strtab_add(draft->strings, file));
	draft->verdict.too_large |= !strcmp(step.why, "too large for stack");
	draft->verdict.non_constant |= !strcmp(step.why, "non-constant size");
	draft->steps = memory_reserve(draft->steps, draft->nsteps, &draft->step_capacity, sizeof(*draft->steps));
	draft->steps[draft->nsteps++] = step;
}

const struct verdict *verdict_draft_get(struct verdict_draft *draft)
{
	assert(draft->nchain);
	draft->verdict.chain = draft->chain;
	draft->verdict.nchain = draft->nchain;
	draft->verdict.steps = draft->steps;
	draft->verdict.nsteps = draft->nsteps;
	return &draft->verdict;
}
