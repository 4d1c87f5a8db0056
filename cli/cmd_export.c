/* escprof export: a trace for other tools' eyes. */
#include "cli/commands.h"
#include "cli/compare_input.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "report/report.h"
#include "report/report_compare.h"

#include <argp.h>
#include <string.h>
#include <unistd.h>

enum export_key { KEY_FORMAT = 0x100, KEY_VALUE, KEY_DIFF };

typedef enum status export_write(FILE *stream, const struct analysis *analysis, const struct report_options *options,
				 struct error *error);

typedef enum status export_write_difference(FILE *stream, const struct comparison *comparison,
					    const struct report_options *options, struct error *error);

static const struct export_format {
	const char *name;
	export_write *write;
	export_write_difference *write_difference; /* NULL: it has none */
	bool is_binary;
} export_formats[] = {
    {"folded", report_folded, report_folded_difference, false},
    {"svg", report_svg, report_svg_difference, false},
    {"speedscope", report_speedscope, NULL, false},
    {"pprof", report_pprof, NULL, true},
};

struct export_arguments {
	struct report_request request;
	struct compare_request compare;
	const char *after; /* --diff; NULL: not given */
	struct report_options options;
	const struct export_format *format;
	bool value_given;
};

static const struct argp_option export_options[] = {
    {"format", KEY_FORMAT, "folded|svg|speedscope|pprof", 0, "default folded", 0},
    {"diff", KEY_DIFF, "AFTER", 0, "folded and svg: what changed from TRACE to the trace AFTER", 0},
    {"value", KEY_VALUE, "gc|alloc|objects|live|kept", 0,
     "what widths stand for (default gc, or alloc where nothing is known of that; kept: C memory that was not freed at "
     "the end); pprof and speedscope hold all, speedscope shows this first",
     0},
    {0},
};

static void export_set_format(struct export_arguments *arguments, struct argp_state *state, const char *name)
{
	size_t i;

	arguments->format = NULL;
	for (i = 0; i < sizeof(export_formats) / sizeof(export_formats[0]); i++)
		if (!strcmp(export_formats[i].name, name))
			arguments->format = &export_formats[i];
	if (!arguments->format)
		argp_error(state, "--format: folded, svg, speedscope or pprof, not %s", name);
}

static error_t export_parse(int key, char *value, struct argp_state *state)
{
	struct export_arguments *arguments = state->input;
	struct error error;

	switch (key) {
	case KEY_FORMAT:
		export_set_format(arguments, state, value);
		break;
	case KEY_VALUE:
		if (report_value_parse(&arguments->options.value, value, &error) != STATUS_OK)
			argp_error(state, "--value: %s", error.text);
		arguments->value_given = true;
		break;
	case KEY_DIFF:
		arguments->after = value;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->compare;
		state->child_inputs[1] = &arguments->request;
		break;
	case ARGP_KEY_END:
		if (arguments->after && !arguments->format->write_difference)
			argp_error(state, "--diff: folded or svg, not %s", arguments->format->name);
		if (!arguments->after && arguments->compare.only_compare)
			argp_error(state, "%s: only a comparison asks for it: give --diff AFTER",
				   arguments->compare.only_compare);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child export_children[] = {
    {&compare_request_argp, 0, NULL, 0}, {&report_request_argp, 0, NULL, 0}, {0}};

static const struct argp export_argp = {
    .options = export_options,
    .parser = export_parse,
    .children = export_children,
    .args_doc = "TRACE|HEAP.pb.gz",
    .doc = "Write a trace as folded stacks, as a flame graph, for speedscope, or for `go tool pprof`.",
};

static int export_run(const struct export_arguments *arguments, const struct compare_input *input)
{
	const struct analysis *analysis = &input->views[1].analysis;
	struct report_options options = arguments->options;
	struct error error = {""};
	struct output output;
	enum status status;

	if (!arguments->value_given && !analysis_knows_savings(analysis)) /* a heap profile, C's heap, no GC cycle */
		options.value = REPORT_VALUE_ALLOC;
	if (!output_open(&output, arguments->request.output))
		return 1;
	if (arguments->format->is_binary && isatty(fileno(output.stream))) {
		terminal_error("export: %s is not for a terminal: add -o FILE", arguments->format->name);
		return 2;
	}
	status = arguments->after
		     ? arguments->format->write_difference(output.stream, &input->comparison, &options, &error)
		     : arguments->format->write(output.stream, analysis, &options, &error);
	return output_close(&output, status, &error);
}

int cmd_export(int argc, char **argv)
{
	struct export_arguments arguments = {
	    .compare = compare_request_default(), .options = report_options_default(), .format = &export_formats[0]};
	struct compare_input input = {0};
	struct error error;
	int status = 1;

	argp_err_exit_status = 2;
	argp_parse(&export_argp, argc, argv, 0, NULL, &arguments);
	if (arguments.after) {
		arguments.compare.before = arguments.request.input;
		arguments.request.input = arguments.after;
	}
	if (compare_input_analyze(&input, &arguments.request, &arguments.compare, &error) == STATUS_OK)
		status = export_run(&arguments, &input);
	else
		terminal_error("%s", error.text);
	compare_input_free(&input);
	return status;
}
