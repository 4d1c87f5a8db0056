/* The command line's words for a report's input: the same for every command that takes one. */
#include "cli/report_input.h"

#include "analyzer/when.h"

enum request_key { KEY_BINARY = 0x200, KEY_VERDICTS, KEY_SOURCE, KEY_FOCUS, KEY_IGNORE, KEY_WHEN };

static const struct argp_option request_options[] = {
    {"output", 'o', "FILE", 0, "write here instead of to standard output", 0},
    {"binary", KEY_BINARY, "FILE", 0, "the program that was profiled; a heap profile needs it", 0},
    {"verdicts", KEY_VERDICTS, "FILE", 0,
     "a log of `go build -gcflags=all=-m=2`, where there are no verdicts of `escprof build`", 0},
    {"source", KEY_SOURCE, "DIR", 0,
     "make the verdicts by building the program's source in DIR, and prove function by function that they belong", 0},
    {"focus", KEY_FOCUS, "REGEX", 0, "only stacks with a function or file that matches", 0},
    {"ignore", KEY_IGNORE, "REGEX", 0, "no stacks with a function or file that matches", 0},
    {"when", KEY_WHEN, "EXPR", 0,
     "only what was allocated at such moments, as 'goroutines>1000 and gc-share>0.2'; also: running, alloc-rate, time",
     0},
    {0},
};

static void request_set_when(struct report_request *request, struct argp_state *state, char *value)
{
	struct error error;
	struct when *when;

	if (when_parse(&when, value, &error) != STATUS_OK)
		argp_error(state, "--when: %s", error.text);
	when_free(when);
	request->when = value;
}

static error_t request_parse(int key, char *value, struct argp_state *state)
{
	struct report_request *request = state->input;

	switch (key) {
	case KEY_BINARY:
		request->binary = value;
		break;
	case KEY_VERDICTS:
		request->verdicts = value;
		break;
	case KEY_SOURCE:
		request->source = value;
		break;
	case KEY_FOCUS:
		request->focus = value;
		break;
	case KEY_IGNORE:
		request->ignore = value;
		break;
	case KEY_WHEN:
		request_set_when(request, state, value);
		break;
	case 'o':
		request->output = value;
		break;
	case ARGP_KEY_ARG:
		if (request->input)
			argp_error(state, "%s: only one trace is taken, and that is %s", value, request->input);
		request->input = value;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "give a trace, or a Go heap profile");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp report_request_argp = {.options = request_options, .parser = request_parse};
