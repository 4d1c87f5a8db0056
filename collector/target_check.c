/* Everything that can be known of a process without tracing it. */
#include "collector/target_check.h"

#include "collector/attachment.h"
#include "collector/process_info.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum status check_state(pid_t pid, const struct process_info *info, struct error *error)
{
	if (pid == getpid())
		return error_set(error, "process %d is this escprof itself", (int)pid);
	if (info->group != pid)
		return error_set(error, "%d is a thread of process %d: give that number", (int)pid, (int)info->group);
	if (info->state == 'Z' || info->state == 'X')
		return error_set(error, "process %d (%s) has ended, and waits for its parent to notice", (int)pid,
				 info->name);
	if (info->kernel_thread)
		return error_set(error, "process %d (%s) is a kernel thread, or is just ending", (int)pid, info->name);
	return STATUS_OK;
}

static enum status check_tracer(pid_t pid, const struct process_info *info, struct error *error)
{
	char command[256];

	if (!info->tracer)
		return STATUS_OK;
	process_info_command(info->tracer, command, sizeof(command));
	return error_set(error, "process %d is traced already, by process %d (%s): end that first", (int)pid,
			 (int)info->tracer, command);
}

static enum status check_protection(pid_t pid, const struct process_info *info, bool force, struct error *error)
{
	if (info->shadow_stack)
		return error_set(
		    error,
		    "process %d has its return addresses checked by the kernel (a shadow stack), which does "
		    "not allow what escprof does to it",
		    (int)pid);
	if (info->seccomp && !force)
		return error_set(
		    error,
		    "process %d runs under seccomp, and a filter that kills it for what it is made to call would end "
		    "it: where the filter allows " ATTACHMENT_CALLS
		    " (as Docker's and Kubernetes' default does), give --force",
		    (int)pid);
	return STATUS_OK;
}

static enum status open_program(struct target *target, struct error *error)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)target->pid);
	length = readlink(link, target->path, sizeof(target->path) - 1);
	target->program = length < 0 ? -1 : open(link, O_RDONLY | O_CLOEXEC);
	if (target->program < 0 && (errno == EACCES || errno == EPERM))
		return error_set(error, "cannot see the program of process %d: %s", (int)target->pid,
				 process_info_why_not(target->pid));
	if (target->program < 0 && errno == ENOENT)
		return error_set(error, "process %d is ending", (int)target->pid);
	if (target->program < 0)
		return error_set_errno(error, "cannot read the program of process %d", (int)target->pid);
	target->path[length] = 0;
	snprintf(target->readable, sizeof(target->readable), "/proc/self/fd/%d", target->program);
	return STATUS_OK;
}

/* The path by which others will find the program again: from here, or as its own root has it. */
static void name_program(struct target *target)
{
	struct stat program, named;
	char path[PATH_MAX];

	if (fstat(target->program, &program) ||
	    (!stat(target->path, &named) && named.st_dev == program.st_dev && named.st_ino == program.st_ino))
		return;
	snprintf(path, sizeof(path), "/proc/%d/root%.4000s", (int)target->pid, target->path);
	if (!stat(path, &named) && named.st_dev == program.st_dev && named.st_ino == program.st_ino)
		snprintf(target->path, sizeof(target->path), "%.4095s", path);
}

static void read_command(struct target *target)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)target->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	length = read(fd, target->command, sizeof(target->command));
	close(fd);
	while (length > 0 && !target->command[length - 1])
		length--;
	target->command_size = length > 0 ? (size_t)length : 0;
}

static enum status open_handle(struct target *target, struct error *error)
{
	target->handle = (int)syscall(SYS_pidfd_open, target->pid, 0);
	/* Without one, its end is seen a little later. A thread has none (EINVAL, or ENOENT): check_state says so. */
	if (target->handle >= 0 || errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == ENOENT)
		return STATUS_OK;
	return error_set(error, "there is no process %d", (int)target->pid);
}

enum status target_check_open(struct target *target, pid_t pid, bool force, struct error *error)
{
	struct process_info info;

	*target = (struct target){.pid = pid, .handle = -1, .program = -1};
	if (open_handle(target, error) != STATUS_OK)
		return STATUS_ERROR;
	if (process_info_read(&info, pid) != STATUS_OK) {
		target_check_close(target);
		return error_set(error, "there is no process %d", (int)pid);
	}
	target->start_time = info.start_time;
	if (check_state(pid, &info, error) != STATUS_OK || check_tracer(pid, &info, error) != STATUS_OK ||
	    check_protection(pid, &info, force, error) != STATUS_OK || open_program(target, error) != STATUS_OK) {
		target_check_close(target);
		return STATUS_ERROR;
	}
	name_program(target);
	read_command(target);
	return STATUS_OK;
}

static bool has_ended(const struct target *target)
{
	struct pollfd handle = {.fd = target->handle, .events = POLLIN};

	if (target->handle >= 0)
		return poll(&handle, 1, 0) > 0;
	return !process_info_is(target->pid, target->start_time);
}

bool target_check_lives(const struct target *target)
{
	struct stat program, running;
	char path[64];

	if (has_ended(target))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)target->pid);
	return !stat(path, &running) && !fstat(target->program, &program) && running.st_dev == program.st_dev &&
	       running.st_ino == program.st_ino;
}

void target_check_close(struct target *target)
{
	if (target->handle >= 0)
		close(target->handle);
	if (target->program >= 0)
		close(target->program);
	target->handle = target->program = -1;
}
