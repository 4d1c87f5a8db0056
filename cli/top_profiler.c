/*
 * In: what to profile. Out: a child that writes a trace. The child has a session of its own, so neither keys nor a
 * command that opens /dev/tty disturb the screen, and the kernel signals it when the viewer is gone.
 */
#include "cli/top_profiler.h"

#include "base/directory.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX (1 << 20)
#define LAST_WORDS 1500 /* bytes */

struct top_profiler {
	pid_t pid;
	int stop_signal;
	int output; /* -1: none */
	bool keeps_output;
	bool stopped, ended;
	int wait_status;
	char *folder; /* NULL: there is none, or no longer */
	char *trace, *own_trace, *own_output;
};

static void add_argument(char **arguments, size_t *count, const char *text)
{
	arguments[(*count)++] = (char *)(uintptr_t)text;
}

static size_t count_strings(char *const *strings)
{
	size_t count = 0;

	while (strings && strings[count])
		count++;
	return count;
}

/* The child's command line, its array to be freed. PID_TEXT is borrowed. */
static char **make_arguments(const struct top_profiler *profiler, const struct top_profiler_options *options,
			     const char *pid_text)
{
	size_t count = 0, nown = count_strings(options->options), ncommand = count_strings(options->command);
	char **arguments = memory_alloc(nown + ncommand + 14, sizeof(*arguments));

	add_argument(arguments, &count, "escprof");
	add_argument(arguments, &count, options->pid ? "attach" : "run");
	add_argument(arguments, &count, "-q");
	add_argument(arguments, &count, "--no-report");
	if (options->pid) {
		add_argument(arguments, &count, "--watched");
	} else { /* the view has no part for C */
		add_argument(arguments, &count, "--c-rate");
		add_argument(arguments, &count, "off");
	}
	for (size_t i = 0; i < nown; i++)
		add_argument(arguments, &count, options->options[i]);
	add_argument(arguments, &count, "-o");
	add_argument(arguments, &count, profiler->trace);
	add_argument(arguments, &count, options->pid ? "-p" : "--");
	if (options->pid)
		add_argument(arguments, &count, pid_text);
	for (size_t i = 0; !options->pid && i < ncommand; i++)
		add_argument(arguments, &count, options->command[i]);
	return arguments;
}

static _Noreturn void become_profiler(const struct top_profiler *profiler, const struct top_profiler_options *options,
				      pid_t viewer, char **arguments)
{
	int nothing = open("/dev/null", O_RDWR);

	setsid();
	prctl(PR_SET_PDEATHSIG, profiler->stop_signal);
	if (getppid() != viewer) /* it died before that was set */
		_exit(1);
	dup2(nothing, STDIN_FILENO);
	dup2(profiler->output, STDOUT_FILENO);
	dup2(profiler->output, STDERR_FILENO);
	if (nothing > STDERR_FILENO)
		close(nothing);
	sigprocmask(SIG_SETMASK, &options->signals, NULL);
	execv("/proc/self/exe", arguments);
	_exit(127);
}

static enum status open_files(struct top_profiler *profiler, const struct top_profiler_options *options,
			      struct error *error)
{
	const char *output = options->output;

	profiler->folder = directory_make_temporary("top", error);
	if (!profiler->folder)
		return STATUS_ERROR;
	profiler->own_trace = memory_format("%s/trace.escprof", profiler->folder);
	profiler->own_output = memory_format("%s/output", profiler->folder);
	profiler->trace = memory_copy_string(options->trace ? options->trace : profiler->own_trace);
	profiler->keeps_output = output != NULL;
	if (!output)
		output = profiler->own_output;
	/* To its end, wherever that is: it may be cut in between. */
	profiler->output = open(output, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (profiler->output < 0)
		return error_set_errno(error, "cannot write %s", output);
	return STATUS_OK;
}

/* What lies where the trace is to go would be read until the new one is begun. */
static void forget_old_trace(const char *path)
{
	struct stat stat_buffer;

	if (path && !lstat(path, &stat_buffer) && S_ISREG(stat_buffer.st_mode))
		unlink(path);
}

enum status top_profiler_start(struct top_profiler **out, const struct top_profiler_options *options,
			       struct error *error)
{
	struct top_profiler *profiler = memory_alloc(1, sizeof(*profiler));
	char pid_text[32], **arguments;
	pid_t viewer = getpid();

	profiler->output = -1;
	profiler->stop_signal = options->pid ? SIGINT : SIGTERM;
	if (open_files(profiler, options, error) != STATUS_OK) {
		profiler->ended = true;
		top_profiler_free(profiler);
		return STATUS_ERROR;
	}
	forget_old_trace(options->trace);
	snprintf(pid_text, sizeof(pid_text), "%d", (int)options->pid);
	arguments = make_arguments(profiler, options, pid_text);
	profiler->pid = fork();
	if (!profiler->pid)
		become_profiler(profiler, options, viewer, arguments);
	free(arguments);
	if (profiler->pid < 0) {
		error_set_errno(error, "cannot start the profiler");
		profiler->ended = true;
		top_profiler_free(profiler);
		return STATUS_ERROR;
	}
	*out = profiler;
	return STATUS_OK;
}

const char *top_profiler_trace(const struct top_profiler *profiler)
{
	return profiler->trace;
}

void top_profiler_remove(const struct top_profiler *profiler)
{
	if (!profiler || !profiler->folder)
		return;
	unlink(profiler->own_trace);
	unlink(profiler->own_output);
	rmdir(profiler->folder);
}

void top_profiler_hide(struct top_profiler *profiler)
{
	char *folder = profiler->folder;

	top_profiler_remove(profiler);
	profiler->folder = NULL;
	free(folder);
}

bool top_profiler_has_ended(struct top_profiler *profiler, int *wait_status)
{
	pid_t pid = profiler->ended ? 0 : waitpid(profiler->pid, &profiler->wait_status, WNOHANG);

	if (pid == profiler->pid || (pid < 0 && errno == ECHILD))
		profiler->ended = true;
	*wait_status = profiler->wait_status;
	return profiler->ended;
}

/* Once: a program may take a second signal for impatience. */
void top_profiler_stop(struct top_profiler *profiler)
{
	if (!profiler->ended && !profiler->stopped)
		kill(profiler->pid, profiler->stop_signal);
	profiler->stopped = true;
}

void top_profiler_trim(struct top_profiler *profiler)
{
	struct stat stat_buffer;

	if (!profiler->keeps_output && !fstat(profiler->output, &stat_buffer) && stat_buffer.st_size > OUTPUT_MAX &&
	    ftruncate(profiler->output, 0))
		profiler->keeps_output = true; /* it can't be cut: not tried again */
}

char *top_profiler_last_words(const struct top_profiler *profiler)
{
	char *words = memory_alloc(LAST_WORDS + 1, 1), *line;
	off_t size = lseek(profiler->output, 0, SEEK_END);
	off_t from = size > LAST_WORDS ? size - LAST_WORDS : 0;
	ssize_t got = pread(profiler->output, words, LAST_WORDS, from);

	while (got > 0 && words[got - 1] == '\n')
		got--;
	words[got > 0 ? got : 0] = 0;
	line = from ? strchr(words, '\n') : NULL;
	if (line) /* the first is not whole */
		memmove(words, line + 1, strlen(line + 1) + 1);
	return words;
}

void top_profiler_free(struct top_profiler *profiler)
{
	if (!profiler)
		return;
	top_profiler_stop(profiler);
	top_profiler_remove(profiler);
	if (profiler->output >= 0)
		close(profiler->output);
	free(profiler->folder);
	free(profiler->trace);
	free(profiler->own_trace);
	free(profiler->own_output);
	free(profiler);
}
