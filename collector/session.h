/*
 * A profiling session: `escprof run` from the start of the command to its end. The command is started, followed to the
 * Go program, the agent is put there, its rings are drained into a trace; signals and the exit status pass through.
 * With `follow` that goes for every Go program that comes of the command, each with a trace of its own.
 */
#ifndef COLLECTOR_SESSION_H
#define COLLECTOR_SESSION_H

#include "base/error.h"
#include "collector/recording.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct session_options {
	char *const *command;   /* NULL-terminated */
	const char *trace_path; /* where `follow` is not set */
	const char *library;    /* path of libescprof.so; NULL: only static programs can be profiled */
	uint64_t rate;          /* mean bytes between samples, from 1 */
	double budget;          /* of the program's CPU, for the rate to keep within (rate_control.h); 0: it stays */
	uint64_t ring_size;     /* bytes of each CPU's ring (region_check_ring_size); 0: as the rate asks for */
	uint64_t live_rate;     /* where the program keeps no heap profile: mean bytes between followed objects */
	uint64_t cpu_period_ns; /* of CPU between two looks at where it is spent; 0: none */
	uint64_t c_rate;        /* mean bytes between samples of C allocations, from 1; 0: none */
	bool c_interpreters;    /* also those of an interpreter, which may start a Go program (c_target.h) */
	bool c_yields; /* a program without Go is only profiled until a Go program comes of it; not with `follow` */
	bool follow;   /* every Go program that the command is, starts or becomes; else the first */
	bool detached; /* the command takes the caller's place, and what is recorded is by its grandchild */

	/*
	 * With `follow`: where the trace of PROGRAM (a path) goes, in the process that PROCESS names: its number, with
	 * "-2" behind it for the second program in it, and so on. The session free()s what it returns.
	 */
	char *(*name_trace)(void *user, const char *program, const char *process);
	void *user; /* of all callbacks */
};

struct session_trace {
	pid_t pid;
	char *path, *program;
	uint64_t samples, c_samples;
	uint64_t allocated;  /* bytes of Go, about */
	uint64_t size;       /* bytes of the trace */
	struct error damage; /* the trace could not be written to its end; "" when all is well */
};

struct session_result {
	int wait_status;              /* of the command, as waitpid gives it; detached, mostly 0: its parent knows */
	struct session_trace *traces; /* of the programs in which the agent, or the sampler of C allocations, was */
	size_t ntraces;
	struct error refusal; /* why a program was not profiled, the first one; "" when all were */
};

/*
 * Run it. AT_END (may be NULL) is called before a trace is closed, with `follow` in a process of its own. STATUS_ERROR
 * only when the command could not be started or the trace not be created: then nothing ran. Whatever else fails, the
 * command runs on and RESULT, to be freed with session_result_free in any case, says what.
 *
 * Detached, this returns in the grandchild, which has its own session and no standard input or output: the caller's
 * process has become the command.
 */
enum status session_run(const struct session_options *options, session_at_end *at_end, struct session_result *result,
			struct error *error);

/* Free what it holds. */
void session_result_free(struct session_result *result);

#endif
