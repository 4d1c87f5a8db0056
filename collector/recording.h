/*
 * From a region that an agent fills to a trace: what `escprof run` and `escprof attach` have in common once the agent
 * is in the program.
 */
#ifndef COLLECTOR_RECORDING_H
#define COLLECTOR_RECORDING_H

#include "base/error.h"
#include "trace/trace_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct c_drain;
struct plan;
struct recording;
struct region;
struct trace_module;

/* What the session knows when recording ends, for writing symbols into the trace. Borrowed. */
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
	const bool *replaced; /* of modules without a build ID: their file is another one now; NULL: of none */
	size_t nmodules;
};

typedef void session_at_end(void *user, const struct session_end *end);

/* What a recording is of. Plan and region are borrowed until recording_close, texts during recording_begin. */
struct recording_source {
	const struct plan *plan; /* NULL: a program without Go, which has neither region, bias, rate nor budget */
	struct region *region;
	pid_t pid;
	uint64_t bias, rate;
	double budget;       /* of the program's CPU, for the rate to keep within; 0: the rate stays as it is */
	bool is_watched;     /* somebody reads the trace meanwhile: it is written at least every second */
	bool has_company;    /* this process records other programs too, whose cost is not this one's */
	const char *way;     /* "inject", "preload", "attach" */
	const char *command; /* the program's arguments, each ended by a NUL but the last */
	size_t command_size;
	const char *binary;       /* what the trace calls the program's file; NULL: where it was read from */
	const char *gnu_build_id; /* of a program without Go; of others the plan tells */
};

/* A trace at PATH that is still empty. Close it with recording_close. */
enum status recording_open(struct recording **recording, const char *path, struct error *error);

/*
 * Sample the CPU of PID, which stands before its exec, and of all that comes of it (IS_RUNNING: which runs; of all its
 * threads alone), every PERIOD_NS (0: not at all). To be called once, before recording_begin.
 */
void recording_sample_cpu(struct recording *recording, pid_t pid, bool is_running, uint64_t period_ns);

/*
 * The agent is in: from here on its records go to the trace. In a program without Go there is none, and no GC whose CPU
 * would be looked for: recording_begin_c has to follow.
 */
void recording_begin(struct recording *recording, const struct recording_source *source);

/*
 * The sampler of C allocations is in too, after recording_begin: what DRAIN reads goes to the trace as well. It is
 * borrowed until recording_close. HAS_LIBUNWIND, HAS_OWN_MALLOC: what the preloaded library has said of itself.
 */
void recording_begin_c(struct recording *recording, struct c_drain *drain, bool has_libunwind, bool has_own_malloc);

/* Take what is there. To be called every recording_timeout ms, in which it may be waited for something else. */
void recording_tend(struct recording *recording);
int recording_timeout(const struct recording *recording);

/* A fact about the run into the trace. */
void recording_fact(struct recording *recording, const char *key, const char *value);
void recording_number_fact(struct recording *recording, const char *key, uint64_t number);

/*
 * It is over, in two steps: take what is left, after which the region, and the drain of C allocations but for its
 * modules, are not looked at any more; and have AT_END (may be NULL) add symbols, which takes its time.
 */
void recording_take_rest(struct recording *recording);
void recording_finish(struct recording *recording, session_at_end *at_end, void *user);

/* Samples of Go's allocations taken so far, and about how many bytes were allocated. */
uint64_t recording_samples(const struct recording *recording);
uint64_t recording_bytes(const struct recording *recording);

/*
 * Close the trace, and free; NULL is ignored. A trace that has never begun is removed. *SIZE: its bytes. DAMAGE is
 * filled when it could not be written to its end, at any time; "" else. Both may be NULL.
 */
void recording_close(struct recording *recording, uint64_t *size, struct error *damage);

/* Free it without a word more into the trace: a child of this process goes on from here. NULL is ignored. */
void recording_leave(struct recording *recording);

#endif
