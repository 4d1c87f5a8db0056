/* escprof annotate: the source, with what its lines cost beside them. */
#include "analyzer/heap_sites.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/report_input.h"
#include "cli/terminal.h"
#include "report/report.h"

#include <argp.h>

#define NUMBER_MAX 100000

enum annotate_key { KEY_FILE = 0x100, KEY_TOP, KEY_CONTEXT, KEY_SOURCE_PATH, KEY_COLOR };

struct annotate_arguments {
	struct report_request request;
	struct annotate_options options;
	struct argument_list directories; /* of --source-path */
};

static const struct argp_option annotate_argp_options[] = {
    {"file", KEY_FILE, "REGEX", 0, "the files whose names match (default: the program's own)", 0},
    {"top", KEY_TOP, "N", 0, "files, those that cost most (default 5)", 0},
    {"context", KEY_CONTEXT, "N", 0, "lines around those that cost anything (default 3)", 0},
    {"source-path", KEY_SOURCE_PATH, "DIR", 0,
     "where sources are that are not where the program's debug information says; may be given again", 0},
    ARGUMENT_COLOR(KEY_COLOR),
    {0},
};

static error_t annotate_parse(int key, char *value, struct argp_state *state)
{
	struct annotate_arguments *arguments = state->input;

	switch (key) {
	case KEY_FILE:
		arguments->options.files = value;
		break;
	case KEY_TOP:
		arguments->options.top = argument_number(state, "--top", value, NUMBER_MAX);
		break;
	case KEY_CONTEXT:
		arguments->options.context = argument_number(state, "--context", value, NUMBER_MAX);
		break;
	case KEY_SOURCE_PATH:
		argument_list_add(&arguments->directories, value);
		break;
	case KEY_COLOR:
		argument_color(state, value);
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->request;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child annotate_children[] = {{&report_request_argp, 0, NULL, 0}, {0}};

static const struct argp annotate_argp = {
    .options = annotate_argp_options,
    .parser = annotate_parse,
    .children = annotate_children,
    .args_doc = "TRACE|HEAP.pb.gz",
    .doc = "Show the program's source: beside each line what it allocates, itself or by what it calls, and what the GC "
	   "would save without that; what of C's memory it pays for; below it the compiler's verdicts.",
};

static int annotate_write(const struct annotate_arguments *arguments, const struct analysis *analysis)
{
	struct heap_sites view;
	struct annotate_options options = arguments->options;
	struct error error = {""};
	struct output output;
	enum status status;

	if (!output_open(&output, arguments->request.output))
		return 1;
	options.directories = arguments->directories.names;
	options.ndirectories = arguments->directories.count;
	options.colour = terminal_has_colour(output.stream);
	options.width = terminal_width(output.stream);
	heap_sites_make(&view, analysis, HEAP_ALL);
	status = report_annotate(output.stream, &view.analysis, &options, &error);
	heap_sites_free(&view);
	return output_close(&output, status, &error);
}

int cmd_annotate(int argc, char **argv)
{
	struct annotate_arguments arguments = {.options = {.top = 5, .context = 3}};
	struct analysis analysis;
	struct error error;
	int status;

	argp_err_exit_status = 2;
	argp_parse(&annotate_argp, argc, argv, 0, NULL, &arguments);
	if (report_input_analyze(&analysis, &arguments.request, &error) != STATUS_OK) {
		terminal_error("%s", error.text);
		status = 1;
	} else {
		status = annotate_write(&arguments, &analysis);
	}
	analysis_free(&analysis);
	argument_list_free(&arguments.directories);
	return status;
}
