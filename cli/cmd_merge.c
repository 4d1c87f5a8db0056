/* escprof merge: many traces of one program into one. */
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "trace/trace_merge.h"

#include <argp.h>
#include <stdlib.h>

struct merge_arguments {
	const char *output;
	const char **traces;
	size_t count, capacity;
};

static const struct argp_option merge_options[] = {
    {"output", 'o', "FILE", 0, "the trace to write", 0},
    {0},
};

static error_t merge_parse(int key, char *value, struct argp_state *state)
{
	struct merge_arguments *arguments = state->input;

	switch (key) {
	case 'o':
		arguments->output = value;
		break;
	case ARGP_KEY_ARG:
		arguments->traces = memory_reserve(arguments->traces, arguments->count, &arguments->capacity,
						   sizeof(*arguments->traces));
		arguments->traces[arguments->count++] = value;
		break;
	case ARGP_KEY_END:
		if (!arguments->output)
			argp_error(state, "give the trace to write: -o FILE");
		if (!arguments->count)
			argp_error(state, "give the traces to merge");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp merge_argp = {
    .options = merge_options,
    .parser = merge_parse,
    .args_doc = "-o FILE TRACE...",
    .doc =
	"Write many traces of the same program (the same build) as one, as if one had been run after the other, so that a "
	"report is of all of them.",
};

int cmd_merge(int argc, char **argv)
{
	struct merge_arguments arguments = {0};
	struct trace_merge_result result;
	struct error error;
	enum status status;

	argp_err_exit_status = 2;
	argp_parse(&merge_argp, argc, argv, 0, NULL, &arguments);
	status = trace_merge(arguments.output, arguments.traces, arguments.count, &result, &error);
	if (status != STATUS_OK)
		terminal_error("merge: %s", error.text);
	if (status == STATUS_OK && result.cut)
		terminal_error("merge: %zu of %zu traces were cut, as %s: what they hold is in", result.cut,
			       arguments.count, result.last);
	if (status == STATUS_OK && result.without_cpu)
		terminal_error("merge: not all traces have samples of CPU at the same period: none are in");
	if (status == STATUS_OK && result.without_c)
		terminal_error("merge: not all traces have C allocations sampled at the same rate: none are in");
	free(arguments.traces);
	return status != STATUS_OK;
}
