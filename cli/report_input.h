/*
 * What a report is made of: a trace, or a Go heap profile with its binary; the binary, for names the input lacks; the
 * verdicts that belong to it.
 */
#ifndef CLI_REPORT_INPUT_H
#define CLI_REPORT_INPUT_H

#include "analyzer/analysis.h"
#include "base/error.h"

#include <argp.h>

struct report_request {
	const char *input;    /* trace or heap profile */
	const char *binary;   /* --binary; NULL: the one the trace names, when it is still the same */
	const char *verdicts; /* --verdicts: a log of -gcflags=-m=2; NULL: sidecar or store */
	const char *source;   /* --source: a folder to make the verdicts in, by building there; NULL: not given */
	const char *focus;    /* --focus, --ignore: which stacks (analyzer/stack_filter.h); NULL: not given */
	const char *ignore;
	const char *when;   /* --when: which moments (analyzer/when.h), already found to be right; NULL: all */
	const char *output; /* -o; NULL: standard output */
};

/*
 * The options that all commands on a report's input share, and the input itself: an argp child whose own input is a
 * struct report_request.
 */
extern const struct argp report_request_argp;

/*
 * Analyse REQUEST into ANALYSIS (free with analysis_free, also after an error). What is not fatal is printed as a
 * warning. Errors: nothing to read, or a binary that is not the one that was profiled.
 */
enum status report_input_analyze(struct analysis *analysis, const struct report_request *request, struct error *error);

/*
 * What belongs to a trace that is still being written, for a caller who analyses it himself, as often as he likes: of
 * REQUEST its binary, verdicts and source count. TRACE (borrowed) must have its facts by now. Warnings and errors as
 * report_input_analyze's. Close with report_inputs_close, which ignores NULL.
 */
struct analyze_options;
struct report_inputs;
struct symbolizer;
struct trace;
enum status report_inputs_open(struct report_inputs **inputs, const struct report_request *request,
			       const struct trace *trace, struct error *error);
void report_inputs_close(struct report_inputs *inputs);

/* The analyzer's options, and the program's names (NULL: its file is not at hand); both borrowed. */
const struct analyze_options *report_inputs_options(const struct report_inputs *inputs);
struct symbolizer *report_inputs_symbolizer(const struct report_inputs *inputs);

#endif
