/* In: stacks as they come. Out: a trace's symbols, orders and types in memory, sorted as the reader leaves them. */
#include "cli/live_symbols.h"

#include "base/memory.h"
#include "symbolizer/call_order.h"
#include "symbolizer/symbolizer.h"
#include "trace/trace_reader.h"

#include <stdlib.h>

#include <uthash.h>

#define CHAIN_MAX 64

/* An address that was named, or whose type was. */
struct known_address {
	uint64_t address;
	UT_hash_handle hh;
};

struct live_symbols {
	struct symbolizer *symbolizer;
	struct known_address *pcs, *type_addresses;
	struct strtab *strings;
	struct trace_symbol *symbols;
	struct trace_order *orders;
	struct trace_type *types;
	size_t nsymbols, symbols_capacity, norders, orders_capacity, ntypes, types_capacity;
	size_t ncontexts, ncpu_stacks; /* of the trace, that were looked through */
};

struct live_symbols *live_symbols_new(struct symbolizer *symbolizer)
{
	struct live_symbols *symbols = memory_alloc(1, sizeof(*symbols));

	symbols->symbolizer = symbolizer;
	symbols->strings = strtab_new();
	return symbols;
}

static void free_known(struct known_address *all)
{
	struct known_address *known = all, *next;

	HASH_CLEAR(hh, all);
	for (; known; known = next) {
		next = known->hh.next;
		free(known);
	}
}

void live_symbols_free(struct live_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->nsymbols; i++)
		free((struct trace_frame *)symbols->symbols[i].frames);
	free(symbols->symbols);
	free(symbols->orders);
	free(symbols->types);
	free_known(symbols->pcs);
	free_known(symbols->type_addresses);
	strtab_free(symbols->strings);
	free(symbols);
}

/* Whether ADDRESS is not yet in *ALL, where it is from now on. */
static bool is_new(struct known_address **all, uint64_t address)
{
	struct known_address *known;

	HASH_FIND(hh, *all, &address, sizeof(address), known);
	if (known)
		return false;
	known = memory_alloc(1, sizeof(*known));
	known->address = address;
	HASH_ADD(hh, *all, address, sizeof(address), known);
	return true;
}

static void name_type(struct live_symbols *symbols, uint64_t address)
{
	struct symbol_type found;
	struct trace_type type = {.address = address};

	if (!address || !is_new(&symbols->type_addresses, address) ||
	    !symbolizer_type(symbols->symbolizer, address, &found))
		return;
	type.name = strtab_add(symbols->strings, found.name);
	type.kind = trace_kind_with_links(found.kind, found.self_links);
	type.size = found.size;
	type.ptr_bytes = found.ptr_bytes;
	free(found.name);
	symbols->types =
	    memory_reserve(symbols->types, symbols->ntypes, &symbols->types_capacity, sizeof(*symbols->types));
	symbols->types[symbols->ntypes++] = type;
}

static void name_order(struct live_symbols *symbols, uint64_t return_pc)
{
	struct call_order order = symbolizer_call_order(symbols->symbolizer, return_pc);

	if (order.count <= 1)
		return;
	symbols->orders =
	    memory_reserve(symbols->orders, symbols->norders, &symbols->orders_capacity, sizeof(*symbols->orders));
	symbols->orders[symbols->norders++] = (struct trace_order){return_pc, order.number, order.count};
}

static void name_pc(struct live_symbols *symbols, uint64_t return_pc)
{
	struct trace_symbol symbol = {.pc = return_pc};
	struct symbol_frame chain[CHAIN_MAX];
	struct trace_frame *frames;
	const char *entry = NULL;
	size_t count;

	if (!is_new(&symbols->pcs, return_pc))
		return;
	count = symbolizer_frames(symbols->symbolizer, return_pc - 1, chain, CHAIN_MAX);
	frames = memory_alloc(count, sizeof(*frames));
	for (size_t i = 0; i < count; i++) {
		frames[i].function = strtab_add(symbols->strings, chain[i].function);
		frames[i].file = strtab_add(symbols->strings, chain[i].file);
		frames[i].line = chain[i].line > 0 ? (uint32_t)chain[i].line : 0;
		frames[i].start_line = chain[i].start_line > 0 ? (uint32_t)chain[i].start_line : 0;
	}
	symbolizer_call_site(symbols->symbolizer, return_pc, &entry, &symbol.call_type);
	symbol.frames = frames;
	symbol.nframes = (uint32_t)count;
	symbol.entry = strtab_add(symbols->strings, entry);
	symbols->symbols =
	    memory_reserve(symbols->symbols, symbols->nsymbols, &symbols->symbols_capacity, sizeof(*symbols->symbols));
	symbols->symbols[symbols->nsymbols++] = symbol;
	name_order(symbols, return_pc);
	name_type(symbols, symbol.call_type);
}

/* Symbols, orders and types begin with their address. */
static int compare_addresses(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_all(struct live_symbols *symbols)
{
	if (symbols->nsymbols)
		qsort(symbols->symbols, symbols->nsymbols, sizeof(*symbols->symbols), compare_addresses);
	if (symbols->norders)
		qsort(symbols->orders, symbols->norders, sizeof(*symbols->orders), compare_addresses);
	if (symbols->ntypes)
		qsort(symbols->types, symbols->ntypes, sizeof(*symbols->types), compare_addresses);
}

static void name_context(struct live_symbols *symbols, const struct trace_context *context)
{
	for (uint32_t i = 0; i < context->stack_depth; i++)
		name_pc(symbols, context->stack[i]);
	if (context->creator_pc)
		name_pc(symbols, context->creator_pc);
	name_type(symbols, context->type);
}

void live_symbols_update(struct live_symbols *symbols, const struct trace *trace)
{
	if (symbols->ncontexts == trace->ncontexts && symbols->ncpu_stacks == trace->ncpu_stacks)
		return;
	for (; symbols->ncontexts < trace->ncontexts; symbols->ncontexts++)
		name_context(symbols, &trace->contexts[symbols->ncontexts]);
	for (; symbols->ncpu_stacks < trace->ncpu_stacks; symbols->ncpu_stacks++) {
		const struct trace_cpu_stack *stack = &trace->cpu_stacks[symbols->ncpu_stacks];

		for (uint32_t i = 0; i < stack->depth; i++)
			name_pc(symbols, stack->stack[i]);
	}
	sort_all(symbols);
}

struct trace live_symbols_view(const struct live_symbols *symbols, const struct trace *trace)
{
	struct trace view = *trace;

	view.strings = symbols->strings;
	view.symbols = symbols->symbols;
	view.nsymbols = symbols->nsymbols;
	view.orders = symbols->orders;
	view.norders = symbols->norders;
	view.types = symbols->types;
	view.ntypes = symbols->ntypes;
	return view;
}
