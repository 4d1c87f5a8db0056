/*
 * Stacks folded into a tree, as a flame graph draws them: a node a function under its callers, and on top of them a
 * leaf an allocation site.
 */
#ifndef REPORT_FLAME_TREE_H
#define REPORT_FLAME_TREE_H

#include "analyzer/analysis.h"
#include "analyzer/compare.h"
#include "report/report.h"

#include <stddef.h>
#include <stdint.h>

struct flame_node {
	const char *name; /* a function's; of a site, what is allocated. Borrowed from the analysis; never NULL */
	const struct site *site; /* NULL for a function */
	int64_t value;           /* of all stacks through here; above 0, but for those that only were before */
	int64_t before;          /* the same of what is compared with; else 0 */
	uint32_t parent;         /* its number; the root's is its own, 0 */
	uint32_t depth;          /* 0 for the root */
	double start;            /* where it begins, in values from the left: children lie within their parent */
};

struct flame_tree {
	struct flame_node *nodes; /* parents before their children; nodes[0] is the root, of all stacks */
	size_t count;             /* at least 1 */
	uint32_t depth;           /* the greatest */
};

/* Fold the stacks of ANALYSIS by VALUE; those below 1 are left out. Free with flame_tree_free. */
void flame_tree_build(struct flame_tree *tree, const struct analysis *analysis, enum report_value value);

/*
 * The same of COMPARISON's after, with what was before, scaled to as much work, beside it: nodes of stacks that are
 * gone have no value and no width.
 */
void flame_tree_build_difference(struct flame_tree *tree, const struct comparison *comparison, enum report_value value);

/* What the figures of COMPARISON's before are multiplied by, to be of as much work as those after. */
double flame_tree_scale(const struct comparison *comparison);

/* Free; a zeroed tree is fine. */
void flame_tree_free(struct flame_tree *tree);

#endif
