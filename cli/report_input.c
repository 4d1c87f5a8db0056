/*
 * Gathering a report's inputs. The trace says which binary it is of; names come from the trace, else from that binary
 * when its build ID is the same; verdicts are looked up by the build ID, which is a hash of all that went into it.
 */
#include "cli/report_input.h"

#include "analyzer/accumulate.h"
#include "analyzer/analyze.h"
#include "analyzer/stack_filter.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "cli/heap_profile_input.h"
#include "cli/terminal.h"
#include "symbolizer/symbolizer.h"
#include "trace/trace_reader.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_find.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHAIN_MAX 64

/* Names straight from the binary, for analyze_options' callbacks. */
struct input_names {
	struct symbolizer *symbolizer;
	struct analysis_frame frames[CHAIN_MAX];
	struct symbol_type type;
};

static bool input_resolve_symbol(void *user, uint64_t return_pc, struct analyze_symbol *symbol)
{
	struct symbol_frame frames[CHAIN_MAX];
	struct input_names *names = user;
	size_t count = symbolizer_frames(names->symbolizer, return_pc - 1, frames, CHAIN_MAX), i;

	for (i = 0; i < count; i++) {
		names->frames[i].function = frames[i].function;
		names->frames[i].file = frames[i].file;
		names->frames[i].line = frames[i].line > 0 ? (uint32_t)frames[i].line : 0;
	}
	symbol->frames = names->frames;
	symbol->nframes = count;
	symbolizer_call_site(names->symbolizer, return_pc, &symbol->entry, &symbol->call_type);
	return count > 0;
}

static bool input_resolve_type(void *user, uint64_t address, struct analyze_type *type)
{
	struct input_names *names = user;

	free(names->type.name);
	names->type.name = NULL;
	if (!symbolizer_type(names->symbolizer, address, &names->type))
		return false;
	type->name = names->type.name ? names->type.name : "";
	type->kind = names->type.kind;
	type->size = names->type.size;
	type->ptr_bytes = names->type.ptr_bytes;
	return true;
}

/*
 * Open the binary for its names. One that the user named must be the one that was profiled; one that only the trace
 * names is left alone when it is another or gone.
 */
static enum status input_open_binary(struct input_names *names, const struct report_request *request, const char *path,
				     const char *build_id, struct error *error)
{
	const char *found;
	enum status status;

	if (!path || (!request->binary && access(path, R_OK)))
		return STATUS_OK;
	status = symbolizer_open(&names->symbolizer, path, request->binary ? error : NULL);
	if (status != STATUS_OK)
		return request->binary ? STATUS_ERROR : STATUS_OK;
	found = elf_image_go_build_id(symbolizer_image(names->symbolizer));
	if (!build_id || !strcmp(found, build_id))
		return STATUS_OK;
	if (request->binary)
		return error_set(error, "not the program that was profiled: %s: its Go build ID is %s, the trace's %s",
				 path, *found ? found : "missing", build_id);
	symbolizer_close(names->symbolizer);
	names->symbolizer = NULL;
	return STATUS_OK;
}

/* The verdicts; NULL when there are none, which the report says. */
static enum status input_find_verdicts(struct verdict_set **set, enum verdicts_state *state,
				       const struct report_request *request, const char *binary, const char *build_id,
				       struct error *error)
{
	enum status status;
	size_t missing = 0;

	*set = NULL;
	*state = VERDICTS_MISSING;
	if (request->verdicts) {
		status = verdict_find_in_log(set, request->verdicts, error);
		if (status == STATUS_OK)
			*state = VERDICTS_UNPROVEN;
		return status;
	}
	if (!build_id || !*build_id)
		return STATUS_OK;
	status = verdict_find(set, binary, build_id, &missing, error);
	if (status == STATUS_ERROR) {
		terminal_error("%s", error->text);
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		*state = VERDICTS_MATCHED;
	if (missing)
		terminal_error("the verdicts of %zu packages are no longer kept: `escprof build -a` brings them back",
			       missing);
	return STATUS_OK;
}

/* Options for the analyzer; what they borrow is freed by input_release. */
static enum status input_prepare(struct analyze_options *options, struct input_names *names,
				 const struct report_request *request, const char *binary, const char *build_id,
				 struct error *error)
{
	struct verdict_set *set;

	*options = (struct analyze_options){0};
	if (stack_filter_new(&options->filter, request->focus, request->ignore, error) != STATUS_OK ||
	    input_open_binary(names, request, binary, build_id, error) != STATUS_OK ||
	    input_find_verdicts(&set, &options->verdicts_state, request, binary, build_id, error) != STATUS_OK)
		return STATUS_ERROR;
	options->verdicts = set;
	if (names->symbolizer) {
		options->resolve_symbol = input_resolve_symbol;
		options->resolve_type = input_resolve_type;
		options->user = names;
	}
	return STATUS_OK;
}

static void input_release(struct analyze_options *options, struct input_names *names)
{
	stack_filter_free(options->filter);
	verdict_set_free((struct verdict_set *)options->verdicts);
	symbolizer_close(names->symbolizer);
	free(names->type.name);
}

static enum status input_analyze_trace(struct analysis *analysis, const struct report_request *request,
				       struct error *error)
{
	struct analyze_input *input;
	struct analyze_options options;
	struct input_names names = {0};
	const struct trace *trace;
	enum status status = analyze_input_read(&input, request->input, error);

	if (status != STATUS_OK)
		return status;
	trace = analyze_input_trace(input);
	status = input_prepare(&options, &names, request,
			       request->binary ? request->binary : trace_fact(trace, "binary", NULL),
			       trace_fact(trace, "go_build_id", NULL), error);
	if (status == STATUS_OK)
		analyze_input_run(analysis, input, &options);
	input_release(&options, &names);
	analyze_input_free(input);
	return status;
}

static enum status input_analyze_heap_profile(struct analysis *analysis, const struct report_request *request,
					      struct error *error)
{
	struct heap_profile_input *input;
	struct analyze_options options;
	struct input_names names = {0};
	enum status status;

	if (!request->binary)
		return error_set(error, "a Go heap profile needs its program: %s: add --binary FILE", request->input);
	status = heap_profile_input_read(&input, request->input, request->binary, error);
	if (status != STATUS_OK)
		return status;
	status = input_prepare(&options, &names, request, request->binary,
			       trace_fact(heap_profile_input_trace(input), "go_build_id", NULL), error);
	if (status == STATUS_OK) {
		analyze_totals(analysis, heap_profile_input_trace(input), heap_profile_input_totals(input), NULL,
			       &options);
		analysis->is_heap_profile = true;
	}
	input_release(&options, &names);
	heap_profile_input_free(input);
	return status;
}

enum status report_input_analyze(struct analysis *analysis, const struct report_request *request, struct error *error)
{
	*analysis = (struct analysis){0};
	if (heap_profile_is_likely(request->input) && !trace_is_trace(request->input))
		return input_analyze_heap_profile(analysis, request, error);
	return input_analyze_trace(analysis, request, error);
}
