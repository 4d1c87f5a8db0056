/* escprof run: wrap a command, profile the Go program in it, report at its end, pass its exit status on. */
#include "base/error.h"
#include "base/memory.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/record_options.h"
#include "cli/show_report.h"
#include "cli/terminal.h"
#include "collector/session.h"

#include <argp.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum run_option { OPTION_C_RATE = 0x200, OPTION_FOLLOW }; /* beside those of record_argp */

#define DEFAULT_C_RATE (512u << 10) /* as jemalloc's and tcmalloc's heap profilers have it */

#define LISTED 20 /* traces that are named at the end, at most */

struct run_arguments {
	struct record_arguments record;
	unsigned long long c_rate; /* 0: off */
	bool has_c_rate;           /* it was given */
	bool follow, daemonize;
	char **command;
};

static const struct argp_option run_options[] = {
    {"c-rate", OPTION_C_RATE, "BYTES|off", 0,
     "sample what C and C++ allocate by malloc and new with a mean of BYTES between two samples (default 512K; with "
     "--follow, off), in a Go program and in one without Go that COMMAND is; off: leave it alone. Given, an interpreter, "
     "as python3, that COMMAND is counts as such a program too, and no Go program is waited for that one without Go may "
     "start",
     0},
    {"follow", OPTION_FOLLOW, NULL, 0,
     "profile every Go program that COMMAND is, starts or becomes, at any depth, each into a trace of "
     "its own: %p in TRACE is the number of its process, and without %p that is put before the extension "
     "(t.escprof becomes t.1234.escprof); a second program in the same process is 1234-2. The report is of the "
     "one that allocated most. Processes that C in a Go program starts (fork, posix_spawn, system) are not followed: they "
     "run as they would",
     0},
    {"daemonize", 'D', NULL, 0,
     "let COMMAND have the process that was started, with its number, parent and descriptors, and collect in a detached "
     "grandchild: for socket activation, supervisors and others that look at the number",
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
		arguments->has_c_rate = true;
		arguments->c_rate = argument_rate(state, "--c-rate", "off", value);
		break;
	case OPTION_FOLLOW:
		arguments->follow = true;
		break;
	case 'D':
		arguments->daemonize = true;
		break;
	case ARGP_KEY_ARG:
		arguments->command = &state->argv[state->next - 1];
		state->next = state->argc;
		break;
	case ARGP_KEY_END:
		if (!arguments->command)
			argp_error(state, "give the command to profile");
		if (!arguments->has_c_rate)
			arguments->c_rate = arguments->follow ? 0 : DEFAULT_C_RATE;
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
	"are ranked by the garbage collection they cost. What C allocates in it is sampled too, and so is a program of C or "
	"C++ that COMMAND is.\v"
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

/* By what they allocated, most first. */
static int run_compare(const void *left, const void *right)
{
	const struct session_trace *a = left, *b = right;
	uint64_t a_samples = a->samples + a->c_samples, b_samples = b->samples + b->c_samples;

	if (a->allocated != b->allocated)
		return a->allocated < b->allocated ? 1 : -1;
	return (a_samples < b_samples) - (a_samples > b_samples);
}

static const char *run_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Several programs: a line for each of the first, and whose report comes next. */
static void run_say_traces(const struct record_arguments *record, const struct session_result *result)
{
	size_t i;

	for (i = 0; i < result->ntraces; i++)
		record_say_damage(&result->traces[i].damage);
	for (i = 0; i < result->ntraces && i < LISTED && !record->quiet; i++) {
		const struct session_trace *trace = &result->traces[i];

		terminal_error("process %d (%s): %llu samples in %s (%.1f MB)", (int)trace->pid,
			       run_last_part(trace->program), (unsigned long long)trace->samples + trace->c_samples,
			       trace->path, (double)trace->size / 1e6);
	}
	if (result->ntraces > LISTED && !record->quiet)
		terminal_error("and %zu more, which allocated less", result->ntraces - LISTED);
	if (!record->no_report)
		terminal_error("the report of the one that allocated most, %s:", result->traces[0].path);
}

static void run_say_result(const struct run_arguments *arguments, struct session_result *result)
{
	struct session_trace *first = result->traces;

	if (!result->ntraces) {
		terminal_error("nothing was profiled: %s%s",
			       result->refusal.text[0] ? result->refusal.text : "no Go program was started",
			       result->refusal.text[0] || arguments->has_c_rate || arguments->follow
				   ? ""
				   : " (what an interpreter itself allocates in C is asked for by --c-rate 512K)");
		return;
	}
	qsort(first, result->ntraces, sizeof(*first), run_compare);
	if ((arguments->follow || arguments->c_rate) && result->refusal.text[0])
		terminal_error("not everything was profiled: %s", result->refusal.text);
	if (result->ntraces > 1) {
		run_say_traces(&arguments->record, result);
	} else {
		record_say_damage(&first->damage);
		record_say(&arguments->record, first->samples + first->c_samples, first->path, first->size);
	}
	if (!arguments->record.no_report)
		show_report_text(stderr, first->path, NULL);
}

static char *run_name_trace(void *user, const char *program, const char *process)
{
	const struct run_arguments *arguments = user;

	return record_output(&arguments->record, program, process, true);
}

static void run_fill_options(struct session_options *options, struct run_arguments *arguments)
{
	options->command = arguments->command;
	options->rate = record_rate(&arguments->record, &options->budget);
	options->live_rate = arguments->record.live_rate;
	options->ring_size = arguments->record.ring_size;
	options->c_rate = arguments->c_rate;
	options->c_interpreters = arguments->has_c_rate;
	options->c_yields = !arguments->has_c_rate;
	options->cpu_period_ns = record_cpu_period(&arguments->record, arguments->daemonize);
	options->follow = arguments->follow;
	options->detached = arguments->daemonize;
	options->name_trace = run_name_trace;
	options->user = arguments;
}

int cmd_run(int argc, char **argv)
{
	struct run_arguments arguments = {.record = record_arguments_default()};
	struct session_options options = {0};
	struct session_result result;
	struct error error;
	char *output, *library, process[16];
	int status;

	argp_err_exit_status = 2;
	argp_parse(&run_argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
	if (arguments.daemonize && getpid() == 1)
		terminal_error("with -D, process 1 takes its collector along when it ends: the trace will lack its end "
			       "and its symbols; without -D it has both");
	snprintf(process, sizeof(process), "%d", (int)getpid());
	output = record_output(&arguments.record, arguments.command[0], process, false);
	library = run_find_library();
	run_fill_options(&options, &arguments);
	options.trace_path = output;
	options.library = library;
	status = session_run(&options, record_at_end, &result, &error) == STATUS_OK ? 0 : 1;
	if (status)
		terminal_error("%s", error.text);
	else
		run_say_result(&arguments, &result);
	if (!arguments.daemonize && (result.wait_status || !status))
		status = run_pass_status(result.wait_status);
	session_result_free(&result);
	free(output);
	free(library);
	return status;
}
