/*
 * The plan: what of a Go program is to be patched, and what the agent in it must know. Made from the program's file
 * alone, before anything of a process is touched; a version or layout that is not known ends here.
 */
#ifndef COLLECTOR_PLAN_H
#define COLLECTOR_PLAN_H

#include "base/error.h"
#include "collector/agent/agent_shared.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct c_go;
struct concurrency;
struct labels;
struct plan;
struct trace_writer;

/* One piece of the target's memory to overwrite. */
struct plan_write {
	uint64_t address; /* absolute in the target */
	uint8_t bytes[8];
	uint32_t size; /* bytes used of `bytes` */
};

#define PLAN_MAX_WRITES 16

/* What of the program the trace should say. Strings are borrowed from the plan. */
struct plan_program {
	const char *path;
	const char *go_version, *main_path, *main_module, *build_info;
	const char *go_build_id, *gnu_build_id;
	bool is_preloaded; /* its loader, glibc's, takes libescprof.so in where LD_PRELOAD names it, and it runs with it
			    */
	bool is_dynamic;   /* it has a loader, glibc's or another */
	bool is_sanitized; /* a sanitizer's runtime is in it (binary/elf_sanitizer.h) */
	bool has_c;        /* parts of it were linked by the C linker */
	bool switched_on;  /* its heap profile was off and we switch it on */
};

/*
 * Make the plan of the program file PATH. LIVE_RATE: the mean bytes between objects that are followed to their death
 * where the program keeps no heap profile of its own. STATUS_NO_ENTRY: no Go program. STATUS_ERROR: a Go program that
 * must not be touched; the message says why. Free with plan_free.
 */
enum status plan_make(struct plan **plan, const char *path, uint64_t live_rate, struct error *error);

/* Another owner of PLAN, which it returns: each frees it. */
struct plan *plan_share(struct plan *plan);

/* Free, when it is the last owner that does so; NULL is ignored. */
void plan_free(struct plan *plan);

/* A reader of what the program, loaded at BIAS, does at once (collector/concurrency.h): NULL where that is not known.
 */
struct concurrency *plan_concurrency(const struct plan *plan, uint64_t bias);

/*
 * A reader of its goroutines' labels in process PID (collector/labels.h), whose sets go to WRITER: NULL where that
 * cannot be done.
 */
struct labels *plan_labels(const struct plan *plan, pid_t pid, uint64_t bias, struct trace_writer *writer);

/*
 * What a stack of C that a goroutine called goes on by (collector/preload/c_shared.h), for a process with load bias
 * BIAS. False, GO all 0, when the program keeps its goroutine where this does not know.
 */
bool plan_c_go(const struct plan *plan, uint64_t bias, struct c_go *go);

/* What the trace should say of the program; borrowed from the plan. */
const struct plan_program *plan_program(const struct plan *plan);

/* The link-time range of the executable segment, for finding the load bias. */
void plan_executable(const struct plan *plan, uint64_t *start, uint64_t *size);

/* The link-time range of Go's machine code. */
void plan_text(const struct plan *plan, uint64_t *start, uint64_t *end);

/* The link-time place for an injected stub and its size in bytes. */
uint64_t plan_stub_space(const struct plan *plan, size_t *size);

/*
 * The link-time place of the first (INDEX 0) or second (1) function that ran at the program's start alone, and its SIZE
 * in bytes: for a stub in a running program. 0 when there is none.
 */
uint64_t plan_start_space(const struct plan *plan, size_t index, size_t *size);

/* What the program's file has at the link-time ADDRESS: SIZE bytes into BYTES. False when it has not so many. */
bool plan_file_bytes(const struct plan *plan, uint64_t address, void *bytes, size_t size);

/* Where a running program keeps its sampling's state: absolute addresses, and offsets in bytes. */
struct plan_sampling {
	uint64_t allp;             /* runtime.allp: a pointer to the Ps' pointers, and their number */
	uint64_t mem_profile_rate; /* runtime.MemProfileRate */
	uint32_t p_mcache;         /* in a P: the pointer to its mcache, which may be nil */
	uint32_t next_sample;      /* in an mcache: bytes to the next sample */
	uint32_t seen_rate; /* in an mcache, from Go 1.24: MemProfileRate as last seen; 0: not there. Where it differs,
			       the next allocation is sampled */
	bool rate_one_is_all;
};

/* Fill SAMPLING for a process that has the program at BIAS; false when the program does not tell where its Ps are. */
bool plan_sampling(const struct plan *plan, uint64_t bias, struct plan_sampling *sampling);

/*
 * From now on plan_fill and plan_writes have the agent tell the collector that listens at the abstract socket NAME
 * (without its leading NUL) of the program's children.
 */
void plan_follow(struct plan *plan, const char *name);

/* Mean bytes between samples that a program without a profile of its own is given. */
uint64_t plan_live_rate(const struct plan *plan);

/* Fill the agent's plan for a process that has the program loaded at BIAS; geometry (shards) is left as it is. */
void plan_fill(const struct plan *plan, uint64_t bias, struct agent_plan *agent);

/*
 * The writes that switch the agent on, in order, for a process with load bias BIAS and the agent's code at CODE with
 * entries ENTRIES. At most PLAN_MAX_WRITES into WRITES; returns how many. The agent and its control must be in place.
 */
size_t plan_writes(const struct plan *plan, uint64_t bias, uint64_t code, const struct agent_entries *entries,
		   struct plan_write *writes);

/* Where the runtime's patched calls lead; 0: they are left as they are. */
struct plan_targets {
	uint64_t malloc, free, draw;
	uint64_t fork, exec; /* with a collector that follows alone */
};

/* The agent's entries, its code being at CODE; and what the program itself calls. Absolute. */
struct plan_targets plan_agent_targets(const struct plan *plan, uint64_t code, const struct agent_entries *entries);
struct plan_targets plan_own_targets(const struct plan *plan, uint64_t bias);

/*
 * Of plan_writes those into the machine code alone, in order, leading to TARGETS: each is the 4-byte displacement of a
 * CALL. To take them back, write those to the program's own targets in the opposite order.
 */
size_t plan_calls(const struct plan *plan, uint64_t bias, const struct plan_targets *targets,
		  struct plan_write *writes);

#endif
