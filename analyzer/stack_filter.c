/*
 * In: two expressions, then one stack after the other. Out: kept or not. A PC's names are matched once and remembered:
 * stacks share most of their PCs.
 */
#include "analyzer/stack_filter.h"

#include "analyzer/call_site.h"
#include "analyzer/symbols.h"
#include "base/memory.h"
#include "trace/trace_model.h"

#include <regex.h>
#include <stdlib.h>

#include <uthash.h>

/* One of the two expressions. */
struct pattern {
	char *text; /* NULL: not given */
	regex_t compiled;
};

/* What a frame or a whole stack matches. */
struct matches {
	bool focus, ignore;
};

/* What is known of one PC. */
struct known_pc {
	const struct symbol *symbol;
	struct matches matches;
	UT_hash_handle hh;
};

struct stack_filter {
	struct pattern focus, ignore;
	struct known_pc *known;
};

static enum status pattern_compile(struct pattern *pattern, const char *option, const char *text, struct error *error)
{
	char reason[128];
	int code;

	if (!text)
		return STATUS_OK;
	code = regcomp(&pattern->compiled, text, REG_EXTENDED | REG_NOSUB);
	if (code) {
		regerror(code, &pattern->compiled, reason, sizeof(reason));
		return error_set(error, "%s: not a regular expression (POSIX extended): %s: %s", option, text, reason);
	}
	pattern->text = memory_copy_string(text);
	return STATUS_OK;
}

static void pattern_free(struct pattern *pattern)
{
	if (pattern->text)
		regfree(&pattern->compiled);
	free(pattern->text);
}

static bool pattern_matches(const struct pattern *pattern, const struct analysis_frame *frame)
{
	return pattern->text && (regexec(&pattern->compiled, frame->function, 0, NULL, 0) == 0 ||
				 regexec(&pattern->compiled, frame->file, 0, NULL, 0) == 0);
}

enum status stack_filter_new(struct stack_filter **filter, const char *focus, const char *ignore, struct error *error)
{
	struct stack_filter *made;

	*filter = NULL;
	if (!focus && !ignore)
		return STATUS_OK;
	made = memory_alloc(1, sizeof(*made));
	if (pattern_compile(&made->focus, "--focus", focus, error) != STATUS_OK ||
	    pattern_compile(&made->ignore, "--ignore", ignore, error) != STATUS_OK) {
		stack_filter_free(made);
		return STATUS_ERROR;
	}
	*filter = made;
	return STATUS_OK;
}

void stack_filter_free(struct stack_filter *filter)
{
	struct known_pc *known, *next;

	if (!filter)
		return;
	known = filter->known;
	HASH_CLEAR(hh, filter->known);
	for (; known; known = next) {
		next = known->hh.next;
		free(known);
	}
	pattern_free(&filter->focus);
	pattern_free(&filter->ignore);
	free(filter);
}

/* What SYMBOL's levels from SKIP on match. */
static struct matches match_levels(const struct stack_filter *filter, const struct symbol *symbol, size_t skip)
{
	struct matches found = {false, false};

	for (size_t i = skip; i < symbol->nframes; i++) {
		found.focus |= pattern_matches(&filter->focus, &symbol->frames[i]);
		found.ignore |= pattern_matches(&filter->ignore, &symbol->frames[i]);
	}
	return found;
}

static struct matches match_known(struct stack_filter *filter, const struct symbol *symbol)
{
	struct known_pc *known;

	HASH_FIND_PTR(filter->known, &symbol, known);
	if (!known) {
		known = memory_alloc(1, sizeof(*known));
		known->symbol = symbol;
		known->matches = match_levels(filter, symbol, 0);
		HASH_ADD_PTR(filter->known, symbol, known);
	}
	return known->matches;
}

bool stack_filter_keeps(struct stack_filter *filter, struct symbols *symbols, const struct trace_context *context)
{
	struct call_site call = call_site_find(symbols, context);
	struct matches found = {false, false};

	for (size_t i = call.depth; i < context->stack_depth; i++) {
		const struct symbol *symbol = symbols_find(symbols, context->stack[i]);
		struct matches own = i == call.depth && call.nskipped ? match_levels(filter, symbol, call.nskipped)
								      : match_known(filter, symbol);

		found.focus |= own.focus;
		found.ignore |= own.ignore;
	}
	return (found.focus || !filter->focus.text) && !found.ignore;
}

static const char *text_or_nothing(const char *text)
{
	return text ? text : "";
}

const char *stack_filter_focus(const struct stack_filter *filter)
{
	return text_or_nothing(filter->focus.text);
}

const char *stack_filter_ignore(const struct stack_filter *filter)
{
	return text_or_nothing(filter->ignore.text);
}
