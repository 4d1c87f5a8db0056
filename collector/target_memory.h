/* Another process's memory and mappings, by /proc; writes reach read-only pages too. */
#ifndef COLLECTOR_TARGET_MEMORY_H
#define COLLECTOR_TARGET_MEMORY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Copy SIZE bytes between BUFFER and ADDRESS of process PID, which must be stopped by a ptrace of the caller's for the
 * write to fall back on PTRACE_POKEDATA where /proc/PID/mem is not writable (kernel 6.12's proc_mem.force_override).
 */
enum status target_memory_read(pid_t pid, uint64_t address, void *buffer, size_t size, struct error *error);
enum status target_memory_write(pid_t pid, uint64_t address, const void *buffer, size_t size, struct error *error);

/* Copy as many of SIZE bytes at ADDRESS of process PID as are there. Returns how many; 0 where none can be read. */
size_t target_memory_read_some(pid_t pid, uint64_t address, void *buffer, size_t size);

/* One line of /proc/PID/maps. */
struct target_mapping {
	uint64_t start, end, offset, inode;
	bool executable;
	char path[512];
};

/* All mappings of PID, rising; *MAPPINGS is the caller's to free(). */
enum status target_memory_mappings(pid_t pid, struct target_mapping **mappings, size_t *count, struct error *error);

/*
 * The load bias of a program whose executable segment has the link-time address EXECUTABLE, of the program file that
 * PID runs: where the first executable mapping of that file lies, less where it was linked to.
 */
enum status target_memory_bias(pid_t pid, uint64_t executable, uint64_t *bias, struct error *error);

/*
 * A free place of SIZE bytes in PID within 1.5 GiB of all of TEXT_START..TEXT_END (absolute), clear of the program
 * break's growth. STATUS_ERROR when there is none.
 */
enum status target_memory_hole(pid_t pid, uint64_t text_start, uint64_t text_end, uint64_t size, uint64_t *address,
			       struct error *error);

#endif
