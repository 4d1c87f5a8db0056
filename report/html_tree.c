/*
 * In: an analysis's stacks. Out: a tree with functions for nodes and sites for leaves. What is too narrow to be seen in
 * any of the four values is summed up in a leaf of its parent's, so that the sums stay right.
 */
#include "report/html_tree.h"

#include "base/memory.h"
#include "base/strtab.h"
#include "report/stack_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 400       /* frames of a stack that are kept; of deeper ones the outermost are left out */
#define NODES_MAX   (1 << 20) /* while it is made: what comes then, of the last sites, is not told apart */
#define LEAST_SHARE 1e-5
#define INNER_BYTES 3 /* of a node, about */
#define LEAF_BYTES  10
#define PARTS       1e9    /* of all: the precision of a leaf's values */
#define LEAST_ROOM  300000 /* bytes of nodes, however long their names are */
#define NAME_QUOTES 3
#define NO_SITE     UINT32_MAX
#define CACHE_SIZE  4096

enum { VALUE_BYTES, VALUE_OBJECTS, VALUE_LIVE, VALUE_GC, VALUES };

struct node {
	uint32_t parent, depth;
	uint32_t name; /* in the tree's own table */
	uint32_t site; /* NO_SITE: a function */
	double values[VALUES];
};

struct tree {
	struct node *nodes; /* parents before their children; the first is the root */
	size_t count, capacity;
	uint32_t *table; /* open addressing: numbers of nodes, 0 is free */
	size_t mask;
	struct strtab *names;
	struct {
		const char *text;
		uint32_t name;
	} cache[CACHE_SIZE]; /* names by where they stand: equal ones mostly stand at one place */
};

static size_t hash_of(uint32_t parent, uint32_t name, uint32_t site)
{
	uint64_t hash = (uint64_t)parent * 0x9e3779b97f4a7c15u ^ (uint64_t)name * 0xc2b2ae3d27d4eb4fu ^
			(uint64_t)site * 0x165667b19e3779f9u;

	return (size_t)(hash ^ hash >> 29 ^ hash >> 41);
}

static void grow_table(struct tree *tree)
{
	size_t size = tree->mask ? 2 * (tree->mask + 1) : 1024;

	free(tree->table);
	tree->table = memory_alloc(size, sizeof(*tree->table));
	tree->mask = size - 1;
	for (size_t i = 1; i < tree->count; i++) {
		const struct node *node = &tree->nodes[i];
		size_t at = hash_of(node->parent, node->name, node->site) & tree->mask;

		while (tree->table[at])
			at = (at + 1) & tree->mask;
		tree->table[at] = (uint32_t)i;
	}
}

/* PARENT's child of this NAME and SITE, made when it is new. */
static uint32_t child_of(struct tree *tree, uint32_t parent, uint32_t name, uint32_t site)
{
	size_t at;

	if (2 * tree->count >= tree->mask)
		grow_table(tree);
	at = hash_of(parent, name, site) & tree->mask;
	for (; tree->table[at]; at = (at + 1) & tree->mask) {
		const struct node *node = &tree->nodes[tree->table[at]];

		if (node->parent == parent && node->name == name && node->site == site)
			return tree->table[at];
	}
	tree->nodes = memory_reserve(tree->nodes, tree->count, &tree->capacity, sizeof(*tree->nodes));
	tree->nodes[tree->count] =
	    (struct node){.parent = parent, .name = name, .site = site, .depth = tree->nodes[parent].depth + 1};
	tree->table[at] = (uint32_t)tree->count;
	return (uint32_t)tree->count++;
}

static uint32_t name_of(struct tree *tree, const char *text)
{
	size_t at = (uintptr_t)text * 0x9e3779b97f4a7c15u >> 40 & (CACHE_SIZE - 1);

	if (!text || !*text)
		text = "?";
	if (tree->cache[at].text != text) {
		tree->cache[at].text = text;
		tree->cache[at].name = strtab_add(tree->names, text);
	}
	return tree->cache[at].name;
}

/* What can be drawn. */
static double drawn(double value)
{
	return isfinite(value) && value > 0 ? fmin(value, 1e300) : 0;
}

static void add_stack(struct tree *tree, const struct analysis_stack *stack, uint32_t site, bool knows_savings)
{
	size_t frames = stack->nframes < DEPTH_LIMIT ? stack->nframes : DEPTH_LIMIT;
	uint32_t at = 0;
	double *values;

	while (frames-- > 0 && tree->count < NODES_MAX)
		at = child_of(tree, at, name_of(tree, stack->frames[frames].function), NO_SITE);
	if (tree->count < NODES_MAX)
		at = child_of(tree, at, 0, site);
	values = tree->nodes[at].values;
	values[VALUE_BYTES] += drawn(stack->alloc_bytes);
	values[VALUE_OBJECTS] += drawn(stack->alloc_objects);
	values[VALUE_LIVE] += drawn(stack->live_bytes);
	values[VALUE_GC] += knows_savings ? drawn(stack->gc_saved_share) : 0;
}

static void make_tree(struct tree *tree, const struct analysis *analysis)
{
	bool knows_savings = analysis_knows_savings(analysis);

	tree->names = strtab_new();
	tree->nodes = memory_reserve(NULL, 0, &tree->capacity, sizeof(*tree->nodes));
	tree->nodes[tree->count++] = (struct node){.site = NO_SITE};
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		for (size_t k = 0; k < stack_values_count(site); k++) {
			struct analysis_stack stack = stack_values_at(site, k);

			add_stack(tree, &stack, (uint32_t)i, knows_savings);
		}
	}
}

/* What was put into a node goes to all above it too. */
static void sum_up(struct tree *tree)
{
	for (size_t i = tree->count; i-- > 1;)
		for (int k = 0; k < VALUES; k++)
			tree->nodes[tree->nodes[i].parent].values[k] += tree->nodes[i].values[k];
}

/* The largest share that NODE has of any of the values. */
static double share_of(const struct tree *tree, const struct node *node)
{
	double most = 0;

	for (int k = 0; k < VALUES; k++)
		if (tree->nodes[0].values[k] > 0)
			most = fmax(most, node->values[k] / tree->nodes[0].values[k]);
	return most;
}

/* A node with the share that decides whether it is kept. */
struct order {
	uint32_t parent, node;
	double share;
};

/* The widest first. No child has more than its parent, nor a smaller number, so what is cut off there is no parent. */
static int compare_shares(const void *left, const void *right)
{
	const struct order *a = left, *b = right;

	if (a->share != b->share)
		return a->share > b->share ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

/* The order in which nodes are written: by parent, the widest child first. */
static int compare_parents(const void *left, const void *right)
{
	const struct order *a = left, *b = right;

	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	return compare_shares(a, b);
}

/* What is kept of the tree. */
struct cut {
	struct order *orders; /* of all nodes but the root; the first COUNT are kept */
	size_t count;
	size_t *first; /* by node: its first child among ORDERS */
	double least;  /* what a node has to have */
};

/* Keep the widest of ORDERS, as far as there is room for them. */
static void keep_widest(const struct tree *tree, struct cut *cut, size_t room)
{
	size_t bytes = 0, kept = 0, all = cut->count;

	if (all)
		qsort(cut->orders, all, sizeof(*cut->orders), compare_shares);
	while (kept < all && cut->orders[kept].share >= LEAST_SHARE && bytes < room) {
		bytes += tree->nodes[cut->orders[kept].node].site == NO_SITE ? INNER_BYTES : LEAF_BYTES;
		kept++;
	}
	cut->count = kept;
	cut->least = kept < all ? fmax(LEAST_SHARE, cut->orders[kept].share) : LEAST_SHARE;
}

static void cut_tree(struct cut *cut, const struct tree *tree, size_t room)
{
	*cut = (struct cut){.count = tree->count - 1};
	cut->orders = memory_alloc(tree->count, sizeof(*cut->orders));
	cut->first = memory_alloc(tree->count, sizeof(*cut->first));
	for (size_t i = 1; i < tree->count; i++)
		cut->orders[i - 1] =
		    (struct order){tree->nodes[i].parent, (uint32_t)i, share_of(tree, &tree->nodes[i])};
	keep_widest(tree, cut, room);
	if (cut->count)
		qsort(cut->orders, cut->count, sizeof(*cut->orders), compare_parents);
	for (size_t i = cut->count; i-- > 0;)
		cut->first[cut->orders[i].parent] = i;
}

/* The children of NODE that are kept: those from cut->first[NODE] to here. */
static size_t end_of_children(const struct cut *cut, uint32_t node)
{
	size_t end = cut->first[node];

	while (end < cut->count && cut->orders[end].parent == node)
		end++;
	return end;
}

/* What is left of ROOM for nodes when the names that STRINGS has not yet are in the page too. */
static size_t room_beside_names(const struct tree *tree, const struct strtab *strings, size_t room)
{
	size_t names = 0;

	for (uint32_t i = 0; i < strtab_count(tree->names); i++) {
		const char *name = strtab_get(tree->names, i);
		size_t length = strlen(name);

		if (strtab_find_bytes(strings, name, length) == strtab_count(strings))
			names += length + NAME_QUOTES;
	}
	return room > LEAST_ROOM + names ? room - names : LEAST_ROOM;
}

struct writing {
	const struct tree *tree;
	struct cut *cut;
	struct strtab *strings;
	uint32_t *numbers; /* of the tree's names in STRINGS, plus 1 */
	size_t nsites;
	struct buf out;
	uint32_t last_depth;
	size_t count; /* nodes written */
};

static void put_head(struct writing *writing, uint32_t depth, bool leaf)
{
	buf_append_uleb(&writing->out, 2 * (uint64_t)(writing->last_depth + 1 - depth) + leaf);
	writing->last_depth = depth;
	writing->count++;
}

static void put_values(struct writing *writing, const double *values, int count)
{
	for (int k = 0; k < count; k++) {
		double all = writing->tree->nodes[0].values[k];

		buf_append_uleb(&writing->out, all > 0 ? (uint64_t)llround(values[k] / all * PARTS) : 0);
	}
}

static void put_node(struct writing *writing, const struct node *node)
{
	const struct tree *tree = writing->tree;
	uint32_t *number = &writing->numbers[node->name];

	put_head(writing, node->depth, node->site != NO_SITE);
	if (node->site == NO_SITE) {
		if (!*number)
			*number = strtab_add(writing->strings, strtab_get(tree->names, node->name)) + 1;
		buf_append_uleb(&writing->out, *number - 1);
	} else if (node->site < writing->nsites) {
		buf_append_uleb(&writing->out, node->site + 1);
		put_values(writing, node->values, VALUE_GC);
	} else {
		buf_append_uleb(&writing->out, 0);
		put_values(writing, node->values, VALUES);
	}
}

/* A leaf for what NODE has and none of its kept children, from FIRST to END. */
static void put_rest(struct writing *writing, uint32_t node, size_t first, size_t end)
{
	const struct tree *tree = writing->tree;
	double rest[VALUES], share = 0;

	memcpy(rest, tree->nodes[node].values, sizeof(rest));
	for (size_t i = first; i < end; i++)
		for (int k = 0; k < VALUES; k++)
			rest[k] -= tree->nodes[writing->cut->orders[i].node].values[k];
	for (int k = 0; k < VALUES; k++) {
		rest[k] = fmax(0, rest[k]);
		if (tree->nodes[0].values[k] > 0)
			share = fmax(share, rest[k] / tree->nodes[0].values[k]);
	}
	if (share * PARTS < 1)
		return;
	put_head(writing, tree->nodes[node].depth + 1, true);
	buf_append_uleb(&writing->out, 0);
	put_values(writing, rest, VALUES);
}

/* One level of the walk. */
struct level {
	uint32_t node;
	size_t first, next, end;
};

static struct level level_of(const struct cut *cut, uint32_t node)
{
	return (struct level){node, cut->first[node], cut->first[node], end_of_children(cut, node)};
}

static void put_nodes(struct writing *writing)
{
	struct level *levels = memory_alloc(DEPTH_LIMIT + 3, sizeof(*levels));
	size_t depth = 1;

	levels[0] = level_of(writing->cut, 0);
	while (depth > 0) {
		struct level *level = &levels[depth - 1];

		if (level->next < level->end) {
			uint32_t node = writing->cut->orders[level->next++].node;

			put_node(writing, &writing->tree->nodes[node]);
			if (writing->tree->nodes[node].site == NO_SITE)
				levels[depth++] = level_of(writing->cut, node);
		} else {
			put_rest(writing, level->node, level->first, level->end);
			depth--;
		}
	}
	free(levels);
}

/* Write as many nodes as take ROOM bytes: how many they take is only known of those that are written. */
static void put_what_fits(struct writing *writing, size_t room)
{
	for (size_t guess = room;; guess = (size_t)((double)guess * 0.95 * (double)room / (double)writing->out.size)) {
		free(writing->cut->orders);
		free(writing->cut->first);
		buf_free(&writing->out);
		writing->last_depth = 0;
		writing->count = 0;
		cut_tree(writing->cut, writing->tree, guess);
		put_nodes(writing);
		if (writing->out.size <= room || guess == 0)
			return;
	}
}

static void put_tree(struct html_json *json, struct writing *writing)
{
	html_json_open(json, "tree", '{');
	html_json_integer(json, "count", (int64_t)writing->count + 1);
	html_json_real(json, "least", writing->cut->least, 4);
	html_json_open(json, "units", '[');
	for (int k = 0; k < VALUES; k++)
		html_json_real(json, NULL, writing->tree->nodes[0].values[k] / PARTS, 12);
	html_json_close(json, ']');
	html_json_bytes(json, "data", &writing->out);
	html_json_close(json, '}');
}

void html_tree_write(struct html_json *json, const struct analysis *analysis, struct strtab *strings, size_t nsites,
		     size_t room)
{
	struct tree *tree = memory_alloc(1, sizeof(*tree));
	struct writing writing = {.tree = tree, .strings = strings, .nsites = nsites};
	struct cut cut = {.orders = NULL};

	make_tree(tree, analysis);
	sum_up(tree);
	writing.cut = &cut;
	writing.numbers = memory_alloc(strtab_count(tree->names), sizeof(*writing.numbers));
	put_what_fits(&writing, room_beside_names(tree, strings, room));
	put_tree(json, &writing);
	buf_free(&writing.out);
	free(writing.numbers);
	free(cut.orders);
	free(cut.first);
	free(tree->nodes);
	free(tree->table);
	strtab_free(tree->names);
	free(tree);
}
