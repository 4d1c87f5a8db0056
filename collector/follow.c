/* The tracees of a command and what to do at each of their stops. */
#include "collector/follow.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collector/process_info.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#define BRIEF_NS 1000000000u

#define FOLLOW_OPTIONS                                                                                                 \
	(PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD)

struct tracee {
	pid_t pid;
	uint64_t until_ns; /* then it is let go, unless it has exec'd; 0: it is followed for good */
	bool leaves;       /* it is detached at its next stop */
	bool is_fresh;     /* a process that has not exec'd yet */
};

struct follow {
	follow_decide *decide;
	follow_keep *keep;
	void *user;
	struct tracee *tracees;
	size_t ntracees, capacity;
	bool settled;   /* those stay that are to be kept */
	bool releasing; /* none does */
};

struct follow *follow_new(follow_decide *decide, follow_keep *keep, void *user)
{
	struct follow *follow = memory_alloc(1, sizeof(*follow));

	follow->decide = decide;
	follow->keep = keep;
	follow->user = user;
	return follow;
}

void follow_free(struct follow *follow)
{
	if (!follow)
		return;
	free(follow->tracees);
	free(follow);
}

/* PID among the tracees, where it is added when it is new. Valid until the next of these calls. */
static struct tracee *follow_add(struct follow *follow, pid_t pid)
{
	size_t i;

	for (i = 0; i < follow->ntracees; i++)
		if (follow->tracees[i].pid == pid)
			return &follow->tracees[i];
	follow->tracees =
	    memory_reserve(follow->tracees, follow->ntracees, &follow->capacity, sizeof(*follow->tracees));
	follow->tracees[follow->ntracees] =
	    (struct tracee){.pid = pid, .leaves = follow->settled && !follow->keep(follow->user, pid)};
	return &follow->tracees[follow->ntracees++];
}

static void follow_remove(struct follow *follow, pid_t pid)
{
	size_t i;

	for (i = 0; i < follow->ntracees; i++)
		if (follow->tracees[i].pid == pid)
			follow->tracees[i--] = follow->tracees[--follow->ntracees];
}

enum status follow_seize(struct follow *follow, pid_t pid, struct error *error)
{
	if (!ptrace(PTRACE_SEIZE, pid, NULL, (void *)(long)FOLLOW_OPTIONS)) {
		follow_add(follow, pid);
		return STATUS_OK;
	}
	if (errno == EPERM)
		return error_set(error, "cannot trace the program: %s", process_info_why_not_below());
	return error_set_errno(error, "cannot trace the program");
}

void follow_seize_briefly(struct follow *follow, pid_t pid)
{
	if (follow_seize(follow, pid, NULL) == STATUS_OK)
		follow_add(follow, pid)->until_ns = clock_ns(CLOCK_MONOTONIC) + BRIEF_NS;
}

static void follow_detach(struct follow *follow, pid_t pid, int signal)
{
	ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signal);
	follow_remove(follow, pid);
}

/* TRACEE is detached at its next stop, for which it is asked. */
static void follow_dismiss(struct tracee *tracee)
{
	tracee->until_ns = 0;
	tracee->leaves = true;
	ptrace(PTRACE_INTERRUPT, tracee->pid, NULL, NULL);
}

void follow_settle(struct follow *follow)
{
	size_t i;

	follow->settled = true;
	for (i = 0; i < follow->ntracees; i++)
		if (!follow->keep(follow->user, follow->tracees[i].pid))
			follow_dismiss(&follow->tracees[i]);
}

void follow_release(struct follow *follow)
{
	size_t i;

	follow->releasing = true;
	for (i = 0; i < follow->ntracees; i++)
		ptrace(PTRACE_INTERRUPT, follow->tracees[i].pid, NULL, NULL);
}

void follow_tend(struct follow *follow)
{
	size_t i;

	for (i = 0; i < follow->ntracees; i++) {
		struct tracee *tracee = &follow->tracees[i];

		if (tracee->until_ns && clock_ns(CLOCK_MONOTONIC) >= tracee->until_ns)
			follow_dismiss(tracee);
	}
}

size_t follow_count(const struct follow *follow)
{
	return follow->ntracees;
}

static bool follow_is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

size_t follow_fresh(const struct follow *follow)
{
	size_t count = 0, i;

	for (i = 0; i < follow->ntracees; i++)
		count += follow->tracees[i].is_fresh;
	return count;
}

/* PID stands at its fork: what came of it is seized already. */
static void follow_at_fork(struct follow *follow, pid_t pid)
{
	unsigned long child;

	if (!ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child))
		follow_add(follow, (pid_t)child)->is_fresh = true;
}

/* The thread that has exec'd goes on under its process's number, whatever its own was. */
static void follow_rename(struct follow *follow, pid_t pid)
{
	struct tracee *tracee;
	unsigned long before;

	if (!ptrace(PTRACE_GETEVENTMSG, pid, NULL, &before) && (pid_t)before != pid)
		follow_remove(follow, (pid_t)before);
	tracee = follow_add(follow, pid);
	tracee->until_ns = 0;
	tracee->is_fresh = false;
}

static void follow_at_exec(struct follow *follow, pid_t pid)
{
	follow_rename(follow, pid);
	switch (follow->decide(follow->user, pid)) {
	case FOLLOW_ON:
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		break;
	case FOLLOW_LET_GO:
		follow_detach(follow, pid, 0);
		break;
	case FOLLOW_DONE:
		follow_detach(follow, pid, 0);
		follow_settle(follow);
		break;
	}
}

bool follow_handle(struct follow *follow, pid_t pid, int status)
{
	int event = status >> 16, signal = WSTOPSIG(status);
	bool leaves;

	if (!WIFSTOPPED(status)) {
		follow_remove(follow, pid);
		return false;
	}
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK)
		follow_at_fork(follow, pid);
	/* A new thread shows up with its first stop. */
	leaves = follow_add(follow, pid)->leaves;
	if (event == PTRACE_EVENT_EXEC && !follow->releasing)
		follow_at_exec(follow, pid); /* one that leaves was asked to in its midst */
	else if (leaves || follow->releasing)
		follow_detach(follow, pid,
			      event && !(event == PTRACE_EVENT_STOP && follow_is_stop_signal(signal)) ? 0 : signal);
	else if (event == PTRACE_EVENT_STOP && follow_is_stop_signal(signal))
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
	else
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)(event ? 0 : signal));
	return true;
}
