/*
 * Which programs of a session have their C allocations sampled, what is needed for it, and why others have not, though
 * it is asked for.
 */
#ifndef COLLECTOR_C_SCOPE_H
#define COLLECTOR_C_SCOPE_H

#include "base/error.h"
#include "collector/session.h"

#include <stdbool.h>
#include <sys/types.h>

struct plan_program;
struct preload_heard;
struct profiled;

/*
 * PID has exec'd a program without Go, and COMMAND is the session's command: STATUS_ERROR, and why, where its C
 * allocations are asked for and libescprof.so cannot be had in it. Any other asks by itself (c_scope_prepare), or is
 * none to profile.
 */
enum status c_scope_check(const struct session_options *options, pid_t pid, pid_t command, struct error *error);

/*
 * The Go PROGRAM was entered by ptrace, which does not bring the sampler of C allocations along: STATUS_ERROR, and why,
 * where they are asked for and libescprof.so cannot be had in it.
 */
enum status c_scope_check_entered(const struct session_options *options, const struct plan_program *program,
				  struct error *error);

/*
 * PID has loaded libescprof.so. What is needed to sample its C allocations into PROFILED, whose plan (NULL: it has no
 * Go) is known. STATUS_NO_ENTRY: they are not to be sampled.
 */
enum status c_scope_prepare(struct profiled *profiled, const struct session_options *options, pid_t pid, pid_t command,
			    struct error *error);

/*
 * Whether the C allocations of PROFILED are sampled by what the library has said; if not, what was prepared is let go.
 * Of a Go program C alone is not wanted: the library goes quiet then, for nobody looks in.
 */
bool c_scope_settle(struct profiled *profiled, const struct preload_heard *heard);

#endif
