/*
 * Gathers sites by root: sorts the sites' roots by name, then adds up those of one name.
 */
#include "report/roots.h"
#include "base/memory.h"
#include "report/words.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct root *)a)->name, ((const struct root *)b)->name);
}

static int compare_savings(const void *a, const void *b)
{
	const struct root *x = a, *y = b;

	if (x->gc_saved_share != y->gc_saved_share)
		return x->gc_saved_share < y->gc_saved_share ? 1 : -1;
	if (x->alloc_bytes != y->alloc_bytes)
		return x->alloc_bytes < y->alloc_bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

static size_t list_sites(struct root *roots, const struct analysis *analysis)
{
	size_t count = 0;

	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		if (*words_root(site))
			roots[count++] = (struct root){words_root(site), 1, site->alloc_bytes,
						       analysis->gc.known ? site->gc_saved_share : 0};
	}
	return count;
}

/* Add up neighbours of one name; returns how many are left. */
static size_t merge_names(struct root *roots, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && strcmp(roots[kept - 1].name, roots[i].name) == 0) {
			roots[kept - 1].sites++;
			roots[kept - 1].alloc_bytes += roots[i].alloc_bytes;
			roots[kept - 1].gc_saved_share += roots[i].gc_saved_share;
		} else {
			roots[kept++] = roots[i];
		}
	}
	return kept;
}

size_t roots_collect(struct root **roots, const struct analysis *analysis)
{
	size_t count;

	*roots = NULL;
	if (analysis->nsites == 0)
		return 0;
	*roots = memory_alloc(analysis->nsites, sizeof(**roots));
	count = list_sites(*roots, analysis);
	qsort(*roots, count, sizeof(**roots), compare_names);
	count = merge_names(*roots, count);
	qsort(*roots, count, sizeof(**roots), compare_savings);
	return count;
}
