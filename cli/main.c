/* The command line: finds the subcommand and hands over. */
#include "cli/commands.h"
#include "cli/terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary; /* NULL: not for people */
};

static const struct command commands[] = {
    {"build", cmd_build, "go build, keeping the compiler's escape verdicts"},
    {"run", cmd_run, "profile a program from its start; report at its end"},
    {"attach", cmd_attach, "profile a program that runs already, and let it go"},
    {"top", cmd_top, "watch a program's costs as it runs"},
    {"report", cmd_report, "rank the escapes in a trace, or in a Go heap profile"},
    {"annotate", cmd_annotate, "show the source, with what its lines cost and the verdicts"},
    {"export", cmd_export, "write a trace as folded stacks, flame graph, for pprof, speedscope"},
    {"diff", cmd_diff, "say what changed from one trace to another"},
    {"check", cmd_check, "hold a trace against limits or an earlier one, for CI"},
    {"merge", cmd_merge, "put many traces of one program into one"},
    {"info", cmd_info, "say what a trace holds"},
    {"calibrate", cmd_calibrate, "measure what marking takes on this machine, for its reports"},
    {"cache", cmd_cache, "say what the store of verdicts holds, or empty it"},
    {"toolexec", cmd_toolexec, NULL},
};

static void main_usage(FILE *stream)
{
	size_t i;

	fputs("usage: escprof COMMAND [ARGUMENTS]\n\n"
	      "Which heap escapes of a Go service cost the most garbage collection, and what to do about each.\n\n",
	      stream);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].summary)
			fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\nTo begin:  escprof build -o service ./cmd/service  &&  escprof run -- ./service\n"
	      "`escprof help COMMAND` tells more about each.\n",
	      stream);
}

/* Run COMMAND; its messages and usage name it as the user called it. */
static int main_run(const struct command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "escprof %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

static bool main_is_one_of(const char *word, const char *first, const char *second, const char *third)
{
	return !strcmp(word, first) || !strcmp(word, second) || !strcmp(word, third);
}

/* `escprof help run` and `escprof run -h` are `escprof run --help`. */
static void main_ask_for_help(int argc, char **argv)
{
	static char help[] = "--help";

	if (argc == 3 && !strcmp(argv[1], "help")) {
		argv[1] = argv[2];
		argv[2] = help;
	} else if (argc > 2 && !strcmp(argv[2], "-h") && strcmp(argv[1], "toolexec") != 0) {
		argv[2] = help;
	}
}

int main(int argc, char **argv)
{
	size_t i;

	signal(SIGPIPE, SIG_DFL);
	if (argc < 2) {
		main_usage(stderr);
		return 2;
	}
	main_ask_for_help(argc, argv);
	if (main_is_one_of(argv[1], "--help", "-h", "help")) {
		main_usage(stdout);
		return 0;
	}
	if (main_is_one_of(argv[1], "--version", "-V", "version")) {
		puts("escprof " ESCPROF_VERSION);
		return 0;
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return main_run(&commands[i], argc - 1, argv + 1);
	terminal_error("no such command: %s: `escprof help` lists them", argv[1]);
	return 2;
}
