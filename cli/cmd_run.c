/* escprof run: wrap a command, profile the Go program in it, report at its end, pass its exit status on. */
#include "base/error.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/embed_symbols.h"
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

#define RUN_DEFAULT_RATE      4096
#define RUN_DEFAULT_LIVE_RATE (256 * 1024)
#define RUN_CPU_PERIOD_NS     997000 /* about 1 ms, but in step with nothing that happens every ms */

#define RUN_DEFAULT_C_RATE (512 * 1024) /* C allocates in large pieces, and each sample is a walk by libunwind */

enum run_option { OPTION_RATE = 0x100, OPTION_LIVE_RATE, OPTION_C_RATE, OPTION_NO_REPORT, OPTION_NO_CPU };

struct run_arguments {
	const char *output;
	unsigned long long rate, live_rate, c_rate;
	bool c_rate_given, no_report, no_cpu, quiet;
	char **command;
};

static const struct argp_option run_options[] = {
    {"output", 'o', "TRACE", 0, "write the trace here (default: PROGRAM.PID.escprof)", 0},
    {"rate", OPTION_RATE, "BYTES", 0, "mean bytes allocated between two samples; 1: every allocation (default 4096)",
     0},
    {"live-rate", OPTION_LIVE_RATE, "BYTES", 0,
     "mean bytes between objects that are followed to their death, in a program that keeps no heap profile of its own "
     "(default 256K)",
     0},
    {"c-rate", OPTION_C_RATE, "BYTES|off", 0,
     "the same as --rate for what C and C++ allocate by malloc and new (default 512K); off: leave it alone. Given, it "
     "also profiles a command that is an interpreter, as python3, which is looked through otherwise",
     0},
    {"no-cpu-samples", OPTION_NO_CPU, NULL, 0,
     "do not sample where CPU is spent: the GC's CPU is then the runtime's own estimate", 0},
    {"no-report", OPTION_NO_REPORT, NULL, 0, "only record", 0},
    {"quiet", 'q', NULL, 0, "say nothing but errors", 0},
    {0},
};

static error_t run_parse(int key, char *value, struct argp_state *state)
{
	struct run_arguments *arguments = state->input;

	switch (key) {
	case 'o':
		arguments->output = value;
		break;
	case 'q':
		arguments->quiet = arguments->no_report = true;
		break;
	case OPTION_RATE:
		if (!terminal_parse_bytes(value, &arguments->rate) || arguments->rate > 0x7000000)
			argp_error(state, "--rate: not a number of bytes from 1 to 112M: %s", value);
		break;
	case OPTION_LIVE_RATE:
		if (!terminal_parse_bytes(value, &arguments->live_rate) || arguments->live_rate > 0x7000000)
			argp_error(state, "--live-rate: not a number of bytes from 1 to 112M: %s", value);
		break;
	case OPTION_C_RATE:
		arguments->c_rate_given = true;
		if (!strcmp(value, "off"))
			arguments->c_rate = 0;
		else if (!terminal_parse_bytes(value, &arguments->c_rate) || arguments->c_rate > 0x7000000)
			argp_error(state, "--c-rate: neither \"off\" nor a number of bytes from 1 to 112M: %s", value);
		break;
	case OPTION_NO_CPU:
		arguments->no_cpu = true;
		break;
	case OPTION_NO_REPORT:
		arguments->no_report = true;
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

static const struct argp run_argp = {
    .options = run_options,
    .parser = run_parse,
    .args_doc = "[--] COMMAND [ARGUMENTS]",
    .doc =
	"Profile the Go program that COMMAND is or starts: its heap allocations are sampled, and at its end the escapes "
	"are ranked by the garbage collection they cost. What C allocates in it is sampled too, and so is a program of C "
	"or C++ that COMMAND is.\v"
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

static char *run_default_output(const char *command0)
{
	const char *slash = strrchr(command0, '/');

	return memory_format("%s.%d.escprof", slash ? slash + 1 : command0, (int)getpid());
}

static void run_at_end(void *user, const struct session_end *end)
{
	struct error error;

	(void)user;
	if (embed_symbols(end, &error) != STATUS_OK)
		terminal_error("the trace holds no symbols: %s", error.text);
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
	unsigned long long samples = result->samples + result->c_samples;

	if (result->damage.text[0])
		terminal_error("the trace is not complete: %s", result->damage.text);
	if (!result->profiled)
		terminal_error("nothing was profiled: %s",
			       result->refusal.text[0] ? result->refusal.text : "no Go program was started");
	else if (!arguments->quiet)
		terminal_error("%llu samples in %s (%.1f MB)", samples, output, (double)result->trace_size / 1e6);
}

int cmd_run(int argc, char **argv)
{
	struct run_arguments arguments = {
	    .rate = RUN_DEFAULT_RATE, .live_rate = RUN_DEFAULT_LIVE_RATE, .c_rate = RUN_DEFAULT_C_RATE};
	struct session_options options = {0};
	struct session_result result;
	struct error error;
	char *output, *library;
	int status;

	argp_err_exit_status = 2;
	argp_parse(&run_argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
	output = arguments.output ? memory_copy_string(arguments.output) : run_default_output(arguments.command[0]);
	library = run_find_library();
	options.command = arguments.command;
	options.trace_path = output;
	options.library = library;
	options.rate = arguments.rate;
	options.live_rate = arguments.live_rate;
	options.c_rate = arguments.c_rate;
	options.c_interpreters = arguments.c_rate_given;
	options.cpu_period_ns = arguments.no_cpu ? 0 : RUN_CPU_PERIOD_NS;
	if (session_run(&options, run_at_end, NULL, &result, &error) != STATUS_OK) {
		terminal_error("%s", error.text);
		status = result.wait_status ? run_pass_status(result.wait_status) : 1;
	} else {
		run_say_result(&arguments, &result, output);
		if (result.profiled && !arguments.no_report)
			show_report_text(stderr, output);
		status = run_pass_status(result.wait_status);
	}
	free(output);
	free(library);
	return status;
}
