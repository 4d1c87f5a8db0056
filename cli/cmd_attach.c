/* escprof attach: profile a Go program that runs already, and let it go as it was. */
#include "base/error.h"
#include "base/memory.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/record_options.h"
#include "cli/show_report.h"
#include "cli/terminal.h"
#include "collector/attach_session.h"
#include "collector/attachment.h"
#include "collector/process_info.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum attach_option { OPTION_FORCE = 0x200, OPTION_WATCHED };

struct attach_arguments {
	struct record_arguments record;
	pid_t pid; /* 0: not given */
	unsigned long long duration_ns;
	bool force, is_watched;
};

static const struct argp_option attach_options[] = {
    {"pid", 'p', "PID", 0, "the process to attach to", 0},
    {"duration", 'd', "TIME", 0, "let it go after this time: 30s, 2m, 500ms (default: at Ctrl-C, or when it ends)", 0},
    {"force", OPTION_FORCE, NULL, 0,
     "attach to a process under seccomp too: its filter must allow " ATTACHMENT_CALLS ", or it may be killed", 0},
    {"watched", OPTION_WATCHED, NULL, OPTION_HIDDEN, "for escprof top, which reads the trace meanwhile", 0},
    {0},
};

static error_t attach_parse(int key, char *value, struct argp_state *state)
{
	struct attach_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->record;
		break;
	case 'p':
		arguments->pid = argument_process(state, value);
		break;
	case 'd':
		if (!terminal_parse_duration(value, &arguments->duration_ns))
			argp_error(state, "--duration: not a time such as 30s, 2m or 500ms: %s", value);
		break;
	case OPTION_FORCE:
		arguments->force = true;
		break;
	case OPTION_WATCHED:
		arguments->is_watched = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "give the process by -p: %s", value);
		break;
	case ARGP_KEY_END:
		if (!arguments->pid)
			argp_error(state, "give the process by -p PID");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child attach_children[] = {{&record_argp, 0, NULL, 0}, {0}};

static const struct argp attach_argp = {
    .options = attach_options,
    .parser = attach_parse,
    .children = attach_children,
    .args_doc = "-p PID",
    .doc =
	"Profile the Go program that process PID runs, from now on: its heap allocations are sampled, and when it is let "
	"go the escapes are ranked by the garbage collection they cost.\v"
	"The program is stopped for some hundred microseconds at the beginning and at the end, and runs on as it was. "
	"What it had allocated before is not seen.",
};

static void say_begun(void *user, const char *program)
{
	const struct attach_arguments *arguments = user;

	if (!arguments->record.quiet)
		terminal_error("attached to process %d (%s)%s", arguments->pid, program,
			       arguments->duration_ns ? "" : ": Ctrl-C lets it go and reports");
}

static int finish(const struct attach_arguments *arguments, const struct attach_result *result, const char *output)
{
	bool has_few_cpu_samples = false;

	record_say_damage(&result->damage);
	if (result->trouble.text[0])
		terminal_error(
		    "process %d was not let go as it should be: %s: the agent in it is quiet from now on, and "
		    "the next `escprof attach` clears it away",
		    arguments->pid, result->trouble.text);
	if (result->ended && !arguments->record.quiet)
		terminal_error("process %d has ended", arguments->pid);
	record_say(&arguments->record, result->samples, output, result->trace_size);
	if (!arguments->record.no_report)
		show_report_text(stderr, output, &has_few_cpu_samples);
	if (has_few_cpu_samples)
		terminal_error("too few samples of CPU to tell the GC's, so that is by the runtime's account: a longer "
			       "time (-d 2m) or --cpu-freq 100 has more");
	return result->trouble.text[0] || result->damage.text[0] ? 1 : 0;
}

int cmd_attach(int argc, char **argv)
{
	struct attach_arguments arguments = {.record = record_arguments_default()};
	struct process_info info = {.name = "process"};
	struct attach_options options = {0};
	struct attach_result result;
	struct error error;
	char *output, *process;
	int status = 1;

	argp_err_exit_status = 2;
	argp_parse(&attach_argp, argc, argv, 0, NULL, &arguments);
	process_info_read(&info, arguments.pid);
	process = memory_format("%d", arguments.pid);
	output = record_output(&arguments.record, info.name[0] ? info.name : "process", process, false);
	free(process);
	options.pid = arguments.pid;
	options.trace_path = output;
	options.rate = record_rate(&arguments.record, &options.budget);
	options.live_rate = arguments.record.live_rate;
	options.ring_size = arguments.record.ring_size;
	options.cpu_period_ns = record_cpu_period(&arguments.record, true);
	options.duration_ns = arguments.duration_ns;
	options.force = arguments.force;
	options.is_watched = arguments.is_watched;
	options.begun = say_begun;
	options.user = &arguments;
	if (attach_session_run(&options, record_at_end, &result, &error) != STATUS_OK)
		terminal_error("cannot attach: %s", error.text);
	else
		status = finish(&arguments, &result, output);
	free(output);
	return status;
}
