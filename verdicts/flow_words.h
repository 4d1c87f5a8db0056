/* The words that the compiler's two forms of escape diagnostics share: messages and the lines of a flow. */
#ifndef VERDICTS_FLOW_WORDS_H
#define VERDICTS_FLOW_WORDS_H

#include "verdicts/verdict.h"

#include <stdbool.h>

#define FLOW_MAX_STEPS 64 /* steps kept of one flow */

/* A verdict being read: its strings are owned here until flow_words_free. */
struct flow_words {
	char *what, *message;
	char *strings[4 * FLOW_MAX_STEPS];
	size_t nstrings;
	struct verdict_step steps[FLOW_MAX_STEPS];
	size_t nsteps;
	const char *target; /* of the flow line last read */
	bool is_variable;   /* the first flow line takes the address of a variable: it is moved to the heap */
	bool seen_flow;
};

/* Free what WORDS holds and empty it; a zeroed one is fine. */
void flow_words_free(struct flow_words *words);

/*
 * Take one line of a flow, without position and leading blanks: "flow: A ← &B:" (to Go 1.24 "flow: A = &B:") or
 * "from X (why)", the latter with the place FILE:LINE:COLUMN. Others are left alone.
 */
void flow_words_line(struct flow_words *words, const char *line, size_t length, const char *file, uint32_t file_line,
		     uint32_t column);

/* Whether a step's reason is WHY. */
bool flow_words_has(const struct flow_words *words, const char *why);

/* A copy of the LENGTH bytes at TEXT that lives as long as WORDS; "" when there is no more room. */
const char *flow_words_keep(struct flow_words *words, const char *text, size_t length);

/*
 * Fill KIND, WHAT and MESSAGE of VERDICT from a message "X escapes to heap", "moved to heap: x" or "x does not escape"
 * of LENGTH bytes, with what the flow in WORDS tells (a bare &x: moved to the heap). False for any other message.
 */
bool flow_words_message(struct flow_words *words, const char *text, size_t length, struct verdict *verdict);

#endif
