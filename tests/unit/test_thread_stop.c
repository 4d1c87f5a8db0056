/*
 * Stopping all threads of real processes: none runs on, however many are born and end meanwhile; they go on as they
 * were, with their signals and their system calls; and who cannot be stopped is named.
 */
#include "collector/thread_stop.h"

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
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS     20
#define LOOK_MS     20  /* for which stopped threads are watched */
#define PATIENCE_MS 200 /* for which all others stand still when one does not stop */

/* Words of the children that have more than counters. */
enum {
	READ_DONE = 32,
	READ_ERRORS,
	SLEEP_DONE,
	SLEEP_ERRORS,
	FUTEX_DONE,
	FUTEX_ERRORS,
	EPOLL_DONE,
	EPOLL_ERRORS,
	FUTEX
};
enum { HANDLED = 40, BEFORE, AFTER, THREAD, STOPPING };

static void stop_all(struct thread_stop *stop, pid_t process)
{
	struct error error = {""};

	if (thread_stop_all(stop, process, &error) != STATUS_OK)
		fail_msg("%s", error.text);
}

/* Everything that is held is all there is, and none of it runs. */
static void expect_still(const struct thread_stop *stop, const struct child *child)
{
	uint64_t before[CHILD_WORDS];
	size_t count, i;
	pid_t *threads = thread_stop_list(stop->process, &count);

	memcpy(before, (const void *)child->state->words, sizeof(before));
	for (i = 0; i < stop->count; i++)
		assert_int_equal(child_process_state(stop->process, stop->threads[i].thread), 't');
	child_process_sleep(LOOK_MS);
	assert_memory_equal(before, (const void *)child->state->words, sizeof(before));
	assert_int_equal(count, stop->count);
	free(threads);
}

static void run_counters(struct child_state *state)
{
	child_process_count(state, 0, THREADS);
	child_process_stay(state);
}

static void test_all(void **state)
{
	struct thread_stop stop;
	struct child child;
	int i;

	(void)state;
	child_process_start(&child, run_counters);
	for (i = 0; i < 3; i++) {
		child_process_wait_running(&child, THREADS);
		stop_all(&stop, child.pid);
		assert_int_equal(stop.count, THREADS + 1);
		assert_true(thread_stop_any(&stop) > 0);
		expect_still(&stop, &child);
		assert_true(thread_stop_release(&stop) > LOOK_MS * 1000000ull);
		assert_int_equal(stop.count, 0);
	}
	child_process_wait_running(&child, THREADS);
	child_process_end(&child);
}

static void *end_at_once(void *user)
{
	++*(volatile uint64_t *)user;
	return NULL;
}

/* Makes threads that end at once, as fast as it can. */
static void *make_threads(void *user)
{
	volatile uint64_t *word = user;
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (;;)
		if (!pthread_create(&thread, &attributes, end_at_once, (void *)word))
			++*word;
	return NULL;
}

static void run_makers(struct child_state *state)
{
	pthread_t thread;
	int i;

	child_process_count(state, 0, 4);
	for (i = 4; i < 6; i++)
		pthread_create(&thread, NULL, make_threads, (void *)&state->words[i]);
	child_process_stay(state);
}

static void test_born_and_ended_meanwhile(void **state)
{
	struct thread_stop stop;
	struct child child;
	int i;

	(void)state;
	child_process_start(&child, run_makers);
	for (i = 0; i < 40; i++) {
		child_process_wait_running(&child, 6);
		stop_all(&stop, child.pid);
		expect_still(&stop, &child);
		thread_stop_release(&stop);
	}
	child_process_wait_running(&child, 6);
	child_process_end(&child);
}

static void *vfork_for_a_while(void *user)
{
	struct child_state *state = user;

	state->words[THREAD] = (uint64_t)gettid();
	if (!vfork()) { /* the thread stands still until this ends, and cannot be stopped */
		state->ready = 1;
		while (!state->words[STOPPING])
			child_process_sleep(1);
		child_process_sleep(700);
		state->words[BEFORE] = state->words[0];
		child_process_sleep(200);
		state->words[AFTER] = state->words[0];
		_exit(0);
	}
	state->words[HANDLED] = 1;
	for (;;)
		pause();
	return NULL;
}

static void run_vfork(struct child_state *state)
{
	pthread_t thread;

	child_process_count(state, 0, 3);
	pthread_create(&thread, NULL, vfork_for_a_while, state);
	for (;;)
		pause();
}

/* Is waited for while all others run on, and then held with them. What failed before is in the time that is told. */
static void test_vfork(void **state)
{
	struct thread_stop stop;
	struct child child;

	(void)state;
	child_process_start(&child, run_vfork);
	child.state->words[STOPPING] = 1;
	stop_all(&stop, child.pid);
	assert_int_equal(stop.count, 5);
	expect_still(&stop, &child);
	assert_true(stop.longest_ns >= PATIENCE_MS * 1000000ull);
	assert_true(thread_stop_release(&stop) >= PATIENCE_MS * 1000000ull);
	assert_true(child.state->words[AFTER] > child.state->words[BEFORE]);
	child_process_wait(&child.state->words[HANDLED], 1);
	child_process_end(&child);
}

static struct child_state *handled;

static void handle(int number)
{
	(void)number;
	__atomic_fetch_add(&handled->words[HANDLED], 1, __ATOMIC_RELAXED);
}

static void run_handler(struct child_state *state)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};

	handled = state;
	sigaction(SIGRTMIN, &action, NULL);
	child_process_count(state, 0, 2);
	child_process_stay(state);
}

static pid_t receiver;

/* Queued signals are never merged: each is to be handled once. */
static void run_sender(struct child_state *state)
{
	union sigval value = {0};
	struct timespec pause_ns = {.tv_nsec = 50000};

	while (state->words[1] < 3000) {
		if (!sigqueue(receiver, SIGRTMIN, value))
			state->words[1]++;
		nanosleep(&pause_ns, NULL);
	}
}

static void test_signals_are_passed_on(void **state)
{
	struct child child, sender;
	struct thread_stop stop;
	uint64_t caught = 0;
	size_t i;

	(void)state;
	child_process_start(&child, run_handler);
	receiver = child.pid;
	child_process_fork(&sender, run_sender);
	while (sender.state->words[1] < 3000) {
		stop_all(&stop, child.pid);
		for (i = 0; i < stop.count; i++)
			caught += stop.threads[i].signal != 0;
		thread_stop_release(&stop);
	}
	child_process_join(&sender);
	child_process_wait(&child.state->words[HANDLED], 3000);
	child_process_sleep(LOOK_MS);
	assert_int_equal(child.state->words[HANDLED], 3000);
	print_message("%lu were just about to be delivered\n", caught);
	assert_true(caught > 0);
	child_process_end(&sender);
	child_process_end(&child);
}

static void test_stopped_stays_stopped(void **state)
{
	struct thread_stop stop;
	struct child child;
	int status, i;

	(void)state;
	child_process_start(&child, run_counters);
	kill(child.pid, SIGSTOP);
	assert_int_equal(waitpid(child.pid, &status, WUNTRACED), child.pid);
	for (i = 0; i < 3; i++) {
		stop_all(&stop, child.pid);
		assert_int_equal(stop.count, THREADS + 1);
		thread_stop_release(&stop);
		child_process_sleep(LOOK_MS);
		assert_int_equal(child_process_state(child.pid, child.pid), 'T');
	}
	kill(child.pid, SIGCONT);
	child_process_wait_running(&child, THREADS);
	child_process_end(&child);
}

static void *do_read(void *user)
{
	struct child_state *state = user;
	char byte = 0;

	if (read(state->pipe[0], &byte, 1) != 1 || byte != 'x')
		state->words[READ_ERRORS]++;
	state->words[READ_DONE]++;
	return NULL;
}

static void *do_sleep(void *user)
{
	struct child_state *state = user;
	struct timespec pause = {.tv_sec = 2}, before, after;

	clock_gettime(CLOCK_MONOTONIC, &before);
	if (syscall(SYS_nanosleep, &pause, NULL))
		state->words[SLEEP_ERRORS]++;
	clock_gettime(CLOCK_MONOTONIC, &after);
	if ((after.tv_sec - before.tv_sec) * 1000000000l + after.tv_nsec - before.tv_nsec < 2000000000l)
		state->words[SLEEP_ERRORS]++;
	state->words[SLEEP_DONE]++;
	return NULL;
}

static void *do_futex(void *user)
{
	struct child_state *state = user;

	if (syscall(SYS_futex, &state->words[FUTEX], FUTEX_WAIT, 0, NULL, NULL, 0))
		state->words[FUTEX_ERRORS]++;
	state->words[FUTEX_DONE]++;
	return NULL;
}

/* The kernel never makes this one again: it says EINTR, as signal(7) has it. */
static void *do_epoll(void *user)
{
	struct child_state *state = user;
	struct epoll_event event = {.events = EPOLLIN};
	int poller = epoll_create1(0), got;

	epoll_ctl(poller, EPOLL_CTL_ADD, state->pipe[0], &event);
	do {
		got = epoll_wait(poller, &event, 1, -1);
		if (got < 0 && errno == EINTR)
			state->words[EPOLL_ERRORS]++;
	} while (got < 0 && errno == EINTR);
	state->words[EPOLL_DONE] += got == 1;
	return NULL;
}

static void run_waiters(struct child_state *state)
{
	static void *(*const bodies[])(void *) = {do_read, do_sleep, do_futex, do_epoll};
	pthread_t thread;
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		pthread_create(&thread, NULL, bodies[i], state);
	child_process_sleep(100);
	child_process_stay(state);
}

static void test_system_calls_go_on(void **state)
{
	struct thread_stop stop;
	struct child child;
	int i;

	(void)state;
	child_process_start(&child, run_waiters);
	for (i = 0; i < 10; i++) {
		stop_all(&stop, child.pid);
		thread_stop_release(&stop);
		child_process_sleep(5);
	}
	while (!child.state->words[FUTEX_DONE])
		syscall(SYS_futex, &child.state->words[FUTEX], FUTEX_WAKE, 1, NULL, NULL, 0);
	assert_int_equal(write(child.state->pipe[1], "xx", 2), 2); /* the poller reads nothing */
	child_process_wait(&child.state->words[READ_DONE], 1);
	child_process_wait(&child.state->words[EPOLL_DONE], 1);
	child_process_wait(&child.state->words[SLEEP_DONE], 1);
	assert_int_equal(child.state->words[READ_ERRORS], 0);
	assert_int_equal(child.state->words[SLEEP_ERRORS], 0);
	assert_int_equal(child.state->words[FUTEX_ERRORS], 0);
	assert_in_range(child.state->words[EPOLL_ERRORS], 0, 10);
	child_process_end(&child);
}

static void run_leaderless(struct child_state *state)
{
	child_process_count(state, 0, 3);
	state->ready = 1;
	pthread_exit(NULL);
}

/* A first thread that has ended stays as a zombie until the last one has. */
static void test_ended_leader(void **state)
{
	struct thread_stop stop;
	struct child child;

	(void)state;
	child_process_start(&child, run_leaderless);
	child_process_wait_state(child.pid, child.pid, 'Z');
	stop_all(&stop, child.pid);
	assert_int_equal(stop.count, 3);
	thread_stop_release(&stop);
	child_process_wait_running(&child, 3);
	child_process_end(&child);
}

static void run_nothing(struct child_state *state)
{
	state->ready = 1;
}

static void test_gone(void **state)
{
	struct held_thread held;
	struct thread_stop stop;
	struct child child;
	siginfo_t info;

	(void)state;
	child_process_start(&child, run_nothing);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(thread_stop_all(&stop, child.pid, NULL), STATUS_NO_ENTRY);
	assert_int_equal(thread_stop_any(&stop), 0);
	assert_int_equal(thread_stop_one(&held, child.pid, child.pid, NULL), STATUS_NO_ENTRY);
	assert_int_equal(thread_stop_all(&stop, 0x7ffffff0, NULL), STATUS_NO_ENTRY);
	assert_int_equal(thread_stop_one(&held, 0x7ffffff0, 0x7ffffff0, NULL), STATUS_NO_ENTRY);
	thread_stop_let_go(&held);
	child_process_end(&child);
}

static pid_t victim;

static void expect_refused(pid_t process, const char *part)
{
	struct error error = {""};
	struct thread_stop stop;

	assert_int_equal(thread_stop_all(&stop, process, &error), STATUS_ERROR);
	assert_int_equal(stop.count, 0);
	if (!strstr(error.text, part))
		fail_msg("\"%s\" has no \"%s\"", error.text, part);
}

static void test_traced_by_another(void **state)
{
	struct child child, tracer;
	char by[64];

	(void)state;
	child_process_start(&child, run_counters);
	child_process_trace(&tracer, child.pid);
	snprintf(by, sizeof(by), "is traced already, by process %d (", (int)tracer.pid);
	expect_refused(child.pid, by);
	child_process_wait_running(&child, THREADS);
	child_process_end(&tracer);
	child_process_end(&child);
}

/* As a user who may not: what is wrong goes into the shared text. */
static void attempt_forbidden(struct child_state *state)
{
	struct error error = {""};
	struct thread_stop stop;

	state->words[0] = (uint64_t)thread_stop_all(&stop, victim, &error);
	snprintf(state->text, sizeof(state->text), "%s", error.text);
}

static void test_forbidden(void **state)
{
	struct child child;

	(void)state;
	child_process_start(&child, run_counters);
	victim = child.pid;
	child_process_expect_refusal(attempt_forbidden, "cannot trace process");
	child_process_wait_running(&child, THREADS);
	child_process_end(&child);
}

static void run_holder(struct child_state *state)
{
	struct thread_stop stop;

	state->words[0] = (uint64_t)thread_stop_all(&stop, victim, NULL);
	child_process_stay(state);
}

static void test_tracer_is_killed(void **state)
{
	struct child child, tracer;

	(void)state;
	child_process_start(&child, run_counters);
	victim = child.pid;
	child_process_start(&tracer, run_holder);
	assert_int_equal(tracer.state->words[0], STATUS_OK);
	assert_int_equal(child_process_state(child.pid, child.pid), 't');
	kill(tracer.pid, SIGKILL);
	child_process_join(&tracer);
	child_process_wait_running(&child, THREADS);
	assert_int_equal(child_process_state(child.pid, child.pid), 'S');
	child_process_end(&tracer);
	child_process_end(&child);
}

/* A loop whose place is known. */
__asm__(".text\n.globl test_loop, test_loop_end\n"
	"test_loop: movq $1, (%rdi)\n1: pause\njmp 1b\ntest_loop_end: ud2\n");
extern const char test_loop[], test_loop_end[];

static void run_loop(struct child_state *state)
{
	((void (*)(volatile uint64_t *))(uintptr_t)test_loop)(&state->ready);
}

static bool is_inside(const struct thread_stop *stop, uint64_t start, uint64_t end)
{
	struct thread_stop_range ranges[] = {{1, 2}, {start, end}};

	return thread_stop_is_inside(stop, ranges, 2);
}

static void test_inside(void **state)
{
	uint64_t start = (uint64_t)test_loop, end = (uint64_t)test_loop_end;
	struct user_regs_struct registers;
	struct held_thread held;
	struct thread_stop stop;
	struct child child;

	(void)state;
	child_process_start(&child, run_loop);
	stop_all(&stop, child.pid);
	assert_true(is_inside(&stop, start, end));
	assert_int_equal(ptrace(PTRACE_GETREGS, child.pid, NULL, &registers), 0);
	assert_true(is_inside(&stop, registers.rip, registers.rip + 1));
	assert_false(is_inside(&stop, registers.rip - 1, registers.rip));
	assert_false(is_inside(&stop, registers.rip + 1, registers.rip + 2));
	assert_false(is_inside(&stop, start - 16, start));
	assert_false(is_inside(&stop, end, end + 16));
	thread_stop_release(&stop);
	assert_int_equal(thread_stop_one(&held, child.pid, child.pid, NULL), STATUS_OK);
	assert_int_equal(child_process_state(child.pid, child.pid), 't');
	assert_int_equal(ptrace(PTRACE_GETREGS, child.pid, NULL, &registers), 0);
	assert_in_range(registers.rip, start, end - 1);
	thread_stop_let_go(&held);
	child_process_wait_state(child.pid, child.pid, 'R');
	child_process_end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_born_and_ended_meanwhile),
	    cmocka_unit_test(test_vfork),
	    cmocka_unit_test(test_signals_are_passed_on),
	    cmocka_unit_test(test_stopped_stays_stopped),
	    cmocka_unit_test(test_system_calls_go_on),
	    cmocka_unit_test(test_ended_leader),
	    cmocka_unit_test(test_gone),
	    cmocka_unit_test(test_traced_by_another),
	    cmocka_unit_test(test_forbidden),
	    cmocka_unit_test(test_tracer_is_killed),
	    cmocka_unit_test(test_inside),
	};

	return cmocka_run_group_tests(tests, child_process_set_up, NULL);
}
