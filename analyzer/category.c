/*
 * In: a site's class, operation, verdict and type. Out: a category. What the compiler says outright (too large, not
 * constant) comes first, then what is allocated, then where its flow ends.
 */
#include "analyzer/category.h"

#include "analyzer/verdict_words.h"
#include "verdicts/verdict.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *why;
	enum site_category category;
} last_steps[] = {
    {"return", CATEGORY_POINTER_RETURNED},
    {"call parameter", CATEGORY_LEAKING_PARAMETER},
    {"callee operand", CATEGORY_LEAKING_PARAMETER},
    {"passed to call[argument escapes]", CATEGORY_LEAKING_PARAMETER},
    {"captured by a closure", CATEGORY_CLOSURE_CAPTURE},
    {"too large for stack", CATEGORY_TOO_LARGE},
    {"too aligned for stack", CATEGORY_TOO_LARGE},
    {"non-constant size", CATEGORY_NON_CONSTANT_SIZE},
    {"go", CATEGORY_GO_OR_DEFER},
    {"defer", CATEGORY_GO_OR_DEFER},
    {"append", CATEGORY_STORED_ON_HEAP},
    {"appended slice...", CATEGORY_STORED_ON_HEAP},
};

static bool has_step(const struct verdict *verdict, const char *why)
{
	for (size_t i = 0; i < verdict->nsteps; i++) {
		if (strcmp(verdict->steps[i].why, why) == 0)
			return true;
	}
	return false;
}

const char *category_last_step(const struct verdict *verdict)
{
	return verdict && verdict->nsteps ? verdict->steps[verdict->nsteps - 1].why : "";
}

/* append keeps what it is given: that is storing, not a leak of somebody's parameter. */
static bool is_append_step(const struct verdict *verdict)
{
	const char *text = verdict->nsteps ? verdict->steps[verdict->nsteps - 1].text : NULL;

	return text && (strncmp(text, "from append(", 12) == 0 || strncmp(text, "append(", 7) == 0);
}

static enum site_category category_of_flow(const struct verdict *verdict)
{
	const char *last = category_last_step(verdict);

	if (is_append_step(verdict))
		return CATEGORY_STORED_ON_HEAP;
	for (size_t i = 0; i < sizeof(last_steps) / sizeof(last_steps[0]); i++) {
		if (strcmp(last, last_steps[i].why) == 0)
			return last_steps[i].category;
	}
	/* assign, send, map literal value, struct literal element, range, …: it is put somewhere that outlives the
	 * call. */
	return verdict->nsteps ? CATEGORY_STORED_ON_HEAP : CATEGORY_NONE;
}

static enum site_category category_of_closure(const struct verdict *verdict)
{
	/* Of "go f(x)" and of a defer in a loop the compiler says no more than that the closure is spilled. */
	if (verdict->nsteps && strcmp(category_last_step(verdict), "spill") == 0)
		return CATEGORY_GO_OR_DEFER;
	return verdict->nsteps ? CATEGORY_CLOSURE_CAPTURE : CATEGORY_NONE;
}

/*
 * The instances of a generic function have their verdicts at one place, in words that may be the same: "new(T)" can be
 * too large in one of them, and yet be small here.
 */
static bool is_too_large(const struct site_facts *facts)
{
	if (!facts->verdict->too_large)
		return false;
	return !facts->largest || facts->largest > CATEGORY_STACK_MAX ||
	       has_step(facts->verdict, "too large for stack");
}

static enum site_category category_of_verdict(const struct site_facts *facts)
{
	const struct verdict *verdict = facts->verdict;
	enum verdict_form form = verdict_form_of(verdict);

	if (is_too_large(facts))
		return CATEGORY_TOO_LARGE;
	if (verdict->non_constant)
		return CATEGORY_NON_CONSTANT_SIZE;
	if (form == FORM_APPEND)
		return CATEGORY_GROWTH;
	if (facts->operation == OPERATION_CONVERT || form == FORM_EXPRESSION || form == FORM_LITERAL)
		return CATEGORY_INTERFACE_CONVERSION;
	if (form == FORM_FUNC_LITERAL)
		return category_of_closure(verdict);
	if (form == FORM_MOVED && has_step(verdict, "captured by a closure"))
		return CATEGORY_CLOSURE_CAPTURE;
	return category_of_flow(verdict);
}

/* "does not escape", but on the heap: the size was not known, or over what the stack takes. */
static enum site_category category_of_no_escape(const struct site_facts *facts)
{
	switch (facts->operation) {
	case OPERATION_MAKE_SLICE:
		return CATEGORY_NON_CONSTANT_SIZE;
	case OPERATION_APPEND:
	case OPERATION_MAKE_MAP:
	case OPERATION_MAP_ASSIGN:
		return CATEGORY_GROWTH;
	default:
		return CATEGORY_NONE;
	}
}

/* What NewStringValue and its like make belongs to the message: it is made for values that were never boxed as well. */
static bool unpacks_interfaces(const char *function)
{
	const char *name = strstr(function, "/structpb.");

	return name && (strcmp(name, "/structpb.NewStruct") == 0 || strcmp(name, "/structpb.NewList") == 0 ||
			strcmp(name, "/structpb.NewValue") == 0);
}

bool category_is_structpb(const struct site_facts *facts)
{
	bool map = facts->operation == OPERATION_MAKE_MAP || facts->operation == OPERATION_MAP_ASSIGN;

	if (unpacks_interfaces(facts->function))
		return true;
	return facts->uses_structpb && map &&
	       (strcmp(facts->type, "map[string]interface {}") == 0 || strcmp(facts->type, "map[string]any") == 0);
}

enum site_category category_of(const struct site_facts *facts)
{
	if (category_is_structpb(facts))
		return CATEGORY_INTERFACE_CONVERSION;
	if (facts->class_ == CLASS_HEAP_NOT_ESCAPING)
		return category_of_no_escape(facts);
	if (facts->class_ == CLASS_APPEND_GROWTH || facts->class_ == CLASS_MAP_GROWTH)
		return CATEGORY_GROWTH;
	if (facts->verdict)
		return category_of_verdict(facts);
	if (facts->class_ == CLASS_GOROUTINE)
		return CATEGORY_GO_OR_DEFER;
	if (facts->operation == OPERATION_CONVERT)
		return CATEGORY_INTERFACE_CONVERSION;
	if (facts->operation == OPERATION_BUFFER)
		return CATEGORY_GROWTH;
	return CATEGORY_NONE;
}
