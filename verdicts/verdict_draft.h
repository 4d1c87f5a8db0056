/*
 * A verdict in the making: the readers of the compiler's two outputs put its parts in as they come along, in the
 * compiler's own words.
 */
#ifndef VERDICTS_VERDICT_DRAFT_H
#define VERDICTS_VERDICT_DRAFT_H

#include "base/strtab.h"
#include "verdicts/verdict.h"

struct verdict_draft {
	struct strtab *strings; /* owns what the draft's strings point to, until verdict_draft_free */
	struct verdict verdict; /* all but the chain and the steps */
	struct verdict_position *chain;
	struct verdict_step *steps;
	size_t nchain, nsteps, chain_capacity, step_capacity;
	const char *target; /* left side of the flow line that steps now belong to */
	bool has_flow;
};

/* Forget the verdict, if any, and begin one of PACKAGE. A zeroed draft is a new one. */
void verdict_draft_start(struct verdict_draft *draft, const char *package);

/* Free what the draft owns; it is as new. */
void verdict_draft_free(struct verdict_draft *draft);

/*
 * Take the message of LENGTH bytes, without position and final colon: "X escapes to heap[ in FUNC]", "moved to heap:
 * x", "X does not escape", "leaking param[ content]: p[ to result r level=N]", "parameter p leaks to D[ for FUNC] with
 * derefs=N". Sets kind, what, function, and the message in -m's words. False when it is none of these.
 */
bool verdict_draft_message(struct verdict_draft *draft, const char *text, size_t length);

/* Append a place to the chain, which goes from the outermost in; FILE is copied. */
void verdict_draft_place(struct verdict_draft *draft, const char *file, uint32_t line, uint32_t column);

/*
 * Take a line of the flow, LENGTH bytes without leading blanks: "flow: A ← B:" (or "A = B:"), whose A is kept for the
 * steps to come, or "from X (why)", a step at FILE:LINE:COLUMN. Anything else is ignored. The first flow line tells
 * whether a variable was moved (its B is "&x") or an expression's storage escapes, and sets kind and message so.
 */
void verdict_draft_flow(struct verdict_draft *draft, const char *text, size_t length, const char *file, uint32_t line,
			uint32_t column);

/* The verdict with chain and steps, borrowed from the draft until its next change. Needs at least one place. */
const struct verdict *verdict_draft_get(struct verdict_draft *draft);

#endif
