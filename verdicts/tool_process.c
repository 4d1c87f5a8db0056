/* Processes and arguments of compile, link and the like. */
#include "verdicts/tool_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int tool_process_become(char **argv, struct error *error)
{
	execvp(argv[0], argv);
	error_set_errno(error, "cannot run the tool %s", argv[0]);
	return 127;
}

/* All that comes through the pipe FD. */
static void tool_process_drain(int fd, struct buf *output)
{
	ssize_t got;

	do {
		got = read(fd, buf_reserve(output, 1 << 16), 1 << 16);
		if (got > 0)
			output->size += got;
	} while (got > 0 || (got < 0 && errno == EINTR));
}

static void tool_process_child(char **argv, int output)
{
	if (output < 0 || (dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0))
		execvp(argv[0], argv);
	_exit(127);
}

int tool_process_run(char **argv, struct buf *output)
{
	int ends[2] = {-1, -1}, wait_status;
	pid_t pid;

	if (output && pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		tool_process_child(argv, ends[1]);
	if (output) {
		close(ends[1]);
		if (pid > 0)
			tool_process_drain(ends[0], output);
		close(ends[0]);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &wait_status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

void tool_process_print(const void *bytes, size_t size)
{
	const char *at = bytes, *end = at + size;
	ssize_t written;

	while (at < end) {
		written = write(STDOUT_FILENO, at, end - at);
		if (written < 0 && errno != EINTR)
			return;
		at += written > 0 ? written : 0;
	}
}

const char *tool_process_option(char **argv, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (argv++; *argv; argv++) {
		if (!strcmp(*argv, name) && argv[1])
			value = argv[1];
		else if (!strncmp(*argv, name, length) && (*argv)[length] == '=')
			value = *argv + length + 1;
	}
	return value;
}

bool tool_process_has(char **argv, const char *name)
{
	size_t length = strlen(name);

	for (argv++; *argv; argv++)
		if (!strncmp(*argv, name, length) && (!(*argv)[length] || (*argv)[length] == '='))
			return true;
	return false;
}
