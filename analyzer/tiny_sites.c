/* In: ranked sites. Out: for each tiny one the others that most of its company comes from. */
#include "analyzer/tiny_sites.h"

#include "analyzer/analysis.h"
#include "analyzer/arena.h"
#include "base/memory.h"

#include <stdlib.h>

static int compare_objects(const void *left, const void *right)
{
	const struct site *a = *(const struct site *const *)left, *b = *(const struct site *const *)right;

	if (a->alloc_objects != b->alloc_objects)
		return a->alloc_objects > b->alloc_objects ? -1 : 1;
	return a->rank < b->rank ? -1 : 1;
}

/* TINY are COUNT sites, those with most objects first, which make ALL objects together. */
static void fill_one(struct site *site, struct arena *arena, struct site *const *tiny, size_t count, double all)
{
	double others = all - site->alloc_objects;

	site->tiny_with = arena_alloc(arena, TINY_WITH_MAX, sizeof(*site->tiny_with));
	for (size_t i = 0; i < count && site->ntiny_with < TINY_WITH_MAX && others > 0; i++) {
		if (tiny[i] == site)
			continue;
		site->tiny_with[site->ntiny_with++] =
		    (struct tiny_company){tiny[i]->rank, tiny[i]->alloc_objects / others};
	}
}

void tiny_sites_fill(struct analysis *analysis, struct arena *arena)
{
	struct site **tiny = memory_alloc(analysis->nsites + 1, sizeof(*tiny));
	size_t count = 0;
	double all = 0;

	for (size_t i = 0; i < analysis->nsites; i++) {
		if (!analysis->sites[i].tiny)
			continue;
		tiny[count++] = &analysis->sites[i];
		all += analysis->sites[i].alloc_objects;
	}
	if (count)
		qsort(tiny, count, sizeof(struct site *), compare_objects);
	for (size_t i = 0; i < count; i++)
		fill_one(tiny[i], arena, tiny, count, all);
	free(tiny);
}
