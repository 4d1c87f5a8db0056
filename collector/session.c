/*
 * The session's loop. One thread waits for: stops and exits of children, signals to hand on, the preloaded library's
 * question, and the time to drain. Whatever goes wrong on our side is kept for the end; the command runs on.
 */
#include "collector/session.h"

#include "base/machine.h"
#include "base/memory.h"
#include "collector/c_drain.h"
#include "collector/c_target.h"
#include "collector/clean_environment.h"
#include "collector/cpu_record.h"
#include "collector/drain.h"
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
#include <time.h>
#include <unistd.h>

#define DRAIN_BUSY_MS 2
#define DRAIN_IDLE_MS 20
#define FLUSH_NS      500000000ull  /* a killed escprof loses at most this much */
#define FIGURES_NS    1000000000ull /* between looks at the GC's figures from outside, when no samples bring them */

struct session {
	const struct session_options *options;
	struct session_result *result;
	struct launch launch;
	struct follow *follow;
	struct preload_host *host;
	struct region region;
	struct plan *plan;
	struct plan *waiting; /* of a dynamic program that stood at its exec, until its constructor asks; or NULL */
	struct trace_writer *writer;
	struct drain *drain;
	struct cpu_record *cpu;
	struct c_drain *c;        /* NULL: C allocations are not sampled */
	struct c_target c_target; /* the program, where it has no Go */
	uint64_t bias;
	pid_t target; /* the profiled program's process; 0: none yet */
	int signals;
	sigset_t old_mask;
	bool ended;
	uint64_t flushed_ns, figures_ns;
};

static uint64_t session_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void session_fact(struct session *session, const char *key, const char *value)
{
	if (value && *value)
		trace_writer_fact(session->writer, key, value, strlen(value));
}

static void session_number_fact(struct session *session, const char *key, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	session_fact(session, key, text);
}

static void session_command_fact(struct session *session)
{
	char *const *argument;
	size_t size = 0, at = 0;
	char *joined;

	for (argument = session->options->command; *argument; argument++)
		size += strlen(*argument) + 1;
	joined = memory_alloc(size, 1);
	for (argument = session->options->command; *argument; argument++) {
		strcpy(joined + at, *argument);
		at += strlen(*argument) + 1;
	}
	trace_writer_fact(session->writer, "command", joined, size ? size - 1 : 0);
	free(joined);
}

static void session_go_facts(struct session *session, const struct plan_program *program)
{
	session_fact(session, "binary", program->path);
	session_fact(session, "go_version", program->go_version);
	session_fact(session, "go_build_id", program->go_build_id);
	session_fact(session, "gnu_build_id", program->gnu_build_id);
	session_fact(session, "main_module", program->main_module);
	session_fact(session, "main_path", program->main_path);
	session_fact(session, "build_info", program->build_info);
	session_fact(session, "profile_switched_on", program->switched_on ? "yes" : "no");
	session_number_fact(session, "rate", session->options->rate);
}

static void session_write_facts(struct session *session, const char *way)
{
	char *cpu = machine_cpu();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	session_command_fact(session);
	if (session->plan)
		session_go_facts(session, plan_program(session->plan));
	/* Of a program without Go; else there is none. */
	session_fact(session, "binary", session->c_target.path);
	session_fact(session, "gnu_build_id", session->c_target.build_id);
	session_fact(session, "cpu", cpu);
	free(cpu);
	session_fact(session, "way", way);
	session_fact(session, "escprof_version", ESCPROF_VERSION);
	session_number_fact(session, "pid", (uint64_t)session->target);
	session_number_fact(session, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	session_number_fact(session, "start_time", (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

/* The agent is in: from here on its records go to the trace. */
static void session_begin(struct session *session, pid_t pid, const char *way)
{
	session->target = pid;
	session->result->profiled = true;
	session->drain = drain_new(&session->region, session->writer, pid, session->bias);
	drain_watch(session->drain, plan_concurrency(session->plan, session->bias));
	drain_name_labels(session->drain, plan_labels(session->plan, pid, session->bias, session->writer));
	session_write_facts(session, way);
	cpu_record_begin(session->cpu, session->writer, pid, session->bias, &session->region,
			 drain_start_ns(session->drain));
	drain_poll_figures(session->drain);
	trace_writer_flush(session->writer, &session->result->damage);
}

/* The sampler of C allocations is in, of the target whose other facts are written, or which has no Go. */
static void session_begin_c(struct session *session, const struct preload_heard *heard)
{
	c_drain_begin(session->c, session->writer, session->drain ? drain_start_ns(session->drain) : 0,
		      heard->has_libunwind ? "libunwind" : "frame pointers", heard->has_own_malloc);
	trace_writer_flush(session->writer, &session->result->damage);
}

/* A program without Go has only its C allocations: there is no agent, and no GC whose CPU would be looked for. */
static void session_begin_c_alone(struct session *session, pid_t pid)
{
	session->target = pid;
	session->result->profiled = true;
	session_write_facts(session, "preload");
	cpu_record_free(session->cpu);
	session->cpu = NULL;
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
	if (inject_at_exec(pid, plan, session->options->rate, &session->region, &session->bias, &error) != STATUS_OK) {
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

	if (heard->agent) {
		session->plan = plan;
		session_begin(session, pid, "preload");
	} else {
		plan_free(plan);
	}
	if (has_c && !heard->agent)
		session_begin_c_alone(session, pid);
	if (has_c) {
		session_begin_c(session, heard);
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
	if (preload_host_attach(session->host, pid, plan, session->options->rate, has_c ? c_drain_fd(session->c) : -1,
				&session->region, &session->bias, &heard, &error) != STATUS_OK)
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

static void session_tend(struct session *session)
{
	uint64_t now = session_now();

	if (session->cpu)
		cpu_record_take(session->cpu);
	if (session->c)
		c_drain_run(session->c);
	if (!session->target)
		return;
	if (session->drain)
		drain_run(session->drain);
	if (session->drain && now - session->figures_ns >= FIGURES_NS) {
		session->figures_ns = now;
		drain_poll_figures(session->drain);
	}
	if (now - session->flushed_ns >= FLUSH_NS) {
		session->flushed_ns = now;
		if (session->drain)
			drain_write_losses(session->drain);
		trace_writer_flush(session->writer, &session->result->damage);
	}
}

static int session_timeout(const struct session *session)
{
	if (!session->drain)
		return session->follow && !session->target ? 200 : DRAIN_IDLE_MS;
	return drain_pressure(session->drain) > 0.02 || drain_is_hurried(session->drain) ? DRAIN_BUSY_MS
											 : DRAIN_IDLE_MS;
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
		session_tend(session);
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
	session->cpu = cpu_record_new(session->launch.pid, session->options->cpu_period_ns);
	launch_release(&session->launch);
	return STATUS_OK;
}

static void session_finish_trace(struct session *session, void (*at_end)(void *user, const struct session_end *end),
				 void *user)
{
	struct session_end end = {.writer = session->writer};
	const uint64_t *more;
	size_t nmore;

	if (session->drain) {
		drain_rest(session->drain);
		cpu_record_end(session->cpu);
		drain_write_losses(session->drain);
	}
	if (session->c)
		c_drain_rest(session->c);
	session_number_fact(session, "exit_status", (uint64_t)(uint32_t)session->result->wait_status);
	trace_writer_flush(session->writer, &session->result->damage);
	end.program = session->plan ? plan_program(session->plan)->path : session->c_target.path;
	if (session->drain) {
		more = cpu_record_addresses(session->cpu, &nmore);
		end.addresses = drain_addresses(session->drain, more, nmore, &end.naddresses);
		end.types = drain_types(session->drain, &end.ntypes);
		session->result->samples = drain_samples(session->drain);
	}
	end.c_addresses = c_drain_addresses(session->c, &end.nc_addresses);
	end.modules = c_drain_modules(session->c, &end.nmodules);
	session->result->c_samples = c_drain_samples(session->c);
	if (at_end)
		at_end(user, &end);
	free(end.addresses);
	free(end.types);
}

static void session_close(struct session *session)
{
	if (session->writer && !session->result->profiled)
		unlink(session->options->trace_path);
	if (session->writer) {
		struct error error = {""};

		trace_writer_flush(session->writer, &error);
		session->result->trace_size = trace_writer_size(session->writer);
		if (trace_writer_close(session->writer, true, &error) != STATUS_OK)
			session->result->damage = error;
	}
	drain_free(session->drain);
	cpu_record_free(session->cpu);
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

enum status session_run(const struct session_options *options,
			void (*at_end)(void *user, const struct session_end *end), void *user,
			struct session_result *result, struct error *error)
{
	struct session session = {.options = options, .result = result, .region = {.fd = -1}, .signals = -1};
	enum status status;
	int exec_error;

	*result = (struct session_result){0};
	status = trace_writer_open(&session.writer, options->trace_path, error);
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
		} else if (session.target) {
			session_finish_trace(&session, at_end, user);
		}
	}
	session_close(&session);
	return status;
}
