/*
 * The process that becomes the command: held at a gate until its tracer has seized it, then exec'd with the library in
 * its environment. It is a child of the tracer, or, detached, its grandparent.
 */
#include "collector/launch.h"

#include "base/memory.h"
#include "binary/elf_sanitizer.h"
#include "collector/preload/preload_protocol.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LEAVE_MS 1000

static void launch_set_environment(const char *library, const char *socket_name)
{
	const char *before = getenv("LD_PRELOAD");
	char *value;

	if (!library)
		return;
	value = memory_format("%s%s%s", library, before && *before ? ":" : "", before ? before : "");
	setenv("LD_PRELOAD", value, 1);
	setenv(PRELOAD_SOCKET_VARIABLE, socket_name, 1);
	free(value);
}

static _Noreturn void launch_child(int gate, int failure, char *const *command, const sigset_t *mask)
{
	char byte;
	int error_number;

	while (read(gate, &byte, 1) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	error_number = errno;
	if (write(failure, &error_number, sizeof(error_number)) != (ssize_t)sizeof(error_number))
		_exit(126);
	_exit(error_number == ENOENT ? 127 : 126);
}

/* The ends of the pipes that each side keeps. */
static void launch_keep_parents(struct launch *launch, const int gate[2], const int failure[2])
{
	close(gate[0]);
	close(failure[1]);
	launch->gate = gate[1];
	launch->failure = failure[0];
}

/* Standard error stays, for the report. Whatever else was inherited is the command's alone: its sockets too. */
static void launch_let_descriptors_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd, flags;
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	while (folder && (entry = readdir(folder))) {
		fd = atoi(entry->d_name);
		flags = fd > STDERR_FILENO ? fcntl(fd, F_GETFD) : -1;
		if (flags >= 0 && !(flags & FD_CLOEXEC)) /* all of ours have it, and it came through no exec */
			close(fd);
	}
	if (folder)
		closedir(folder);
	if (null > STDERR_FILENO)
		close(null);
}

/* Wait until the process has allowed us to trace it; without Yama it need not. */
static void launch_await_leave(int failure)
{
	struct pollfd ready = {.fd = failure, .events = POLLIN};
	int nothing;

	poll(&ready, 1, LEAVE_MS);
	if (read(failure, &nothing, sizeof(nothing)) < 0)
		return;
}

/* The same for the collector, whose number comes through the gate; its parent is no child of the command's then. */
static void launch_give_leave(pid_t helper, int gate, int failure)
{
	int nothing = 0;
	pid_t collector;

	while (waitpid(helper, NULL, 0) < 0 && errno == EINTR)
		;
	if (read(gate, &collector, sizeof(collector)) == (ssize_t)sizeof(collector))
		prctl(PR_SET_PTRACER, (unsigned long)collector, 0, 0, 0);
	if (write(failure, &nothing, sizeof(nothing)) < 0)
		return;
}

/* In the child that is to fork once more: only the grandchild returns. */
static void launch_leave(const int gate[2])
{
	pid_t collector = fork();

	if (!collector) {
		setsid();
		launch_let_descriptors_go();
		return;
	}
	if (collector > 0 && write(gate[1], &collector, sizeof(collector)) == (ssize_t)sizeof(collector))
		_exit(0);
	_exit(1); /* the command runs all the same */
}

static enum status launch_fork(struct launch *launch, const struct launch_options *options, const int gate[2],
			       const int failure[2])
{
	pid_t child;

	launch->pid = getpid();
	child = fork();
	if (child < 0)
		return STATUS_ERROR;
	if (options->detached && !child) {
		launch_leave(gate);
		launch_keep_parents(launch, gate, failure);
		launch_await_leave(failure[0]);
		return STATUS_OK;
	}
	if (options->detached == (child > 0)) { /* this is the process that becomes the command */
		close(gate[1]);
		if (options->detached)
			launch_give_leave(child, gate[0], failure[1]);
		launch_set_environment(options->library, options->socket_name);
		launch_child(gate[0], failure[1], options->command, options->mask);
	}
	launch->pid = child;
	launch_keep_parents(launch, gate, failure);
	return STATUS_OK;
}

enum status launch_start(struct launch *launch, const struct launch_options *options, struct error *error)
{
	int gate[2], failure[2], i;

	if (pipe2(gate, O_CLOEXEC))
		return error_set_errno(error, "cannot start %s", options->command[0]);
	if (pipe2(failure, O_CLOEXEC | O_NONBLOCK)) {
		close(gate[0]);
		close(gate[1]);
		return error_set_errno(error, "cannot start %s", options->command[0]);
	}
	if (launch_fork(launch, options, gate, failure) == STATUS_OK)
		return STATUS_OK;
	error_set_errno(error, "cannot start %s", options->command[0]);
	for (i = 0; i < 2; i++) {
		close(gate[i]);
		close(failure[i]);
	}
	return STATUS_ERROR;
}

void launch_release(struct launch *launch)
{
	if (launch->gate >= 0)
		close(launch->gate);
	launch->gate = -1;
}

int launch_exec_error(struct launch *launch)
{
	int error_number = 0;

	if (read(launch->failure, &error_number, sizeof(error_number)) != (ssize_t)sizeof(error_number))
		error_number = 0;
	close(launch->failure);
	launch->failure = -1;
	return error_number;
}

/* The file that execvp would take; the caller frees it, NULL when there is none. */
static char *launch_find(const char *command0)
{
	const char *path = getenv("PATH"), *at;
	size_t length;

	if (strchr(command0, '/'))
		return memory_copy_string(command0);
	for (at = path ? path : "/bin:/usr/bin"; *at; at += length + (at[length] == ':')) {
		char *file;

		length = strcspn(at, ":");
		file = memory_format("%.*s/%s", (int)length, at, command0);
		if (!access(file, X_OK))
			return file;
		free(file);
		if (!at[length])
			break;
	}
	return NULL;
}

const char *launch_forbids_tracing(const char *command0)
{
	char *file = geteuid() ? launch_find(command0) : NULL;
	const char *reason = NULL;
	struct stat stat_buffer;

	if (!file)
		return NULL;
	if (!stat(file, &stat_buffer) && stat_buffer.st_mode & (S_ISUID | S_ISGID))
		reason = "it is set-user-ID or set-group-ID, which a traced program loses: run escprof as root";
	else if (getxattr(file, "security.capability", NULL, 0) > 0)
		reason = "it has file capabilities, which a traced program loses: run escprof as root";
	free(file);
	return reason;
}

bool launch_is_sanitized(const char *command0)
{
	char *file = launch_find(command0);
	bool is_sanitized = elf_sanitizer_is_in_file(file, getenv("LD_PRELOAD"));

	free(file);
	return is_sanitized;
}
