/*
 * Gathering a report's inputs. The trace says which binary it is of; names come from the trace, else from that binary
 * when its build ID is the same; verdicts are looked up by the build ID, which is a hash of all that went into it, or
 * made from the source and compared with the binary function by function.
 */
#include "cli/report_input.h"

#include "analyzer/accumulate.h"
#include "analyzer/analyze.h"
#include "analyzer/stack_filter.h"
#include "analyzer/when.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_fingerprint.h"
#include "binary/go_pclntab.h"
#include "cli/calibration.h"
#include "cli/heap_profile_input.h"
#include "cli/read_progress.h"
#include "cli/source_verdicts.h"
#include "cli/terminal.h"
#include "symbolizer/call_order.h"
#include "symbolizer/symbolizer.h"
#include "trace/trace_reader.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_find.h"
#include "verdicts/verdict_proof.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHAIN_MAX 64

/* The binary and what is compared with it, for analyze_options' callbacks. */
struct input_names {
	struct symbolizer *symbolizer; /* NULL: the binary is not at hand */
	const struct trace *trace;
	struct verdict_proof *proof; /* NULL: the verdicts need none */
	struct analysis_frame frames[CHAIN_MAX];
	struct symbol_type type;
	struct calibration calibration;
};

static bool input_resolve_symbol(void *user, uint64_t return_pc, struct analyze_symbol *symbol)
{
	struct symbol_frame frames[CHAIN_MAX];
	struct call_order order;
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
	order = symbolizer_call_order(names->symbolizer, return_pc);
	symbol->order = order.number;
	symbol->like_calls = order.count > 1 ? order.count : 0;
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
	type->self_links = names->type.self_links;
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
		return error_set(
		    error,
		    "not the program that was profiled: %s: its Go build ID is %s, the trace's %s: give the very file "
		    "that ran, or leave --binary out",
		    path, *found ? found : "missing", build_id);
	symbolizer_close(names->symbolizer);
	names->symbolizer = NULL;
	return STATUS_OK;
}

/* The fingerprint of the function around RETURN_PC: as the trace has kept it, else from the binary. */
static bool input_fingerprint(const struct input_names *names, uint64_t return_pc, uint64_t *fingerprint)
{
	const struct trace_function *function = trace_find_function(names->trace, return_pc - 1);
	struct go_pclntab *table = names->symbolizer ? symbolizer_pclntab(names->symbolizer) : NULL;
	struct go_func func;

	if (function) {
		*fingerprint = function->fingerprint;
		return true;
	}
	return table && go_pclntab_find(table, return_pc - 1, &func) &&
	       go_fingerprint(symbolizer_image(names->symbolizer), table, &func, fingerprint);
}

static bool input_is_refused(void *user, uint64_t return_pc, const char *function)
{
	const struct input_names *names = user;
	uint64_t fingerprint;

	return !input_fingerprint(names, return_pc, &fingerprint) ||
	       verdict_proof_belong(names->proof, function, fingerprint) != VERDICTS_BELONG;
}

/* Tell PROOF which files the functions of the trace are in. */
static void input_learn_files(struct verdict_proof *proof, const struct input_names *names)
{
	const struct trace *trace = names->trace;
	struct analyze_symbol symbol;

	for (size_t i = 0; i < trace->nsymbols; i++) {
		const struct trace_symbol *known = &trace->symbols[i];

		if (!known->nframes)
			continue;
		verdict_proof_learn(proof, strtab_get(trace->strings, known->frames[known->nframes - 1].function),
				    strtab_get(trace->strings, known->frames[known->nframes - 1].file));
	}
	for (size_t i = 0; names->symbolizer && i < trace->ncontexts; i++) {
		const struct trace_context *context = &trace->contexts[i];

		for (size_t j = 0; j < context->stack_depth; j++) {
			if (!trace_find_symbol(trace, context->stack[j]) &&
			    input_resolve_symbol((void *)(uintptr_t)names, context->stack[j], &symbol))
				verdict_proof_learn(proof, symbol.frames[symbol.nframes - 1].function,
						    symbol.frames[symbol.nframes - 1].file);
		}
	}
}

/* The verdicts of a build of --source. That they cannot be made is fatal: they were asked for. */
static enum status input_make_verdicts(struct verdict_set **set, struct input_names *names, const char *directory,
				       struct error *error)
{
	const char *version = trace_fact(names->trace, "go_version", NULL);
	const char *text = trace_fact(names->trace, "build_info", NULL);
	struct verdict_set *made;
	struct go_buildinfo info;
	enum status status;

	if (!version || !text || !*text)
		return error_set(error, "--source: the program has no build information, so how to build it is not "
					"known: build it with `escprof build`");
	go_buildinfo_parse(&info, version, text);
	status = source_verdicts_make(&made, &names->proof, directory, &info, error);
	go_buildinfo_free(&info);
	if (status != STATUS_OK)
		return STATUS_ERROR;
	input_learn_files(names->proof, names);
	*set = verdict_proof_rename(names->proof, made);
	verdict_set_free(made);
	return STATUS_OK;
}

/* The verdicts of this very binary; NULL when there are none, which the report says. */
static void input_look_up_verdicts(struct verdict_set **set, const char *binary, const char *build_id)
{
	struct error error;
	size_t missing = 0;

	if (!build_id || !*build_id)
		return;
	if (verdict_find(set, binary, build_id, &missing, &error) == STATUS_ERROR)
		terminal_error("%s", error.text);
	else if (missing)
		terminal_error("the verdicts of %zu packages are no longer kept: `escprof build -a` brings them back",
			       missing);
}

static enum status input_find_verdicts(struct verdict_set **set, enum verdicts_state *state, struct input_names *names,
				       const struct report_request *request, const char *binary, const char *build_id,
				       struct error *error)
{
	*set = NULL;
	*state = VERDICTS_MISSING;
	if (request->verdicts) {
		*state = VERDICTS_UNPROVEN;
		return verdict_find_in_log(set, request->verdicts, error);
	}
	input_look_up_verdicts(set, binary, build_id);
	if (*set) {
		*state = VERDICTS_MATCHED;
		return STATUS_OK;
	}
	if (!request->source)
		return STATUS_OK;
	*state = VERDICTS_PROVEN;
	return input_make_verdicts(set, names, request->source, error);
}

/* What was measured on a machine as the trace's; a file that is no calibration is said to be none. */
static void input_calibrate(struct analyze_options *options, struct input_names *names)
{
	const char *cpu = trace_fact(names->trace, "cpu", NULL);
	const char *go_version = trace_fact(names->trace, "go_version", NULL);
	struct error error = {""};
	enum status status;

	if (!cpu || !go_version)
		return;
	status = calibration_find(&names->calibration, cpu, go_version, &error);
	if (status == STATUS_ERROR)
		terminal_error("%s", error.text);
	if (status != STATUS_OK)
		return;
	options->costs = &names->calibration.costs;
	options->calibrated = names->calibration.date;
}

/* Options for the analyzer; what they borrow is freed by input_release. */
static enum status input_prepare(struct analyze_options *options, struct input_names *names,
				 const struct report_request *request, const struct trace *trace, struct error *error)
{
	const char *build_id = trace_fact(trace, "go_build_id", NULL);
	const char *binary = request->binary ? request->binary : trace_fact(trace, "binary", NULL);
	struct verdict_set *set;

	*options = (struct analyze_options){0};
	names->trace = trace;
	if (stack_filter_new(&options->filter, request->focus, request->ignore, error) != STATUS_OK ||
	    input_open_binary(names, request, binary, build_id, error) != STATUS_OK ||
	    input_find_verdicts(&set, &options->verdicts_state, names, request, binary, build_id, error) != STATUS_OK)
		return STATUS_ERROR;
	options->verdicts = set;
	input_calibrate(options, names);
	options->user = names;
	options->is_refused = names->proof ? input_is_refused : NULL;
	if (names->symbolizer) {
		options->resolve_symbol = input_resolve_symbol;
		options->resolve_type = input_resolve_type;
	}
	return STATUS_OK;
}

static void input_release(struct analyze_options *options, struct input_names *names)
{
	stack_filter_free(options->filter);
	verdict_set_free((struct verdict_set *)options->verdicts);
	verdict_proof_free(names->proof);
	symbolizer_close(names->symbolizer);
	free(names->type.name);
}

struct report_inputs {
	struct analyze_options options;
	struct input_names names;
};

enum status report_inputs_open(struct report_inputs **inputs, const struct report_request *request,
			       const struct trace *trace, struct error *error)
{
	*inputs = memory_alloc(1, sizeof(**inputs));
	if (input_prepare(&(*inputs)->options, &(*inputs)->names, request, trace, error) == STATUS_OK)
		return STATUS_OK;
	report_inputs_close(*inputs);
	*inputs = NULL;
	return STATUS_ERROR;
}

const struct analyze_options *report_inputs_options(const struct report_inputs *inputs)
{
	return &inputs->options;
}

struct symbolizer *report_inputs_symbolizer(const struct report_inputs *inputs)
{
	return inputs->names.symbolizer;
}

void report_inputs_close(struct report_inputs *inputs)
{
	if (!inputs)
		return;
	input_release(&inputs->options, &inputs->names);
	free(inputs);
}

static enum status input_analyze_trace(struct analysis *analysis, const struct report_request *request,
				       struct error *error)
{
	struct analyze_input *input;
	struct analyze_options options;
	struct input_names names = {0};
	struct when *when = NULL;
	enum status status = request->when ? when_parse(&when, request->when, error) : STATUS_OK;

	read_progress_begin(2);
	if (status == STATUS_OK)
		status = analyze_input_read_when(&input, request->input, when, error);
	read_progress_end();
	if (status != STATUS_OK) {
		when_free(when);
		return status;
	}
	status = input_prepare(&options, &names, request, analyze_input_trace(input), error);
	if (status == STATUS_OK)
		analyze_input_run(analysis, input, &options);
	input_release(&options, &names);
	analyze_input_free(input);
	when_free(when);
	return status;
}

static enum status input_analyze_heap_profile(struct analysis *analysis, const struct report_request *request,
					      struct error *error)
{
	struct heap_profile_input *input;
	struct analyze_options options;
	struct input_names names = {0};
	enum status status;

	if (request->when)
		return error_set(error, "--when: a heap profile holds no times: %s: it takes a trace of `escprof run`",
				 request->input);
	if (!request->binary)
		return error_set(error, "a Go heap profile needs its program: %s: add --binary FILE", request->input);
	status = heap_profile_input_read(&input, request->input, request->binary, error);
	if (status != STATUS_OK)
		return status;
	status = input_prepare(&options, &names, request, heap_profile_input_trace(input), error);
	if (status == STATUS_OK) {
		analyze_totals(analysis, heap_profile_input_trace(input), heap_profile_input_totals(input), NULL, NULL,
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
