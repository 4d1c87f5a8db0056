/* In: declarations in any order. Out: an array sorted by place. */
#include "verdicts/function_places.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void function_places_add(struct function_places *places, const char *file, uint32_t line, uint32_t column,
			 const char *name)
{
	places->items = memory_reserve(places->items, places->count, &places->capacity, sizeof(*places->items));
	places->items[places->count++] = (struct function_place){file, line, column, name};
}

static int compare_places(const void *left, const void *right)
{
	const struct function_place *a = left, *b = right;

	if (a->file != b->file)
		return (uintptr_t)a->file < (uintptr_t)b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column == b->column ? 0 : a->column < b->column ? -1 : 1;
}

void function_places_sort(struct function_places *places)
{
	size_t i, kept = 0;

	if (places->count)
		qsort(places->items, places->count, sizeof(*places->items), compare_places);
	for (i = 0; i < places->count; i++) {
		struct function_place *before = kept ? &places->items[kept - 1] : NULL;

		if (!before || compare_places(before, &places->items[i]) != 0)
			places->items[kept++] = places->items[i];
		else if (before->name && strcmp(before->name, places->items[i].name) != 0)
			before->name = NULL;
	}
	places->count = kept;
}

const char *function_places_find(const struct function_places *places, const char *file, uint32_t line, uint32_t column)
{
	struct function_place wanted = {file, line, column, NULL};
	const struct function_place *before, *behind;
	size_t low = 0, high = places->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(&places->items[middle], &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	before = low && places->items[low - 1].file == file ? &places->items[low - 1] : NULL;
	behind = low < places->count && places->items[low].file == file && places->items[low].line == line
		     ? &places->items[low]
		     : NULL;
	if (behind && !(before && before->line == line)) /* "func (r *T) name(…" */
		return behind->name;
	return before ? before->name : NULL;
}

void function_places_free(struct function_places *places)
{
	free(places->items);
	*places = (struct function_places){0};
}
