/*
 * A profiling session: `escprof run` from the start of the command to its end. The command is started, followed to the
 * Go program, the agent is put there, its rings are drained into a trace; signals and the exit status pass through.
 */
#ifndef COLLECTOR_SESSION_H
#define COLLECTOR_SESSION_H

#include "base/error.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_options {
	char *const *command; /* NULL-terminated */
	const char *trace_path;
	const char *library;    /* path of libescprof.so; NULL: only static programs can be profiled */
	uint64_t rate;          /* mean bytes between samples, from 1 */
	uint64_t live_rate;     /* where the program keeps no heap profile: mean bytes between followed objects */
	uint64_t cpu_period_ns; /* of CPU between two looks at where it is spent; 0: none */
	uint64_t c_rate;        /* mean bytes between samples of C allocations, from 1; 0: none */
	bool c_interpreters;    /* also those of an interpreter, which may start a Go program (c_target.h) */
	bool verbose;
};

struct trace_module;

/* What the session knows when the program has ended, for writing symbols into the trace. Borrowed. */
struct session_end {
	struct trace_writer *writer;
	const char *program; /* path of the profiled program's file */
	uint64_t *addresses; /* distinct return addresses of the stacks, rising, link-time */
	size_t naddresses;
	uint64_t *types; /* distinct addresses of types */
	size_t ntypes;
	const uint64_t *c_addresses; /* of C allocations' stacks, as the trace has them (trace_model.h); in no order */
	size_t nc_addresses;
	const struct trace_module *modules; /* that they name */
	size_t nmodules;
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
enum status session_run(const struct session_options *options,
			void (*at_end)(void *user, const struct session_end *end), void *user,
			struct session_result *result, struct error *error);

#endif
