/*
 * The environment at a program's start lies on its stack: argc, the argv pointers, 0, the envp pointers, 0, and then
 * what must not move (the auxiliary vector). So an entry is taken out by pointing it at another's string.
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

#define ENTRIES_MAX 65536        /* pointers looked at */
#define STRING_MAX  (128u << 10) /* the kernel takes none that is longer */
#define STRING_PART 4096
#define HEAD_SIZE   16

#define PRELOAD "LD_PRELOAD="
#define SOCKET  PRELOAD_SOCKET_VARIABLE "="

struct environment {
	pid_t pid;
	uint64_t envp;      /* address of the first pointer */
	uint64_t *pointers; /* a copy, without the 0; one that is dropped: 0 */
	size_t count;
};

static enum status environment_read(struct environment *environment, pid_t pid, struct error *error)
{
	struct user_regs_struct registers;
	uint64_t argc, pointer;
	size_t capacity = 0;

	*environment = (struct environment){.pid = pid};
	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers))
		return error_set_errno(error, "cannot read the registers of process %d", (int)pid);
	if (target_memory_read(pid, registers.rsp, &argc, sizeof(argc), error) != STATUS_OK)
		return STATUS_ERROR;
	environment->envp = registers.rsp + 8 * (argc + 2);
	while (environment->count < ENTRIES_MAX) {
		if (target_memory_read(pid, environment->envp + 8 * environment->count, &pointer, sizeof(pointer),
				       error) != STATUS_OK)
			return STATUS_ERROR;
		if (!pointer)
			break;
		environment->pointers =
		    memory_reserve(environment->pointers, environment->count, &capacity, sizeof(pointer));
		environment->pointers[environment->count++] = pointer;
	}
	return STATUS_OK;
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

/* Point the entry at INDEX, which was dropped, at the string of one that stays. Without any it becomes "". */
static enum status environment_fill(const struct environment *environment, size_t index, uint64_t dropped,
				    struct error *error)
{
	size_t i;

	for (i = 0; i < environment->count; i++)
		if (environment->pointers[i])
			return target_memory_write(environment->pid, environment->envp + 8 * index,
						   &environment->pointers[i], sizeof(uint64_t), error);
	return target_memory_write(environment->pid, dropped, "", 1, error);
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

enum status clean_environment(pid_t pid, const char *library, struct error *error)
{
	struct environment environment;
	enum status status = environment_read(&environment, pid, error);
	uint64_t *before = memory_alloc(environment.count + 1, sizeof(*before));
	size_t i;

	if (status == STATUS_OK) {
		memcpy(before, environment.pointers, environment.count * sizeof(*before));
		status = environment_clean(&environment, library, error);
		for (i = 0; i < environment.count; i++)
			if (!environment.pointers[i] &&
			    environment_fill(&environment, i, before[i], error) != STATUS_OK)
				status = STATUS_ERROR;
	}
	free(before);
	free(environment.pointers);
	return status;
}
