/*
 * The next program becomes one that is recorded, is looked after until its process has ended, and is finished. What
 * differs with `follow` (many traces) and without (one) is here.
 */
#include "collector/programs.h"

#include "base/memory.h"
#include "collector/plan.h"
#include "collector/profiled.h"
#include "collector/recording.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct programs {
	const struct session_options *options;
	session_at_end *at_end;
	struct profiled *next;   /* NULL: no other is wanted */
	struct profiled **items; /* owned, as are they */
	size_t count, capacity;
};

enum status programs_open(struct programs **out, const struct session_options *options, session_at_end *at_end,
			  struct error *error)
{
	struct profiled *next = profiled_new();
	struct programs *programs;

	if (!options->follow) {
		if (recording_open(&next->recording, options->trace_path, error) != STATUS_OK) {
			profiled_free(next);
			return STATUS_ERROR;
		}
		next->trace.path = memory_copy_string(options->trace_path);
	}
	programs = memory_alloc(1, sizeof(*programs));
	programs->options = options;
	programs->at_end = at_end;
	programs->next = next;
	*out = programs;
	return STATUS_OK;
}

struct profiled *programs_next(const struct programs *programs)
{
	return programs->next;
}

size_t programs_count(const struct programs *programs)
{
	return programs->count;
}

void programs_sample_cpu(struct programs *programs, pid_t command)
{
	if (programs->next->recording)
		recording_sample_cpu(programs->next->recording, command, false, programs->options->cpu_period_ns);
}

/* Which program of its process PID this is: 1 for the first. */
static unsigned turn_of(const struct programs *programs, pid_t pid)
{
	unsigned turn = 1;
	size_t i;

	for (i = 0; i < programs->count; i++)
		turn += programs->items[i]->pid == pid;
	return turn;
}

/*
 * Where the trace of the next program goes, PROGRAM in PROCESS. Without `follow` that is beside the trace of a program
 * without Go, whose place it takes when the agent is in.
 */
static char *name_trace(const struct programs *programs, const char *program, const char *process)
{
	const struct session_options *options = programs->options;

	return options->follow ? options->name_trace(options->user, program, process)
			       : memory_format("%s.part", options->trace_path);
}

/* A Go program has come of one without Go, which gives way: the trace is its own from here on. */
static void take_over(struct programs *programs, struct profiled *program)
{
	struct profiled *before = programs->items[0];

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
	programs->count = 0;
}

enum status programs_open_trace(struct programs *programs, pid_t pid, const char *program, struct error *error)
{
	struct profiled *next = programs->next;
	unsigned turn = turn_of(programs, pid);
	char *process;

	next->trace.program = memory_copy_string(program);
	if (next->recording)
		return STATUS_OK;
	process = turn > 1 ? memory_format("%d-%u", (int)pid, turn) : memory_format("%d", (int)pid);
	next->trace.path = name_trace(programs, program, process);
	free(process);
	if (recording_open(&next->recording, next->trace.path, error) != STATUS_OK)
		return STATUS_ERROR;
	recording_sample_cpu(next->recording, pid, true, programs->options->cpu_period_ns);
	return STATUS_OK;
}

void programs_drop_next(struct programs *programs)
{
	struct profiled *next = programs->next;

	free(next->trace.program);
	next->trace.program = NULL;
	if (!programs->options->follow && !programs->count) { /* its trace is the session's */
		plan_free(next->plan);
		next->plan = NULL;
		return;
	}
	free(next->trace.path);
	profiled_free(next);
	programs->next = profiled_new();
}

/* Whether PROGRAM is one without Go that gives way to a Go program. */
static bool is_yielding(const struct programs *programs, const struct profiled *program)
{
	return programs->options->c_yields && !programs->options->follow && !program->plan;
}

void programs_begin(struct programs *programs, pid_t pid, const char *way)
{
	const struct session_options *options = programs->options;
	struct profiled *program = programs->next;

	if (!options->follow && programs->count)
		take_over(programs, program);
	profiled_begin(program, options, pid, way, options->follow ? NULL : options->command, options->follow);
	programs->items =
	    memory_reserve(programs->items, programs->count, &programs->capacity, sizeof(*programs->items));
	programs->items[programs->count++] = program;
	programs->next = options->follow || is_yielding(programs, program) ? profiled_new() : NULL;
}

static bool is_running(const struct programs *programs, size_t index)
{
	return programs->items[index]->state == PROFILED_RUNS;
}

void programs_tend(struct programs *programs)
{
	size_t i;

	if (programs->next && programs->next->recording)
		recording_tend(programs->next->recording);
	for (i = 0; i < programs->count; i++)
		if (is_running(programs, i))
			recording_tend(programs->items[i]->recording);
}

int programs_poll(const struct programs *programs, struct pollfd *fds, int timeout)
{
	size_t i;

	for (i = 0; i < programs->count; i++) {
		int limit = is_running(programs, i) ? recording_timeout(programs->items[i]->recording) : timeout;

		fds[i] = (struct pollfd){.fd = programs->items[i]->handle, .events = POLLIN};
		timeout = limit < timeout ? limit : timeout;
	}
	return timeout;
}

/* Where no handle could be had, its process is asked for. */
static bool has_ended(const struct programs *programs, const struct profiled *program, const struct pollfd *fd)
{
	return fd->revents || (programs->options->follow && program->handle < 0 && kill(program->pid, 0));
}

void programs_end_some(struct programs *programs, const struct pollfd *fds, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (is_running(programs, i) && has_ended(programs, programs->items[i], &fds[i]))
			profiled_end(programs->items[i]);
}

void programs_end_replaced(struct programs *programs, pid_t pid)
{
	size_t i;

	for (i = 0; programs->options->follow && i < programs->count; i++)
		if (programs->items[i]->pid == pid && is_running(programs, i))
			profiled_end(programs->items[i]);
}

void programs_end_all(struct programs *programs)
{
	size_t i;

	for (i = 0; i < programs->count; i++)
		if (is_running(programs, i))
			profiled_end(programs->items[i]);
}

void programs_finish_some(struct programs *programs, int listener)
{
	long free_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t i;

	for (i = 0; i < programs->count; i++)
		free_cpus -= programs->items[i]->state == PROFILED_FINISHES;
	for (i = 0; programs->options->follow && i < programs->count && free_cpus > 0; i++)
		if (programs->items[i]->state == PROFILED_ENDED) {
			profiled_finish_apart(programs->items[i], programs->at_end, programs->options->user, listener);
			free_cpus--;
		}
}

void programs_hear(struct programs *programs, pid_t pid)
{
	size_t i;

	for (i = 0; i < programs->count; i++)
		if (programs->items[i]->state == PROFILED_FINISHES && programs->items[i]->finisher == pid)
			profiled_hear(programs->items[i]);
}

bool programs_are_done(const struct programs *programs)
{
	size_t i;

	for (i = 0; programs->options->follow && i < programs->count; i++)
		if (programs->items[i]->state != PROFILED_DONE)
			return false;
	return true;
}

void programs_finish(struct programs *programs, const int *wait_status)
{
	struct profiled *program = programs->count && !programs->options->follow ? programs->items[0] : NULL;

	if (!program)
		return;
	if (wait_status)
		recording_number_fact(program->recording, "exit_status", (uint64_t)(uint32_t)*wait_status);
	profiled_end(program);
	profiled_finish(program, programs->at_end, programs->options->user);
}

void programs_close(struct programs *programs, struct session_result *result)
{
	size_t i;

	if (!programs)
		return;
	if (programs->next)
		programs_drop_next(programs);
	if (programs->next) {
		free(programs->next->trace.path);
		profiled_free(programs->next);
	}
	result->traces = memory_alloc(programs->count + 1, sizeof(*result->traces));
	for (i = 0; i < programs->count; i++) {
		result->traces[result->ntraces++] = programs->items[i]->trace;
		profiled_free(programs->items[i]);
	}
	free(programs->items);
	free(programs);
}
