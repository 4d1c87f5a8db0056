/*
 * A profiling session in a program that runs: `escprof attach` from the first look at the process to its end, or to the
 * moment when it is let go.
 */
#ifndef COLLECTOR_ATTACH_SESSION_H
#define COLLECTOR_ATTACH_SESSION_H

#include "base/error.h"
#include "collector/recording.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct attach_options {
	pid_t pid;
	const char *trace_path;
	uint64_t rate;          /* mean bytes between samples, from 1 */
	double budget;          /* of the program's CPU, for the rate to keep within (rate_control.h); 0: it stays */
	uint64_t ring_size;     /* bytes of each CPU's ring (region_check_ring_size); 0: as the rate asks for */
	uint64_t live_rate;     /* where the program keeps no heap profile: mean bytes between followed objects */
	uint64_t cpu_period_ns; /* of CPU between two looks at where it is spent; 0: none */
	uint64_t duration_ns;   /* then it is let go; 0: when a signal says so, or when it ends */
	bool force;             /* attach to a program under a seccomp filter too */
	bool is_watched;        /* somebody reads the trace meanwhile */

	/* Called with USER when the agent is in; PROGRAM is the program's path. NULL: nobody wants to know. */
	void (*begun)(void *user, const char *program);
	void *user;
};

struct attach_result {
	uint64_t samples;
	uint64_t trace_size;  /* bytes */
	bool ended;           /* the process has ended by itself, or runs another program */
	struct error trouble; /* the program could not be let go as it should; "" when all is well */
	struct error damage;  /* the trace could not be written to its end; "" when all is well */
};

/*
 * Attach, record until it is over, let go. SIGINT, SIGTERM, SIGHUP and SIGQUIT to the caller end it, and are taken from
 * then on without effect. AT_END (may be NULL) is called with options->user before the trace is closed. STATUS_ERROR:
 * it could not be attached to; the process is as it was, and there is no trace.
 */
enum status attach_session_run(const struct attach_options *options, session_at_end *at_end,
			       struct attach_result *result, struct error *error);

#endif
