/*
 * At a program's start its stack holds argc, the argv pointers, 0, the envp pointers, 0, and the auxiliary vector, in a
 * row (System V ABI, AMD64 supplement, 3.4.1): loaders, C libraries and Go's runtime look for each behind the one
 * before. So what goes leaves no gap and nothing in its place, as a library's unsetenv would move the rest: the row is
 * written anew without it, by as many words further up, where the stack pointer is set to.
 */
#include "collector/clean_environment.h"

#include "base/memory.h"
#include "collector/preload/preload_list.h"
#include "collector/preload/preload_protocol.h"
#include "collector/target_memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define ROW_MAX     (1u << 20) /* bytes, of pointers */
#define ROW_PART    4096
#define STRING_MAX  (128u << 10) /* the kernel takes none that is longer */
#define STRING_PART 4096
#define HEAD_SIZE   16

#define PRELOAD "LD_PRELOAD="
#define SOCKET  PRELOAD_SOCKET_VARIABLE "="

#define CODE_64 0x33 /* the code segment of programs of 64 bits, Linux on amd64 */

struct environment {
	pid_t pid;
	struct user_regs_struct registers; /* argc lies at the stack pointer */
	uint64_t *row;                     /* a copy of all, to the auxiliary vector's end */
	size_t size, front;                /* words of it, and those before the first entry */
	uint64_t *pointers;                /* in the row: the entries, without the 0; one that is dropped: 0 */
	size_t count;
};

/* The words up to the first 0 behind WORDS[FROM], or to END. */
static size_t row_zero(const uint64_t *words, size_t from, size_t end)
{
	while (from < end && words[from])
		from++;
	return from;
}

/* Find what is what in the SIZE words of the row that were read; false when it goes on behind them. */
static bool row_parse(struct environment *environment, size_t size)
{
	uint64_t *row = environment->row, argc = size ? row[0] : 0;
	size_t at;

	if (argc >= size || argc + 2 >= size)
		return false;
	environment->front = (size_t)argc + 2;
	environment->pointers = row + environment->front;
	at = row_zero(row, environment->front, size);
	environment->count = at - environment->front;
	for (at++; at + 1 < size; at += 2)
		if (!row[at]) { /* AT_NULL */
			environment->size = at + 2;
			return true;
		}
	return false;
}

static enum status environment_read(struct environment *environment, pid_t pid, struct error *error)
{
	size_t size = 0, got;

	*environment = (struct environment){.pid = pid};
	if (ptrace(PTRACE_GETREGS, pid, NULL, &environment->registers))
		return error_set_errno(error, "cannot read the registers of process %d", (int)pid);
	if (environment->registers.cs != CODE_64)
		return error_set(error, "process %d is no program of 64 bits", (int)pid);
	do {
		environment->row = memory_resize(environment->row, size + ROW_PART, 1);
		got = target_memory_read_some(pid, environment->registers.rsp + size, (char *)environment->row + size,
					      ROW_PART);
		size += got;
		if (row_parse(environment, size / sizeof(uint64_t)))
			return STATUS_OK;
	} while (got == ROW_PART && size < ROW_MAX);
	return error_set(error, "cannot read the environment of process %d", (int)pid);
}

/* How the entry at INDEX begins, and NULs. Near the stack's end few bytes are there. */
static void environment_head(const struct environment *environment, size_t index, char head[HEAD_SIZE + 1])
{
	memset(head, 0, HEAD_SIZE + 1);
	target_memory_read_some(environment->pid, environment->pointers[index], head, HEAD_SIZE);
}

/* The string at ADDRESS, to be freed; NULL when it cannot be read to its end. */
static char *environment_string(const struct environment *environment, uint64_t address)
{
	size_t size = 0, got;
	char *string = NULL;

	do {
		string = memory_resize(string, size + STRING_PART, 1);
		got = target_memory_read_some(environment->pid, address + size, string + size, STRING_PART);
		if (memchr(string + size, 0, got))
			return string;
		size += got;
	} while (got && size < STRING_MAX);
	free(string);
	return NULL;
}

/* Take LIBRARY out of the entry at INDEX, LD_PRELOAD, in place; the entry is dropped when nothing else is in it. */
static enum status environment_restore_preload(struct environment *environment, size_t index, const char *library,
					       struct error *error)
{
	char *string = environment_string(environment, environment->pointers[index]), *list;
	enum status status = STATUS_OK;
	size_t size;

	if (!string)
		return error_set(error, "cannot read LD_PRELOAD of process %d", (int)environment->pid);
	list = string + strlen(PRELOAD);
	size = strlen(list);
	if (preload_list_remove(list, library)) {
		status = target_memory_write(environment->pid, environment->pointers[index] + strlen(PRELOAD), list,
					     size, error);
		if (!*list)
			environment->pointers[index] = 0;
	}
	free(string);
	return status;
}

/* Take what is ours out of each entry. */
static enum status environment_clean(struct environment *environment, const char *library, struct error *error)
{
	enum status status = STATUS_OK;
	char head[HEAD_SIZE + 1];
	size_t i;

	for (i = 0; i < environment->count; i++) {
		environment_head(environment, i, head);
		if (!strncmp(head, SOCKET, strlen(SOCKET)))
			environment->pointers[i] = 0;
		else if (!strncmp(head, PRELOAD, strlen(PRELOAD)) &&
			 environment_restore_preload(environment, i, library, error) != STATUS_OK)
			status = STATUS_ERROR;
	}
	return status;
}

/* Write the row without what was dropped. The stack pointer stays aligned to 16: so the auxiliary vector may move by a
 * word. */
static enum status environment_write(struct environment *environment, struct error *error)
{
	size_t from, to = environment->front, end = environment->front + environment->count, dropped;

	for (from = environment->front; from < environment->size; from++)
		if (from >= end || environment->row[from])
			environment->row[to++] = environment->row[from];
	dropped = environment->size - to;
	if (!dropped)
		return STATUS_OK;
	environment->registers.rsp += (dropped & ~(size_t)1) * sizeof(uint64_t);
	if (target_memory_write(environment->pid, environment->registers.rsp, environment->row, to * sizeof(uint64_t),
				error) != STATUS_OK)
		return STATUS_ERROR;
	if (ptrace(PTRACE_SETREGS, environment->pid, NULL, &environment->registers))
		return error_set_errno(error, "cannot set the registers of process %d", (int)environment->pid);
	return STATUS_OK;
}

enum status clean_environment(pid_t pid, const char *library, struct error *error)
{
	struct environment environment;
	enum status status = environment_read(&environment, pid, error);

	if (status == STATUS_OK) {
		status = environment_clean(&environment, library, error);
		if (environment_write(&environment, error) != STATUS_OK)
			status = STATUS_ERROR;
	}
	free(environment.row);
	return status;
}
