/* Finding and running the go command. */
#include "cli/go_command.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE 4096

/* NAME in the folders of PATH; for the caller to free, NULL when it is in none. */
static char *go_search(const char *name)
{
	char *folders = memory_copy_string(getenv("PATH") ? getenv("PATH") : ""), *rest = folders, *folder, *path;

	while ((folder = strsep(&rest, ":"))) {
		path = memory_format("%s/%s", *folder ? folder : ".", name);
		if (!access(path, X_OK)) {
			free(folders);
			return path;
		}
		free(path);
	}
	free(folders);
	return NULL;
}

char *go_command_find(struct error *error)
{
	const char *own = getenv("ESCPROF_GO"), *root = getenv("GOROOT");
	char *path = own && *own ? memory_copy_string(own) : go_search("go");

	if (!path && root && *root)
		path = memory_format("%s/bin/go", root);
	if (path && !access(path, X_OK))
		return path;
	if (path)
		error_set(error, "cannot run %s: name the go command in ESCPROF_GO", path);
	else
		error_set(error, "no go command on PATH: install Go, or name it in ESCPROF_GO");
	free(path);
	return NULL;
}

/* The go command splits the option's value at blanks and knows quotes, but nothing to escape them. */
char *go_command_toolexec(struct error *error)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *quote = "";

	if (length < 0) {
		error_set_errno(error, "cannot tell where escprof is: /proc/self/exe");
		return NULL;
	}
	self[length] = 0;
	if (strpbrk(self, " \t\n'\""))
		quote = strchr(self, '\'') ? "\"" : "'";
	if (*quote && strchr(self, *quote)) {
		error_set(error, "the go command cannot take a path with both kinds of quotes: %s", self);
		return NULL;
	}
	return memory_format("-toolexec=%s%s%s toolexec", quote, self, quote);
}

/* In the child: become the command. */
static void go_exec(const struct go_command_run *run, int output, int messages)
{
	size_t i;

	if (run->output)
		dup2(output, STDOUT_FILENO);
	if (run->on_message)
		dup2(messages, STDERR_FILENO);
	for (i = 0; run->environment && run->environment[i]; i++)
		putenv(run->environment[i]);
	if (!run->directory || !chdir(run->directory))
		execv(run->argv[0], run->argv);
	_exit(127);
}

/* Hand over the whole lines of LINES; at the END what is left too. */
static void go_take_lines(const struct go_command_run *run, struct buf *lines, bool end)
{
	char *text = (char *)(uintptr_t)buf_string(lines), *begin = text, *newline;
	size_t rest;

	while ((newline = strchr(begin, '\n'))) {
		*newline = 0;
		run->on_message(run->user, begin);
		begin = newline + 1;
	}
	if (end && *begin)
		run->on_message(run->user, begin);
	rest = end ? 0 : lines->size - (size_t)(begin - text);
	memmove(text, begin, rest);
	lines->size = rest;
}

/* Read a pipe's bytes to BUF; false at its end. */
static bool go_read(int from, struct buf *buf)
{
	ssize_t got = read(from, buf_reserve(buf, READ_SIZE), READ_SIZE);

	if (got > 0)
		buf->size += (size_t)got;
	return got > 0 || (got < 0 && errno == EINTR);
}

/* Both pipes to their ends. */
static void go_listen(const struct go_command_run *run, int output, int messages)
{
	struct pollfd pipes[2] = {{.fd = run->output ? output : -1, .events = POLLIN},
				  {.fd = run->on_message ? messages : -1, .events = POLLIN}};
	struct buf lines = {0};

	while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
		if (poll(pipes, 2, -1) < 0)
			continue;
		if (run->output && pipes[0].revents && !go_read(output, run->output))
			pipes[0].fd = -1;
		if (pipes[1].revents) {
			if (!go_read(messages, &lines))
				pipes[1].fd = -1;
			go_take_lines(run, &lines, pipes[1].fd < 0);
		}
	}
	buf_free(&lines);
}

int go_command_run(const struct go_command_run *run)
{
	int output[2], messages[2], status = -1;
	pid_t pid;

	/* The command gets what is made its output, and no other end. */
	if (pipe2(output, O_CLOEXEC) || pipe2(messages, O_CLOEXEC) || (pid = fork()) < 0)
		return 127;
	if (!pid) {
		go_exec(run, output[1], messages[1]);
		return 127;
	}
	close(output[1]);
	close(messages[1]);
	go_listen(run, output[0], messages[0]);
	close(output[0]);
	close(messages[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
