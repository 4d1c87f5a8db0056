/*
 * Two caches by address. In: a trace's own symbols and types, or what the resolver says. Out: frames and types whose
 * texts are the arena's, so that they outlive the trace and compare by pointer.
 */
#include "analyzer/symbols.h"

#include "analyzer/arena.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <stdlib.h>

#include <uthash.h>

struct symbol_entry {
	uint64_t pc;
	struct symbol symbol;
	UT_hash_handle hh;
};

struct type_entry {
	uint64_t address;
	bool known;
	struct analyze_type type;
	UT_hash_handle hh;
};

struct symbols {
	struct arena *arena;
	const struct trace *trace;
	const struct analyze_options *options; /* NULL: no resolvers */
	struct symbol_entry *by_pc;
	struct type_entry *by_address;
	size_t unknown;
};

struct symbols *symbols_new(struct arena *arena, const struct trace *trace, const struct analyze_options *options)
{
	struct symbols *symbols = memory_alloc(1, sizeof(*symbols));

	symbols->arena = arena;
	symbols->trace = trace;
	symbols->options = options;
	return symbols;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	/* The entries are the arena's. */
	HASH_CLEAR(hh, symbols->by_pc);
	HASH_CLEAR(hh, symbols->by_address);
	free(symbols);
}

static void take_trace_symbol(struct symbols *symbols, struct symbol *symbol, const struct trace_symbol *from)
{
	const struct strtab *strings = symbols->trace->strings;
	struct analysis_frame *frames = arena_alloc(symbols->arena, from->nframes, sizeof(*frames));

	for (uint32_t i = 0; i < from->nframes; i++) {
		frames[i].function = arena_string(symbols->arena, strtab_get(strings, from->frames[i].function));
		frames[i].file = arena_string(symbols->arena, strtab_get(strings, from->frames[i].file));
		frames[i].line = from->frames[i].line;
	}
	symbol->frames = frames;
	symbol->nframes = from->nframes;
	symbol->entry = arena_string(symbols->arena, strtab_get(strings, from->entry));
	symbol->call_type = from->call_type;
}

static void take_resolved_symbol(struct symbols *symbols, struct symbol *symbol, const struct analyze_symbol *from)
{
	struct analysis_frame *frames = arena_alloc(symbols->arena, from->nframes, sizeof(*frames));

	for (size_t i = 0; i < from->nframes; i++) {
		frames[i].function = arena_string(symbols->arena, from->frames[i].function);
		frames[i].file = arena_string(symbols->arena, from->frames[i].file);
		frames[i].line = from->frames[i].line;
	}
	symbol->frames = frames;
	symbol->nframes = from->nframes;
	symbol->entry = arena_string(symbols->arena, from->entry);
	symbol->call_type = from->call_type;
	symbol->order = from->order;
	symbol->like_calls = from->like_calls;
}

static void take_unknown_symbol(struct symbols *symbols, struct symbol *symbol)
{
	struct analysis_frame *frame = arena_alloc(symbols->arena, 1, sizeof(*frame));

	frame->function = arena_string(symbols->arena, "?");
	frame->file = symbol->entry = arena_string(symbols->arena, "");
	symbol->frames = frame;
	symbol->nframes = 1;
	symbols->unknown++;
}

static void fill_symbol(struct symbols *symbols, struct symbol *symbol, uint64_t pc)
{
	const struct trace_symbol *from = trace_find_symbol(symbols->trace, pc);
	const struct trace_order *order = trace_find_order(symbols->trace, pc);
	const struct analyze_options *options = symbols->options;
	struct analyze_symbol resolved = {0};

	if (from && from->nframes)
		take_trace_symbol(symbols, symbol, from);
	else if (options && options->resolve_symbol && options->resolve_symbol(options->user, pc, &resolved) &&
		 resolved.nframes)
		take_resolved_symbol(symbols, symbol, &resolved);
	else
		take_unknown_symbol(symbols, symbol);
	if (order) {
		symbol->order = order->number;
		symbol->like_calls = order->count;
	}
}

const struct symbol *symbols_find(struct symbols *symbols, uint64_t pc)
{
	struct symbol_entry *entry;

	HASH_FIND(hh, symbols->by_pc, &pc, sizeof(pc), entry);
	if (!entry) {
		entry = arena_alloc(symbols->arena, 1, sizeof(*entry));
		entry->pc = pc;
		fill_symbol(symbols, &entry->symbol, pc);
		HASH_ADD(hh, symbols->by_pc, pc, sizeof(pc), entry);
	}
	return &entry->symbol;
}

static bool find_type(struct symbols *symbols, struct analyze_type *type, uint64_t address)
{
	const struct trace_type *from = trace_find_type(symbols->trace, address);
	const struct analyze_options *options = symbols->options;

	if (from) {
		type->name = strtab_get(symbols->trace->strings, from->name);
		type->kind = from->kind & TRACE_KIND_MASK;
		type->self_links = trace_kind_links(from->kind);
		type->size = from->size;
		type->ptr_bytes = from->ptr_bytes;
		return true;
	}
	return options && options->resolve_type && options->resolve_type(options->user, address, type);
}

const struct analyze_type *symbols_type(struct symbols *symbols, uint64_t address)
{
	struct type_entry *entry;

	if (address == 0)
		return NULL;
	HASH_FIND(hh, symbols->by_address, &address, sizeof(address), entry);
	if (!entry) {
		entry = arena_alloc(symbols->arena, 1, sizeof(*entry));
		entry->address = address;
		entry->known = find_type(symbols, &entry->type, address);
		entry->type.name = arena_string(symbols->arena, entry->type.name);
		HASH_ADD(hh, symbols->by_address, address, sizeof(address), entry);
	}
	return entry->known ? &entry->type : NULL;
}

size_t symbols_unknown(const struct symbols *symbols)
{
	return symbols->unknown;
}
