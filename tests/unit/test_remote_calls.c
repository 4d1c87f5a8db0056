/*
 * System calls made by a thread of a real process: they give what they should, the thread never knows, its signals
 * wait, and it comes to no harm when whoever leads it is killed at any of them.
 */
#include "collector/remote_calls.h"

#include "collector/target_memory.h"
#include "tests/unit/child_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FUTEX = 32, DONE, WRONG, HANDLED, MASK, COUNTER = 0 };

/* Machine code that nobody runs: it may be written over. */
__asm__(".text\n.balign 64\n.globl test_dead_code, test_dead_floats\n"
	"test_dead_code: .fill 4096, 1, 0xcc\ntest_dead_floats: .fill 1024, 1, 0xcc\n");
extern const uint8_t test_dead_code[], test_dead_floats[];

/*
 * Wait for the futex at %rdi with a number in every register that a system call does not use, and return how many of
 * these, and of the vector registers', are another's afterwards (r11 and rcx are the kernel's).
 */
__asm__(".text\n.globl test_futex_registers\n"
	"test_futex_registers:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov $101, %rbx\nmov $102, %rbp\nmov $103, %r12\nmov $104, %r13\nmov $105, %r14\nmov $106, %r15\n"
	"mov $107, %r8\nmov $108, %r9\n"
	"movq %rbx, %xmm0\nmovq %rbp, %xmm7\nmovq %r15, %xmm15\n"
	"fld1\n"
	"mov $0, %esi\nmov $0, %edx\nmov $0, %r10d\nmov $202, %eax\nsyscall\n" /* futex(word, FUTEX_WAIT, 0, NULL) */
	"mov %rax, %rcx\nxor %eax, %eax\n"
	"test %rcx, %rcx\nje 1f\ninc %eax\n1:"
	"cmp $101, %rbx\nje 1f\ninc %eax\n1:cmp $102, %rbp\nje 1f\ninc %eax\n1:cmp $103, %r12\nje 1f\ninc %eax\n"
	"1:cmp $104, %r13\nje 1f\ninc %eax\n1:cmp $105, %r14\nje 1f\ninc %eax\n1:cmp $106, %r15\nje 1f\ninc %eax\n"
	"1:cmp $107, %r8\nje 1f\ninc %eax\n1:cmp $108, %r9\nje 1f\ninc %eax\n"
	"1:test %rsi, %rsi\nje 1f\ninc %eax\n1:test %rdx, %rdx\nje 1f\ninc %eax\n"
	"1:test %r10, %r10\nje 1f\ninc %eax\n"
	"1:movq %xmm0, %rcx\ncmp $101, %rcx\nje 1f\ninc %eax\n1:movq %xmm7, %rcx\ncmp $102, %rcx\nje 1f\ninc %eax\n"
	"1:movq %xmm15, %rcx\ncmp $106, %rcx\nje 1f\ninc %eax\n"
	"1:sub $8, %rsp\nfstpl (%rsp)\npop %rcx\nmov $0x3ff0000000000000, %rdx\ncmp %rdx, %rcx\nje 1f\ninc %eax\n"
	"1:pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n");
extern uint64_t test_futex_registers(volatile uint64_t *futex);

/* What was made, and what it returned. */
struct made {
	size_t count;
	int64_t results[REMOTE_CALLS_MAX];
	pid_t thread;
	int signal;       /* sent to the process before each but the last; 0: none */
	size_t change;    /* at this one the next becomes getppid; SIZE_MAX: none does */
	size_t fail, die; /* end the watching, or this process, at that one */
};

static enum status note(void *user, struct remote_calls *calls, pid_t thread, size_t index, int64_t result,
			struct error *error)
{
	static const uint64_t other[7] = {SYS_getppid};
	struct made *made = user;

	made->thread = thread;
	made->results[made->count++] = result;
	if (made->die == index)
		kill(getpid(), SIGKILL);
	if (made->signal)
		kill(calls->process, made->signal);
	if (made->change == index)
		return remote_calls_change(calls, thread, index + 1, other, error);
	return made->fail == index ? error_set(error, "as asked") : STATUS_OK;
}

static const struct made nothing = {.change = SIZE_MAX, .fail = SIZE_MAX, .die = SIZE_MAX};

static void begin(struct remote_calls *calls, pid_t process, struct made *made)
{
	*made = nothing;
	*calls = (struct remote_calls){.process = process, .made = note, .user = made};
	calls->spaces[0] = (struct remote_space){(uint64_t)test_dead_code, 4096, test_dead_code};
	calls->spaces[1] = (struct remote_space){(uint64_t)test_dead_floats, 1024, test_dead_floats};
}

static void add(struct remote_calls *calls, uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	remote_calls_add(calls, (uint64_t[7]){number, a, b, c});
}

static void run(struct remote_calls *calls)
{
	struct error error = {""};

	if (remote_calls_run(calls, &error) != STATUS_OK)
		fail_msg("%s", error.text);
}

/* Every byte of the code that was written over is as in this process, which has the same. */
static bool is_restored(pid_t process)
{
	uint8_t now[4096 + 1024];

	assert_int_equal(target_memory_read(process, (uint64_t)test_dead_code, now, sizeof(now), NULL), STATUS_OK);
	return !memcmp(now, test_dead_code, sizeof(now));
}

static void *wait_for_futex(void *user)
{
	struct child_state *state = user;

	state->words[WRONG] += test_futex_registers(&state->words[FUTEX]);
	state->words[DONE]++;
	return NULL;
}

/* Two threads that count, one that waits for a futex, the first in a sleep. */
static void run_futex(struct child_state *state)
{
	pthread_t thread;

	child_process_count(state, COUNTER, 2);
	pthread_create(&thread, NULL, wait_for_futex, state);
	child_process_sleep(50);
	state->ready = 1;
	pthread_join(thread, NULL);
	for (;;)
		child_process_sleep(1000);
}

static void wake(struct child *child)
{
	int tries;

	for (tries = 0; tries < 1000 && !child->state->words[DONE]; tries++) {
		syscall(SYS_futex, &child->state->words[FUTEX], FUTEX_WAKE, 1, NULL, NULL, 0);
		child_process_sleep(1);
	}
	assert_int_equal(child->state->words[DONE], 1);
	assert_int_equal(child->state->words[WRONG], 0);
}

static void test_results(void **state)
{
	struct remote_calls calls;
	struct child child;
	struct made made;
	uint64_t at;
	int i;

	(void)state;
	child_process_start(&child, run_futex);
	for (i = 0; i < 20; i++) {
		begin(&calls, child.pid, &made);
		add(&calls, SYS_getpid, 0, 0, 0);
		add(&calls, SYS_close, (uint64_t)-1, 0, 0);
		add(&calls, SYS_memfd_create, REMOTE_NAME, remote_calls_memfd_flags(), 0);
		add(&calls, SYS_ftruncate, REMOTE_FD, 8192, 0);
		remote_calls_add(&calls,
				 (uint64_t[7]){SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, REMOTE_FD, 4096});
		add(&calls, SYS_close, REMOTE_FD, 0, 0);
		add(&calls, SYS_gettid, 0, 0, 0);
		add(&calls, SYS_mmap, 1, 4096, 0);
		run(&calls);
		assert_int_equal(made.count, 8);
		assert_int_equal(made.results[0], child.pid);
		assert_int_equal(made.results[1], -EBADF);
		assert_true(made.results[2] >= 0);
		assert_int_equal(made.results[3], 0);
		assert_true(made.results[4] > 0);
		assert_int_equal(made.results[5], 0);
		assert_int_equal(made.results[6], made.thread);
		assert_int_equal(made.results[7], -EINVAL);
		assert_true(is_restored(child.pid));
		at = (uint64_t)made.results[4];
		begin(&calls, child.pid, &made);
		add(&calls, SYS_munmap, at, 8192, 0);
		add(&calls, SYS_munmap, at + 1, 8192, 0);
		run(&calls);
		assert_int_equal(made.results[0], 0);
		assert_int_equal(made.results[1], -EINVAL);
	}
	child_process_wait_running(&child, 2);
	wake(&child);
	child_process_end(&child);
}

static void test_changed_and_failed(void **state)
{
	struct error error = {""};
	struct remote_calls calls;
	struct child child;
	struct made made;

	(void)state;
	child_process_start(&child, run_futex);
	begin(&calls, child.pid, &made);
	made.change = 0;
	add(&calls, SYS_getpid, 0, 0, 0);
	add(&calls, SYS_getpid, 0, 0, 0);
	add(&calls, SYS_getpid, 0, 0, 0);
	run(&calls);
	assert_int_equal(made.results[0], child.pid);
	assert_int_equal(made.results[1], getpid());
	assert_int_equal(made.results[2], child.pid);
	/* Nobody looks at the last one then, but it is made. */
	begin(&calls, child.pid, &made);
	made.fail = 0;
	add(&calls, SYS_getpid, 0, 0, 0);
	remote_calls_add(&calls, (uint64_t[7]){SYS_futex, (uint64_t)&child.state->words[FUTEX], FUTEX_WAKE, 0});
	remote_calls_add(&calls, (uint64_t[7]){SYS_write, (uint64_t)child.state->pipe[1], (uint64_t) "z", 1});
	assert_int_equal(remote_calls_run(&calls, &error), STATUS_ERROR);
	assert_string_equal(error.text, "as asked");
	assert_int_equal(made.count, 1);
	assert_int_equal(read(child.state->pipe[0], &error.text, 1), 1);
	assert_int_equal(error.text[0], 'z');
	assert_true(is_restored(child.pid));
	wake(&child);
	child_process_end(&child);
}

static struct child_state *handled;

static void handle(int number, siginfo_t *info, void *user)
{
	uint64_t at = (uint64_t)((ucontext_t *)user)->uc_mcontext.gregs[REG_RIP];

	(void)number;
	(void)info;
	if (at >= (uint64_t)test_dead_code && at < (uint64_t)test_dead_code + 4096)
		handled->words[WRONG]++;
	handled->words[HANDLED]++;
}

static uint64_t current_mask(void)
{
	uint64_t mask = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof(mask));
	return mask;
}

/* One thread, in a read, that handles signals and has two blocked. */
static void run_read(struct child_state *state)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_RESTART | SA_SIGINFO};
	uint64_t before;
	sigset_t some;
	char byte = 0;

	handled = state;
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	sigaddset(&some, SIGHUP);
	sigprocmask(SIG_BLOCK, &some, NULL);
	before = current_mask();
	state->ready = 1;
	if (read(state->pipe[0], &byte, 1) != 1 || byte != 'x')
		state->words[WRONG]++;
	if (current_mask() != before)
		state->words[WRONG] += 100;
	state->words[DONE] = 1;
	for (;;)
		child_process_sleep(1000);
}

static void let_read(struct child *child)
{
	assert_int_equal(write(child->state->pipe[1], "x", 1), 1);
	child_process_wait(&child->state->words[DONE], 1);
	assert_int_equal(child->state->words[WRONG], 0);
}

static void start_read(struct child *child)
{
	child_process_start(child, run_read);
	child_process_wait_call(child->pid, child->pid, SYS_read);
}

static void test_signals_wait(void **state)
{
	struct remote_calls calls;
	struct child child;
	struct made made;

	(void)state;
	start_read(&child);
	begin(&calls, child.pid, &made);
	made.signal = SIGUSR1;
	add(&calls, SYS_getpid, 0, 0, 0);
	add(&calls, SYS_getpid, 0, 0, 0);
	add(&calls, SYS_getpid, 0, 0, 0);
	assert_int_equal(child.state->words[HANDLED], 0);
	run(&calls);
	assert_int_equal(made.count, 3);
	assert_int_equal(made.results[2], child.pid);
	assert_true(is_restored(child.pid));
	child_process_wait(&child.state->words[HANDLED], 1); /* the three are one: it was blocked */
	let_read(&child);
	assert_int_equal(child.state->words[HANDLED], 1);
	child_process_end(&child);
}

static void test_stopped(void **state)
{
	struct remote_calls calls;
	struct child child;
	struct made made;

	(void)state;
	start_read(&child);
	begin(&calls, child.pid, &made);
	made.signal = SIGSTOP; /* while it is led */
	add(&calls, SYS_getpid, 0, 0, 0);
	add(&calls, SYS_getpid, 0, 0, 0);
	run(&calls);
	assert_int_equal(made.results[1], child.pid);
	assert_true(is_restored(child.pid));
	child_process_wait_state(child.pid, child.pid, 'T');
	kill(child.pid, SIGCONT);
	let_read(&child);
	child_process_end(&child);
}

static pid_t victim;
static int victims_output; /* of its descriptors the one to write "z" to */
static size_t death;

/* Leads the victim, and is killed at call number `death`. */
static void run_killed(struct child_state *state)
{
	struct remote_calls calls;
	struct made made;

	begin(&calls, victim, &made);
	made.die = death;
	add(&calls, SYS_getpid, 0, 0, 0);
	add(&calls, SYS_memfd_create, REMOTE_NAME, MFD_CLOEXEC, 0);
	add(&calls, SYS_close, REMOTE_FD, 0, 0);
	remote_calls_add(&calls, (uint64_t[7]){SYS_write, (uint64_t)victims_output, (uint64_t) "z", 1});
	state->words[0] = (uint64_t)remote_calls_run(&calls, NULL);
}

/* The calls that are left are made, the thread is where it was, and knows nothing of it. */
static void kill_tracer_at(size_t call, void (*run_child)(struct child_state *state),
			   void (*finish)(struct child *child))
{
	struct child child, tracer;
	char byte = 0;
	int output[2];

	assert_int_equal(pipe(output), 0);
	child_process_start(&child, run_child);
	if (run_child == run_read)
		child_process_wait_call(child.pid, child.pid, SYS_read);
	victim = child.pid;
	death = call;
	victims_output = output[1];
	child_process_fork(&tracer, run_killed);
	assert_int_equal(child_process_join(&tracer), SIGKILL);
	assert_int_equal(read(output[0], &byte, 1), 1);
	assert_int_equal(byte, 'z');
	finish(&child);
	child_process_end(&tracer);
	child_process_end(&child);
	close(output[0]);
	close(output[1]);
}

static void test_tracer_is_killed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		kill_tracer_at(i, run_read, let_read);
		kill_tracer_at(i, run_futex, wake);
	}
}

/* Random moments, before and behind the calls too: whatever was reached, the child reads on. */
static void test_tracer_is_killed_at_any_moment(void **state)
{
	struct child child, tracer;
	unsigned killed = 0, i;

	(void)state;
	srand(1);
	for (i = 0; i < 100; i++) {
		struct timespec delay = {.tv_nsec = rand() % 1500000};

		start_read(&child);
		victim = child.pid;
		death = SIZE_MAX;
		victims_output = child.state->pipe[1];
		child_process_fork(&tracer, run_killed);
		nanosleep(&delay, NULL);
		kill(tracer.pid, SIGKILL);
		killed += WIFSIGNALED(child_process_join(&tracer));
		child_process_sleep(1);
		/* It may have written "z", which the read then gets: what counts is that it does. */
		assert_int_equal(write(child.state->pipe[1], "x", 1), 1);
		child_process_wait(&child.state->words[DONE], 1);
		assert_in_range(child.state->words[WRONG], 0, 1);
		child_process_end(&tracer);
		child_process_end(&child);
	}
	print_message("killed %u times before it was done\n", killed);
	assert_true(killed > 0);
}

static void run_sleep(struct child_state *state)
{
	state->ready = 1;
	for (;;)
		child_process_sleep(1000);
}

static void expect_error(struct remote_calls *calls, const char *part)
{
	struct error error = {""};

	assert_int_equal(remote_calls_run(calls, &error), STATUS_ERROR);
	if (!strstr(error.text, part))
		fail_msg("\"%s\" has no \"%s\"", error.text, part);
}

static void test_errors(void **state)
{
	struct child child, tracer;
	struct remote_calls calls;
	struct made made;

	(void)state;
	child_process_start(&child, run_sleep); /* what it stands in could not be made again with its rest */
	begin(&calls, child.pid, &made);
	add(&calls, SYS_getpid, 0, 0, 0);
	expect_error(&calls, "is in a system call that can be interrupted");
	assert_int_equal(made.count, 0);
	child_process_end(&child);

	start_read(&child);
	begin(&calls, child.pid, &made);
	add(&calls, SYS_getpid, 0, 0, 0);
	calls.spaces[0].size = 512;
	expect_error(&calls, "no room");
	begin(&calls, child.pid, &made);
	calls.spaces[1].address = 0;
	expect_error(&calls, "no room");
	child_process_trace(&tracer, child.pid);
	begin(&calls, child.pid, &made);
	add(&calls, SYS_getpid, 0, 0, 0);
	expect_error(&calls, "is traced already, by process");
	child_process_end(&tracer);
	let_read(&child);
	child_process_end(&child);

	begin(&calls, 0x7ffffff0, &made);
	add(&calls, SYS_getpid, 0, 0, 0);
	assert_int_equal(remote_calls_run(&calls, NULL), STATUS_NO_ENTRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_results),          cmocka_unit_test(test_changed_and_failed),
	    cmocka_unit_test(test_signals_wait),     cmocka_unit_test(test_stopped),
	    cmocka_unit_test(test_tracer_is_killed), cmocka_unit_test(test_tracer_is_killed_at_any_moment),
	    cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, child_process_set_up, NULL);
}
