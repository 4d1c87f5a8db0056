/* The function's calls are compared one by one with the call in question: a function has few of its kind. */
#include "symbolizer/call_order.h"

#include "binary/go_calls.h"
#include "binary/go_pclntab.h"
#include "symbolizer/symbolizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX  64
#define CONVERSION "runtime.convT"

struct like_call {
	const char *entry;
	uint64_t type;
	struct symbol_frame chain[CHAIN_MAX];
	size_t depth;
};

static bool is_conversion(const char *entry)
{
	return !strncmp(entry, CONVERSION, strlen(CONVERSION));
}

static bool same_chain(const struct like_call *a, const struct like_call *b)
{
	if (a->depth != b->depth)
		return false;
	for (size_t i = 0; i < a->depth; i++)
		if (a->chain[i].line != b->chain[i].line || strcmp(a->chain[i].function, b->chain[i].function) != 0 ||
		    strcmp(a->chain[i].file, b->chain[i].file) != 0)
			return false;
	return true;
}

/* Fill CALL for RETURN_PC; the entry is NULL when it is no direct call of the runtime. */
static void read_call(struct symbolizer *symbolizer, struct like_call *call, uint64_t return_pc)
{
	symbolizer_call_site(symbolizer, return_pc, &call->entry, &call->type);
	if (call->entry && strncmp(call->entry, "runtime.", 8) != 0)
		call->entry = NULL;
}

static bool is_like(struct symbolizer *symbolizer, const struct like_call *wanted, uint64_t return_pc)
{
	struct like_call call;

	read_call(symbolizer, &call, return_pc);
	if (!call.entry)
		return false;
	if (is_conversion(wanted->entry) ? !is_conversion(call.entry)
					 : strcmp(wanted->entry, call.entry) != 0 || wanted->type != call.type)
		return false;
	call.depth = symbolizer_frames(symbolizer, return_pc - 1, call.chain, CHAIN_MAX);
	return same_chain(wanted, &call);
}

struct call_order symbolizer_call_order(struct symbolizer *symbolizer, uint64_t return_pc)
{
	struct call_order order = {0, 0};
	struct go_call *calls;
	struct like_call wanted;
	struct go_func func;
	size_t count;

	if (!symbolizer_pclntab(symbolizer) || !go_pclntab_find(symbolizer_pclntab(symbolizer), return_pc - 1, &func))
		return order;
	read_call(symbolizer, &wanted, return_pc);
	if (!wanted.entry)
		return order;
	wanted.depth = symbolizer_frames(symbolizer, return_pc - 1, wanted.chain, CHAIN_MAX);
	calls = go_calls(symbolizer_image(symbolizer), &func, &count);
	for (size_t i = 0; i < count; i++) {
		if (calls[i].return_pc == return_pc)
			order.number = order.count++;
		else if (is_like(symbolizer, &wanted, calls[i].return_pc))
			order.count++;
	}
	free(calls);
	return order;
}
