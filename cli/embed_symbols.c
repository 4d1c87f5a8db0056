/* At a run's end: each distinct address of the stacks is symbolized once and written to the trace. */
#include "cli/embed_symbols.h"

#include "base/memory.h"
#include "binary/go_fingerprint.h"
#include "binary/go_pclntab.h"
#include "cli/embed_c_symbols.h"
#include "symbolizer/call_order.h"
#include "symbolizer/symbolizer.h"
#include "trace/trace_writer.h"

#include <stdlib.h>

#define CHAIN_MAX 64

/* Types that call sites name, on top of those that samples carried. */
struct embed_types {
	uint64_t *addresses;
	size_t count, capacity;
};

static void embed_one_symbol(struct symbolizer *symbolizer, struct trace_writer *writer, uint64_t return_pc,
			     struct embed_types *types)
{
	struct symbol_frame frames[CHAIN_MAX];
	struct trace_frame_text texts[CHAIN_MAX];
	const char *entry = NULL;
	struct call_order order;
	uint64_t type = 0;
	size_t count = symbolizer_frames(symbolizer, return_pc - 1, frames, CHAIN_MAX), i;

	for (i = 0; i < count; i++) {
		texts[i].function = frames[i].function;
		texts[i].file = frames[i].file;
		texts[i].line = frames[i].line > 0 ? (uint32_t)frames[i].line : 0;
		texts[i].start_line = frames[i].start_line > 0 ? (uint32_t)frames[i].start_line : 0;
	}
	symbolizer_call_site(symbolizer, return_pc, &entry, &type);
	trace_writer_symbol(writer, return_pc, texts, (uint32_t)count, entry ? entry : "", type);
	order = symbolizer_call_order(symbolizer, return_pc);
	if (order.count > 1)
		trace_writer_order(writer, &(struct trace_order){return_pc, order.number, order.count});
	if (!type)
		return;
	types->addresses = memory_reserve(types->addresses, types->count, &types->capacity, sizeof(type));
	types->addresses[types->count++] = type;
}

static void embed_one_type(struct symbolizer *symbolizer, struct trace_writer *writer, uint64_t address)
{
	struct symbol_type type;

	if (!symbolizer_type(symbolizer, address, &type))
		return;
	type.kind = trace_kind_with_links(type.kind, type.self_links);
	trace_writer_type(writer, address, type.name ? type.name : "", type.kind, type.size, type.ptr_bytes);
	free(type.name);
}

/* The Go functions in which the ADDRESSES lie, which are sorted. */
static void embed_functions(struct symbolizer *symbolizer, const struct session_end *end)
{
	struct go_pclntab *table = symbolizer_pclntab(symbolizer);
	struct trace_function function;
	struct go_func func = {0};
	size_t i;

	for (i = 0; table && i < end->naddresses; i++) {
		if ((end->addresses[i] - 1 >= func.entry && end->addresses[i] - 1 < func.end) ||
		    !go_pclntab_find(table, end->addresses[i] - 1, &func) ||
		    !go_fingerprint(symbolizer_image(symbolizer), table, &func, &function.fingerprint))
			continue;
		function.entry = func.entry;
		function.size = func.end - func.entry;
		trace_writer_function(end->writer, &function);
	}
}

static int embed_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

enum status embed_symbols(const struct session_end *end, struct error *error)
{
	struct symbolizer *symbolizer;
	struct embed_types types = {0};
	size_t i;

	if (symbolizer_open(&symbolizer, end->program, error) != STATUS_OK)
		return STATUS_ERROR;
	for (i = 0; i < end->naddresses; i++)
		embed_one_symbol(symbolizer, end->writer, end->addresses[i], &types);
	for (i = 0; i < end->ntypes; i++) {
		types.addresses = memory_reserve(types.addresses, types.count, &types.capacity, sizeof(uint64_t));
		types.addresses[types.count++] = end->types[i];
	}
	if (types.count)
		qsort(types.addresses, types.count, sizeof(uint64_t), embed_compare);
	for (i = 0; i < types.count; i++)
		if (!i || types.addresses[i] != types.addresses[i - 1])
			embed_one_type(symbolizer, end->writer, types.addresses[i]);
	free(types.addresses);
	embed_functions(symbolizer, end);
	embed_c_symbols(end, symbolizer);
	symbolizer_close(symbolizer);
	return STATUS_OK;
}
