/* The child: forked, held at a gate until its tracer has seized it, then exec'd with the library in its environment. */
#include "collector/launch.h"

#include "base/memory.h"
#include "collector/preload/preload_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

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

enum status launch_start(struct launch *launch, char *const *command, const sigset_t *mask, const char *library,
			 const char *socket_name, struct error *error)
{
	int gate[2], failure[2];

	if (pipe2(gate, O_CLOEXEC))
		return error_set_errno(error, "cannot start %s", command[0]);
	if (pipe2(failure, O_CLOEXEC | O_NONBLOCK)) {
		close(gate[0]);
		close(gate[1]);
		return error_set_errno(error, "cannot start %s", command[0]);
	}
	launch->pid = fork();
	if (!launch->pid) {
		close(gate[1]);
		launch_set_environment(library, socket_name);
		launch_child(gate[0], failure[1], command, mask);
	}
	close(gate[0]);
	close(failure[1]);
	launch->gate = gate[1];
	launch->failure = failure[0];
	if (launch->pid > 0)
		return STATUS_OK;
	close(launch->gate);
	close(launch->failure);
	return error_set_errno(error, "cannot start %s", command[0]);
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
