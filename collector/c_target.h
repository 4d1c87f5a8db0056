/*
 * Whether a process runs a program of C or C++ (no Go) that is to be profiled: the command itself, or what it became by
 * exec. Shells and others that only start programs are looked through, and so is what they start beside: a Go program
 * may still come.
 */
#ifndef COLLECTOR_C_TARGET_H
#define COLLECTOR_C_TARGET_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct c_target {
	char *path;     /* of the program's file */
	char *build_id; /* GNU's, in hex; "" when it has none */
};

/*
 * Look at the program of process PID, where COMMAND is the process that was started. INTERPRETERS: those of Python and
 * the like count as programs too; else they are looked through, since what they start may be a Go program.
 * STATUS_NO_ENTRY: it is not one to profile. STATUS_ERROR: it would be, but for what ERROR says. Free TARGET with
 * c_target_free.
 */
enum status c_target_look(struct c_target *target, pid_t pid, pid_t command, bool interpreters, struct error *error);

/* Whether programs of this NAME only start others; and whether it is an interpreter, whose scripts may be anything. */
bool c_target_is_launcher(const char *name);
bool c_target_is_interpreter(const char *name);

/*
 * Why libescprof.so cannot be had in a program that is SANITIZED (binary/elf_sanitizer.h), or whose loader, where it is
 * DYNAMIC, is not glibc's, and what to do. A static text.
 */
const char *c_target_why_not(bool dynamic, bool sanitized);

/* Whether the program of process PID, or what LD_PRELOAD has brought into it, has a sanitizer's runtime. */
bool c_target_is_sanitized(pid_t pid);

/* Free what it holds; a zeroed one is fine. */
void c_target_free(struct c_target *target);

#endif
