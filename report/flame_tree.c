/*
 * Folds stacks into a tree. In come an analysis's stacks, out go nodes with their values and places from the left,
 * the largest child of each first.
 */
#include "report/flame_tree.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "report/stack_values.h"

#include <stdlib.h>
#include <string.h>

/* Frames of a stack that are drawn; of deeper ones the outermost are left out. */
#define DEPTH_LIMIT 400

/* What a stack adds to each of its nodes. */
struct amounts {
	int64_t value, before;
};

struct builder {
	struct flame_tree *tree;
	size_t capacity;
	struct strtab *names;
	struct strtab *keys; /* of parent, name and site; number n is node n, as 0 is taken by the root */
};

static uint32_t add_node(struct builder *builder, uint32_t parent, const char *name, const struct site *site,
			 const struct amounts *amounts)
{
	struct flame_tree *tree = builder->tree;
	uint64_t key[3] = {parent, strtab_add(builder->names, name), (uint64_t)(uintptr_t)site};
	uint32_t number = strtab_add_bytes(builder->keys, (const char *)key, sizeof(key));

	if (number == tree->count) {
		tree->nodes = memory_reserve(tree->nodes, tree->count, &builder->capacity, sizeof(*tree->nodes));
		tree->nodes[tree->count++] = (struct flame_node){
		    .name = name, .site = site, .parent = parent, .depth = tree->nodes[parent].depth + 1};
		if (tree->nodes[number].depth > tree->depth)
			tree->depth = tree->nodes[number].depth;
	}
	tree->nodes[number].value += amounts->value;
	tree->nodes[number].before += amounts->before;
	return number;
}

static const char *name_or_unknown(const char *name)
{
	return name && *name ? name : "?";
}

/* What stands in a site's box: what the compiler says, or else the type, or else the runtime's function. */
static const char *site_name(const struct site *site)
{
	if (site->verdict.message && *site->verdict.message)
		return site->verdict.message;
	if (site->type && *site->type)
		return site->type;
	return name_or_unknown(site->entry);
}

/* SITE is the leaf; NULL: there is none. */
static void add_stack(struct builder *builder, const struct site *site, const struct analysis_stack *stack,
		      const struct amounts *amounts)
{
	size_t frames = stack->nframes < DEPTH_LIMIT ? stack->nframes : DEPTH_LIMIT;
	uint32_t node = 0;

	builder->tree->nodes[0].value += amounts->value;
	builder->tree->nodes[0].before += amounts->before;
	while (frames-- > 0)
		node = add_node(builder, node, name_or_unknown(stack->frames[frames].function), NULL, amounts);
	if (site)
		add_node(builder, node, site_name(site), site, amounts);
}

struct child_order {
	uint32_t parent, node;
	int64_t value;
};

static int compare_children(const void *a, const void *b)
{
	const struct child_order *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->node < y->node ? -1 : 1;
}

/* Siblings side by side from their parent's left end. A parent's number is below its children's, so it is placed first.
 */
static void place_nodes(struct flame_tree *tree)
{
	struct child_order *order = memory_alloc(tree->count, sizeof(*order));
	double next = 0;

	for (uint32_t i = 1; i < tree->count; i++)
		order[i - 1] = (struct child_order){tree->nodes[i].parent, i, tree->nodes[i].value};
	qsort(order, tree->count - 1, sizeof(*order), compare_children);
	for (size_t i = 0; i + 1 < tree->count; i++) {
		struct flame_node *node = &tree->nodes[order[i].node];

		if (i == 0 || order[i].parent != order[i - 1].parent)
			next = tree->nodes[order[i].parent].start;
		node->start = next;
		next += (double)node->value;
	}
	free(order);
}

static void begin_tree(struct builder *builder, struct flame_tree *tree)
{
	*builder = (struct builder){.tree = tree, .names = strtab_new(), .keys = strtab_new()};
	*tree = (struct flame_tree){.count = 0};
	tree->nodes = memory_reserve(NULL, 0, &builder->capacity, sizeof(*tree->nodes));
	tree->nodes[tree->count++] = (struct flame_node){.name = "all"};
}

static void end_tree(struct builder *builder)
{
	place_nodes(builder->tree);
	strtab_free(builder->names);
	strtab_free(builder->keys);
}

/* The stacks of FROM, one of ANALYSIS' sites, under LEAF; SCALE is 0 where they are what the widths are of. */
static void add_site(struct builder *builder, const struct analysis *analysis, const struct site *from,
		     const struct site *leaf, enum report_value value, double scale)
{
	for (size_t j = 0; j < stack_values_count(from); j++) {
		struct analysis_stack stack = stack_values_at(from, j);
		int64_t number = stack_values_get(analysis, &stack, value);
		struct amounts amounts = {number, 0};

		if (scale > 0)
			amounts = (struct amounts){0, stack_values_scale(number, scale)};
		if (number > 0)
			add_stack(builder, leaf, &stack, &amounts);
	}
}

static void add_sites(struct builder *builder, const struct analysis *analysis, enum report_value value)
{
	for (size_t i = 0; i < analysis->nsites; i++)
		add_site(builder, analysis, &analysis->sites[i], &analysis->sites[i], value, 0);
}

void flame_tree_build(struct flame_tree *tree, const struct analysis *analysis, enum report_value value)
{
	struct builder builder;

	begin_tree(&builder, tree);
	add_sites(&builder, analysis, value);
	end_tree(&builder);
}

double flame_tree_scale(const struct comparison *comparison)
{
	bool has_common = comparison->options.per != COMPARE_PER_UNIT;

	return comparison->work[1] / comparison->work[0] * (has_common ? comparison->common_middle : 1);
}

void flame_tree_build_difference(struct flame_tree *tree, const struct comparison *comparison, enum report_value value)
{
	const struct analysis *before = comparison->before;
	const struct site **leaves = memory_alloc(before->nsites + 1, sizeof(*leaves));
	double scale = flame_tree_scale(comparison);
	struct builder builder;

	begin_tree(&builder, tree);
	add_sites(&builder, comparison->after, value);
	for (size_t i = 0; i < comparison->nsites; i++)
		if (comparison->sites[i].before && comparison->sites[i].nbefore == 1)
			leaves[comparison->sites[i].before - before->sites] = comparison->sites[i].after;
	for (size_t i = 0; i < before->nsites; i++)
		add_site(&builder, before, &before->sites[i], leaves[i], value, scale);
	end_tree(&builder);
	free(leaves);
}

void flame_tree_free(struct flame_tree *tree)
{
	free(tree->nodes);
	*tree = (struct flame_tree){.count = 0};
}
