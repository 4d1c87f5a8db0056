/* Whether a running process may be attached to, before anything of it is touched. */
#ifndef COLLECTOR_TARGET_CHECK_H
#define COLLECTOR_TARGET_CHECK_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A process as it was found. Close it with target_check_close. */
struct target {
	pid_t pid;
	int handle;         /* a pidfd: readable once the process has ended */
	int program;        /* its program's file, whatever is at its path now */
	char readable[64];  /* a path by which this process can read that file, as long as `program` is open */
	char path[4096];    /* what the file is called */
	char command[4096]; /* its arguments, each ended by a NUL but the last */
	size_t command_size;
	uint64_t start_time; /* of the process, as in struct process_info */
};

/*
 * Look at PID. STATUS_ERROR says why it cannot be attached to, and what to do. FORCE: also one with a seccomp filter,
 * which may kill it for what is done to it.
 */
enum status target_check_open(struct target *target, pid_t pid, bool force, struct error *error);

/* Whether it lives still, as the same process and running the same program. */
bool target_check_lives(const struct target *target);

/* Close; zeroed, or with descriptors of -1, is fine. */
void target_check_close(struct target *target);

#endif
