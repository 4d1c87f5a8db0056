/*
 * In: a process at its exec, or a question by the library or the agent in one. Out: a program whose recording has
 * begun, or why not. Whatever fails, the process runs on.
 */
#include "collector/ways_in.h"

#include "base/memory.h"
#include "binary/elf_sanitizer.h"
#include "collector/c_drain.h"
#include "collector/c_scope.h"
#include "collector/c_target.h"
#include "collector/clean_environment.h"
#include "collector/inject.h"
#include "collector/plan.h"
#include "collector/plan_store.h"
#include "collector/preload/preload_protocol.h"
#include "collector/preload_host.h"
#include "collector/process_info.h"
#include "collector/profiled.h"
#include "collector/programs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ways_in {
	const struct session_options *options;
	struct programs *programs;
	struct error *refusal;
	pid_t command;
	const char *library; /* that is preloaded; NULL: none */
	struct preload_host *host;
	struct plan_store *plans;
	struct plan *waiting; /* of a dynamic program that stood at its exec, until its constructor asks; or NULL */
};

struct ways_in *ways_in_open(const struct session_options *options, struct programs *programs, struct error *refusal)
{
	struct ways_in *ways = memory_alloc(1, sizeof(*ways));

	ways->options = options;
	ways->programs = programs;
	ways->refusal = refusal;
	/* What is followed is entered by ptrace, dynamic or not, unless it has C allocations to sample. */
	ways->library = options->follow && !options->c_rate ? NULL : options->library;
	if ((ways->library || options->follow) && preload_host_open(&ways->host, NULL) != STATUS_OK)
		ways->library = NULL;
	ways->plans = plan_store_new(options->live_rate, options->follow ? ways_in_socket(ways) : NULL);
	return ways;
}

void ways_in_close(struct ways_in *ways)
{
	if (!ways)
		return;
	plan_free(ways->waiting);
	plan_store_free(ways->plans);
	preload_host_close(ways->host);
	free(ways);
}

const char *ways_in_library(const struct ways_in *ways)
{
	return ways->library;
}

const char *ways_in_socket(const struct ways_in *ways)
{
	return ways->host ? preload_host_name(ways->host) : NULL;
}

int ways_in_fd(const struct ways_in *ways)
{
	return ways->host ? preload_host_fd(ways->host) : -1;
}

void ways_in_set_command(struct ways_in *ways, pid_t pid)
{
	ways->command = pid;
}

static void refuse(struct ways_in *ways, const struct error *why)
{
	if (!ways->refusal->text[0])
		*ways->refusal = *why;
}

/* The go command and its tools are Go programs too, but not what `escprof run go run .` is about. */
static bool is_toolchain(const struct plan *plan)
{
	return !strncmp(plan_program(plan)->main_path, "cmd/", 4);
}

/* The plan of the program in the file PATH, or NULL when it is not one to profile (a refusal is kept). */
static struct plan *plan_file(struct ways_in *ways, const char *path)
{
	struct error error = {""};
	struct plan *plan = NULL;
	enum status status;

	if (ways->waiting && !strcmp(plan_program(ways->waiting)->path, path)) {
		plan = ways->waiting;
		ways->waiting = NULL;
		return plan;
	}
	status = plan_store_get(ways->plans, path, &plan, &error);
	if (status == STATUS_ERROR && error.text[0])
		refuse(ways, &error);
	if (status == STATUS_OK && is_toolchain(plan)) {
		plan_free(plan);
		plan = NULL;
	}
	return status == STATUS_OK ? plan : NULL;
}

/* The same of the program that PID runs. */
static struct plan *plan_of(struct ways_in *ways, pid_t pid)
{
	char *path = process_info_program(pid);
	struct plan *plan = path ? plan_file(ways, path) : NULL;

	free(path);
	return plan;
}

/* Whether PID, which may have another root folder, finds our library. */
static bool is_found(const struct ways_in *ways, pid_t pid)
{
	char *path = memory_format("/proc/%d/root%s", (int)pid, ways->library);
	bool found = !access(path, R_OK);

	free(path);
	return found;
}

/* PID's LD_PRELOAD, to be freed, where that names our library; else NULL. */
static char *preloaded_by(const struct ways_in *ways, pid_t pid)
{
	char *preloaded = ways->library ? process_info_environment(pid, "LD_PRELOAD") : NULL;

	if (preloaded && strstr(preloaded, ways->library))
		return preloaded;
	free(preloaded);
	return NULL;
}

/* Whether PID's environment, as it was exec'd, names our library: then its constructor will ask. */
static bool will_preload(const struct ways_in *ways, pid_t pid)
{
	char *preloaded = preloaded_by(ways, pid);
	bool will = preloaded && is_found(ways, pid) && !elf_sanitizer_is_among(preloaded);

	free(preloaded);
	return will;
}

bool ways_in_keeps(const struct ways_in *ways, pid_t pid)
{
	char *preloaded = preloaded_by(ways, pid);

	free(preloaded);
	return preloaded != NULL;
}

/*
 * PID runs another program than one of Go. Where its loader would only complain of our library, or it would not start
 * with it, the library is not named to it. Some sanitizers trace their own process at its end, so that nobody else may.
 */
static enum follow_decision pass_by(struct ways_in *ways, pid_t pid)
{
	bool is_sanitized = c_target_is_sanitized(pid);
	struct error why;

	if (ways->library && (is_sanitized || !is_found(ways, pid)))
		clean_environment(pid, ways->library, NULL);
	if (c_scope_check(ways->options, pid, ways->command, &why) != STATUS_OK)
		refuse(ways, &why);
	return is_sanitized ? FOLLOW_LET_GO : FOLLOW_ON;
}

/* A trace for the next program, PROGRAM in process PID, and how large the agent's rings will be. */
static enum status prepare(struct ways_in *ways, pid_t pid, const char *program, struct error *error)
{
	struct profiled *next = programs_next(ways->programs);
	enum status status = programs_open_trace(ways->programs, pid, program, error);

	if (status == STATUS_OK)
		region_plan(&next->region, ways->options->rate, ways->options->ring_size);
	return status;
}

/* PID stands at its exec and runs PLAN's program, which becomes the session's. */
static enum follow_decision inject(struct ways_in *ways, pid_t pid, struct plan *plan)
{
	struct profiled *next = programs_next(ways->programs);
	struct error error = {""};

	next->plan = plan;
	if (prepare(ways, pid, plan_program(plan)->path, &error) != STATUS_OK ||
	    inject_at_exec(pid, plan, &next->region, &next->bias, &error) != STATUS_OK) {
		refuse(ways, &error);
		programs_drop_next(ways->programs);
		return FOLLOW_LET_GO;
	}
	if (ways->library)
		clean_environment(pid, ways->library, NULL); /* else its children only ask in vain */
	if (c_scope_check_entered(ways->options, plan_program(plan), &error) != STATUS_OK)
		refuse(ways, &error);
	programs_begin(ways->programs, pid, "inject");
	return ways->options->follow ? FOLLOW_LET_GO : FOLLOW_DONE; /* the agent tells of its children */
}

enum follow_decision ways_in_at_exec(struct ways_in *ways, pid_t pid)
{
	struct plan *plan;

	if (!programs_next(ways->programs)) {
		if (ways->library)
			clean_environment(pid, ways->library, NULL);
		return FOLLOW_LET_GO;
	}
	programs_end_replaced(ways->programs, pid);
	plan = plan_of(ways, pid);
	if (!plan)
		return pass_by(ways, pid);
	if (!plan_program(plan)->is_preloaded || !will_preload(ways, pid))
		return inject(ways, pid, plan);
	plan_free(ways->waiting);
	ways->waiting = plan;
	return FOLLOW_LET_GO; /* the constructor will ask */
}

/* What the library has been given, and what of it is in, begins. */
static void begin_preloaded(struct ways_in *ways, struct follow *follow, pid_t pid, const struct preload_heard *heard)
{
	struct profiled *next = programs_next(ways->programs);
	bool has_c = c_scope_settle(next, heard);

	if (!heard->agent && !has_c) {
		programs_drop_next(ways->programs);
		return;
	}
	programs_begin(ways->programs, pid, "preload");
	if (has_c)
		recording_begin_c(next->recording, next->c, heard->has_libunwind, heard->has_own_malloc);
	if (!programs_next(ways->programs))
		follow_settle(follow);
}

/* Find out what of PID, whose program is NEXT, is to be profiled. Returns whether anything is; *HAS_C: C allocations.
 */
static bool find_plan(struct ways_in *ways, struct profiled *next, pid_t pid, bool *has_c)
{
	struct error error;
	enum status status;

	next->plan = plan_of(ways, pid);
	status = c_scope_prepare(next, ways->options, pid, ways->command, &error);
	if (status == STATUS_ERROR)
		refuse(ways, &error);
	*has_c = status == STATUS_OK;
	return next->plan || *has_c;
}

/* A dynamic program has loaded our library and asks what to do. */
static void answer_library(struct ways_in *ways, struct follow *follow, pid_t pid)
{
	struct profiled *next = programs_next(ways->programs);
	struct preload_heard heard;
	struct error error = {""};
	bool has_c;

	if (!next || !find_plan(ways, next, pid, &has_c)) {
		preload_host_decline(ways->host);
		return;
	}
	if (prepare(ways, pid, next->plan ? plan_program(next->plan)->path : next->c_target.path, &error) !=
	    STATUS_OK) {
		refuse(ways, &error);
		programs_drop_next(ways->programs);
		preload_host_decline(ways->host);
		return;
	}
	if (preload_host_attach(ways->host, pid, next->plan, has_c ? c_drain_fd(next->c) : -1, &next->region,
				&next->bias, &heard, &error) != STATUS_OK)
		refuse(ways, &error);
	begin_preloaded(ways, follow, pid, &heard);
}

/* The agent in a Go program says that THREAD of PID will exec: the same process, unless it is of another namespace. */
static void await_exec(struct follow *follow, pid_t pid, pid_t thread)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)thread);
	if (!access(path, F_OK))
		follow_seize_briefly(follow, thread);
}

void ways_in_answer(struct ways_in *ways, struct follow *follow)
{
	struct preload_question question;

	if (preload_host_accept(ways->host, &question, NULL) != STATUS_OK)
		return;
	if (question.kind == PRELOAD_ASKS) {
		answer_library(ways, follow, question.pid);
		return;
	}
	if (question.kind == PRELOAD_FORKED && programs_next(ways->programs))
		follow_seize(follow, question.pid, NULL);
	else if (question.kind == PRELOAD_EXECS && programs_next(ways->programs))
		await_exec(follow, question.pid, question.thread);
	preload_host_hang_up(ways->host);
}
