/*
 * The session's loop. One thread waits for: stops and exits of children, signals to hand on, what preloaded libraries
 * and agents ask, ends of profiled programs, and the time to drain. Whatever goes wrong on our side is kept for the
 * end; the command runs on.
 */
#include "collector/session.h"

#include "base/clock.h"
#include "base/memory.h"
#include "collector/follow.h"
#include "collector/launch.h"
#include "collector/programs.h"
#include "collector/ways_in.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IDLE_MS         200
#define FRESH_NS        1000000000u /* after the command's end, for what it has forked to exec */
#define RELEASE_TRIES   200         /* that every tracee gets to stop and be let go */
#define RELEASE_WAIT_NS 5000000

enum { FD_SIGNALS, FD_WAYS_IN, FD_COMMAND, FD_PROGRAMS }; /* of what is polled; from the last on, each program's */

struct session {
	const struct session_options *options;
	struct session_result *result;
	struct launch launch;
	struct follow *follow;
	struct ways_in *ways;
	struct programs *programs;
	struct pollfd *fds;
	int signals;
	int command_handle; /* a pidfd of the command where it is not our child; else -1 */
	sigset_t old_mask;
	bool command_ended;
	uint64_t ended_ns; /* when that was */
	bool is_over;      /* the user wants no more of what still runs */
};

/* A process stands at its exec. */
static enum follow_decision session_at_exec(void *user, pid_t pid)
{
	struct session *session = user;

	return session->is_over ? FOLLOW_DONE : ways_in_at_exec(session->ways, pid);
}

static bool session_keeps(void *user, pid_t pid)
{
	struct session *session = user;

	return ways_in_keeps(session->ways, pid);
}

/* As process 1 of a container we are given orphans too; they want nothing but this. */
static void session_reap(struct session *session)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (follow_handle(session->follow, pid, status) || (!WIFEXITED(status) && !WIFSIGNALED(status)))
			continue;
		if (pid == session->launch.pid) {
			session->result->wait_status = status;
			session->command_ended = true;
		}
		programs_hear(session->programs, pid);
	}
	/* Killed while the agent was put in: its end was seen there, and by nothing else can it have come. */
	if (pid < 0 && errno == ECHILD && !session->options->detached && !session->command_ended) {
		session->result->wait_status = SIGKILL;
		session->command_ended = true;
	}
}

static bool is_ending(uint32_t number)
{
	return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

/*
 * What the terminal sends goes to the whole process group; only what was sent to us alone is handed on. Detached we are
 * nobody's to stop: whoever sends us the like (a service manager does, at its end) has sent it to the command too.
 */
static void session_take_signals(struct session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (session->command_ended)
			session->is_over |= is_ending(info.ssi_signo);
		else if (info.ssi_code <= 0 && !session->options->detached)
			kill(session->launch.pid, (int)info.ssi_signo);
	}
}

/* What the command has left in the background belongs to it, if it is a Go program or soon becomes one. */
static bool session_goes_on(struct session *session)
{
	if (!session->command_ended)
		return true;
	if (!session->ended_ns)
		session->ended_ns = clock_ns(CLOCK_MONOTONIC);
	if (session->options->follow && !session->is_over && follow_fresh(session->follow) &&
	    clock_ns(CLOCK_MONOTONIC) - session->ended_ns < FRESH_NS)
		return true;
	return !programs_are_done(session->programs);
}

/* What to wait for, and for how long. */
static int session_prepare_poll(struct session *session)
{
	struct pollfd *fds = memory_resize(session->fds, FD_PROGRAMS + programs_count(session->programs), sizeof(*fds));

	session->fds = fds;
	fds[FD_SIGNALS] = (struct pollfd){.fd = session->signals, .events = POLLIN};
	fds[FD_WAYS_IN] = (struct pollfd){.fd = ways_in_fd(session->ways), .events = POLLIN};
	fds[FD_COMMAND] = (struct pollfd){.fd = session->command_handle, .events = POLLIN};
	return programs_poll(session->programs, fds + FD_PROGRAMS, IDLE_MS);
}

/* Programs that have ended, by what was polled: COUNT of them were. */
static void session_end_some(struct session *session, size_t count)
{
	if (session->fds[FD_COMMAND].revents)
		session->command_ended = true;
	programs_end_some(session->programs, session->fds + FD_PROGRAMS, count);
	if (session->is_over)
		programs_end_all(session->programs);
	programs_finish_some(session->programs, ways_in_fd(session->ways));
}

static void session_loop(struct session *session)
{
	while (session_goes_on(session)) {
		int timeout = session_prepare_poll(session);
		size_t count = programs_count(session->programs);

		if (poll(session->fds, FD_PROGRAMS + count, timeout) < 0)
			memset(session->fds, 0, (FD_PROGRAMS + count) * sizeof(*session->fds));
		session_take_signals(session);
		programs_tend(session->programs); /* before they are reaped: a clock of CPU ends with the process */
		follow_tend(session->follow);
		session_reap(session);
		if (session->fds[FD_WAYS_IN].revents & POLLIN)
			ways_in_answer(session->ways, session->follow);
		session_end_some(session, count);
	}
}

/* All that may be handed on: not what our own faults are, what stops us, nor what tells of limits and timers of ours.
 */
static void session_block_signals(struct session *session)
{
	static const int kept[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,    SIGTRAP, SIGABRT, SIGSYS, SIGPIPE,
				   SIGTSTP, SIGTTIN, SIGTTOU, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ};
	sigset_t mask;
	size_t i;

	sigfillset(&mask);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		sigdelset(&mask, kept[i]);
	sigprocmask(SIG_BLOCK, &mask, &session->old_mask);
	session->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Start the command at its gate and seize it; that it cannot be traced still leaves the preloaded library. */
static enum status session_start(struct session *session, struct error *error)
{
	const struct session_options *options = session->options;
	struct launch_options how = {
	    .command = options->command, .mask = &session->old_mask, .detached = options->detached};
	struct error why = {""};
	const char *forbidden;

	/* At its exec it would be found to be sanitized, too, but not where tracing is forbidden. */
	if (!launch_is_sanitized(options->command[0]))
		how.library = ways_in_library(session->ways);
	how.socket_name = ways_in_socket(session->ways);
	if (launch_start(&session->launch, &how, error) != STATUS_OK)
		return STATUS_ERROR;
	ways_in_set_command(session->ways, session->launch.pid);
	forbidden = launch_forbids_tracing(options->command[0]);
	if (forbidden)
		error_set(&session->result->refusal, "cannot profile %s: %s", options->command[0], forbidden);
	else if (follow_seize(session->follow, session->launch.pid, &why) != STATUS_OK)
		session->result->refusal = why;
	if (options->detached)
		session->command_handle = (int)syscall(SYS_pidfd_open, session->launch.pid, 0);
	programs_sample_cpu(session->programs, session->launch.pid);
	launch_release(&session->launch);
	return STATUS_OK;
}

/* Let every tracee go that is left: none must wait for us while we are at the reports. */
static void session_let_tracees_go(struct session *session)
{
	struct timespec pause = {.tv_nsec = RELEASE_WAIT_NS};
	int tries;

	follow_release(session->follow);
	for (tries = 0; tries < RELEASE_TRIES && follow_count(session->follow); tries++) {
		if (tries)
			nanosleep(&pause, NULL);
		session_reap(session);
	}
}

static void session_close(struct session *session)
{
	programs_close(session->programs, session->result);
	ways_in_close(session->ways);
	follow_free(session->follow);
	free(session->fds);
	if (session->command_handle >= 0)
		close(session->command_handle);
	if (session->signals >= 0)
		close(session->signals);
}

enum status session_run(const struct session_options *options, session_at_end *at_end, struct session_result *result,
			struct error *error)
{
	struct session session = {.options = options, .result = result, .signals = -1, .command_handle = -1};
	enum status status;
	int exec_error;

	*result = (struct session_result){0};
	if (programs_open(&session.programs, options, at_end, error) != STATUS_OK)
		return STATUS_ERROR;
	session_block_signals(&session);
	session.ways = ways_in_open(options, session.programs, &result->refusal);
	session.follow = follow_new(session_at_exec, session_keeps, &session);
	status = session_start(&session, error);
	if (status == STATUS_OK) {
		session_loop(&session);
		session_let_tracees_go(&session);
		exec_error = launch_exec_error(&session.launch);
		if (exec_error) {
			errno = exec_error;
			status = error_set_errno(error, "cannot run %s", options->command[0]);
		}
		programs_finish(session.programs, options->detached ? NULL : &result->wait_status);
	}
	session_close(&session);
	return status;
}

void session_result_free(struct session_result *result)
{
	size_t i;

	for (i = 0; i < result->ntraces; i++) {
		free(result->traces[i].path);
		free(result->traces[i].program);
	}
	free(result->traces);
	*result = (struct session_result){0};
}
