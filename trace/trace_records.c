/*
 * Reading the records of a trace: a frame's bytes in, definitions into the struct trace and everything else to the
 * callbacks. Every byte is doubted: records are read through a cursor with an end, counts have limits, and a number
 * that names nothing leaves its record out.
 */
#include "trace/trace_records.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "trace/trace_format.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK (1u << 20)

/* Memory that lives as long as the trace: blocks in a list, filled one after the other. */
struct reader_arena {
	struct reader_arena *next;
	size_t used, size;
	uint8_t bytes[];
};

static void *reader_arena_alloc(struct trace *trace, size_t size)
{
	struct reader_arena *arena = trace->arena;
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

static char *reader_keep_bytes(struct trace *trace, const uint8_t *bytes, size_t size)
{
	char *copy = reader_arena_alloc(trace, size + 1);

	memcpy(copy, bytes, size);
	copy[size] = 0;
	return copy;
}

/* A length-prefixed run of bytes; NULL when it is not all there. */
static const uint8_t *reader_counted(struct cursor *cursor, size_t *size)
{
	uint64_t length = cursor_uleb(cursor);

	*size = (size_t)length;
	return cursor_bytes(cursor, length > SIZE_MAX / 2 ? SIZE_MAX : (size_t)length);
}

static void reader_fact(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_fact fact;
	const uint8_t *key, *value;
	size_t key_size, value_size;

	key = reader_counted(cursor, &key_size);
	value = reader_counted(cursor, &value_size);
	if (!key || !value)
		return;
	fact.key = reader_keep_bytes(trace, key, key_size);
	fact.value = reader_keep_bytes(trace, value, value_size);
	fact.value_size = value_size;
	trace->facts = memory_reserve(trace->facts, trace->nfacts, &reader->facts_capacity, sizeof(fact));
	trace->facts[trace->nfacts++] = fact;
}

/* A depth and so many deltas; on failure the cursor says so. */
static const uint64_t *reader_stack(struct trace_records *reader, struct cursor *cursor, uint32_t *depth)
{
	uint64_t count = cursor_uleb(cursor), previous = 0, *stack;

	if (count > TRACE_STACK_MAX || count > cursor_left(cursor)) {
		cursor->failed = true;
		return NULL;
	}
	stack = reader_arena_alloc(reader->trace, count * sizeof(*stack));
	for (uint64_t i = 0; i < count; i++)
		stack[i] = previous += (uint64_t)cursor_zigzag(cursor);
	*depth = (uint32_t)count;
	return stack;
}

static void reader_context(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_context context = {0};
	uint64_t flags = cursor_uleb(cursor);

	context.type_known = flags & TRACE_CONTEXT_TYPE_KNOWN;
	context.truncated = flags & TRACE_CONTEXT_TRUNCATED;
	context.size = cursor_uleb(cursor);
	context.type = cursor_uleb(cursor);
	context.creator_pc = cursor_uleb(cursor);
	context.stack = reader_stack(reader, cursor, &context.stack_depth);
	if (cursor->failed || trace->ncontexts >= UINT32_MAX) {
		cursor->failed = true;
		return;
	}
	trace->contexts =
	    memory_reserve(trace->contexts, trace->ncontexts, &reader->contexts_capacity, sizeof(context));
	trace->contexts[trace->ncontexts++] = context;
}

static void reader_state(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_sample *state = &reader->deltas.state;

	state->processor = (uint32_t)cursor_uleb(cursor);
	state->rate = cursor_uleb(cursor);
	state->live_rate = cursor_uleb(cursor);
	state->cycle = (uint32_t)cursor_uleb(cursor);
}

static void reader_labels(struct trace_records *reader, struct cursor *cursor)
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
	labels = reader_arena_alloc(trace, count * sizeof(*labels));
	for (i = 0; i < count; i++) {
		key = reader_counted(cursor, &key_size);
		value = reader_counted(cursor, &value_size);
		if (!key || !value) {
			cursor->failed = true;
			return;
		}
		labels[i].key = reader_keep_bytes(trace, key, key_size);
		labels[i].value = reader_keep_bytes(trace, value, value_size);
	}
	trace->label_sets = memory_reserve(trace->label_sets, trace->nlabel_sets, &reader->label_sets_capacity,
					   sizeof(*trace->label_sets));
	trace->label_sets[trace->nlabel_sets++] = (struct trace_label_set){labels, (uint32_t)count};
}

/* A set that is not defined becomes one that is not known. */
static void reader_labelled(struct trace_records *reader, struct cursor *cursor)
{
	uint64_t labels = cursor_uleb(cursor);

	if (labels >= TRACE_LABELS_FIRST + reader->trace->nlabel_sets) {
		reader->trace->skipped++;
		labels = TRACE_LABELS_UNKNOWN;
	}
	reader->deltas.state.labels = (uint32_t)labels;
}

static uint64_t reader_delta(struct cursor *cursor, uint64_t *previous)
{
	return *previous += (uint64_t)cursor_zigzag(cursor);
}

static void reader_saw_time(struct trace *trace, uint64_t time_ns)
{
	if (time_ns > trace->end_ns)
		trace->end_ns = time_ns;
}

/* Hand on SAMPLE, read to its end, if CONTEXT is one. */
static void reader_give_sample(struct trace_records *reader, struct trace_sample *sample, uint64_t context)
{
	struct trace *trace = reader->trace;

	if (context >= trace->ncontexts || !sample->rate) {
		trace->skipped++;
		return;
	}
	sample->context = (uint32_t)context;
	trace->nsamples += sample->count;
	reader_saw_time(trace, sample->time_ns);
	if (reader->callbacks && reader->callbacks->sample)
		reader->callbacks->sample(reader->callbacks->user, trace, sample);
}

static void reader_sample(struct trace_records *reader, struct cursor *cursor, bool tracked)
{
	struct trace_sample sample = reader->deltas.state;
	uint64_t context;

	sample.count = 1;
	sample.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	context = cursor_uleb(cursor);
	sample.goroutine = reader_delta(cursor, &reader->deltas.goroutine);
	if (tracked)
		sample.address = reader_delta(cursor, &reader->deltas.address);
	else
		sample.live_rate = 0;
	if (!cursor->failed)
		reader_give_sample(reader, &sample, context);
}

static void reader_counted_samples(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_sample sample = reader->deltas.state;
	uint64_t context;

	sample.live_rate = 0;
	sample.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	context = cursor_uleb(cursor);
	sample.count = cursor_uleb(cursor);
	if (sample.count == 0 || sample.count > TRACE_COUNT_MAX)
		cursor->failed = true;
	if (!cursor->failed)
		reader_give_sample(reader, &sample, context);
}

static void reader_cpu_stack(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_cpu_stack stack = {0};

	stack.stack = reader_stack(reader, cursor, &stack.depth);
	if (cursor->failed || trace->ncpu_stacks >= UINT32_MAX) {
		cursor->failed = true;
		return;
	}
	trace->cpu_stacks =
	    memory_reserve(trace->cpu_stacks, trace->ncpu_stacks, &reader->cpu_stacks_capacity, sizeof(stack));
	trace->cpu_stacks[trace->ncpu_stacks++] = stack;
}

static void reader_cpu_sample(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_cpu_sample sample = {.time_ns = reader_delta(cursor, &reader->deltas.time_ns)};
	uint64_t stack = cursor_uleb(cursor);

	if (cursor->failed)
		return;
	if (stack >= trace->ncpu_stacks) {
		trace->skipped++;
		return;
	}
	sample.stack = (uint32_t)stack;
	trace->ncpu_samples++;
	reader_saw_time(trace, sample.time_ns);
	if (reader->callbacks && reader->callbacks->cpu_sample)
		reader->callbacks->cpu_sample(reader->callbacks->user, trace, &sample);
}

static void reader_death(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_death death;

	death.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	death.address = reader_delta(cursor, &reader->deltas.address);
	death.cycle = (uint32_t)cursor_uleb(cursor);
	if (cursor->failed)
		return;
	reader->trace->ndeaths++;
	reader_saw_time(reader->trace, death.time_ns);
	if (reader->callbacks && reader->callbacks->death)
		reader->callbacks->death(reader->callbacks->user, reader->trace, &death);
}

static void reader_gc(struct trace_records *reader, struct cursor *cursor)
{
	struct trace_gc gc = {0};
	uint64_t *const words[] = {
	    &gc.memory_limit,    &gc.heap_live,       &gc.heap_marked,      &gc.heap_goal,           &gc.heap_minimum,
	    &gc.heap_scan,       &gc.stack_scan,      &gc.globals_scan,     &gc.total_alloc,         &gc.total_free,
	    &gc.pause_total_ns,  &gc.goroutines,      &gc.cpu_gc_assist_ns, &gc.cpu_gc_dedicated_ns, &gc.cpu_gc_idle_ns,
	    &gc.cpu_gc_pause_ns, &gc.cpu_gc_total_ns, &gc.cpu_scavenge_ns,  &gc.cpu_idle_ns,         &gc.cpu_user_ns,
	    &gc.cpu_total_ns,    &gc.process_cpu_ns,  &gc.mem_profile_rate, &gc.goroutines_live,     &gc.procs_running,
	    &gc.procs,
	};
	uint64_t count, i;

	gc.time_ns = reader_delta(cursor, &reader->deltas.time_ns);
	gc.cycle = (uint32_t)cursor_uleb(cursor);
	gc.gc_percent = (int32_t)cursor_zigzag(cursor);
	count = cursor_uleb(cursor);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		*words[i] = i < count ? cursor_uleb(cursor) - 1 : UINT64_MAX;
	for (; i < count && !cursor->failed; i++) /* of a later version */
		cursor_uleb(cursor);
	if (cursor->failed)
		return;
	reader->trace->ngcs++;
	reader_saw_time(reader->trace, gc.time_ns);
	if (reader->callbacks && reader->callbacks->gc)
		reader->callbacks->gc(reader->callbacks->user, reader->trace, &gc);
}

static void reader_run_end(struct trace_records *reader, struct cursor *cursor)
{
	uint32_t cycle = (uint32_t)cursor_uleb(cursor);

	if (cursor->failed)
		return;
	reader->trace->run_ends++;
	if (reader->callbacks && reader->callbacks->run_end)
		reader->callbacks->run_end(reader->callbacks->user, reader->trace, cycle);
}

static void reader_losses(struct trace *trace, struct cursor *cursor)
{
	struct trace_losses losses;

	losses.samples = cursor_uleb(cursor);
	losses.sample_bytes = cursor_uleb(cursor);
	losses.deaths = cursor_uleb(cursor);
	losses.contended = cursor_uleb(cursor);
	losses.throttled = cursor_uleb(cursor);
	if (!cursor->failed)
		trace->losses = losses;
}

static void reader_string(struct trace *trace, struct cursor *cursor)
{
	size_t size;
	const uint8_t *text = reader_counted(cursor, &size);
	uint32_t expected = strtab_count(trace->strings);

	/* A string that is there already would shift all later numbers: no writer does that. */
	if (text && strtab_add_bytes(trace->strings, (const char *)text, size) != expected)
		cursor->failed = true;
}

/* A string's number; fails the cursor when no such string was defined. */
static uint32_t reader_string_number(struct trace *trace, struct cursor *cursor)
{
	uint64_t number = cursor_uleb(cursor);

	if (number >= strtab_count(trace->strings))
		cursor->failed = true;
	return (uint32_t)number;
}

static void reader_symbol(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_symbol symbol = {0};
	struct trace_frame *frames;
	uint64_t nframes, i;

	symbol.pc = cursor_uleb(cursor);
	symbol.entry = reader_string_number(trace, cursor);
	symbol.call_type = cursor_uleb(cursor);
	nframes = cursor_uleb(cursor);
	if (cursor->failed || nframes > TRACE_CHAIN_MAX) {
		cursor->failed = true;
		return;
	}
	frames = reader_arena_alloc(trace, nframes * sizeof(*frames));
	for (i = 0; i < nframes; i++) {
		frames[i].function = reader_string_number(trace, cursor);
		frames[i].file = reader_string_number(trace, cursor);
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

static void reader_type(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_type type = {0};

	type.address = cursor_uleb(cursor);
	type.name = reader_string_number(trace, cursor);
	type.kind = (uint8_t)cursor_uleb(cursor);
	type.size = cursor_uleb(cursor);
	type.ptr_bytes = cursor_uleb(cursor);
	if (cursor->failed)
		return;
	trace->types = memory_reserve(trace->types, trace->ntypes, &reader->types_capacity, sizeof(type));
	trace->types[trace->ntypes++] = type;
}

static void reader_order(struct trace_records *reader, struct cursor *cursor)
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

static void reader_function(struct trace_records *reader, struct cursor *cursor)
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

static void reader_module(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	size_t path_size, id_size;
	const uint8_t *path = reader_counted(cursor, &path_size), *id = reader_counted(cursor, &id_size);

	if (!path || !id || trace->nmodules >= TRACE_MODULES_MAX) {
		cursor->failed = true;
		return;
	}
	trace->modules =
	    memory_reserve(trace->modules, trace->nmodules, &reader->modules_capacity, sizeof(*trace->modules));
	trace->modules[trace->nmodules++] =
	    (struct trace_module){reader_keep_bytes(trace, path, path_size), reader_keep_bytes(trace, id, id_size)};
}

static void reader_c_context(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_c_context context = {0};
	uint64_t size_class;

	context.flags = (uint32_t)cursor_uleb(cursor);
	size_class = cursor_uleb(cursor);
	context.stack = reader_stack(reader, cursor, &context.stack_depth);
	if (cursor->failed || size_class >= TRACE_C_CLASSES || trace->nc_contexts >= UINT32_MAX) {
		cursor->failed = true;
		return;
	}
	context.size_class = (uint32_t)size_class;
	trace->c_contexts =
	    memory_reserve(trace->c_contexts, trace->nc_contexts, &reader->c_contexts_capacity, sizeof(context));
	trace->c_contexts[trace->nc_contexts++] = context;
}

static void reader_c_counts(struct trace_records *reader, struct cursor *cursor)
{
	struct trace *trace = reader->trace;
	struct trace_c_counts counts = {.time_ns = reader_delta(cursor, &reader->deltas.c_time_ns)};
	uint64_t *const words[] = {&counts.allocs,      &counts.bytes,     &counts.frees,
				   &counts.freed_bytes, &counts.untracked, &counts.untracked_bytes};
	uint64_t context = cursor_uleb(cursor), lives, i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*words[i] = cursor_uleb(cursor);
		if (*words[i] > TRACE_COUNT_MAX)
			cursor->failed = true;
	}
	lives = cursor_uleb(cursor);
	if (lives != TRACE_C_LIVES)
		cursor->failed = true;
	for (i = 0; i < TRACE_C_LIVES; i++)
		counts.lives[i] = cursor_uleb(cursor);
	if (cursor->failed)
		return;
	if (context >= trace->nc_contexts) {
		trace->skipped++;
		return;
	}
	counts.context = (uint32_t)context;
	trace->nc_allocs += counts.allocs;
	reader_saw_time(trace, counts.time_ns);
	if (reader->callbacks && reader->callbacks->c_counts)
		reader->callbacks->c_counts(reader->callbacks->user, trace, &counts);
}

static void reader_rings(struct trace *trace, struct cursor *cursor)
{
	uint64_t ring_size = cursor_uleb(cursor), count = cursor_uleb(cursor), i;
	struct trace_ring rings[TRACE_RINGS_MAX];

	if (count > TRACE_RINGS_MAX) {
		cursor->failed = true;
		return;
	}
	for (i = 0; i < count; i++) {
		rings[i].samples = cursor_uleb(cursor);
		rings[i].sample_bytes = cursor_uleb(cursor);
		rings[i].deaths = cursor_uleb(cursor);
		rings[i].throttled = cursor_uleb(cursor);
		rings[i].peak = cursor_uleb(cursor);
	}
	if (cursor->failed)
		return;
	trace->rings = memory_resize(trace->rings, count + 1, sizeof(*trace->rings));
	memcpy(trace->rings, rings, count * sizeof(*rings));
	trace->nrings = count;
	trace->ring_size = ring_size;
}

/* A record of which only the number of bytes need be known. */
static void reader_counted_record(struct trace_records *reader, struct cursor *cursor, uint8_t tag)
{
	size_t size;
	const uint8_t *bytes = reader_counted(cursor, &size);
	struct cursor body = cursor_make(bytes, bytes ? size : 0);

	if (tag == TRACE_TAG_MODULE)
		reader_module(reader, &body);
	else if (tag == TRACE_TAG_C_CONTEXT)
		reader_c_context(reader, &body);
	else if (tag == TRACE_TAG_C_COUNTS)
		reader_c_counts(reader, &body);
	else if (tag == TRACE_TAG_RINGS)
		reader_rings(reader->trace, &body);
	else
		reader->trace->skipped++; /* of a later version */
	if (body.failed)
		cursor->failed = true;
}

static void reader_record(struct trace_records *reader, struct cursor *cursor)
{
	uint8_t tag = cursor_u8(cursor);

	if (tag >= TRACE_TAG_COUNTED_FROM) {
		reader_counted_record(reader, cursor, tag);
		return;
	}
	switch (tag) {
	case TRACE_TAG_FACT:
		reader_fact(reader, cursor);
		break;
	case TRACE_TAG_CONTEXT:
		reader_context(reader, cursor);
		break;
	case TRACE_TAG_STATE:
		reader_state(reader, cursor);
		break;
	case TRACE_TAG_SAMPLE:
		reader_sample(reader, cursor, false);
		break;
	case TRACE_TAG_TRACKED:
		reader_sample(reader, cursor, true);
		break;
	case TRACE_TAG_COUNTED:
		reader_counted_samples(reader, cursor);
		break;
	case TRACE_TAG_CPU_STACK:
		reader_cpu_stack(reader, cursor);
		break;
	case TRACE_TAG_CPU_SAMPLE:
		reader_cpu_sample(reader, cursor);
		break;
	case TRACE_TAG_DEATH:
		reader_death(reader, cursor);
		break;
	case TRACE_TAG_GC:
		reader_gc(reader, cursor);
		break;
	case TRACE_TAG_LOSSES:
		reader_losses(reader->trace, cursor);
		break;
	case TRACE_TAG_STRING:
		reader_string(reader->trace, cursor);
		break;
	case TRACE_TAG_SYMBOL:
		reader_symbol(reader, cursor);
		break;
	case TRACE_TAG_TYPE:
		reader_type(reader, cursor);
		break;
	case TRACE_TAG_ORDER:
		reader_order(reader, cursor);
		break;
	case TRACE_TAG_FUNCTION:
		reader_function(reader, cursor);
		break;
	case TRACE_TAG_LABELS:
		reader_labels(reader, cursor);
		break;
	case TRACE_TAG_LABELLED:
		reader_labelled(reader, cursor);
		break;
	case TRACE_TAG_RUN_END:
		reader_run_end(reader, cursor);
		break;
	case TRACE_TAG_END:
		reader->trace->complete = true;
		break;
	default:
		cursor->failed = true;
	}
}

bool trace_records_read(struct trace_records *reader, const uint8_t *raw, size_t size)
{
	struct cursor cursor = cursor_make(raw, size);

	reader->deltas = (struct trace_deltas){0};
	while (!cursor.failed && cursor.at < cursor.end)
		reader_record(reader, &cursor);
	return !cursor.failed;
}

void trace_records_free(struct trace *trace)
{
	struct reader_arena *arena = trace->arena, *next;

	for (; arena; arena = next) {
		next = arena->next;
		free(arena);
	}
	trace->arena = NULL;
}
