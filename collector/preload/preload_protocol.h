/*
 * What libescprof.so in a target and `escprof run` say to each other, over a socket named in the environment. The
 * library asks once, at its start; the collector looks at the program's file and answers with what to do.
 *
 * The agent in a target that is followed tells by the same socket of processes that are about to become another
 * program. It waits until the collector hangs up.
 */
#ifndef COLLECTOR_PRELOAD_PRELOAD_PROTOCOL_H
#define COLLECTOR_PRELOAD_PRELOAD_PROTOCOL_H

#include "collector/agent/agent_shared.h"

#include <errno.h>
#include <stdint.h>

/* Names of an abstract socket (without its leading NUL). */
#define PRELOAD_SOCKET_VARIABLE "ESCPROF_SOCKET"
#define PRELOAD_MAGIC           0x6573637072653031ull
#define PRELOAD_MAX_WRITES      16
#define PRELOAD_WAIT_SECONDS    10 /* a library that gets no answer in this time goes on without */

/* Who asks: the library; the agent, in a process that its program has started; the agent, in a program that execs. */
enum preload_kind { PRELOAD_ASKS, PRELOAD_FORKED, PRELOAD_EXECS };

struct preload_request {
	uint64_t magic;
	int32_t pid;   /* of the agent: the thread */
	uint32_t kind; /* enum preload_kind */
};

struct preload_write {
	uint64_t address;
	uint8_t bytes[8];
	uint32_t size, unused;
};

/* With `attach` set, the agent's memfd comes along as SCM_RIGHTS; behind it, with `c_attach`, that of c_shared.h. */
struct preload_answer {
	uint64_t magic;
	uint32_t attach;   /* 0: it has no Go to profile */
	uint32_t c_attach; /* 0: its C allocations are not asked for */
	uint32_t nwrites, unused;
	uint64_t code_address, code_size; /* of the agent, which goes into AGENT_CODE_SIZE bytes there */
	uint64_t region_size;             /* mapped shared behind the code */
	struct preload_write writes[PRELOAD_MAX_WRITES];
	uint8_t code[AGENT_CODE_SIZE];
};

#define PRELOAD_OTHER_BUILD EPROTO /* as an errno: what is shared about C allocations is not as it is here */

/* What the library tells at the end: 0, or the step that failed and its errno; and the same of C allocations. */
struct preload_result {
	uint64_t magic;
	int32_t failed_step, error_number;
	int32_t c_failed_step, c_error_number;
	uint32_t has_libunwind;
	uint32_t is_first; /* the program's calls of malloc come to the library */
};

#endif
