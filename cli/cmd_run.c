/* escprof run: wrap a command, profile the Go program in it, report at its end, pass its exit status on. */
#include "base/error.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/record_options.h"
#include "cli/show_report.h"
#include "cli/terminal.h"
#include "collector/session.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum run_option { OPTION_C_RATE = 0x200 }; /* beside those of record_argp */

struct run_arguments {
	struct record_arguments record;
	unsigned long long c_rate; /* 0: off */
	char **command;
};

static const struct argp_option run_options[] = {
    {"c-rate", OPTION_C_RATE, "BYTES|off", 0,
     "also sample what C and C++ allocate by malloc and new, with a mean of BYTES between two samples (512K is a good "
     "one); off (the default): leave it alone. Given, a program without Go is profiled too, and so is an interpreter, as "
     "python3, that COMMAND is; both are looked through otherwise",
     0},
    {0},
};

static error_t run_parse(int key, char *value, struct argp_state *state)
{
	struct run_arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->record;
		break;
	case OPTION_C_RATE:
		if (!strcmp(value, "off"))
			arguments->c_rate = 0;
		else if (!terminal_parse_bytes(value, &arguments->c_rate) || arguments->c_rate > 0x7000000)
			argp_error(state, "--c-rate: neither \"off\" nor a number of bytes from 1 to 112M: %s", value);
		break;
	case ARGP_KEY_ARG:
		arguments->command = &state->argv[state->next - 1];
		state->next = state->argc;
		break;
	case ARGP_KEY_END:
		if (!arguments->command)
			argp_error(state, "give the command to profile");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child run_children[] = {{&record_argp, 0, NULL, 0}, {0}};

static const struct argp run_argp = {
    .options = run_options,
    .parser = run_parse,
    .children = run_children,
    .args_doc = "[--] COMMAND [ARGUMENTS]",
    .doc =
	"Profile the Go program that COMMAND is or starts: its heap allocations are sampled, and at its end the escapes "
	"are ranked by the garbage collection they cost. With --c-rate, what C allocates in it is sampled too, and so is a "
	"program of C or C++ that COMMAND is.\v"
	"The command's standard streams, signals and exit status pass through. Build the program with `escprof build` "
	"to see the compiler's verdict on each site.",
};

/* libescprof.so beside this program, or where `make install` puts it; NULL when it is in neither place. */
static char *run_find_library(void)
{
	static const char *const places[] = {"libescprof.so", "../lib/escprof/libescprof.so"};
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	if (length < 0)
		return NULL;
	self[length] = 0;
	*strrchr(self, '/') = 0;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *path = memory_format("%s/%s", self, places[i]);

		if (!access(path, R_OK))
			return path;
		free(path);
	}
	return NULL;
}

/* End as the command did: with its exit status, or by its signal. */
static int run_pass_status(int wait_status)
{
	if (WIFSIGNALED(wait_status)) {
		struct rlimit none = {0};

		setrlimit(RLIMIT_CORE, &none); /* the command has left its own core */
		signal(WTERMSIG(wait_status), SIG_DFL);
		sigset_t mask;

		sigemptyset(&mask);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		raise(WTERMSIG(wait_status));
		return 128 + WTERMSIG(wait_status);
	}
	return WEXITSTATUS(wait_status);
}

static void run_say_result(const struct run_arguments *arguments, const struct session_result *result,
			   const char *output)
{
	record_say_damage(&result->damage);
	if (!result->profiled)
		terminal_error("nothing was profiled: %s",
			       result->refusal.text[0] ? result->refusal.text : "no Go program was started");
	else
		record_say(&arguments->record, result->samples + result->c_samples, output, result->trace_size);
}

int cmd_run(int argc, char **argv)
{
	struct run_arguments arguments = {.record = record_arguments_default()};
	struct session_options options = {0};
	struct session_result result;
	struct error error;
	char *output, *library;
	int status;

	argp_err_exit_status = 2;
	argp_parse(&run_argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
	output = record_output(&arguments.record, arguments.command[0], (int)getpid());
	library = run_find_library();
	options.command = arguments.command;
	options.trace_path = output;
	options.library = library;
	options.rate = record_rate(&arguments.record, &options.budget);
	options.live_rate = arguments.record.live_rate;
	options.ring_size = arguments.record.ring_size;
	options.c_rate = arguments.c_rate;
	options.c_interpreters = arguments.c_rate > 0;
	options.cpu_period_ns = record_cpu_period(&arguments.record);
	if (session_run(&options, record_at_end, NULL, &result, &error) != STATUS_OK) {
		terminal_error("%s", error.text);
		status = result.wait_status ? run_pass_status(result.wait_status) : 1;
	} else {
		run_say_result(&arguments, &result, output);
		if (result.profiled && !arguments.record.no_report)
			show_report_text(stderr, output);
		status = run_pass_status(result.wait_status);
	}
	free(output);
	free(library);
	return status;
}
