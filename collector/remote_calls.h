/*
 * System calls made by a thread of a running process, by way of a stub that needs nobody once it has begun: if the
 * collector is killed at any moment, the thread makes the calls, returns to where it was and never knows.
 *
 * Stub, table and signal frame lie in machine code that the program is done with; nothing is put on any stack. The
 * thread is one that stands in a system call: what was to be restarted is, and only what every call may change of its
 * floating point state is lost.
 */
#ifndef COLLECTOR_REMOTE_CALLS_H
#define COLLECTOR_REMOTE_CALLS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define REMOTE_CALLS_MAX 9
#define REMOTE_FD        ((uint64_t)-2) /* as first or fifth argument: what the last memfd_create returned */
#define REMOTE_NAME      ((uint64_t)-3) /* as first argument: the address of the text "escprof" */

/*
 * The stub, REMOTE_STUB_SIZE bytes: makes the %ebp calls of the table at %rbx, seven words each, then rt_sigreturn to
 * the frame at %rsp. %r12 must be -1 at first.
 */
#define REMOTE_STUB_SIZE 70
extern const uint8_t remote_calls_stub[REMOTE_STUB_SIZE];

/* The flags for memfd_create that this kernel, which is the target's too, knows. */
uint64_t remote_calls_memfd_flags(void);

/* A call's number and arguments. */
struct remote_call {
	uint64_t words[7];
};

/* Machine code that may be written over, and its own bytes, which come back. */
struct remote_space {
	uint64_t address; /* 0: there is none */
	size_t size;
	const uint8_t *original;
};

#define REMOTE_SPACES 2

struct remote_calls {
	pid_t process;
	struct remote_space spaces[REMOTE_SPACES]; /* for the stub with its table, and for floating point state */
	struct remote_call calls[REMOTE_CALLS_MAX];
	size_t count;

	/*
	 * Called with USER after each call, while THREAD, which made it, is stopped: INDEX and what it returned. May
	 * change the calls that follow by remote_calls_change. An error ends the watching; the calls are made all the
	 * same.
	 */
	enum status (*made)(void *user, struct remote_calls *calls, pid_t thread, size_t index, int64_t result,
			    struct error *error);
	void *user;

	uint64_t at[REMOTE_SPACES]; /* where they were put; not the caller's */
};

/* Add a call to CALLS, of at most REMOTE_CALLS_MAX. */
void remote_calls_add(struct remote_calls *calls, const uint64_t words[7]);

/*
 * Have them made. STATUS_NO_ENTRY: the process has ended. STATUS_ERROR: no thread of it stands in a system call that
 * may be interrupted, or watching failed; then some, all or none of the calls were made.
 */
enum status remote_calls_run(struct remote_calls *calls, struct error *error);

/* In a `made`: replace the call at INDEX, which is still to come. */
enum status remote_calls_change(struct remote_calls *calls, pid_t thread, size_t index, const uint64_t words[7],
				struct error *error);

#endif
