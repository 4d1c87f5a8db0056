/*
 * Seize all while they run, as that takes time; then interrupt, wait, and look again until no new thread has appeared:
 * one that is stopped makes none. A thread that could not be stopped in time cannot be let go either; it is waited for,
 * while all others run.
 */
#include "collector/thread_stop.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collector/process_info.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#define STOP_NS        200000000u /* for all threads to stop; a thread may be in a system call that waits for a disk */
#define STOP_TRIES     6
#define STOP_PAUSE_NS  50000000
#define HASTE          (-20)
#define STRAGGLER_NS   5000000000u /* for one that did not, once the others run again */
#define SEIZE_TRIES    20          /* of a thread that may be exiting */
#define SEIZE_PAUSE_NS 500000
#define SEIZE_ROUNDS   3 /* before the first is stopped */
#define SLICE_NS       5000000

bool thread_stop_wait(pid_t thread, uint64_t limit_ns, int *status)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + limit_ns;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		struct timespec slice = {.tv_nsec = SLICE_NS};
		pid_t got = waitpid(thread, status, __WALL | WNOHANG);
		uint64_t now;

		if (got == thread)
			return true;
		if (got < 0 && errno != EINTR) { /* it is no tracee any more: gone */
			*status = 0;
			return true;
		}
		now = clock_ns(CLOCK_MONOTONIC);
		if (now >= end)
			return false;
		if (end - now < SLICE_NS)
			slice.tv_nsec = (long)(end - now);
		sigtimedwait(&child, NULL, &slice);
	}
}

/* Wait until HELD is stopped. STATUS_NO_ENTRY: it is gone. STATUS_ERROR: not in time. */
static enum status wait_for(struct held_thread *held, uint64_t limit_ns)
{
	int status;

	if (!thread_stop_wait(held->thread, limit_ns, &status))
		return STATUS_ERROR;
	if (!WIFSTOPPED(status))
		return STATUS_NO_ENTRY;
	held->stopped = true;
	held->signal =
	    status >> 16 ? 0 : WSTOPSIG(status); /* by an event it was asked to stop, or is in a group's stop */
	return STATUS_OK;
}

static bool is_dying(pid_t process, pid_t thread)
{
	char path[64], line[512], *at;
	bool dying = true;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)process, (int)thread);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (fgets(line, sizeof(line), file) && (at = strrchr(line, ')')) && at[1])
		dying = at[2] == 'Z' || at[2] == 'X';
	fclose(file);
	return dying;
}

static enum status refuse(pid_t process, pid_t thread, struct error *error)
{
	int why = errno;
	struct process_info info;
	char command[256];

	if (process_info_read(&info, thread) == STATUS_OK && info.tracer) {
		process_info_command(info.tracer, command, sizeof(command));
		return error_set(error, "process %d is traced already, by process %d (%s): end that first",
				 (int)process, (int)info.tracer, command);
	}
	if (why == EPERM || why == EACCES)
		return error_set(error, "cannot trace process %d: %s", (int)process, process_info_why_not(process));
	errno = why;
	return error_set_errno(error, "cannot trace thread %d of process %d", (int)thread, (int)process);
}

/* Seize THREAD, which runs on. An exiting one refuses with EPERM for a while before it is gone. */
static enum status seize(pid_t process, pid_t thread, struct error *error)
{
	struct timespec pause = {.tv_nsec = SEIZE_PAUSE_NS};
	int tries;

	for (tries = 0; tries < SEIZE_TRIES; tries++) {
		struct process_info info;

		if (!ptrace(PTRACE_SEIZE, thread, NULL, (void *)(long)PTRACE_O_TRACESYSGOOD))
			return STATUS_OK;
		if (errno == ESRCH || is_dying(process, thread))
			return STATUS_NO_ENTRY;
		if (process_info_read(&info, thread) == STATUS_OK && info.tracer)
			break;
		nanosleep(&pause, NULL);
	}
	return refuse(process, thread, error);
}

pid_t *thread_stop_list(pid_t process, size_t *count)
{
	pid_t *threads = NULL;
	size_t capacity = 0;
	struct dirent *entry;
	char path[64];
	DIR *directory;

	*count = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	directory = opendir(path);
	if (!directory)
		return NULL;
	while ((entry = readdir(directory))) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

		if (thread <= 0)
			continue;
		threads = memory_reserve(threads, *count, &capacity, sizeof(*threads));
		threads[(*count)++] = thread;
	}
	closedir(directory);
	return threads;
}

static bool is_held(const struct thread_stop *stop, pid_t thread)
{
	size_t i;

	for (i = 0; i < stop->count; i++)
		if (stop->threads[i].thread == thread)
			return true;
	return false;
}

/* Seize the threads that are new. *FOUND: whether there were any. */
static enum status seize_new(struct thread_stop *stop, bool *found, struct error *error)
{
	size_t count, i;
	pid_t *threads = thread_stop_list(stop->process, &count);
	enum status status = STATUS_OK;

	*found = false;
	for (i = 0; i < count && status != STATUS_ERROR; i++) {
		if (is_held(stop, threads[i]))
			continue;
		status = seize(stop->process, threads[i], error);
		if (status != STATUS_OK)
			continue;
		*found = true;
		stop->threads = memory_reserve(stop->threads, stop->count, &stop->capacity, sizeof(*stop->threads));
		stop->threads[stop->count++] = (struct held_thread){.thread = threads[i]};
	}
	free(threads);
	return status == STATUS_ERROR ? status : STATUS_OK;
}

/* Seize all that run, and those that they have made meanwhile; none is stopped by it. */
static enum status seize_all(struct thread_stop *stop, struct error *error)
{
	enum status status = STATUS_OK;
	bool found = true;
	int tries;

	for (tries = 0; tries < SEIZE_ROUNDS && found && status == STATUS_OK; tries++)
		status = seize_new(stop, &found, error);
	return status;
}

static void ask_all_to_stop(struct thread_stop *stop)
{
	size_t i;

	if (!stop->began_ns)
		stop->began_ns = clock_ns(CLOCK_MONOTONIC);
	for (i = 0; i < stop->count; i++)
		if (!stop->threads[i].stopped)
			ptrace(PTRACE_INTERRUPT, stop->threads[i].thread, NULL, NULL);
}

static void forget(struct thread_stop *stop, size_t index)
{
	stop->threads[index] = stop->threads[--stop->count];
}

static enum status wait_for_all(struct thread_stop *stop, uint64_t end, struct error *error)
{
	size_t i = 0;

	while (i < stop->count) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		enum status status =
		    stop->threads[i].stopped ? STATUS_OK : wait_for(&stop->threads[i], now < end ? end - now : 0);

		if (status == STATUS_ERROR)
			return error_set(
			    error,
			    "thread %d of process %d did not stop within %u ms (it may wait for a disk, or "
			    "for a program that it starts, or for a CPU): try again",
			    (int)stop->threads[i].thread, (int)stop->process, STOP_NS / 1000000);
		if (status == STATUS_NO_ENTRY)
			forget(stop, i);
		else
			i++;
	}
	return STATUS_OK;
}

/*
 * Whoever waits for us stands still: be scheduled first, where we may be (as root). IN_HASTE: from now on; else as
 * before.
 */
static void hurry(bool in_haste)
{
	static int before;

	if (in_haste) {
		errno = 0;
		before = getpriority(PRIO_PROCESS, 0);
		if (errno)
			before = 0;
	}
	setpriority(PRIO_PROCESS, 0, in_haste ? HASTE : before);
}

/* One try. *LATE: a thread did not stop in time. */
static enum status stop_once(struct thread_stop *stop, pid_t process, bool *late, struct error *error)
{
	enum status status;
	bool found;

	stop->process = process;
	stop->threads = NULL;
	stop->count = stop->capacity = 0;
	stop->began_ns = 0;
	*late = false;
	hurry(true);
	status = seize_all(stop, error);
	for (found = true; status == STATUS_OK && found;) {
		ask_all_to_stop(stop);
		status = wait_for_all(stop, stop->began_ns + STOP_NS, error);
		*late = status == STATUS_ERROR;
		if (status == STATUS_OK)
			status = seize_new(stop, &found, error);
	}
	if (status == STATUS_OK && !stop->count)
		status = STATUS_NO_ENTRY;
	if (status != STATUS_OK)
		thread_stop_release(stop);
	return status;
}

enum status thread_stop_all(struct thread_stop *stop, pid_t process, struct error *error)
{
	struct timespec pause = {.tv_nsec = STOP_PAUSE_NS};
	enum status status;
	bool late;
	int tries;

	stop->longest_ns = 0;
	for (tries = 0; tries < STOP_TRIES; tries++) {
		if (tries)
			nanosleep(&pause, NULL);
		status = stop_once(stop, process, &late, error);
		if (status != STATUS_ERROR || !late)
			break;
	}
	return status;
}

void thread_stop_let_go(struct held_thread *held)
{
	if (!held->thread)
		return;
	if (!held->stopped)
		ptrace(PTRACE_INTERRUPT, held->thread, NULL, NULL); /* it may not have been asked yet */
	if (held->stopped || wait_for(held, STRAGGLER_NS) == STATUS_OK)
		ptrace(PTRACE_DETACH, held->thread, NULL, (void *)(long)held->signal);
	*held = (struct held_thread){0};
}

uint64_t thread_stop_release(struct thread_stop *stop)
{
	uint64_t began = stop->began_ns, end;
	size_t i;

	for (i = 0; i < stop->count; i++)
		if (stop->threads[i].stopped)
			thread_stop_let_go(&stop->threads[i]);
	end = clock_ns(CLOCK_MONOTONIC);
	for (i = 0; i < stop->count; i++)
		thread_stop_let_go(&stop->threads[i]); /* what did not stop in time */
	free(stop->threads);
	stop->threads = NULL;
	stop->count = stop->capacity = 0;
	hurry(false);
	if (began && end - began > stop->longest_ns)
		stop->longest_ns = end - began;
	return stop->longest_ns;
}

pid_t thread_stop_any(const struct thread_stop *stop)
{
	return stop->count ? stop->threads[0].thread : 0;
}

bool thread_stop_is_inside(const struct thread_stop *stop, const struct thread_stop_range *ranges, size_t count)
{
	size_t i, j;

	for (i = 0; i < stop->count; i++) {
		void *where = (void *)offsetof(struct user, regs.rip);
		uint64_t pc = (uint64_t)ptrace(PTRACE_PEEKUSER, stop->threads[i].thread, where, NULL);

		for (j = 0; j < count; j++)
			if (pc >= ranges[j].start && pc < ranges[j].end)
				return true;
	}
	return false;
}

enum status thread_stop_one(struct held_thread *held, pid_t process, pid_t thread, struct error *error)
{
	enum status status = seize(process, thread, error);

	*held = (struct held_thread){0};
	if (status != STATUS_OK)
		return status;
	held->thread = thread;
	ptrace(PTRACE_INTERRUPT, thread, NULL, NULL);
	status = wait_for(held, STOP_NS);
	if (status == STATUS_NO_ENTRY)
		held->thread = 0;
	if (status == STATUS_ERROR) {
		thread_stop_let_go(held);
		return error_set(error, "thread %d of process %d did not stop", (int)thread, (int)process);
	}
	return status;
}
