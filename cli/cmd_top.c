/* escprof top: a program's costs as it runs. Here the options; cli/top_session.c has what happens then. */
#include "base/error.h"
#include "base/memory.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/top_session.h"

#include <argp.h>
#include <stdlib.h>

#define WINDOW_DEFAULT 60
#define WINDOW_LEAST   5
#define WINDOW_MOST    3600

enum top_option {
	OPTION_RATE = 0x100,
	OPTION_BUDGET,
	OPTION_LIVE_RATE,
	OPTION_CPU_FREQUENCY,
	OPTION_NO_CPU,
	OPTION_FORCE,
	OPTION_WINDOW,
	OPTION_COMMAND_OUTPUT
};

struct top_arguments {
	struct top_request request;
	char **options; /* the profiler's own, NULL behind them; owned */
	size_t noptions, capacity;
	bool force;
};

static const struct argp_option top_argp_options[] = {
    {"pid", 'p', "PID", 0, "the process to watch, which runs on afterwards", 0},
    {"window", OPTION_WINDOW, "SECONDS", 0, "what the figures are of: so many seconds back (default 60)", 0},
    {"output", 'o', "TRACE", 0, "keep the whole trace here, for escprof report (default: no trace is kept)", 0},
    {"command-output", OPTION_COMMAND_OUTPUT, "FILE", 0, "where COMMAND's output goes (default: nowhere)", 0},
    {"rate", OPTION_RATE, "auto|BYTES", 0, "as for escprof run", 0},
    {"budget", OPTION_BUDGET, "PERCENT", 0, "as for escprof run", 0},
    {"live-rate", OPTION_LIVE_RATE, "BYTES", 0, "as for escprof run", 0},
    {"ring-size", 'm', "BYTES", 0, "as for escprof run", 0},
    {"cpu-freq", OPTION_CPU_FREQUENCY, "HZ", 0, "as for escprof run, with -p as for escprof attach", 0},
    {"no-cpu-samples", OPTION_NO_CPU, NULL, 0, "as for escprof run", 0},
    {"force", OPTION_FORCE, NULL, 0, "with -p: as for escprof attach", 0},
    {0},
};

static void top_add_option(struct top_arguments *arguments, const char *name, const char *value)
{
	arguments->options = memory_reserve(arguments->options, arguments->noptions + 1, &arguments->capacity,
					    sizeof(*arguments->options));
	arguments->options[arguments->noptions++] = memory_format("%s%s", name, value);
	arguments->options[arguments->noptions] = NULL;
}

static double top_take_seconds(struct argp_state *state, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	if (end != value && *end == 'm') {
		seconds *= 60;
		end++;
	} else if (end != value && *end == 's') {
		end++;
	}
	if (end == value || *end || !(seconds >= WINDOW_LEAST && seconds <= WINDOW_MOST))
		argp_error(state, "--window: not a number of seconds from %d to %d: %s", WINDOW_LEAST, WINDOW_MOST,
			   value);
	return seconds;
}

static error_t top_parse(int key, char *value, struct argp_state *state)
{
	struct top_arguments *arguments = state->input;

	switch (key) {
	case 'p':
		arguments->request.pid = argument_process(state, value);
		break;
	case 'o':
		arguments->request.trace = value;
		break;
	case OPTION_WINDOW:
		arguments->request.window_seconds = top_take_seconds(state, value);
		break;
	case OPTION_COMMAND_OUTPUT:
		arguments->request.output = value;
		break;
	case OPTION_RATE:
		argument_rate(state, "--rate", "auto", value);
		top_add_option(arguments, "--rate=", value);
		break;
	case OPTION_BUDGET:
		argument_budget(state, value);
		top_add_option(arguments, "--budget=", value);
		break;
	case OPTION_LIVE_RATE:
		argument_rate(state, "--live-rate", NULL, value);
		top_add_option(arguments, "--live-rate=", value);
		break;
	case 'm':
		argument_ring_size(state, value);
		top_add_option(arguments, "--ring-size=", value);
		break;
	case OPTION_CPU_FREQUENCY:
		argument_cpu_frequency(state, value);
		top_add_option(arguments, "--cpu-freq=", value);
		break;
	case OPTION_FORCE:
		arguments->force = true;
		top_add_option(arguments, "--force", "");
		break;
	case OPTION_NO_CPU:
		top_add_option(arguments, "--no-cpu-samples", "");
		break;
	case ARGP_KEY_ARG:
		arguments->request.command = &state->argv[state->next - 1];
		state->next = state->argc;
		break;
	case ARGP_KEY_END:
		if (!arguments->request.command == !arguments->request.pid)
			argp_error(state, "give either the process to watch (-p PID) or a command to run");
		if (arguments->force && !arguments->request.pid)
			argp_error(state, "--force: only a process that is attached to (-p PID) may need it");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp top_argp = {
    .options = top_argp_options,
    .parser = top_parse,
    .args_doc = "-p PID\n[--] COMMAND [ARGUMENTS]",
    .doc =
	"Watch what a Go program's heap allocations cost the garbage collector, ranked, as it runs.\v"
	"Keys: arrows, j and k choose a site, Enter shows its details, g b o l rank by GC CPU, bytes, objects and live "
	"bytes, s searches, p pauses, + and - change how often, h helps. q, Escape and Ctrl-C leave: a process that "
	"was attached to runs on unharmed; a COMMAND is ended by SIGTERM.",
};

int cmd_top(int argc, char **argv)
{
	struct top_arguments arguments = {.request = {.window_seconds = WINDOW_DEFAULT}};
	struct error error = {""};
	enum status status;

	argp_err_exit_status = 2;
	argp_parse(&top_argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
	arguments.request.options = arguments.options;
	status = top_session_run(&arguments.request, &error);
	for (size_t i = 0; i < arguments.noptions; i++)
		free(arguments.options[i]);
	free(arguments.options);
	if (status != STATUS_OK)
		terminal_error("%s", error.text);
	return status != STATUS_OK;
}
