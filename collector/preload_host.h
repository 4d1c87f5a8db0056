/* The collector's end of way 1: it answers libescprof.so's question in a freshly loaded program. */
#ifndef COLLECTOR_PRELOAD_HOST_H
#define COLLECTOR_PRELOAD_HOST_H

#include "base/error.h"
#include "collector/region.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct plan;
struct preload_host;

/* Listen on a socket of our own; close with preload_host_close. */
enum status preload_host_open(struct preload_host **host, struct error *error);

/* Close; NULL is ignored. */
void preload_host_close(struct preload_host *host);

/* The descriptor that becomes readable when a program asks; and the socket's name for the environment. Borrowed. */
int preload_host_fd(const struct preload_host *host);
const char *preload_host_name(const struct preload_host *host);

/* Who asks. */
struct preload_question {
	pid_t pid;     /* the process, as the kernel knows it here */
	uint32_t kind; /* enum preload_kind */
	pid_t thread;  /* as it says itself: another PID namespace than ours may have another name for it */
};

/*
 * Take one question; the answer is owed: preload_host_decline or preload_host_attach to the library, and to the agent
 * preload_host_hang_up. STATUS_NO_ENTRY when nobody asks, or one of another user.
 */
enum status preload_host_accept(struct preload_host *host, struct preload_question *question, struct error *error);

/* Let the asker go on. */
void preload_host_hang_up(struct preload_host *host);

/* Answer "this is no program to profile". */
void preload_host_decline(struct preload_host *host);

/* What the library has said at the end. */
struct preload_heard {
	bool agent;          /* it is in */
	bool c;              /* C allocations are sampled */
	bool has_libunwind;  /* their stacks are libunwind's */
	bool has_own_malloc; /* the program's calls of malloc do not come to the library */
};

/*
 * Answer with the agent and PLAN's patches (PLAN NULL: without), and with C_MEMORY, the memfd of C allocations (-1:
 * none), and wait for the library's word that they are in. REGION, whose sizes are decided (region_plan), becomes
 * mapped where the agent is in, and *BIAS the load bias. STATUS_ERROR where something of it failed; HEARD tells what is
 * in all the same.
 */
enum status preload_host_attach(struct preload_host *host, pid_t pid, const struct plan *plan, int c_memory,
				struct region *region, uint64_t *bias, struct preload_heard *heard,
				struct error *error);

#endif
