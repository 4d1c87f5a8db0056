/*
 * Injection at the exec stop. In: a stopped process and a plan; out: a process that will run the agent.
 *
 * The stub lies in the program's text, its table of system calls and a signal frame on the stack, below the red zone.
 * The collector steps from system call to system call with PTRACE_SYSCALL (never by single steps: a set trap flag would
 * kill the program if the collector died), and looks at each result.
 */
#include "collector/inject.h"

#include "collector/plan.h"
#include "collector/remote_calls.h"
#include "collector/signal_frame.h"
#include "collector/target_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define CALL_WORDS 7 /* number and six arguments */

enum inject_call { CALL_MEMFD, CALL_CODE, CALL_REGION, CALL_HERE, CALL_NO_DUMP, CALL_CLOSE, CALL_COUNT };

/* What is put on the program's stack. */
struct inject_frame {
	ucontext_t context; /* rsp points here at rt_sigreturn; only the kernel's part of it is used */
	char name[16];      /* of the memfd */
	uint64_t calls[CALL_COUNT][CALL_WORDS];
};

struct injection {
	pid_t pid;
	const struct plan *plan;
	struct region *region;
	uint64_t bias;
	uint64_t code;  /* where the agent goes */
	uint64_t stub;  /* where the stub stands */
	uint64_t frame; /* where the struct inject_frame stands */
	uint8_t saved[REMOTE_STUB_SIZE];
	struct inject_frame local;
};

static enum status inject_signal_mask(pid_t pid, uint64_t *mask, struct error *error)
{
	if (!ptrace(PTRACE_GETSIGMASK, pid, (void *)sizeof(*mask), mask))
		return STATUS_OK;
	return error_set_errno(error, "cannot read the signal mask of process %d", (int)pid);
}

static void inject_set_call(struct injection *injection, enum inject_call call, const uint64_t words[CALL_WORDS])
{
	memcpy(injection->local.calls[call], words, sizeof(injection->local.calls[call]));
}

static void inject_fill_calls(struct injection *injection)
{
	uint64_t name = injection->frame + offsetof(struct inject_frame, name);
	uint64_t region = injection->code + AGENT_CODE_SIZE;

	snprintf(injection->local.name, sizeof(injection->local.name), "escprof");
	inject_set_call(injection, CALL_MEMFD,
			(uint64_t[]){SYS_memfd_create, name, remote_calls_memfd_flags(), 0, 0, 0, 0});
	inject_set_call(injection, CALL_CODE,
			(uint64_t[]){SYS_mmap, injection->code, AGENT_CODE_SIZE, PROT_READ | PROT_EXEC,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0});
	inject_set_call(injection, CALL_REGION,
			(uint64_t[]){SYS_mmap, region, injection->region->size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_FIXED_NOREPLACE, REMOTE_FD, 0});
	inject_set_call(
	    injection, CALL_HERE,
	    (uint64_t[]){SYS_madvise, injection->code + AGENT_HERE_PAGE, AGENT_HERE_SIZE, MADV_WIPEONFORK, 0, 0, 0});
	inject_set_call(injection, CALL_NO_DUMP,
			(uint64_t[]){SYS_madvise, region, injection->region->size, MADV_DONTDUMP, 0, 0, 0});
	inject_set_call(injection, CALL_CLOSE, (uint64_t[]){SYS_close, REMOTE_FD, 0, 0, 0, 0, 0});
}

static enum status inject_send_frame(struct injection *injection, struct error *error)
{
	return target_memory_write(injection->pid, injection->frame, &injection->local, sizeof(injection->local),
				   error);
}

/* Put stub and frame in place and turn the registers to the stub. */
static enum status inject_prepare(struct injection *injection, struct error *error)
{
	struct user_regs_struct registers;
	uint64_t mask, all = UINT64_MAX;
	size_t space;

	injection->stub = plan_stub_space(injection->plan, &space) + injection->bias;
	if (space < REMOTE_STUB_SIZE)
		return error_set(error, "no room for the stub in the program");
	if (ptrace(PTRACE_GETREGS, injection->pid, NULL, &registers))
		return error_set_errno(error, "cannot read the registers of process %d", (int)injection->pid);
	if (inject_signal_mask(injection->pid, &mask, error) != STATUS_OK)
		return STATUS_ERROR;
	injection->frame = (registers.rsp - 128 - sizeof(struct inject_frame)) & ~63ull;
	signal_frame_fill(&injection->local.context, &registers, mask);
	inject_fill_calls(injection);
	if (target_memory_read(injection->pid, injection->stub, injection->saved, sizeof(injection->saved), error) !=
		STATUS_OK ||
	    inject_send_frame(injection, error) != STATUS_OK ||
	    target_memory_write(injection->pid, injection->stub, remote_calls_stub, REMOTE_STUB_SIZE, error) !=
		STATUS_OK)
		return STATUS_ERROR;
	registers.rip = injection->stub;
	registers.rsp = injection->frame;
	registers.rbx = injection->frame + offsetof(struct inject_frame, calls);
	registers.rbp = CALL_COUNT;
	registers.r12 = (uint64_t)-1;
	registers.orig_rax = (uint64_t)-1;
	if (ptrace(PTRACE_SETREGS, injection->pid, NULL, &registers))
		return error_set_errno(error, "cannot set the registers of process %d", (int)injection->pid);
	/* Signals wait until rt_sigreturn. The other way round a collector that is killed here would leave it so. */
	ptrace(PTRACE_SETSIGMASK, injection->pid, (void *)sizeof(all), &all);
	return STATUS_OK;
}

/* Let it run to the next end of a system call that it began after this. */
static enum status inject_next_result(struct injection *injection, int64_t *result, struct error *error)
{
	struct __ptrace_syscall_info info;
	bool entered = false;
	int status, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, injection->pid, NULL, (void *)(long)signal) ||
		    waitpid(injection->pid, &status, __WALL) != injection->pid || !WIFSTOPPED(status))
			return error_set(error, "process %d ended while the agent was put into it",
					 (int)injection->pid);
		signal = status >> 16 || WSTOPSIG(status) != SIGSTOP ? 0 : SIGSTOP; /* no mask holds that off */
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, injection->pid, sizeof(info), &info) < 0)
			return error_set_errno(error, "cannot follow the system calls of process %d",
					       (int)injection->pid);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			entered = true;
		else if (info.op == PTRACE_SYSCALL_INFO_EXIT && entered)
			break;
	}
	*result = info.exit.rval;
	return STATUS_OK;
}

/* The target has made its memfd: share it. */
static enum status inject_share(struct injection *injection, int64_t target_fd, struct error *error)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)injection->pid, (int)target_fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(error, "cannot share memory with process %d", (int)injection->pid);
	return region_map(injection->region, fd, error);
}

/* Run the stub to its end. The first failure is kept; the program is brought to its own registers all the same. */
static enum status inject_run(struct injection *injection, struct error *error)
{
	enum status status = STATUS_OK;
	int64_t result = 0;
	int call;

	for (call = 0; call < CALL_COUNT; call++) {
		if (inject_next_result(injection, &result, error) != STATUS_OK)
			return STATUS_ERROR;
		if (status == STATUS_OK && result < 0 && call != CALL_NO_DUMP && call != CALL_HERE) {
			errno = (int)-result;
			status = region_refused(injection->region, (int)injection->pid, (size_t)call, error);
		}
		if (status == STATUS_OK && call == CALL_MEMFD)
			status = inject_share(injection, result, error);
	}
	if (inject_next_result(injection, &result, status == STATUS_OK ? error : NULL) != STATUS_OK)
		return STATUS_ERROR;
	return status;
}

static enum status inject_restore_stub(struct injection *injection, struct error *error)
{
	return target_memory_write(injection->pid, injection->stub, injection->saved, sizeof(injection->saved), error);
}

/* All is mapped: copy the code, arm the plan, and patch, the calls last. */
static enum status inject_patch(struct injection *injection, struct error *error)
{
	struct plan_write writes[PLAN_MAX_WRITES];
	struct agent_entries entries;
	uint64_t size;
	const void *code = region_agent_code(&size, &entries);
	size_t count, i;

	if (target_memory_write(injection->pid, injection->code, code, size, error) != STATUS_OK)
		return STATUS_ERROR;
	region_arm(injection->region, injection->plan, injection->bias);
	count = plan_writes(injection->plan, injection->bias, injection->code, &entries, writes);
	for (i = 0; i < count; i++)
		if (target_memory_write(injection->pid, writes[i].address, writes[i].bytes, writes[i].size, error) !=
		    STATUS_OK)
			return STATUS_ERROR;
	return STATUS_OK;
}

/* Find where everything goes. */
static enum status inject_place(struct injection *injection, struct error *error)
{
	uint64_t executable, executable_size, text_start, text_end;

	plan_executable(injection->plan, &executable, &executable_size);
	plan_text(injection->plan, &text_start, &text_end);
	if (target_memory_bias(injection->pid, executable, &injection->bias, error) != STATUS_OK)
		return STATUS_ERROR;
	return target_memory_hole(injection->pid, text_start + injection->bias, text_end + injection->bias,
				  AGENT_CODE_SIZE + injection->region->size, &injection->code, error);
}

enum status inject_at_exec(pid_t pid, const struct plan *plan, struct region *region, uint64_t *bias,
			   struct error *error)
{
	struct injection injection = {.pid = pid, .plan = plan, .region = region};
	enum status status = inject_place(&injection, error);

	if (status == STATUS_OK)
		status = inject_prepare(&injection, error);
	if (status == STATUS_OK) {
		status = inject_run(&injection, error);
		if (inject_restore_stub(&injection, status == STATUS_OK ? error : NULL) != STATUS_OK)
			status = STATUS_ERROR;
	}
	if (status == STATUS_OK)
		status = inject_patch(&injection, error);
	region->code = injection.code;
	if (status != STATUS_OK)
		region_close(region);
	*bias = injection.bias;
	return status;
}
