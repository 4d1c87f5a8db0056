/*
 * The session's loop. One thread waits for: stops and exits of children, signals to hand on, the preloaded library's
 * question, and the time to drain. Whatever goes wrong on our side is kept for the end; the command runs on.
 */
#include "collector/session.h"

#include "base/memory.h"
#include "collector/c_drain.h"
#include "collector/c_target.h"
#include "collector/clean_environment.h"
#include "collector/follow.h"
#include "collector/inject.h"
#include "collector/launch.h"
#include "collector/plan.h"
#include "collector/preload_host.h"
#include "collector/target_memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct session {
	const struct session_options *options;
	struct session_result *result;
	struct launch launch;
	struct follow *follow;
	struct preload_host *host;
	struct region region;
	struct plan *plan;
	struct plan *waiting; /* of a dynamic program that stood at its exec, until its constructor asks; or NULL */
	struct recording *recording;
	struct c_drain *c;        /* NULL: C allocations are not sampled */
	struct c_target c_target; /* the program, where it has no Go */
	uint64_t bias;
	pid_t target; /* the profiled program's process; 0: none yet */
	int signals;
	sigset_t old_mask;
	bool ended;
};

/* The command's words as a trace has them. The caller frees it. */
static char *session_join_command(char *const *command, size_t *size)
{
	size_t length = 0, at = 0, i;
	char *joined;

	for (i = 0; command[i]; i++)
		length += strlen(command[i]) + 1;
	joined = memory_alloc(length + 1, 1);
	for (i = 0; command[i]; i++) {
		strcpy(joined + at, command[i]);
		at += strlen(command[i]) + 1;
	}
	*size = at ? at - 1 : 0;
	return joined;
}

/* The agent is in, or the sampler of C allocations in a program without Go: from here on records go to the trace. */
static void session_begin(struct session *session, pid_t pid, const char *way)
{
	struct recording_source source = {
	    .plan = session->plan,
	    .region = &session->region,
	    .pid = pid,
	    .bias = session->bias,
	    .rate = session->options->rate,
	    .budget = session->options->budget,
	    .way = way,
	    .binary = session->c_target.path,
	    .gnu_build_id = session->c_target.build_id,
	};
	char *command = session_join_command(session->options->command, &source.command_size);

	source.command = command;
	session->target = pid;
	session->result->profiled = true;
	recording_begin(session->recording, &source);
	free(command);
}

static void session_refuse(struct session *session, const struct error *why)
{
	if (!session->result->refusal.text[0])
		session->result->refusal = *why;
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
	status = plan_make(&plan, path, session->options->live_rate, &error);
	if (status == STATUS_ERROR && error.text[0])
		session_refuse(session, &error);
	if (status == STATUS_OK && session_is_toolchain(plan)) {
		plan_free(plan);
		plan = NULL;
	}
	return status == STATUS_OK ? plan : NULL;
}

/* Whether PID's environment, as it was exec'd, names our library: then its constructor will ask. */
static bool session_will_preload(const struct session *session, pid_t pid)
{
	char path[64], *environment = NULL;
	size_t capacity = 0;
	bool named = false;
	FILE *file;

	if (!session->options->library)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!named && getdelim(&environment, &capacity, 0, file) > 0)
		named = !strncmp(environment, "LD_PRELOAD=", 11) && strstr(environment, session->options->library);
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

/* A process stands at its exec. */
static enum follow_decision session_at_exec(void *user, pid_t pid)
{
	struct session *session = user;
	struct error error = {""};
	struct plan *plan;

	if (session->target)
		return FOLLOW_DONE;
	plan = session_plan(session, pid);
	if (!plan) {
		session_look_for_c(session, pid);
		return FOLLOW_ON;
	}
	if (plan_program(plan)->is_dynamic && session_will_preload(session, pid)) {
		plan_free(session->waiting);
		session->waiting = plan;
		return FOLLOW_LET_GO; /* the constructor will ask */
	}
	region_plan(&session->region, session->options->rate, session->options->ring_size);
	if (inject_at_exec(pid, plan, &session->region, &session->bias, &error) != STATUS_OK) {
		session_refuse(session, &error);
		plan_free(plan);
		return FOLLOW_LET_GO;
	}
	if (session->options->library)
		clean_environment(pid, session->options->library, &error); /* else its children only ask in vain */
	session->plan = plan;
	session_begin(session, pid, "inject");
	return FOLLOW_DONE;
}

/* What is needed to sample the C allocations of PID, whose Go PLAN (NULL: none) tells of; false: they are not. */
static bool session_prepare_c(struct session *session, pid_t pid, const struct plan *plan)
{
	struct error error = {""};
	struct c_go go = {0};
	uint64_t executable, size, bias;

	c_target_free(&session->c_target);
	if (!session->options->c_rate || (!plan && c_target_look(&session->c_target, pid, session->launch.pid,
								 session->options->c_interpreters, NULL) != STATUS_OK))
		return false;
	if (plan) {
		plan_executable(plan, &executable, &size);
		if (target_memory_bias(pid, executable, &bias, NULL) == STATUS_OK)
			plan_c_go(plan, bias, &go);
	}
	if (c_drain_new(&session->c, session->options->c_rate, &go, &error) == STATUS_OK)
		return true;
	session_refuse(session, &error);
	return false;
}

/*
 * What the library has been given, and what of it is in, begins; the rest is let go. Of a Go program C alone is not
 * wanted: the library goes quiet then, for nobody looks in.
 */
static void session_begin_preloaded(struct session *session, pid_t pid, struct plan *plan,
				    const struct preload_heard *heard)
{
	bool has_c = heard->c && (heard->agent || !plan);

	if (heard->agent)
		session->plan = plan;
	else
		plan_free(plan);
	if (heard->agent || has_c)
		session_begin(session, pid, "preload");
	if (has_c) {
		recording_begin_c(session->recording, session->c, heard->has_libunwind, heard->has_own_malloc);
	} else {
		c_drain_free(session->c);
		session->c = NULL;
	}
	if (session->target)
		follow_release(session->follow);
}

/* A dynamic program has loaded our library and asks what to do. */
static void session_answer_preload(struct session *session)
{
	struct error error = {""};
	struct preload_heard heard;
	struct plan *plan;
	pid_t pid;
	bool has_c;

	if (preload_host_accept(session->host, &pid, &error) != STATUS_OK)
		return;
	plan = session->target ? NULL : session_plan(session, pid);
	has_c = !session->target && session_prepare_c(session, pid, plan);
	if (!plan && !has_c) {
		preload_host_decline(session->host);
		return;
	}
	region_plan(&session->region, session->options->rate, session->options->ring_size);
	if (preload_host_attach(session->host, pid, plan, has_c ? c_drain_fd(session->c) : -1, &session->region,
				&session->bias, &heard, &error) != STATUS_OK)
		session_refuse(session, &error);
	session_begin_preloaded(session, pid, plan, &heard);
}

static void session_reap(struct session *session)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (follow_handle(session->follow, pid, status))
			continue;
		if (pid == session->launch.pid && (WIFEXITED(status) || WIFSIGNALED(status))) {
			session->result->wait_status = status;
			session->ended = true;
		}
	}
}

/* What the terminal sends goes to the whole process group; only what was sent to us alone is handed on. */
static void session_take_signals(struct session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (info.ssi_code <= 0)
			kill(session->launch.pid, (int)info.ssi_signo);
	}
}

static int session_timeout(const struct session *session)
{
	return !recording_is_on(session->recording) && session->follow ? 200 : recording_timeout(session->recording);
}

static void session_loop(struct session *session)
{
	while (!session->ended) {
		struct pollfd fds[2] = {{.fd = session->signals, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

		if (session->host)
			fds[1].fd = preload_host_fd(session->host);
		poll(fds, 2, session_timeout(session));
		session_take_signals(session);
		session_reap(session);
		if (fds[1].revents & POLLIN)
			session_answer_preload(session);
		recording_tend(session->recording);
	}
}

static void session_block_signals(struct session *session)
{
	static const int forwarded[] = {SIGCHLD, SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
					SIGUSR1, SIGUSR2, SIGCONT, SIGALRM, SIGWINCH};
	sigset_t mask;
	size_t i;

	sigemptyset(&mask);
	for (i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&mask, forwarded[i]);
	sigprocmask(SIG_BLOCK, &mask, &session->old_mask);
	session->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Start the command at its gate and seize it; that it cannot be traced still leaves the preloaded library. */
static enum status session_start(struct session *session, struct error *error)
{
	const char *library = session->options->library, *forbidden;
	struct error why = {""};

	if (library && preload_host_open(&session->host, &why) != STATUS_OK)
		library = NULL;
	if (launch_start(&session->launch, session->options->command, &session->old_mask, library,
			 session->host ? preload_host_name(session->host) : NULL, error) != STATUS_OK)
		return STATUS_ERROR;
	forbidden = launch_forbids_tracing(session->options->command[0]);
	if (forbidden)
		error_set(&session->result->refusal, "cannot profile %s: %s", session->options->command[0], forbidden);
	else if (follow_seize(session->follow, session->launch.pid, &why) != STATUS_OK)
		session_refuse(session, &why);
	recording_sample_cpu(session->recording, session->launch.pid, false, session->options->cpu_period_ns);
	launch_release(&session->launch);
	return STATUS_OK;
}

static void session_close(struct session *session)
{
	recording_close(session->recording, &session->result->trace_size, &session->result->damage);
	c_drain_free(session->c);
	c_target_free(&session->c_target);
	region_close(&session->region);
	plan_free(session->plan);
	plan_free(session->waiting);
	preload_host_close(session->host);
	follow_free(session->follow);
	if (session->signals >= 0)
		close(session->signals);
}

enum status session_run(const struct session_options *options, session_at_end *at_end, void *user,
			struct session_result *result, struct error *error)
{
	struct session session = {.options = options, .result = result, .region = {.fd = -1}, .signals = -1};
	enum status status;
	int exec_error;

	*result = (struct session_result){0};
	status = recording_open(&session.recording, options->trace_path, error);
	if (status != STATUS_OK)
		return status;
	session_block_signals(&session);
	session.follow = follow_new(session_at_exec, &session);
	status = session_start(&session, error);
	if (status == STATUS_OK) {
		session_loop(&session);
		exec_error = launch_exec_error(&session.launch);
		if (exec_error) {
			errno = exec_error;
			status = error_set_errno(error, "cannot run %s", options->command[0]);
		} else if (recording_is_on(session.recording)) {
			recording_number_fact(session.recording, "exit_status",
					      (uint64_t)(uint32_t)result->wait_status);
			recording_finish(session.recording, at_end, user);
			result->samples = recording_samples(session.recording);
			result->c_samples = c_drain_samples(session.c);
		}
	}
	session_close(&session);
	return status;
}
