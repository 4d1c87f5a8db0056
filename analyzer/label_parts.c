/* In: the sets of labels that single contexts allocated under. Out: those of all of them, each once. */
#include "analyzer/label_parts.h"

#include "analyzer/arena.h"
#include "analyzer/dissection.h"
#include "base/memory.h"

#include <stdlib.h>

struct collected {
	struct label_part *parts;
	size_t count, capacity;
};

static void take_part(void *user, uint32_t set, double bytes)
{
	struct collected *all = user;

	all->parts = memory_reserve(all->parts, all->count, &all->capacity, sizeof(*all->parts));
	all->parts[all->count++] = (struct label_part){set, bytes};
}

static int compare_parts(const void *left, const void *right)
{
	const struct label_part *a = left, *b = right;

	return (a->set > b->set) - (a->set < b->set);
}

const struct label_part *label_parts_make(struct arena *arena, const struct dissection *dissection,
					  const uint32_t *contexts, size_t count, size_t *nparts)
{
	struct collected all = {0};
	struct label_part *kept;
	size_t nkept = 0;

	for (size_t i = 0; i < count; i++)
		dissection_each_label(dissection, contexts[i], take_part, &all);
	if (all.count)
		qsort(all.parts, all.count, sizeof(*all.parts), compare_parts);
	kept = arena_alloc(arena, all.count + 1, sizeof(*kept));
	for (size_t i = 0; i < all.count; i++) {
		if (nkept && kept[nkept - 1].set == all.parts[i].set)
			kept[nkept - 1].bytes += all.parts[i].bytes;
		else
			kept[nkept++] = all.parts[i];
	}
	free(all.parts);
	*nparts = nkept;
	return kept;
}
