/* The steps of one program's recording; a process that finishes one tells by a pipe what has become of the trace. */
#include "collector/profiled.h"

#include "base/memory.h"
#include "collector/c_drain.h"
#include "collector/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COMMAND_MAX 131072 /* bytes of a command line that a trace keeps */

/* What the finishing process tells: less than what a pipe takes at once. */
struct outcome {
	uint64_t size;
	struct error damage;
};

struct profiled *profiled_new(void)
{
	struct profiled *profiled = memory_alloc(1, sizeof(*profiled));

	profiled->handle = profiled->outcome = profiled->region.fd = -1;
	return profiled;
}

static void let_go(struct profiled *profiled)
{
	c_drain_free(profiled->c);
	c_target_free(&profiled->c_target);
	region_close(&profiled->region);
	plan_free(profiled->plan);
	if (profiled->handle >= 0)
		close(profiled->handle);
	if (profiled->outcome >= 0)
		close(profiled->outcome);
	profiled->c = NULL;
	profiled->plan = NULL;
	profiled->recording = NULL;
	profiled->handle = profiled->outcome = -1;
}

void profiled_free(struct profiled *profiled)
{
	if (!profiled)
		return;
	recording_close(profiled->recording, NULL, NULL);
	let_go(profiled);
	free(profiled);
}

/* The command's words as a trace has them. The caller frees it. */
static char *join_command(char *const *command, size_t *size)
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

/* The same of a process. */
static char *read_command(pid_t pid, size_t *size)
{
	char path[64], *words = memory_alloc(COMMAND_MAX, 1);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "re");
	*size = file ? fread(words, 1, COMMAND_MAX, file) : 0;
	if (file)
		fclose(file);
	while (*size && !words[*size - 1])
		--*size;
	return words;
}

void profiled_begin(struct profiled *profiled, const struct session_options *options, pid_t pid, const char *way,
		    char *const *command, bool watched)
{
	struct recording_source source = {
	    .plan = profiled->plan,
	    .region = &profiled->region,
	    .pid = pid,
	    .bias = profiled->bias,
	    .rate = options->rate,
	    .budget = options->budget,
	    .has_company = options->follow,
	    .way = way,
	    .binary = profiled->c_target.path,
	    .gnu_build_id = profiled->c_target.build_id,
	};
	char *words = command ? join_command(command, &source.command_size) : read_command(pid, &source.command_size);

	source.command = words;
	profiled->pid = profiled->trace.pid = pid;
	profiled->state = PROFILED_RUNS;
	if (watched)
		profiled->handle = (int)syscall(SYS_pidfd_open, pid, 0);
	recording_begin(profiled->recording, &source);
	free(words);
}

void profiled_end(struct profiled *profiled)
{
	recording_take_rest(profiled->recording);
	profiled->trace.samples = recording_samples(profiled->recording);
	profiled->trace.c_samples = c_drain_samples(profiled->c);
	profiled->trace.allocated = recording_bytes(profiled->recording);
	profiled->state = PROFILED_ENDED;
	if (profiled->handle >= 0)
		close(profiled->handle);
	profiled->handle = -1;
}

void profiled_finish(struct profiled *profiled, session_at_end *at_end, void *user)
{
	recording_finish(profiled->recording, at_end, user);
	recording_close(profiled->recording, &profiled->trace.size, &profiled->trace.damage);
	let_go(profiled);
	profiled->state = PROFILED_DONE;
}

static _Noreturn void finish_and_tell(struct profiled *profiled, session_at_end *at_end, void *user, int outcome)
{
	struct outcome out = {0};

	recording_finish(profiled->recording, at_end, user);
	recording_close(profiled->recording, &out.size, &out.damage);
	_exit(write(outcome, &out, sizeof(out)) == (ssize_t)sizeof(out) ? 0 : 1);
}

void profiled_finish_apart(struct profiled *profiled, session_at_end *at_end, void *user, int listener)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC)) {
		profiled_finish(profiled, at_end, user);
		return;
	}
	profiled->finisher = fork();
	if (!profiled->finisher) {
		if (listener >= 0)
			close(listener); /* nobody would answer there once our parent is gone */
		finish_and_tell(profiled, at_end, user, ends[1]);
	}
	close(ends[1]);
	if (profiled->finisher < 0) {
		close(ends[0]);
		profiled_finish(profiled, at_end, user);
		return;
	}
	recording_leave(profiled->recording);
	let_go(profiled);
	profiled->outcome = ends[0];
	profiled->state = PROFILED_FINISHES;
}

void profiled_hear(struct profiled *profiled)
{
	struct outcome out;

	if (read(profiled->outcome, &out, sizeof(out)) == (ssize_t)sizeof(out)) {
		profiled->trace.size = out.size;
		profiled->trace.damage = out.damage;
	} else {
		error_set(&profiled->trace.damage, "the process that was to end it has failed");
	}
	let_go(profiled);
	profiled->state = PROFILED_DONE;
}
