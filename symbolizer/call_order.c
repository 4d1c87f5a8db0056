/* The function's calls are compared one by one with the call in question: a function has few of its kind. */
#include "symbolizer/call_order.h"

#include "binary/go_calls.h"
#include "binary/go_patch.h"
#include "binary/go_pclntab.h"
#include "symbolizer/symbolizer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX  64
#define CONVERSION "runtime.convT"

struct like_call {
	const char *entry;
	struct symbol_frame chain[CHAIN_MAX];
	size_t depth;
};

static bool is_of_number(const char *entry)
{
	return !strcmp(entry, CONVERSION "16") || !strcmp(entry, CONVERSION "32") || !strcmp(entry, CONVERSION "64");
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

/* Fill LIKE for CALL; false when it is no conversion. */
static bool read_call(struct symbolizer *symbolizer, struct like_call *like, const struct go_call *call)
{
	struct go_func callee;

	if (!go_pclntab_find(symbolizer_pclntab(symbolizer), call->target, &callee) || callee.entry != call->target ||
	    strncmp(callee.name, CONVERSION, strlen(CONVERSION)) != 0)
		return false;
	like->entry = callee.name;
	like->depth = symbolizer_frames(symbolizer, call->return_pc - 1, like->chain, CHAIN_MAX);
	return true;
}

struct call_order symbolizer_call_order(struct symbolizer *symbolizer, uint64_t return_pc)
{
	struct call_order order = {0, 0};
	struct go_call own = {return_pc, go_patch_call_target(symbolizer_image(symbolizer), return_pc)}, *calls;
	struct like_call wanted, call;
	bool in_order = true;
	struct go_func func;
	size_t count;

	if (!symbolizer_pclntab(symbolizer) || !go_pclntab_find(symbolizer_pclntab(symbolizer), return_pc - 1, &func) ||
	    !read_call(symbolizer, &wanted, &own))
		return order;
	calls = go_calls(symbolizer_image(symbolizer), &func, &count);
	for (size_t i = 0; i < count; i++) {
		if (!read_call(symbolizer, &call, &calls[i]) || !same_chain(&wanted, &call))
			continue;
		in_order &= is_of_number(call.entry);
		if (calls[i].return_pc == return_pc)
			order.number = order.count;
		order.count++;
	}
	free(calls);
	if (!in_order)
		order.number = order.count;
	return order;
}
