/*
 * Way 3 into a program: it runs already. The agent and the region are mapped by a thread of its own
 * (collector/remote_calls.h) while all others run on; then all are stopped for the few writes that switch the agent on.
 * The way out is the same backwards. A collector that is killed at any moment leaves a program that runs on; the next
 * one finds what it left (collector/agent_remains.h) and clears it away.
 */
#ifndef COLLECTOR_ATTACHMENT_H
#define COLLECTOR_ATTACHMENT_H

#include "base/error.h"
#include "collector/region.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct attachment;
struct plan;

/* What a thread of the program is made to call, on the way in or out: all that a seccomp filter must allow. */
#define ATTACHMENT_CALLS "memfd_create, mmap, munmap, madvise, close, getpid and rt_sigreturn"

/*
 * Put the agent into process PID, which runs PLAN's program, with REGION, whose sizes are decided (region_plan). Both
 * are borrowed; on STATUS_OK the region is mapped and the agent samples. STATUS_NO_ENTRY: the process has ended.
 * STATUS_ERROR: the message says why; the program is as it was. Free with attachment_free. SIGCHLD must be blocked.
 */
enum status attachment_begin(struct attachment **attachment, pid_t pid, const struct plan *plan, struct region *region,
			     struct error *error);

/*
 * Some milliseconds after the beginning: see that every P samples (patching_put_again), stopping the threads once more
 * where one does not.
 */
void attachment_settle(struct attachment *attachment);

/*
 * Where the program is loaded; for how long its threads were stopped at the beginning (to clear away, to begin, to
 * settle), and at the end (0: not yet): the longest of all tries, those that failed among them.
 */
uint64_t attachment_bias(const struct attachment *attachment);
uint64_t attachment_begin_ns(const struct attachment *attachment);
uint64_t attachment_end_ns(const struct attachment *attachment);

/* Whether the program is still the one that was entered, with our agent in it. */
bool attachment_stands(const struct attachment *attachment);

/*
 * Put every byte back, and wait until no thread is in the agent: then the rings hold all that will ever be there.
 * STATUS_NO_ENTRY: the process has ended, or runs another program.
 */
enum status attachment_take_out(struct attachment *attachment, struct error *error);

/* After that, and after the last look into the region: unmap the rings from the target, give their memory back. */
enum status attachment_unmap(struct attachment *attachment, struct error *error);

/* Free; NULL is ignored. */
void attachment_free(struct attachment *attachment);

#endif
