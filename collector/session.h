/*
 * A profiling session: `escprof run` from the start of the command to its end. The command is started, followed to the
 * Go program, the agent is put there, its rings are drained into a trace; signals and the exit status pass through.
 */
#ifndef COLLECTOR_SESSION_H
#define COLLECTOR_SESSION_H

#include "base/error.h"
#include "collector/recording.h"

#include <stdbool.h>
#include <stdint.h>

struct session_options {
	char *const *command; /* NULL-terminated */
	const char *trace_path;
	const char *library;    /* path of libescprof.so; NULL: only static programs can be profiled */
	uint64_t rate;          /* mean bytes between samples, from 1 */
	double budget;          /* of the program's CPU, for the rate to keep within (rate_control.h); 0: it stays */
	uint64_t ring_size;     /* bytes of each CPU's ring (region_check_ring_size); 0: as the rate asks for */
	uint64_t live_rate;     /* where the program keeps no heap profile: mean bytes between followed objects */
	uint64_t cpu_period_ns; /* of CPU between two looks at where it is spent; 0: none */
	uint64_t c_rate;        /* mean bytes between samples of C allocations, from 1; 0: none */
	bool c_interpreters;    /* also those of an interpreter, which may start a Go program (c_target.h) */
	bool verbose;
};

struct session_result {
	int wait_status; /* of the command, as waitpid gives it */
	bool profiled;   /* a program was found and the agent, or the sampler of C allocations, was in it */
	uint64_t samples, c_samples;
	uint64_t trace_size;  /* bytes */
	struct error refusal; /* why the program was not profiled; "" when no Go program appeared */
	struct error damage;  /* the trace could not be written to its end; "" when all is well */
};

/*
 * Run it. AT_END (may be NULL) is called with USER before the trace is closed. STATUS_ERROR only when the command could
 * not be started or the trace not be created: then nothing ran. Whatever else fails, the command runs on and RESULT
 * says what.
 */
enum status session_run(const struct session_options *options, session_at_end *at_end, void *user,
			struct session_result *result, struct error *error);

#endif
