/*
 * Where an escape begins: a verdict's flow often ends at a call, because a parameter of the callee leaks. The callee's
 * own verdict says why; followed from callee to callee, the flow ends at the statement that lets the value out, and a
 * hundred sites may share it.
 */
#ifndef ANALYZER_ROOT_H
#define ANALYZER_ROOT_H

#include <stddef.h>

struct arena;
struct verdict;
struct verdict_set;

#define ROOT_HOPS_MAX 12

/* The end of a flow. */
struct root_flow {
	const char *name; /* the same text for the same root; "" when the verdict has no flow */
	/* The parameters that the flow goes through, "p of io.Writer.Write leaks: …", the caller's first. */
	const char *hops[ROOT_HOPS_MAX];
	size_t nhops;
};

struct root_finder;

/* An index of SET's leaking parameters; SET is borrowed and may be NULL. Free with root_finder_free (NULL is fine). */
struct root_finder *root_finder_new(const struct verdict_set *set);
void root_finder_free(struct root_finder *finder);

/*
 * The root of VERDICT, its texts of ARENA. Where it cannot be followed on (a call through an interface, a function
 * without verdicts such as assembly, several parameters that may be meant) the root is that call.
 */
struct root_flow root_find(const struct root_finder *finder, struct arena *arena, const struct verdict *verdict);

#endif
