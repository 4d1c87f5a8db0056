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

struct builder {
	struct flame_tree *tree;
	size_t capacity;
	struct strtab *names;
	struct strtab *keys; /* of parent, name and site; number n is node n, as 0 is taken by the root */
};

static uint32_t add_node(struct builder *builder, uint32_t parent, const char *name, const struct site *site,
			 int64_t value)
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
	tree->nodes[number].value += value;
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

static void add_stack(struct builder *builder, const struct site *site, const struct analysis_stack *stack,
		      int64_t value)
{
	size_t frames = stack->nframes < DEPTH_LIMIT ? stack->nframes : DEPTH_LIMIT;
	uint32_t node = 0;

	builder->tree->nodes[0].value += value;
	while (frames-- > 0)
		node = add_node(builder, node, name_or_unknown(stack->frames[frames].function), NULL, value);
	add_node(builder, node, site_name(site), site, value);
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

void flame_tree_build(struct flame_tree *tree, const struct analysis *analysis, enum report_value value)
{
	struct builder builder = {.tree = tree, .names = strtab_new(), .keys = strtab_new()};

	*tree = (struct flame_tree){.count = 0};
	tree->nodes = memory_reserve(NULL, 0, &builder.capacity, sizeof(*tree->nodes));
	tree->nodes[tree->count++] = (struct flame_node){.name = "all"};
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		for (size_t j = 0; j < stack_values_count(site); j++) {
			struct analysis_stack stack = stack_values_at(site, j);
			int64_t number = stack_values_get(analysis, &stack, value);

			if (number > 0)
				add_stack(&builder, site, &stack, number);
		}
	}
	place_nodes(tree);
	strtab_free(builder.names);
	strtab_free(builder.keys);
}

void flame_tree_free(struct flame_tree *tree)
{
	free(tree->nodes);
	*tree = (struct flame_tree){.count = 0};
}
