/*
 * In: an analysis, a text to look for and what to rank by. Out: the numbers of the sites to show. What identifies a
 * site is a hash of its place, so that it is found again in the next analysis.
 */
#include "report/live_order.h"

#include "base/memory.h"
#include "report/words.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? hash_bytes(hash, text, strlen(text) + 1) : hash_bytes(hash, "", 1);
}

/* What tells SITE from the others in each analysis; not 0. */
static uint64_t identify(const struct site *site)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < site->ninline; i++) {
		hash = hash_text(hash, site->inline_chain[i].function);
		hash = hash_bytes(hash, &site->inline_chain[i].line, sizeof(uint32_t));
	}
	hash = hash_text(hash_text(hash_text(hash, site->file), site->type), site->entry);
	return hash ? hash : 1;
}

static bool has_text(const char *text, const char *wanted)
{
	return text && strcasestr(text, wanted);
}

static bool passes_filter(struct live_order *order, const struct site *site)
{
	const char *wanted = buf_string(&order->filter);

	return !*wanted || has_text(site->function, wanted) || has_text(site->file, wanted) ||
	       has_text(site->shown.function, wanted) || has_text(site->type, wanted) ||
	       has_text(site->verdict.message, wanted) || has_text(words_site(site), wanted);
}

static double sort_value(const struct site *site, enum live_sort sort)
{
	switch (sort) {
	case LIVE_SORT_BYTES:
		return site->alloc_bytes;
	case LIVE_SORT_OBJECTS:
		return site->alloc_objects;
	case LIVE_SORT_LIVE:
		return site->live_bytes;
	case LIVE_SORT_SAVED:
	default:
		return -(double)site->rank;
	}
}

struct sort_entry {
	double value;
	size_t number;
};

static int compare_entries(const void *left, const void *right)
{
	const struct sort_entry *a = left, *b = right;

	if (a->value != b->value)
		return a->value > b->value ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

/* Find the chosen site again. */
static void find_chosen(struct live_order *order, const struct analysis *analysis)
{
	order->lost = order->chosen != 0;
	for (size_t i = 0; i < order->count && order->chosen; i++) {
		if (identify(&analysis->sites[order->numbers[i]]) == order->chosen) {
			order->at = i;
			order->lost = false;
			return;
		}
	}
	if (!order->chosen)
		order->at = 0;
	if (order->at >= order->count)
		order->at = order->count ? order->count - 1 : 0;
}

void live_order_arrange(struct live_order *order, const struct analysis *analysis)
{
	size_t nsites = analysis ? analysis->nsites : 0;
	struct sort_entry *entries = memory_alloc(nsites + 1, sizeof(*entries));

	order->count = 0;
	order->numbers = memory_resize(order->numbers, nsites + 1, sizeof(*order->numbers));
	for (size_t i = 0; i < nsites; i++) {
		const struct site *site = &analysis->sites[i];

		if (passes_filter(order, site))
			entries[order->count++] = (struct sort_entry){sort_value(site, order->sort), i};
	}
	if (order->count)
		qsort(entries, order->count, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < order->count; i++)
		order->numbers[i] = entries[i].number;
	free(entries);
	find_chosen(order, analysis);
}

void live_order_choose(struct live_order *order, const struct analysis *analysis, size_t at)
{
	order->at = at < order->count ? at : order->count ? order->count - 1 : 0;
	order->chosen = order->count ? identify(&analysis->sites[order->numbers[order->at]]) : 0;
	order->lost = false;
}

void live_order_free(struct live_order *order)
{
	free(order->numbers);
	buf_free(&order->filter);
	*order = (struct live_order){0};
}
