/* What /proc says of a process: who it is, and what stands in the way of attaching to it. */
#ifndef COLLECTOR_PROCESS_INFO_H
#define COLLECTOR_PROCESS_INFO_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_info {
	char name[64];       /* as the kernel keeps it: up to 15 characters of the command */
	char state;          /* 'R', 'S', 'T', 'Z', 'X', … */
	pid_t group;         /* the process that it is a thread of: itself, unless a thread's number was given */
	pid_t tracer;        /* who traces it; 0: nobody */
	int seccomp;         /* 0: none, 1: strict, 2: a filter */
	bool kernel_thread;  /* has no memory of its own */
	bool shadow_stack;   /* the kernel checks its return addresses */
	uint64_t rights;     /* its capabilities, as the kernel's bits: those that it may take up */
	uint64_t start_time; /* ticks of sysconf(_SC_CLK_TCK) since the machine's start */
};

/* Read it of PID. STATUS_NO_ENTRY: there is no such process. */
enum status process_info_read(struct process_info *info, pid_t pid);

/* The inode of PID's PID namespace; 0 where it cannot be told. */
uint64_t process_info_namespace(pid_t pid);

/* For how long a process that began at START_TIME has run: ns; 0 where it cannot be told. */
uint64_t process_info_age(uint64_t start_time);

/* Whether PID is, here, the process that began at START_TIME, and lives. */
bool process_info_is(pid_t pid, uint64_t start_time);

/*
 * The file of PID's program, to be opened: its path, or /proc's link to it where the path leads elsewhere or nowhere
 * (another mount namespace, a file that was replaced). The caller's to free; NULL where it cannot be told.
 */
char *process_info_program(pid_t pid);

/* What the variable NAME of PID's environment is, as it was exec'd. The caller's to free; NULL: not there, or not told.
 */
char *process_info_environment(pid_t pid, const char *name);

/* The command line of PID with spaces for NULs, cut to SIZE bytes; "" where it cannot be read. */
void process_info_command(pid_t pid, char *text, size_t size);

/* Why ptrace is forbidden for PID here, and what to do, as far as it can be told. A static text. */
const char *process_info_why_not(pid_t pid);

/* The same for a process that was started below this one, of a program that gives no rights. A static text. */
const char *process_info_why_not_below(void);

#endif
