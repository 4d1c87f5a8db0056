/*
 * In: contexts, their totals, and names. Out: groups with sums. The key is made of pointers to the arena's texts, which
 * are equal exactly when the texts are; so two calls on one line, in one chain, of one type are one site, as they are
 * to a reader of the source.
 */
#include "analyzer/site_group.h"

#include "analyzer/arena.h"
#include "analyzer/gc_model.h"
#include "analyzer/stack_filter.h"
#include "analyzer/symbols.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#define TINY_BLOCK 16
#define SMALLER_UNSEEN                                                                                                 \
	4              /* where sizes are mixed, those not seen may be so many times smaller than the smallest seen    \
			*/
#define BIG_OBJECT 512 /* from here on the bytes scanned cost more than the object */

struct group_entry {
	struct site_group group;
	UT_hash_handle hh;
};

struct grouping {
	struct arena *arena;
	struct symbols *symbols;
	struct group_entry *by_key;
	uintptr_t *key;
	size_t nkey, key_capacity;
};

/* What is known of where a context's objects hold pointers. */
struct layout {
	bool pointer_free, known;
	uint64_t type_size;
	double scan_share; /* of the slot */
};

static struct layout layout_of(struct symbols *symbols, const struct trace_context *context, uint64_t call_type)
{
	struct layout layout = {.scan_share = 1};
	uint64_t address = context->type_known ? context->type : call_type;
	const struct analyze_type *type = symbols_type(symbols, address);

	if (type) {
		layout.known = true;
		layout.type_size = type->size;
		layout.pointer_free = type->ptr_bytes == 0;
		/* Of several elements in a slot, all but the last are scanned whole; a lone one up to its last pointer.
		 */
		if (type->ptr_bytes == 0)
			layout.scan_share = 0;
		else if (type->size * 2 > context->size && context->size)
			layout.scan_share = (double)type->ptr_bytes / (double)context->size;
	} else if (context->type_known && context->type == 0) {
		layout.known = layout.pointer_free = true;
		layout.scan_share = 0;
	}
	return layout;
}

static bool is_tiny(const struct layout *layout, const struct trace_context *context, const char *entry)
{
	if (strncmp(entry, "runtime.mallocgcTiny", 20) == 0) /* called directly from Go 1.27 on, without a type */
		return true;
	return layout->pointer_free && context->size <= TINY_BLOCK && layout->type_size < TINY_BLOCK;
}

/* The type that a reader would name: a map's own rather than its buckets', else what mallocgc was given. */
static uint64_t shown_type(const struct trace_context *context, const struct call_site *call)
{
	bool map = call->operation == OPERATION_MAKE_MAP || call->operation == OPERATION_MAP_ASSIGN;

	if (call->call_type && (map || !context->type_known || context->type == 0))
		return call->call_type;
	return context->type;
}

static void add_key(struct grouping *grouping, uintptr_t word)
{
	grouping->key = memory_reserve(grouping->key, grouping->nkey, &grouping->key_capacity, sizeof(*grouping->key));
	grouping->key[grouping->nkey++] = word;
}

static void make_key(struct grouping *grouping, const struct call_site *call, const char *type, uint64_t address)
{
	grouping->nkey = 0;
	add_key(grouping, (uintptr_t)call->entry);
	add_key(grouping, type[0] ? (uintptr_t)type : (uintptr_t)address);
	add_key(grouping, call->order < call->like_calls ? call->order : 0);
	for (size_t i = 0; i < call->nchain; i++) {
		add_key(grouping, (uintptr_t)call->chain[i].function);
		add_key(grouping, (uintptr_t)call->chain[i].file);
		add_key(grouping, call->chain[i].line);
	}
}

/* convT64 and its kin allocate by types of the runtime's own, whatever the value's type is. */
static bool is_stand_in(const char *type)
{
	return strncmp(type, "runtime.", 8) == 0 && strstr(type, "InterfacePtr");
}

static struct site_group *find_group(struct grouping *grouping, struct site_groups *groups,
				     const struct call_site *call, uint64_t address)
{
	const struct analyze_type *type = symbols_type(grouping->symbols, address);
	const char *name = arena_string(grouping->arena, type && !is_stand_in(type->name) ? type->name : "");
	struct group_entry *entry;
	size_t size;

	make_key(grouping, call, name, address);
	size = grouping->nkey * sizeof(*grouping->key);
	HASH_FIND(hh, grouping->by_key, grouping->key, size, entry);
	if (!entry) {
		void *key = arena_alloc(grouping->arena, 1, size);

		entry = arena_alloc(grouping->arena, 1, sizeof(*entry));
		entry->group.call = *call;
		entry->group.one_call = true;
		entry->group.smallest = UINT64_MAX;
		entry->group.type = name;
		entry->group.self_links = type ? type->self_links : 0;
		memcpy(key, grouping->key, size);
		HASH_ADD_KEYPTR(hh, grouping->by_key, key, size, entry);
		groups->groups =
		    memory_reserve(groups->groups, groups->count, &groups->capacity, sizeof(*groups->groups));
		groups->groups[groups->count++] = &entry->group;
	}
	return &entry->group;
}

static void add_lives(struct life_totals *to, const struct life_totals *from, double factor)
{
	if (from->count && (!to->count || from->first_cycle < to->first_cycle))
		to->first_cycle = from->first_cycle;
	if (from->last_cycle > to->last_cycle)
		to->last_cycle = from->last_cycle;
	to->count += from->count;
	to->still_there += from->still_there * factor;
	to->censored += from->censored;
	to->weight += from->weight * factor;
	to->survived += from->survived * factor;
	to->survived_any += from->survived_any * factor;
	to->ended += from->ended * factor;
	to->young += from->young * factor;
	to->old += from->old * factor;
	to->old_survived += from->old_survived * factor;
	to->old_squared += from->old_squared * factor;
	to->doubt += from->doubt * factor * factor;
	to->doubt_survived += from->doubt_survived * factor * factor;
	to->doubt_squared += from->doubt_squared * factor * factor;
}

static void add_totals(struct site_group *group, const struct context_totals *totals, double size)
{
	struct weighted_sum bytes = totals->objects;

	bytes.seen *= size;
	bytes.total *= size;
	bytes.variance *= size * size;
	bytes.step *= size;
	bytes.step_variance *= size * size;
	weights_merge(&group->objects, &totals->objects);
	weights_merge(&group->bytes, &bytes);
	add_lives(&group->object_lives, &totals->lives, 1);
	add_lives(&group->byte_lives, &totals->lives, size);
	group->spans += totals->objects.total * gc_model_spans(size);
	group->squared_bytes += totals->objects.total * size * size;
	group->live_objects += totals->live_objects;
	group->live_bytes += totals->live_objects * size;
	group->alloc_seconds += gc_model_alloc_seconds(totals->objects.total, size);
	if (totals->rate_high > group->rate_high)
		group->rate_high = totals->rate_high;
}

static void take_pointers(struct site_group *group, double objects, uint64_t size)
{
	group->pointer_objects += objects;
	if (size <= BIG_OBJECT)
		group->small_bytes[(size + 7) / 8] += objects * (double)size;
}

static void add_context(struct grouping *grouping, struct site_groups *groups, const struct trace_context *context,
			uint32_t number, const struct context_totals *totals)
{
	struct call_site call = call_site_find(grouping->symbols, context);
	struct site_group *group = find_group(grouping, groups, &call, shown_type(context, &call));
	struct layout layout = layout_of(grouping->symbols, context, call.call_type);

	group->contexts = memory_reserve(group->contexts, group->ncontexts, &group->capacity, sizeof(*group->contexts));
	group->contexts[group->ncontexts++] = number;
	group->tiny |= is_tiny(&layout, context, call.entry);
	group->one_call &= call.pc == group->call.pc;
	group->type_size = layout.type_size;
	if (context->size < group->smallest)
		group->smallest = context->size;
	if (context->size > group->largest)
		group->largest = context->size;
	if (!layout.pointer_free)
		take_pointers(group, totals->objects.total, context->size);
	else
		group->free_marks += totals->objects.total * gc_model_free_weight((double)context->size);
	if (context->size > BIG_OBJECT)
		group->scan_bytes += totals->objects.total * (double)context->size * layout.scan_share;
	add_totals(group, totals, (double)context->size);
}

/* Where sizes differ, there may be smaller ones than were seen: next to no bytes, but many objects. */
static void expect_smaller(struct site_group *group)
{
	uint64_t smaller = group->smallest / SMALLER_UNSEEN;

	if (group->smallest < group->largest)
		weights_expect(&group->objects, 1, weights_of(smaller < 8 ? 8 : smaller, group->rate_high));
}

static bool is_name_end(char c)
{
	return !isalnum((unsigned char)c) && c != '_' && c != '.' && c != '[';
}

/* Whether the type CONTAINER has a pointer to NAME in it: "*main.node", "[]*main.node", "map.group[int]*main.node". */
static bool names_pointer_to(const char *container, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strchr(container, '*'); at; at = strchr(at + 1, '*')) {
		if (strncmp(at + 1, name, length) == 0 && is_name_end(at[1 + length]))
			return true;
	}
	return false;
}

/*
 * Lists and trees: objects that are reached through each other alone, so that marking one must wait for the memory of
 * the one before. Those that a slice or a map holds too (there is a type in TRACE that names a pointer to them) are
 * found many at a time.
 */
static bool is_chained(const struct trace *trace, const struct site_group *group)
{
	if (!group->self_links)
		return false;
	for (size_t i = 0; i < trace->ntypes; i++) {
		if (names_pointer_to(strtab_get(trace->strings, trace->types[i].name), group->type))
			return false;
	}
	return true;
}

static void finish_group(const struct trace *trace, struct site_group *group)
{
	group->chained = is_chained(trace, group);
	expect_smaller(group);
}

void site_groups_make(struct site_groups *groups, struct arena *arena, struct symbols *symbols,
		      const struct trace *trace, const struct context_totals *totals, struct stack_filter *filter)
{
	struct grouping grouping = {.arena = arena, .symbols = symbols};

	*groups = (struct site_groups){0};
	for (size_t i = 0; i < trace->ncontexts; i++) {
		if (!totals[i].objects.count && totals[i].objects.total <= 0)
			continue;
		if (!filter || stack_filter_keeps(filter, symbols, &trace->contexts[i]))
			add_context(&grouping, groups, &trace->contexts[i], (uint32_t)i, &totals[i]);
	}
	for (size_t i = 0; i < groups->count; i++)
		finish_group(trace, groups->groups[i]);
	HASH_CLEAR(hh, grouping.by_key);
	free(grouping.key);
}

void site_groups_free(struct site_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		free(groups->groups[i]->contexts);
	free(groups->groups);
	*groups = (struct site_groups){0};
}

double site_groups_bytes(const struct site_groups *groups)
{
	double bytes = 0;

	for (size_t i = 0; i < groups->count; i++)
		bytes += groups->groups[i]->bytes.total;
	return bytes;
}

void site_groups_take_barriers(struct site_groups *part, const struct site_groups *whole, size_t ncontexts)
{
	double *by_context = memory_alloc(ncontexts + 1, sizeof(*by_context)); /* samples for each byte */

	for (size_t i = 0; i < whole->count; i++) {
		const struct site_group *group = whole->groups[i];

		for (size_t k = 0; k < group->ncontexts && group->bytes.total > 0; k++)
			by_context[group->contexts[k]] = group->barrier_samples / group->bytes.total;
	}
	for (size_t i = 0; i < part->count; i++) {
		struct site_group *group = part->groups[i];

		group->barrier_samples = by_context[group->contexts[0]] * group->bytes.total;
	}
	free(by_context);
}
