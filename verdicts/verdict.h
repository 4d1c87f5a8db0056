/*
 * The Go compiler's words about one place in the source, and a set of them to look up by position.
 */
#ifndef VERDICTS_VERDICT_H
#define VERDICTS_VERDICT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict_kind {
	VERDICT_ESCAPES,   /* "X escapes to heap": an expression or conversion whose storage is on the heap */
	VERDICT_MOVED,     /* "moved to heap: x": a variable */
	VERDICT_NO_ESCAPE, /* "X does not escape" */
	VERDICT_LEAK,      /* "leaking param: p": allocates nothing itself; for roots */
};

struct verdict_position {
	const char *function;  /* "" where the compiler did not say */
	const char *file;      /* as the compiler wrote it for the binary's line table (trimmed, absolute, …) */
	uint32_t line, column; /* 1-based; column 0: unknown */
};

/* One step of the compiler's flow, from the allocation to where it escapes. */
struct verdict_step {
	const char *text; /* "from &E{...} (return)" without its position */
	const char *why; /* the word in parentheses: "return", "call parameter", "assign", "captured by a closure", … */
	const char *target; /* left side of the flow line this step belongs to: "~r0", "{heap}" */
	const char *file;
	uint32_t line, column;
};

/* All strings and arrays are borrowed from the set. */
struct verdict {
	enum verdict_kind kind;
	const char *package;  /* import path of the package that was compiled (an inlined body's host) */
	const char *function; /* the function compiled, as the compiler names it; "" when unknown */
	const char *what;     /* the expression or variable: "&E{...}", "make([]int, n)", "n" */
	const char *message;  /* the whole message as -m prints it: "&E{...} escapes to heap" */
	const struct verdict_position
	    *chain;        /* inline chain, outermost first; the last is the allocation's own place */
	size_t nchain;     /* at least 1 */
	bool chain_known;  /* false: text only, so chain[0] is the outermost place, and what was inlined is not known */
	bool too_large;    /* the reason is "too large for stack" */
	bool non_constant; /* the reason is "non-constant size" */
	bool is_constant;  /* of a constant with a type of its own, which is never on the heap whatever the words say */
	const struct verdict_step *steps;
	size_t nsteps;
};

struct verdict_set;

/* A new empty set; free with verdict_set_free (NULL is ignored). */
struct verdict_set *verdict_set_new(void);
void verdict_set_free(struct verdict_set *set);

/*
 * Add a copy of VERDICT; one that says the same (kind, chain, what, and where a parameter leaks to) is merged, the one
 * with more steps kept. Returns true when it was new.
 */
bool verdict_set_add(struct verdict_set *set, const struct verdict *verdict);

/* How many there are, and the one at INDEX (borrowed, valid until the set is changed or freed). */
size_t verdict_set_count(const struct verdict_set *set);
const struct verdict *verdict_set_at(const struct verdict_set *set, size_t index);

/* Set is_constant of the one at INDEX. */
void verdict_set_mark_constant(struct verdict_set *set, size_t index);

/*
 * All verdicts whose outermost place is FILE:LINE, as an array of indexes borrowed from the set (valid until the set
 * is changed); *COUNT their number.
 */
const uint32_t *verdict_set_lookup(const struct verdict_set *set, const char *file, uint32_t line, size_t *count);

#endif
