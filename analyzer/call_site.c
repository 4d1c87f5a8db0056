/*
 * In: a stack of return addresses and the names of each. Out: the first physical frame, from the innermost, that holds
 * a level which is not the runtime's, and the name of the runtime function that it calls.
 *
 * Which name that is: a frame's outermost runtime level is what was called from the frame above. But a function that
 * the compiler inlined leaves no call, and a tail call no frame; so when the call instruction itself goes to a known
 * allocation entry, that one is believed.
 */
#include "analyzer/call_site.h"

#include "analyzer/symbols.h"
#include "trace/trace_model.h"

#include <assert.h>
#include <string.h>

static bool is_allocator_level(const struct analysis_frame *frame)
{
	return entry_is_runtime(frame->function, frame->file) || entry_is_c_allocator(frame->function);
}

/* Whether the frame is of the GC's work during an allocation: what lies inside it is the runtime's, not the site's. */
static bool is_gc_work(const char *function)
{
	static const char *const names[] = {"runtime.gcAssistAlloc", "runtime.deductAssistCredit", "runtime.gcStart"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(function, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

/* How many levels, from the innermost, are the allocator's. */
static size_t count_allocator_levels(const struct symbol *symbol)
{
	size_t count = 0;

	while (count < symbol->nframes && is_allocator_level(&symbol->frames[count]))
		count++;
	return count;
}

/* What the call instruction says, when it is an entry that the language calls; the runtime's inner parts are not. */
static bool is_language_entry(const char *entry)
{
	enum entry_operation operation = entry_operation_of(entry);

	return operation != OPERATION_UNKNOWN && operation != OPERATION_RUNTIME;
}

static void take_entry(struct call_site *site, const struct symbol *symbol, const char *below)
{
	/* An inlined runtime level is nearer to the language than what it calls in turn. */
	if (site->nskipped && is_language_entry(site->chain[-1].function))
		site->entry = site->chain[-1].function;
	else if (is_language_entry(symbol->entry))
		site->entry = symbol->entry;
	else if (below[0])
		site->entry = below;
	else
		site->entry = symbol->entry;
	site->operation = entry_operation_of(site->entry);
	/* A function of the runtime's under another package's name (time.newTimer) that makes something of its own. */
	if (site->operation == OPERATION_UNKNOWN && below[0])
		site->operation = OPERATION_RUNTIME;
}

/* The site is a frame of the program: INDEX in the stack, with SKIPPED inlined levels of the allocator's. */
static void take_program_frame(struct call_site *site, const struct symbol *symbol, size_t skipped, const char *below)
{
	site->chain = symbol->frames + skipped;
	site->nchain = symbol->nframes - skipped;
	site->nskipped = skipped;
	site->call_type = symbol->call_type;
	site->order = symbol->order;
	site->like_calls = symbol->like_calls;
	take_entry(site, symbol, below);
	/* Go code reaches the allocator through the runtime only: no frame of it below means C. */
	if (!below[0] && !skipped && !is_language_entry(symbol->entry))
		site->operation = strcmp(symbol->frames[0].function, "?") == 0 ? OPERATION_UNKNOWN : OPERATION_C;
}

/* Nothing but the runtime: its first frame above the entries is the site. */
static void take_runtime_frame(struct call_site *site, struct symbols *symbols, const struct trace_context *context)
{
	const struct symbol *symbol = NULL;
	const char *below = "";

	site->all_runtime = true;
	for (size_t i = 0; i < context->stack_depth; i++) {
		const char *function;

		symbol = symbols_find(symbols, context->stack[i]);
		site->depth = i;
		site->pc = context->stack[i];
		function = symbol->frames[symbol->nframes - 1].function;
		if (entry_operation_of(function) == OPERATION_RUNTIME && strcmp(function, "runtime.profilealloc") != 0)
			break;
		below = function;
	}
	assert(symbol); /* an empty stack never comes here */
	site->chain = symbol->frames;
	site->nchain = symbol->nframes;
	site->entry = below[0] ? below : symbol->entry;
	site->call_type = symbol->call_type;
	site->operation = OPERATION_RUNTIME;
}

struct call_site call_site_find(struct symbols *symbols, const struct trace_context *context)
{
	struct call_site site = {.entry = ""};
	const char *below = ""; /* outermost function of the allocator's frame just inside */
	const char *gc_work = NULL;

	for (size_t i = 0; i < context->stack_depth; i++) {
		const struct symbol *symbol = symbols_find(symbols, context->stack[i]);
		size_t skipped = count_allocator_levels(symbol);

		if (skipped < symbol->nframes) {
			site.depth = i;
			site.pc = context->stack[i];
			take_program_frame(&site, symbol, skipped, below);
			if (gc_work) {
				site.entry = gc_work;
				site.operation = OPERATION_RUNTIME;
				site.call_type = 0;
			}
			return site;
		}
		below = symbol->frames[symbol->nframes - 1].function;
		if (is_gc_work(below))
			gc_work = below;
	}
	if (context->stack_depth) {
		take_runtime_frame(&site, symbols, context);
		return site;
	}
	site.chain = symbols_find(symbols, 0)->frames;
	site.nchain = 1;
	return site;
}
