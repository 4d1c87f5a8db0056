/*
 * The environment at a program's start lies on its stack: argc, the argv pointers, 0, the envp pointers, 0, and then
 * what must not move (the auxiliary vector). So an entry is taken out by pointing it at its neighbour's string.
 */
#include "collector/clean_environment.h"

#include "base/memory.h"
#include "collector/preload/preload_protocol.h"
#include "collector/target_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define ENTRIES_MAX 65536 /* pointers looked at */
#define ENTRY_HEAD  4096  /* bytes of an entry looked at */

struct environment {
	pid_t pid;
	uint64_t envp;      /* address of the first pointer */
	uint64_t *pointers; /* a copy, without the 0 */
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

/* The head of the entry at INDEX, NUL-terminated; "" when it cannot be read. Near the stack's end fewer bytes are
 * there. */
static void environment_head(const struct environment *environment, size_t index, char head[ENTRY_HEAD + 1])
{
	size_t size = ENTRY_HEAD;

	while (size &&
	       target_memory_read(environment->pid, environment->pointers[index], head, size, NULL) != STATUS_OK)
		size /= 2;
	head[size] = 0;
}

/* Point the entry at INDEX at another one's string. */
static enum status environment_drop(struct environment *environment, size_t index, struct error *error)
{
	size_t other = index ? index - 1 : index + 1;

	if (other >= environment->count)
		return STATUS_OK;
	environment->pointers[index] = environment->pointers[other];
	return target_memory_write(environment->pid, environment->envp + 8 * index, &environment->pointers[other],
				   sizeof(uint64_t), error);
}

/* LD_PRELOAD=LIBRARY:REST becomes LD_PRELOAD=REST, in place; without a rest the entry is dropped. */
static enum status environment_restore_preload(struct environment *environment, size_t index, const char *entry,
					       const char *library, struct error *error)
{
	const char *value = entry + strlen("LD_PRELOAD="), *rest = value + strlen(library);

	if (strncmp(value, library, strlen(library)) != 0)
		return STATUS_OK;
	if (*rest != ':')
		return environment_drop(environment, index, error);
	return target_memory_write(environment->pid, environment->pointers[index] + strlen("LD_PRELOAD="), rest + 1,
				   strlen(rest + 1) + 1, error);
}

enum status clean_environment(pid_t pid, const char *library, struct error *error)
{
	struct environment environment;
	enum status status = environment_read(&environment, pid, error);
	char head[ENTRY_HEAD + 1];
	size_t i;

	for (i = 0; status == STATUS_OK && i < environment.count; i++) {
		environment_head(&environment, i, head);
		if (!strncmp(head, PRELOAD_SOCKET_VARIABLE "=", sizeof(PRELOAD_SOCKET_VARIABLE)))
			status = environment_drop(&environment, i, error);
		else if (!strncmp(head, "LD_PRELOAD=", 11))
			status = environment_restore_preload(&environment, i, head, library, error);
	}
	free(environment.pointers);
	return status;
}
