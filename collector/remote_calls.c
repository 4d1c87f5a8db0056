/*
 * The stub's life: a thread is chosen and stopped, its registers are kept in a signal frame beside the stub, and it is
 * led there; the collector walks with it from system call to system call (never by single steps: a set trap flag would
 * kill the program if the collector died) until rt_sigreturn has brought it back. Only then is the code restored.
 */
#include "collector/remote_calls.h"

#include "collector/process_info.h"
#include "collector/signal_frame.h"
#include "collector/target_memory.h"
#include "collector/thread_stop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 8
#endif

#define RESTART_FIRST                                                                                                  \
	512 /* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND: the call is made again, with all its arguments */
#define RESTART_LAST  514
#define RESTART_BLOCK 516        /* the kernel alone knows how it goes on: any call of ours would make it forget */
#define WALK_NS       2000000000 /* for one call of ours */
#define TRIES         300
#define TRY_PAUSE_NS  10000000
#define FLOATS_SIZE                                                                                                    \
	512 /* of an fxsave area; what stands from byte 464 on says whether there is more, and is cleared              \
	     */
#define FLOATS_MARK   464
#define ALIGNMENT     64
#define NAME          "escprof"
#define ALL_SIGNALS   UINT64_MAX
#define FUTEX_CALL    202
#define FUTEX_TIMEOUT 3 /* which argument */

/* %r12 is what memfd_create returned, and replaces REMOTE_FD. */
const uint8_t remote_calls_stub[REMOTE_STUB_SIZE] = {
    0x48, 0x8b, 0x7b, 0x08,             /* next: mov 8(%rbx),%rdi */
    0x48, 0x8b, 0x73, 0x10,             /* mov 16(%rbx),%rsi */
    0x48, 0x8b, 0x53, 0x18,             /* mov 24(%rbx),%rdx */
    0x4c, 0x8b, 0x53, 0x20,             /* mov 32(%rbx),%r10 */
    0x4c, 0x8b, 0x43, 0x28,             /* mov 40(%rbx),%r8 */
    0x4c, 0x8b, 0x4b, 0x30,             /* mov 48(%rbx),%r9 */
    0x48, 0x83, 0xff, 0xfe,             /* cmp $-2,%rdi */
    0x49, 0x0f, 0x44, 0xfc,             /* cmove %r12,%rdi */
    0x49, 0x83, 0xf8, 0xfe,             /* cmp $-2,%r8 */
    0x4d, 0x0f, 0x44, 0xc4,             /* cmove %r12,%r8 */
    0x48, 0x8b, 0x03,                   /* mov (%rbx),%rax */
    0x0f, 0x05,                         /* syscall */
    0x81, 0x3b, 0x3f, 0x01, 0x00, 0x00, /* cmpl $SYS_memfd_create,(%rbx) */
    0x4c, 0x0f, 0x44, 0xe0,             /* cmove %rax,%r12 */
    0x48, 0x83, 0xc3, 0x38,             /* add $56,%rbx */
    0xff, 0xcd,                         /* dec %ebp */
    0x75, 0xc1,                         /* jnz next */
    0xb8, 0x0f, 0x00, 0x00, 0x00,       /* mov $SYS_rt_sigreturn,%eax */
    0x0f, 0x05,                         /* syscall */
};

/* What is written over the program's code, besides the floating point state. */
struct remote_image {
	uint8_t context[SIGNAL_FRAME_SIZE]; /* the stack pointer is here at rt_sigreturn */
	struct remote_call calls[REMOTE_CALLS_MAX];
	char name[8];
	uint8_t stub[REMOTE_STUB_SIZE];
};

uint64_t remote_calls_memfd_flags(void)
{
	int fd = memfd_create(NAME, MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0)
		return MFD_CLOEXEC;
	close(fd);
	return MFD_CLOEXEC | MFD_NOEXEC_SEAL;
}

void remote_calls_add(struct remote_calls *calls, const uint64_t words[7])
{
	assert(calls->count < REMOTE_CALLS_MAX);
	memcpy(calls->calls[calls->count++].words, words, sizeof(calls->calls[0].words));
}

enum status remote_calls_change(struct remote_calls *calls, pid_t thread, size_t index, const uint64_t words[7],
				struct error *error)
{
	uint64_t address = calls->at[0] + offsetof(struct remote_image, calls) + index * sizeof(struct remote_call);

	return target_memory_write(thread, address, words, sizeof(struct remote_call), error);
}

/* Which system call THREAD stands in, by /proc, and one ARGUMENT of it; -1: none, or it may not be seen. */
static long current_call(pid_t process, pid_t thread, int argument, unsigned long long *value)
{
	unsigned long long arguments[6] = {0};
	char path[64], line[256] = "";
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)process, (int)thread);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (!fgets(line, sizeof(line), file) ||
	    sscanf(line, "%ld %llx %llx %llx %llx %llx %llx", &number, &arguments[0], &arguments[1], &arguments[2],
		   &arguments[3], &arguments[4], &arguments[5]) != 7)
		number = -1;
	fclose(file);
	*value = arguments[argument];
	return number;
}

/* Whether to try THREAD: in the first round only one that waits without a limit and is never interrupted by us. */
static bool is_candidate(pid_t process, pid_t thread, bool first_round)
{
	unsigned long long timeout = 0;
	long number = current_call(process, thread, FUTEX_TIMEOUT, &timeout);

	if (number == FUTEX_CALL)
		return !timeout;
	return !first_round && number >= 0 && number != SYS_nanosleep && number != SYS_clock_nanosleep &&
	       number != SYS_restart_syscall && number != SYS_poll;
}

/* Whether REGISTERS, of a thread that has just stopped, are those of a system call; if so, as it is to go on. */
static bool go_on(struct user_regs_struct *registers)
{
	int64_t result = (int64_t)registers->rax;

	if ((int64_t)registers->orig_rax < 0 || result == -RESTART_BLOCK)
		return false;
	if (result <= -RESTART_FIRST && result >= -RESTART_LAST) {
		registers->rip -= 2; /* the length of a syscall instruction */
		registers->rax = registers->orig_rax;
	}
	return true;
}

static enum status trace_error(struct error *error, const char *what, pid_t thread)
{
	return error_set_errno(error, "cannot %s thread %d", what, (int)thread);
}

static const size_t remote_sizes[REMOTE_SPACES] = {sizeof(struct remote_image), FLOATS_SIZE};

/* Fill IMAGE and FLOATS for a thread that is to go on with REGISTERS. */
static enum status fill_image(struct remote_image *image, uint8_t *floats, const struct remote_calls *calls,
			      pid_t thread, const struct user_regs_struct *registers, struct error *error)
{
	struct user_fpregs_struct now;
	ucontext_t context;
	uint64_t mask;
	size_t i;

	if (ptrace(PTRACE_GETSIGMASK, thread, (void *)sizeof(mask), &mask) ||
	    ptrace(PTRACE_GETFPREGS, thread, NULL, &now))
		return trace_error(error, "read the state of", thread);
	signal_frame_fill(&context, registers, mask);
	context.uc_mcontext.fpregs = (fpregset_t)(uintptr_t)calls->at[1];
	memcpy(image->context, &context, sizeof(image->context));
	static_assert(sizeof(now) == FLOATS_SIZE, "an fxsave area");
	memcpy(floats, &now, FLOATS_SIZE);
	memset(floats + FLOATS_MARK, 0, FLOATS_SIZE - FLOATS_MARK);
	memcpy(image->calls, calls->calls, sizeof(image->calls));
	for (i = 0; i < calls->count; i++)
		if (image->calls[i].words[1] == REMOTE_NAME)
			image->calls[i].words[1] = calls->at[0] + offsetof(struct remote_image, name);
	memcpy(image->name, NAME, sizeof(image->name));
	memcpy(image->stub, remote_calls_stub, sizeof(image->stub));
	return STATUS_OK;
}

static enum status restore_spaces(const struct remote_calls *calls, pid_t thread, struct error *error)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; i < REMOTE_SPACES; i++)
		if (target_memory_write(thread, calls->at[i],
					calls->spaces[i].original + (calls->at[i] - calls->spaces[i].address),
					remote_sizes[i], error) != STATUS_OK)
			status = STATUS_ERROR;
	return status;
}

/* Put the stub in place and lead THREAD, which is to go on with REGISTERS, to it. On an error all is as it was. */
static enum status enter(struct remote_calls *calls, pid_t thread, const struct user_regs_struct *registers,
			 struct error *error)
{
	struct user_regs_struct led = *registers;
	struct remote_image image = {0};
	uint8_t floats[FLOATS_SIZE];
	uint64_t all = ALL_SIGNALS;
	enum status status;

	if (fill_image(&image, floats, calls, thread, registers, error) != STATUS_OK)
		return STATUS_ERROR;
	status = target_memory_write(thread, calls->at[1], floats, sizeof(floats), error);
	if (status == STATUS_OK)
		status = target_memory_write(thread, calls->at[0], &image, sizeof(image), error);
	led.rip = calls->at[0] + offsetof(struct remote_image, stub);
	led.rsp = calls->at[0];
	led.rbx = calls->at[0] + offsetof(struct remote_image, calls);
	led.rbp = calls->count;
	led.r12 = (uint64_t)-1;
	led.orig_rax = (uint64_t)-1;
	if (status == STATUS_OK && ptrace(PTRACE_SETREGS, thread, NULL, &led))
		status = trace_error(error, "set the registers of", thread);
	if (status != STATUS_OK) {
		restore_spaces(calls, thread, NULL);
		return status;
	}
	/* The other way round a collector that is killed here would leave the mask for good. */
	ptrace(PTRACE_SETSIGMASK, thread, (void *)sizeof(all), &all);
	return STATUS_OK;
}

/*
 * Let THREAD run to the next end of a system call that it begins. A stop of its group, which no mask holds off, is
 * begun but put off for this thread: it comes again when the thread is let go. STATUS_NO_ENTRY: it has ended.
 */
static enum status next_result(pid_t thread, int64_t *result, struct error *error)
{
	struct __ptrace_syscall_info info;
	bool entered = false;
	int status, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(long)signal))
			return errno == ESRCH ? STATUS_NO_ENTRY : trace_error(error, "follow", thread);
		if (!thread_stop_wait(thread, WALK_NS, &status))
			return error_set(error, "thread %d did not make its system call: is it frozen?", (int)thread);
		if (!WIFSTOPPED(status))
			return STATUS_NO_ENTRY;
		signal = status >> 16 || WSTOPSIG(status) != SIGSTOP ? 0 : SIGSTOP;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) < 0)
			return trace_error(error, "follow the system calls of", thread);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			entered = true;
		else if (info.op == PTRACE_SYSCALL_INFO_EXIT && entered)
			break;
	}
	*result = info.exit.rval;
	return STATUS_OK;
}

/* Walk with THREAD through all calls and back to where it was, then restore the code. The first error is kept. */
static enum status walk(struct remote_calls *calls, pid_t thread, struct error *error)
{
	enum status status = STATUS_OK, step;
	int64_t result = 0;
	size_t i;

	for (i = 0; i <= calls->count; i++) { /* the last is rt_sigreturn */
		step = next_result(thread, &result, status == STATUS_OK ? error : NULL);
		if (step != STATUS_OK)
			return step;
		if (status == STATUS_OK && i < calls->count)
			status = calls->made(calls->user, calls, thread, i, result, error);
	}
	step = restore_spaces(calls, thread, status == STATUS_OK ? error : NULL);
	return status == STATUS_OK ? step : status;
}

/* Have THREAD make the calls if it is fit for it: *DONE. */
static enum status try_thread(struct remote_calls *calls, pid_t thread, bool *done, struct error *error)
{
	struct user_regs_struct registers;
	struct held_thread held;
	enum status status = thread_stop_one(&held, calls->process, thread, error);

	if (status != STATUS_OK)
		return status == STATUS_NO_ENTRY ? STATUS_OK : status; /* gone: the next one, then */
	if (!held.signal && !ptrace(PTRACE_GETREGS, thread, NULL, &registers) && go_on(&registers)) {
		*done = true;
		status = enter(calls, thread, &registers, error);
		if (status == STATUS_OK)
			status = walk(calls, thread, error);
	}
	thread_stop_let_go(&held);
	return status;
}

static enum status try_threads(struct remote_calls *calls, bool first_round, bool *done, struct error *error)
{
	size_t count, i;
	pid_t *threads = thread_stop_list(calls->process, &count);
	enum status status = threads ? STATUS_OK : STATUS_NO_ENTRY;

	for (i = 0; i < count && status == STATUS_OK && !*done; i++)
		if (is_candidate(calls->process, threads[i], first_round))
			status = try_thread(calls, threads[i], done, error);
	free(threads);
	return status;
}

/* Where in its spaces everything goes; false when they are too small. */
static bool lay_out(struct remote_calls *calls)
{
	size_t i;

	for (i = 0; i < REMOTE_SPACES; i++) {
		const struct remote_space *space = &calls->spaces[i];

		calls->at[i] = (space->address + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
		if (!space->address || calls->at[i] + remote_sizes[i] > space->address + space->size)
			return false;
	}
	return true;
}

enum status remote_calls_run(struct remote_calls *calls, struct error *error)
{
	struct timespec pause = {.tv_nsec = TRY_PAUSE_NS};
	enum status status = STATUS_OK;
	bool done = false;
	int tries;

	if (!lay_out(calls))
		return error_set(error, "no room for the stub in the program");
	for (tries = 0; tries < TRIES && status == STATUS_OK && !done; tries++) {
		if (tries)
			nanosleep(&pause, NULL);
		status = try_threads(calls, tries % 2 == 0, &done, error);
	}
	if (status == STATUS_OK && !done)
		return error_set(error,
				 "no thread of process %d is in a system call that can be interrupted: try again",
				 (int)calls->process);
	return status;
}
