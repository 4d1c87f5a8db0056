/* escprof diff: what changed from one trace to another, beyond what differs between two runs of the same. */
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/compare_input.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "report/report_compare.h"

#include <argp.h>
#include <string.h>

#define NUMBER_MAX 1000000

enum diff_key { KEY_TOP = 0x100, KEY_ALL, KEY_FORMAT, KEY_COLOR };

struct diff_arguments {
	struct report_request request;
	struct compare_request compare;
	const char *after; /* the second trace; the first is the request's own until both are known */
	struct diff_options options;
	bool json;
};

static const struct argp_option diff_argp_options[] = {
    {"top", KEY_TOP, "N", 0, "sites, at most (default 20)", 0},
    {"all", KEY_ALL, NULL, 0, "those too that have not changed", 0},
    {"format", KEY_FORMAT, "text|json", 0, "default text", 0},
    ARGUMENT_COLOR(KEY_COLOR),
    {0},
};

static error_t diff_parse(int key, char *value, struct argp_state *state)
{
	struct diff_arguments *arguments = state->input;

	switch (key) {
	case KEY_TOP:
		arguments->options.top = argument_number(state, "--top", value, NUMBER_MAX);
		break;
	case KEY_ALL:
		arguments->options.all = true;
		break;
	case KEY_FORMAT:
		arguments->json = !strcmp(value, "json");
		if (!arguments->json && strcmp(value, "text") != 0)
			argp_error(state, "--format: text or json, not %s", value);
		break;
	case KEY_COLOR:
		argument_color(state, value);
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->compare;
		state->child_inputs[1] = &arguments->request;
		break;
	case ARGP_KEY_ARG:
		if (!arguments->request.input)
			return ARGP_ERR_UNKNOWN; /* the request takes one */
		if (arguments->after)
			argp_error(state, "%s: only two traces are compared, and those are %s and %s", value,
				   arguments->request.input, arguments->after);
		arguments->after = value;
		break;
	case ARGP_KEY_END:
		if (!arguments->after)
			argp_error(state, "give two traces: the one before, and the one after");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child diff_children[] = {
    {&compare_request_argp, 0, NULL, 0}, {&report_request_argp, 0, NULL, 0}, {0}};

static const struct argp diff_argp = {
    .options = diff_argp_options,
    .parser = diff_parse,
    .children = diff_children,
    .args_doc = "BEFORE AFTER",
    .doc =
	"Say which sites appeared, went, grew and shrank from the trace BEFORE to the trace AFTER, for the same work, "
	"and by how much: only what two runs of the same program do not explain.\v"
	"--binary, --verdicts and --source are about AFTER; BEFORE has what belongs to it by itself.",
};

static int diff_write(const struct diff_arguments *arguments, const struct comparison *comparison)
{
	struct diff_options options = arguments->options;
	struct error error = {""};
	struct output output;
	enum status status;

	if (!output_open(&output, arguments->request.output))
		return 1;
	options.colour = terminal_has_colour(output.stream);
	options.width = terminal_width(output.stream);
	status = arguments->json ? report_diff_json(output.stream, comparison, &options, &error)
				 : report_diff_text(output.stream, comparison, &options, &error);
	return output_close(&output, status, &error);
}

int cmd_diff(int argc, char **argv)
{
	struct diff_arguments arguments = {.compare = compare_request_default(), .options = {.top = 20}};
	struct compare_input input;
	struct error error;
	int status = 1;

	argp_err_exit_status = 2;
	argp_parse(&diff_argp, argc, argv, 0, NULL, &arguments);
	arguments.compare.before = arguments.request.input;
	arguments.request.input = arguments.after;
	if (compare_input_analyze(&input, &arguments.request, &arguments.compare, &error) == STATUS_OK)
		status = diff_write(&arguments, &input.comparison);
	else
		terminal_error("%s", error.text);
	compare_input_free(&input);
	return status;
}
