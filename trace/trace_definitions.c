/*
 * In: records with a cursor behind their tags. Out: arrays in the struct trace. Their texts and stacks lie in blocks
 * that live as long as the trace.
 */
#include "trace/trace_definitions.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "trace/trace_format.h"
#include "trace/trace_records.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK (1u << 20)

/* Memory that lives as long as the trace: blocks in a list, filled one after the other. */
struct arena {
	struct arena *next;
	size_t used, size;
	uint8_t bytes[];
};

static void *arena_alloc(struct trace *trace, size_t size)
{
	struct arena *arena = trace->arena;
	void *block;

	size = (size + 15) & ~(size_t)15;
	if (!arena || arena->size - arena->used < size) {
		size_t capacity = size > ARENA_BLOCK ? size : ARENA_BLOCK;

		arena = memory_alloc(1, sizeof(*arena) + capacity);
		arena->next = trace->arena;
		arena->size = capacity;
		trace->arena = arena;
	}
	block = arena->bytes + arena->used;
	arena->used += size;
	return block;
}

static char *keep_bytes(struct trace *trace, const uint8_t *bytes, size_t size)
{
	char *copy = arena_alloc(trace, size + 1);

	memcpy(copy, bytes, size);
	copy[size] = 0;
	return copy;
}

static void define_fact(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_fact fact;
	const uint8_t *key, *value;
	size_t key_size, value_size;

	key = cursor_counted(cursor, &key_size);
	value = cursor_counted(cursor, &value_size);
	if (!key || !value)
		return;
	fact.key = keep_bytes(trace, key, key_size);
	fact.value = keep_bytes(trace, value, value_size);
	fact.value_size = value_size;
	trace->facts = memory_reserve(trace->facts, trace->nfacts, &reader->facts_capacity, sizeof(fact));
	trace->facts[trace->nfacts++] = fact;
}

/* A depth and so many deltas; on failure the cursor says so. */
static const uint64_t *read_stack(struct trace_records *reader, struct cursor *cursor, uint32_t *depth)
{
	uint64_t count = cursor_uleb(cursor), previous = 0, *stack;

	if (count > TRACE_STACK_MAX || count > cursor_left(cursor)) {
		cursor->failed = true;
		return NULL;
	}
	stack = arena_alloc(reader->trace, count * sizeof(*stack));
	for (uint64_t i = 0; i < count; i++)
		stack[i] = previous += (uint64_t)cursor_zigzag(cursor);
	*depth = (uint32_t)count;
	return stack;
}

static void define_context(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_context context = {0};
	uint64_t flags = cursor_uleb(cursor);

	context.type_known = flags & TRACE_CONTEXT_TYPE_KNOWN;
	context.truncated = flags & TRACE_CONTEXT_TRUNCATED;
	context.size = cursor_uleb(cursor);
	context.type = cursor_uleb(cursor);
	context.creator_pc = cursor_uleb(cursor);
	context.stack = read_stack(reader, cursor, &context.stack_depth);
	if (cursor->failed || trace->ncontexts >= UINT32_MAX) {
		cursor->failed = true;
		return;
	}
	trace->contexts =
	    memory_reserve(trace->contexts, trace->ncontexts, &reader->contexts_capacity, sizeof(context));
	trace->contexts[trace->ncontexts++] = context;
}

static void define_labels(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	uint64_t count = cursor_uleb(cursor), i;
	const uint8_t *key, *value;
	struct trace_label *labels;
	size_t key_size, value_size;

	if (cursor->failed || count > TRACE_LABELS_MAX || trace->nlabel_sets >= UINT32_MAX - TRACE_LABELS_FIRST) {
		cursor->failed = true;
		return;
	}
	labels = arena_alloc(trace, count * sizeof(*labels));
	for (i = 0; i < count; i++) {
		key = cursor_counted(cursor, &key_size);
		value = cursor_counted(cursor, &value_size);
		if (!key || !value) {
			cursor->failed = true;
			return;
		}
		labels[i].key = keep_bytes(trace, key, key_size);
		labels[i].value = keep_bytes(trace, value, value_size);
	}
	trace->label_sets = memory_reserve(trace->label_sets, trace->nlabel_sets, &reader->label_sets_capacity,
					   sizeof(*trace->label_sets));
	trace->label_sets[trace->nlabel_sets++] = (struct trace_label_set){labels, (uint32_t)count};
}

static void define_cpu_stack(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_cpu_stack stack = {0};

	stack.stack = read_stack(reader, cursor, &stack.depth);
	if (cursor->failed || trace->ncpu_stacks >= UINT32_MAX) {
		cursor->failed = true;
		return;
	}
	trace->cpu_stacks =
	    memory_reserve(trace->cpu_stacks, trace->ncpu_stacks, &reader->cpu_stacks_capacity, sizeof(stack));
	trace->cpu_stacks[trace->ncpu_stacks++] = stack;
}

static void define_string(struct trace *trace, struct cursor *cursor)
{
	size_t size;
	const uint8_t *text = cursor_counted(cursor, &size);
	uint32_t expected = strtab_count(trace->strings);

	/* A string that is there already would shift all later numbers: no writer does that. */
	if (text && strtab_add_bytes(trace->strings, (const char *)text, size) != expected)
		cursor->failed = true;
}

/* A string's number; fails the cursor when no such string was defined. */
static uint32_t string_number(struct trace *trace, struct cursor *cursor)
{
	uint64_t number = cursor_uleb(cursor);

	if (number >= strtab_count(trace->strings))
		cursor->failed = true;
	return (uint32_t)number;
}

static void define_symbol(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_symbol symbol = {0};
	struct trace_frame *frames;
	uint64_t nframes, i;

	symbol.pc = cursor_uleb(cursor);
	symbol.entry = string_number(trace, cursor);
	symbol.call_type = cursor_uleb(cursor);
	nframes = cursor_uleb(cursor);
	if (cursor->failed || nframes > TRACE_CHAIN_MAX) {
		cursor->failed = true;
		return;
	}
	frames = arena_alloc(trace, nframes * sizeof(*frames));
	for (i = 0; i < nframes; i++) {
		frames[i].function = string_number(trace, cursor);
		frames[i].file = string_number(trace, cursor);
		frames[i].line = (uint32_t)cursor_uleb(cursor);
		frames[i].start_line = (uint32_t)cursor_uleb(cursor);
	}
	if (cursor->failed)
		return;
	symbol.frames = frames;
	symbol.nframes = (uint32_t)nframes;
	trace->symbols = memory_reserve(trace->symbols, trace->nsymbols, &reader->symbols_capacity, sizeof(symbol));
	trace->symbols[trace->nsymbols++] = symbol;
}

static void define_type(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_type type = {0};

	type.address = cursor_uleb(cursor);
	type.name = string_number(trace, cursor);
	type.kind = (uint8_t)cursor_uleb(cursor);
	type.size = cursor_uleb(cursor);
	type.ptr_bytes = cursor_uleb(cursor);
	if (cursor->failed)
		return;
	trace->types = memory_reserve(trace->types, trace->ntypes, &reader->types_capacity, sizeof(type));
	trace->types[trace->ntypes++] = type;
}

static void define_order(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_order order = {0};

	order.pc = cursor_uleb(cursor);
	order.number = (uint32_t)cursor_uleb(cursor);
	order.count = (uint32_t)cursor_uleb(cursor);
	if (order.number > order.count)
		cursor->failed = true;
	if (cursor->failed)
		return;
	trace->orders = memory_reserve(trace->orders, trace->norders, &reader->orders_capacity, sizeof(order));
	trace->orders[trace->norders++] = order;
}

static void define_function(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_function function = {0};

	function.entry = cursor_uleb(cursor);
	function.size = cursor_uleb(cursor);
	function.fingerprint = cursor_u64(cursor);
	if (cursor->failed)
		return;
	trace->functions =
	    memory_reserve(trace->functions, trace->nfunctions, &reader->functions_capacity, sizeof(function));
	trace->functions[trace->nfunctions++] = function;
}

static void define_module(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	size_t path_size, id_size;
	const uint8_t *path = cursor_counted(cursor, &path_size), *id = cursor_counted(cursor, &id_size);

	if (!path || !id || trace->nmodules >= TRACE_MODULES_MAX) {
		cursor->failed = true;
		return;
	}
	trace->modules =
	    memory_reserve(trace->modules, trace->nmodules, &reader->modules_capacity, sizeof(*trace->modules));
	trace->modules[trace->nmodules++] =
	    (struct trace_module){keep_bytes(trace, path, path_size), keep_bytes(trace, id, id_size)};
}

static void define_c_context(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_c_context context = {0};
	uint64_t size_class;

	context.flags = (uint32_t)cursor_uleb(cursor);
	size_class = cursor_uleb(cursor);
	context.stack = read_stack(reader, cursor, &context.stack_depth);
	if (cursor->failed || size_class >= TRACE_C_CLASSES || trace->nc_contexts >= UINT32_MAX) {
		cursor->failed = true;
		return;
	}
	context.size_class = (uint32_t)size_class;
	trace->c_contexts =
	    memory_reserve(trace->c_contexts, trace->nc_contexts, &reader->c_contexts_capacity, sizeof(context));
	trace->c_contexts[trace->nc_contexts++] = context;
}

bool trace_definitions_read(struct trace_records *reader, struct cursor *cursor, uint8_t tag)
{
	switch (tag) {
	case TRACE_TAG_FACT:
		define_fact(reader, cursor);
		return true;
	case TRACE_TAG_CONTEXT:
		define_context(reader, cursor);
		return true;
	case TRACE_TAG_LABELS:
		define_labels(reader, cursor);
		return true;
	case TRACE_TAG_CPU_STACK:
		define_cpu_stack(reader, cursor);
		return true;
	case TRACE_TAG_STRING:
		define_string(reader->trace, cursor);
		return true;
	case TRACE_TAG_SYMBOL:
		define_symbol(reader, cursor);
		return true;
	case TRACE_TAG_TYPE:
		define_type(reader, cursor);
		return true;
	case TRACE_TAG_ORDER:
		define_order(reader, cursor);
		return true;
	case TRACE_TAG_FUNCTION:
		define_function(reader, cursor);
		return true;
	case TRACE_TAG_MODULE:
		define_module(reader, cursor);
		return true;
	case TRACE_TAG_C_CONTEXT:
		define_c_context(reader, cursor);
		return true;
	default:
		return false;
	}
}

void trace_definitions_free(struct trace *trace)
{
	struct arena *arena = trace->arena, *next;

	for (; arena; arena = next) {
		next = arena->next;
		free(arena);
	}
	trace->arena = NULL;
}
