/*
 * The session's loop. One thread waits for: stops and exits of children, signals to hand on, what preloaded libraries
 * and agents ask, ends of profiled programs, and the time to drain. Whatever goes wrong on our side is kept for the
 * end; the command runs on.
 */
#include "collector/session.h"

#include "base/memory.h"
#include "collector/c_drain.h"
#include "collector/clean_environment.h"
#include "collector/follow.h"
#include "collector/inject.h"
#include "collector/launch.h"
#include "collector/plan.h"
#include "collector/plan_store.h"
#include "collector/preload/preload_protocol.h"
#include "collector/preload_host.h"
#include "collector/profiled.h"
#include "collector/target_memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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

enum { FD_SIGNALS, FD_HOST, FD_COMMAND, FD_PROGRAMS }; /* of what is polled; from the last on, each program's */

struct session {
	const struct session_options *options;
	struct session_result *result;
	session_at_end *at_end;
	const char *library; /* that is preloaded; NULL: none */
	struct launch launch;
	struct follow *follow;
	struct preload_host *host;
	struct profiled *next; /* the program that is being prepared; NULL: no other is wanted */
	struct profiled **programs;
	size_t nprograms, capacity;
	struct plan_store *plans;
	struct plan *waiting; /* of a dynamic program that stood at its exec, until its constructor asks; or NULL */
	struct pollfd *fds;
	size_t nfds;
	int signals;
	int command_handle; /* a pidfd of the command where it is not our child; else -1 */
	sigset_t old_mask;
	bool command_ended;
	uint64_t ended_ns; /* when that was */
	bool is_over;      /* the user wants no more of what still runs */
};

static void session_refuse(struct session *session, const struct error *why)
{
	if (!session->result->refusal.text[0])
		session->result->refusal = *why;
}

/* Which program of its process PID this is: 1 for the first. */
static unsigned session_turn(const struct session *session, pid_t pid)
{
	unsigned turn = 1;
	size_t i;

	for (i = 0; i < session->nprograms; i++)
		turn += session->programs[i]->pid == pid;
	return turn;
}

/*
 * Where the trace of the next program goes, PROGRAM in PROCESS. Without `follow` that is beside the trace of a program
 * without Go, whose place it takes when the agent is in.
 */
static char *session_name_trace(const struct session *session, const char *program, const char *process)
{
	const struct session_options *options = session->options;

	return options->follow ? options->name_trace(options->user, program, process)
			       : memory_format("%s.part", options->trace_path);
}

/* A Go program has come of one without Go, which gives way: the trace is its own from here on. */
static void session_take_over(struct session *session, struct profiled *program)
{
	struct profiled *before = session->programs[0];

	if (!rename(program->trace.path, before->trace.path)) {
		free(program->trace.path);
		program->trace.path = before->trace.path;
	} else { /* it stays where it is */
		unlink(before->trace.path);
		free(before->trace.path);
	}
	before->trace.path = NULL;
	free(before->trace.program);
	profiled_end(before);
	profiled_free(before);
	session->nprograms = 0;
}

/* A trace for the next program, which is PROGRAM in process PID, where it has none yet. */
static bool session_open_trace(struct session *session, pid_t pid, const char *program)
{
	const struct session_options *options = session->options;
	struct profiled *next = session->next;
	unsigned turn = session_turn(session, pid);
	struct error error;
	char *process;

	next->trace.program = memory_copy_string(program);
	if (next->recording)
		return true;
	process = turn > 1 ? memory_format("%d-%u", (int)pid, turn) : memory_format("%d", (int)pid);
	next->trace.path = session_name_trace(session, program, process);
	free(process);
	if (recording_open(&next->recording, next->trace.path, &error) != STATUS_OK) {
		session_refuse(session, &error);
		return false;
	}
	recording_sample_cpu(next->recording, pid, true, options->cpu_period_ns);
	return true;
}

/* It did not come to be: another one may. */
static void session_drop_next(struct session *session)
{
	struct profiled *next = session->next;

	free(next->trace.program);
	next->trace.program = NULL;
	if (!session->options->follow && !session->nprograms) { /* its trace is the session's */
		plan_free(next->plan);
		next->plan = NULL;
		return;
	}
	free(next->trace.path);
	profiled_free(next);
	session->next = profiled_new();
}

/* The agent is in, or the sampler of C allocations in a program without Go: from here on records go to the trace. */
static struct profiled *session_begin(struct session *session, pid_t pid, const char *way)
{
	const struct session_options *options = session->options;
	struct profiled *program = session->next;

	bool yields = options->c_yields && !options->follow && !program->plan;

	if (!options->follow && session->nprograms)
		session_take_over(session, program);
	profiled_begin(program, options, pid, way, options->follow ? NULL : options->command, options->follow);
	session->programs =
	    memory_reserve(session->programs, session->nprograms, &session->capacity, sizeof(*session->programs));
	session->programs[session->nprograms++] = program;
	session->next = options->follow || yields ? profiled_new() : NULL;
	return program;
}

/* The go command and its tools are Go programs too, but not what `escprof run go run .` is about. */
static bool session_is_toolchain(const struct plan *plan)
{
	return !strncmp(plan_program(plan)->main_path, "cmd/", 4);
}

/* The plan of the program that PID runs, or NULL when it is not one to profile (a refusal is kept). */
static struct plan *session_plan(struct session *session, pid_t pid)
{
	char link[64], path[4096];
	struct error error = {""};
	struct plan *plan = NULL;
	enum status status;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return NULL;
	path[length] = 0;
	if (access(path, R_OK)) /* of another mount namespace, or replaced since */
		snprintf(path, sizeof(path), "%s", link);
	if (session->waiting && !strcmp(plan_program(session->waiting)->path, path)) {
		plan = session->waiting;
		session->waiting = NULL;
		return plan;
	}
	status = plan_store_get(session->plans, path, &plan, &error);
	if (status == STATUS_ERROR && error.text[0])
		session_refuse(session, &error);
	if (status == STATUS_OK && session_is_toolchain(plan)) {
		plan_free(plan);
		plan = NULL;
	}
	return status == STATUS_OK ? plan : NULL;
}

/* Whether PID, which may have another root folder, finds our library. */
static bool session_is_found(const struct session *session, pid_t pid)
{
	char *path = memory_format("/proc/%d/root%s", (int)pid, session->library);
	bool found = !access(path, R_OK);

	free(path);
	return found;
}

/* Whether PID's environment, as it was exec'd, names our library: then its constructor will ask. */
static bool session_will_preload(const struct session *session, pid_t pid)
{
	char path[64], *environment = NULL;
	size_t capacity = 0;
	bool named = false;
	FILE *file;

	if (!session->library || !session_is_found(session, pid))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!named && getdelim(&environment, &capacity, 0, file) > 0)
		named = !strncmp(environment, "LD_PRELOAD=", 11) && strstr(environment, session->library);
	free(environment);
	fclose(file);
	return named;
}

/* A program without Go that cannot be preloaded into is refused here; the others ask by themselves. */
static void session_look_for_c(struct session *session, pid_t pid)
{
	struct error error = {""};
	struct c_target target;

	if (!session->options->c_rate)
		return;
	if (c_target_look(&target, pid, session->launch.pid, session->options->c_interpreters, &error) == STATUS_ERROR)
		session_refuse(session, &error);
	c_target_free(&target);
}

/* PID runs another program than one of Go. Where its loader would only complain of our library, it is not named to it.
 */
static void session_pass_by(struct session *session, pid_t pid)
{
	if (session->library && !session_is_found(session, pid))
		clean_environment(pid, session->library, NULL);
	session_look_for_c(session, pid);
}

/* The C in what is entered by ptrace is not sampled: where no library can be had there, that is said. */
static void session_say_no_c(struct session *session, const struct plan_program *program)
{
	struct error why;

	if (!session->options->c_rate || session->options->c_yields || program->is_preloaded || !program->has_c)
		return;
	error_set(&why, "cannot sample the C allocations of %s: %s", program->path,
		  c_target_why_not(program->is_dynamic));
	session_refuse(session, &why);
}

/* PID stands at its exec and runs PLAN's program, which becomes the session's. */
static enum follow_decision session_inject(struct session *session, pid_t pid, struct plan *plan)
{
	struct profiled *next = session->next;
	struct error error = {""};

	next->plan = plan;
	if (!session_open_trace(session, pid, plan_program(plan)->path)) {
		session_drop_next(session);
		return FOLLOW_LET_GO;
	}
	region_plan(&next->region, session->options->rate, session->options->ring_size);
	if (inject_at_exec(pid, plan, &next->region, &next->bias, &error) != STATUS_OK) {
		session_refuse(session, &error);
		session_drop_next(session);
		return FOLLOW_LET_GO;
	}
	if (session->library)
		clean_environment(pid, session->library, &error); /* else its children only ask in vain */
	session_say_no_c(session, plan_program(plan));
	session_begin(session, pid, "inject");
	return session->options->follow ? FOLLOW_LET_GO : FOLLOW_DONE; /* the agent tells of its children */
}

/* PID is another program now: what was recorded there is over. */
static void session_end_replaced(struct session *session, pid_t pid)
{
	size_t i;

	for (i = 0; session->options->follow && i < session->nprograms; i++)
		if (session->programs[i]->pid == pid && session->programs[i]->state == PROFILED_RUNS)
			profiled_end(session->programs[i]);
}

/* A process stands at its exec. */
static enum follow_decision session_at_exec(void *user, pid_t pid)
{
	struct session *session = user;
	struct plan *plan;

	if (!session->next || session->is_over)
		return FOLLOW_DONE;
	session_end_replaced(session, pid);
	plan = session_plan(session, pid);
	if (!plan) {
		session_pass_by(session, pid);
		return FOLLOW_ON;
	}
	if (!plan_program(plan)->is_preloaded || !session_will_preload(session, pid))
		return session_inject(session, pid, plan);
	plan_free(session->waiting);
	session->waiting = plan;
	return FOLLOW_LET_GO; /* the constructor will ask */
}

/* What is needed to sample the C allocations of PID, whose Go PLAN (NULL: none) tells of; false: they are not. */
static bool session_prepare_c(struct session *session, pid_t pid, const struct plan *plan)
{
	struct profiled *next = session->next;
	struct error error = {""};
	struct c_go go = {0};
	uint64_t executable, size, bias;

	c_target_free(&next->c_target);
	if (!session->options->c_rate || (!plan && c_target_look(&next->c_target, pid, session->launch.pid,
								 session->options->c_interpreters, NULL) != STATUS_OK))
		return false;
	if (plan) {
		plan_executable(plan, &executable, &size);
		if (target_memory_bias(pid, executable, &bias, NULL) == STATUS_OK)
			plan_c_go(plan, bias, &go);
	}
	if (c_drain_new(&next->c, session->options->c_rate, &go, &error) == STATUS_OK)
		return true;
	session_refuse(session, &error);
	return false;
}

/*
 * What the library has been given, and what of it is in, begins; the rest is let go. Of a Go program C alone is not
 * wanted: the library goes quiet then, for nobody looks in.
 */
static void session_begin_preloaded(struct session *session, pid_t pid, const struct preload_heard *heard)
{
	struct profiled *next = session->next;
	bool has_c = heard->c && (heard->agent || !next->plan);

	if (!has_c) {
		c_drain_free(next->c);
		next->c = NULL;
	}
	if (!heard->agent && !has_c) {
		session_drop_next(session);
		return;
	}
	session_begin(session, pid, "preload");
	if (has_c)
		recording_begin_c(next->recording, next->c, heard->has_libunwind, heard->has_own_malloc);
	if (!session->next)
		follow_release(session->follow);
}

/* A dynamic program has loaded our library and asks what to do. */
static void session_answer_library(struct session *session, pid_t pid)
{
	struct profiled *next = session->next;
	struct preload_heard heard;
	struct error error = {""};
	bool has_c;

	if (next)
		next->plan = session_plan(session, pid);
	has_c = next && session_prepare_c(session, pid, next->plan);
	if (!next || (!next->plan && !has_c)) {
		preload_host_decline(session->host);
		return;
	}
	if (!session_open_trace(session, pid, next->plan ? plan_program(next->plan)->path : next->c_target.path)) {
		session_drop_next(session);
		preload_host_decline(session->host);
		return;
	}
	region_plan(&next->region, session->options->rate, session->options->ring_size);
	if (preload_host_attach(session->host, pid, next->plan, has_c ? c_drain_fd(next->c) : -1, &next->region,
				&next->bias, &heard, &error) != STATUS_OK)
		session_refuse(session, &error);
	session_begin_preloaded(session, pid, &heard);
}

/* The agent in a Go program says that THREAD of PID will exec: the same process, unless it is of another namespace. */
static void session_await_exec(struct session *session, pid_t pid, pid_t thread)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)thread);
	if (!access(path, F_OK))
		follow_seize_briefly(session->follow, thread);
}

static void session_answer(struct session *session)
{
	struct preload_question question;

	if (preload_host_accept(session->host, &question, NULL) != STATUS_OK)
		return;
	if (question.kind == PRELOAD_ASKS) {
		session_answer_library(session, question.pid);
		return;
	}
	if (question.kind == PRELOAD_FORKED && session->next)
		follow_seize(session->follow, question.pid, NULL);
	else if (question.kind == PRELOAD_EXECS && session->next)
		session_await_exec(session, question.pid, question.thread);
	preload_host_hang_up(session->host);
}

static void session_hear_finisher(struct session *session, pid_t pid)
{
	size_t i;

	for (i = 0; i < session->nprograms; i++)
		if (session->programs[i]->state == PROFILED_FINISHES && session->programs[i]->finisher == pid)
			profiled_hear(session->programs[i]);
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
		session_hear_finisher(session, pid);
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

/* Take what is there of all programs. */
static void session_tend(struct session *session)
{
	size_t i;

	if (session->next && session->next->recording)
		recording_tend(session->next->recording);
	for (i = 0; i < session->nprograms; i++)
		if (session->programs[i]->state == PROFILED_RUNS)
			recording_tend(session->programs[i]->recording);
	follow_tend(session->follow);
}

/* Those that have ended, by what was polled: COUNT of them were. */
static void session_end_some(struct session *session, size_t count)
{
	size_t i;

	if (session->fds[FD_COMMAND].revents)
		session->command_ended = true;
	for (i = 0; i < count; i++)
		if (session->programs[i]->state == PROFILED_RUNS &&
		    (session->fds[FD_PROGRAMS + i].revents ||
		     (session->options->follow && session->programs[i]->handle < 0 &&
		      kill(session->programs[i]->pid, 0))))
			profiled_end(session->programs[i]);
	for (i = 0; session->is_over && i < session->nprograms; i++)
		if (session->programs[i]->state == PROFILED_RUNS)
			profiled_end(session->programs[i]);
}

/* Symbols for those that have ended, some at a time. */
static void session_finish_some(struct session *session)
{
	long free_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t i;

	for (i = 0; i < session->nprograms; i++)
		free_cpus -= session->programs[i]->state == PROFILED_FINISHES;
	for (i = 0; session->options->follow && i < session->nprograms && free_cpus > 0; i++)
		if (session->programs[i]->state == PROFILED_ENDED) {
			profiled_finish_apart(session->programs[i], session->at_end, session->options->user,
					      session->host ? preload_host_fd(session->host) : -1);
			free_cpus--;
		}
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What the command has left in the background belongs to it, if it is a Go program or soon becomes one. */
static bool session_goes_on(struct session *session)
{
	size_t i;

	if (!session->command_ended)
		return true;
	if (!session->ended_ns)
		session->ended_ns = now_ns();
	if (session->options->follow && !session->is_over && follow_fresh(session->follow) &&
	    now_ns() - session->ended_ns < FRESH_NS)
		return true;
	for (i = 0; session->options->follow && i < session->nprograms; i++)
		if (session->programs[i]->state != PROFILED_DONE)
			return true;
	return false;
}

/* What to wait for, and for how long. */
static int session_prepare_poll(struct session *session)
{
	int timeout = IDLE_MS, limit;
	size_t i;

	session->fds = memory_resize(session->fds, FD_PROGRAMS + session->nprograms, sizeof(*session->fds));
	session->fds[FD_SIGNALS] = (struct pollfd){.fd = session->signals, .events = POLLIN};
	session->fds[FD_HOST] = (struct pollfd){.fd = -1, .events = POLLIN};
	if (session->host)
		session->fds[FD_HOST].fd = preload_host_fd(session->host);
	session->fds[FD_COMMAND] = (struct pollfd){.fd = session->command_handle, .events = POLLIN};
	for (i = 0; i < session->nprograms; i++) {
		const struct profiled *program = session->programs[i];

		session->fds[FD_PROGRAMS + i] = (struct pollfd){.fd = program->handle, .events = POLLIN};
		limit = program->state == PROFILED_RUNS ? recording_timeout(program->recording) : timeout;
		timeout = limit < timeout ? limit : timeout;
	}
	return timeout;
}

static void session_loop(struct session *session)
{
	while (session_goes_on(session)) {
		int timeout = session_prepare_poll(session);
		size_t count = session->nprograms;

		if (poll(session->fds, FD_PROGRAMS + count, timeout) < 0)
			memset(session->fds, 0, (FD_PROGRAMS + count) * sizeof(*session->fds));
		session_take_signals(session);
		session_tend(session); /* before they are reaped: a clock of CPU ends with the process */
		session_reap(session);
		if (session->fds[FD_HOST].revents & POLLIN)
			session_answer(session);
		session_end_some(session, count);
		session_finish_some(session);
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
	const char *forbidden;
	struct error why = {""};

	/* What is followed is entered by ptrace, dynamic or not, unless it has C allocations to sample. */
	session->library = options->follow && !options->c_rate ? NULL : options->library;
	if ((session->library || options->follow) && preload_host_open(&session->host, &why) != STATUS_OK)
		session->library = NULL;
	how.library = session->library;
	how.socket_name = session->host ? preload_host_name(session->host) : NULL;
	session->plans = plan_store_new(options->live_rate, options->follow ? how.socket_name : NULL);
	if (launch_start(&session->launch, &how, error) != STATUS_OK)
		return STATUS_ERROR;
	forbidden = launch_forbids_tracing(options->command[0]);
	if (forbidden)
		error_set(&session->result->refusal, "cannot profile %s: %s", options->command[0], forbidden);
	else if (follow_seize(session->follow, session->launch.pid, &why) != STATUS_OK)
		session_refuse(session, &why);
	if (options->detached)
		session->command_handle = (int)syscall(SYS_pidfd_open, session->launch.pid, 0);
	if (session->next->recording)
		recording_sample_cpu(session->next->recording, session->launch.pid, false, options->cpu_period_ns);
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

/* The one program's trace, where programs are not followed into others. */
static void session_finish(struct session *session)
{
	struct profiled *program = session->nprograms && !session->options->follow ? session->programs[0] : NULL;

	if (!program)
		return;
	if (!session->options->detached)
		recording_number_fact(program->recording, "exit_status",
				      (uint64_t)(uint32_t)session->result->wait_status);
	profiled_end(program);
	profiled_finish(program, session->at_end, session->options->user);
}

static void session_close(struct session *session)
{
	struct session_result *result = session->result;
	size_t i;

	if (session->next)
		session_drop_next(session);
	if (session->next) {
		free(session->next->trace.path);
		profiled_free(session->next);
	}
	result->traces = memory_alloc(session->nprograms + 1, sizeof(*result->traces));
	for (i = 0; i < session->nprograms; i++) {
		result->traces[result->ntraces++] = session->programs[i]->trace;
		profiled_free(session->programs[i]);
	}
	free(session->programs);
	free(session->fds);
	plan_free(session->waiting);
	plan_store_free(session->plans);
	preload_host_close(session->host);
	follow_free(session->follow);
	if (session->command_handle >= 0)
		close(session->command_handle);
	if (session->signals >= 0)
		close(session->signals);
}

enum status session_run(const struct session_options *options, session_at_end *at_end, struct session_result *result,
			struct error *error)
{
	struct session session = {
	    .options = options, .result = result, .at_end = at_end, .signals = -1, .command_handle = -1};
	enum status status = STATUS_OK;
	int exec_error;

	*result = (struct session_result){0};
	session.next = profiled_new();
	if (!options->follow)
		status = recording_open(&session.next->recording, options->trace_path, error);
	if (status != STATUS_OK) {
		profiled_free(session.next);
		return status;
	}
	session.next->trace.path = options->follow ? NULL : memory_copy_string(options->trace_path);
	session_block_signals(&session);
	session.follow = follow_new(session_at_exec, &session);
	status = session_start(&session, error);
	if (status == STATUS_OK) {
		session_loop(&session);
		session_let_tracees_go(&session);
		exec_error = launch_exec_error(&session.launch);
		if (exec_error) {
			errno = exec_error;
			status = error_set_errno(error, "cannot run %s", options->command[0]);
		}
		session_finish(&session);
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
