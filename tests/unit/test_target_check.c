/* What is looked at before a process is touched: each that cannot be attached to is refused, and the error says why. */
#include "collector/target_check.h"

#include "tests/unit/child_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREAD };

static void expect_refused(pid_t pid, const char *part)
{
	struct error error = {""};
	struct target target;

	assert_int_equal(target_check_open(&target, pid, false, &error), STATUS_ERROR);
	assert_int_equal(target.handle, -1);
	assert_int_equal(target.program, -1);
	if (!strstr(error.text, part))
		fail_msg("\"%s\" has no \"%s\"", error.text, part);
}

static void *sit(void *user)
{
	struct child_state *state = user;

	state->words[THREAD] = (uint64_t)gettid();
	child_process_stay(state);
}

static void run_thread(struct child_state *state)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sit, state);
	for (;;)
		pause();
}

static void run_nothing(struct child_state *state)
{
	state->ready = 1;
}

static void test_found(void **state)
{
	struct error error = {""};
	struct target target;
	struct child child;
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	assert_true(length > 0);
	self[length] = '\0';
	child_process_start(&child, run_thread);
	assert_int_equal(target_check_open(&target, child.pid, false, &error), STATUS_OK);
	assert_int_equal(target.pid, child.pid);
	assert_string_equal(target.path, self);
	assert_int_equal(access(target.readable, R_OK), 0);
	assert_true(target.command_size > 0 && strstr(target.command, "test_target_check"));
	assert_true(target_check_lives(&target));
	kill(child.pid, SIGKILL);
	child_process_join(&child);
	assert_false(target_check_lives(&target));
	target_check_close(&target);
	target_check_close(&target);
	child_process_end(&child);
}

static void run_exec(struct child_state *state)
{
	state->ready = 1;
	while (!state->go)
		child_process_sleep(1);
	execl("/bin/sleep", "sleep", "60", NULL);
}

/* The same process, but another program: that is not what was looked at. */
static void test_exec(void **state)
{
	struct target target;
	struct child child;
	int tries;

	(void)state;
	child_process_start(&child, run_exec);
	assert_int_equal(target_check_open(&target, child.pid, false, NULL), STATUS_OK);
	assert_true(target_check_lives(&target));
	child.state->go = 1;
	for (tries = 0; tries < 1000 && target_check_lives(&target); tries++)
		child_process_sleep(1);
	assert_false(target_check_lives(&target));
	assert_int_not_equal(child_process_state(child.pid, child.pid), 0);
	target_check_close(&target);
	child_process_end(&child);
}

static void test_states(void **state)
{
	struct child child;
	siginfo_t info;

	(void)state;
	expect_refused(getpid(), "is this escprof itself");
	expect_refused(0x7ffffff0, "there is no process 2147483632");
	child_process_start(&child, run_thread);
	expect_refused((pid_t)child.state->words[THREAD], "is a thread of process");
	child_process_end(&child);
	child_process_start(&child, run_nothing);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	expect_refused(child.pid, "has ended, and waits for its parent to notice");
	child_process_end(&child);
}

static pid_t victim;

static void test_traced(void **state)
{
	struct child child, tracer;
	struct target target;
	char by[64];

	(void)state;
	child_process_start(&child, run_thread);
	child_process_trace(&tracer, child.pid);
	snprintf(by, sizeof(by), "is traced already, by process %d (", (int)tracer.pid);
	expect_refused(child.pid, by);
	child_process_end(&tracer);
	assert_int_equal(target_check_open(&target, child.pid, false, NULL), STATUS_OK);
	target_check_close(&target);
	child_process_end(&child);
}

static void run_filtered(struct child_state *state)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(2);
	child_process_stay(state);
}

/* Only who knows the filter may say that it allows what is done. */
static void test_seccomp(void **state)
{
	struct target target;
	struct child child;

	(void)state;
	child_process_start(&child, run_filtered);
	expect_refused(child.pid, "give --force");
	assert_int_equal(target_check_open(&target, child.pid, true, NULL), STATUS_OK);
	target_check_close(&target);
	child_process_end(&child);
}

static void attempt_forbidden(struct child_state *state)
{
	struct error error = {""};
	struct target target;

	state->words[0] = (uint64_t)target_check_open(&target, victim, false, &error);
	snprintf(state->text, sizeof(state->text), "%s", error.text);
}

static void test_forbidden(void **state)
{
	struct child child;

	(void)state;
	child_process_start(&child, run_thread);
	victim = child.pid;
	child_process_expect_refusal(attempt_forbidden, "cannot see the program of process");
	child_process_end(&child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_found),  cmocka_unit_test(test_exec),    cmocka_unit_test(test_states),
	    cmocka_unit_test(test_traced), cmocka_unit_test(test_seccomp), cmocka_unit_test(test_forbidden),
	};

	return cmocka_run_group_tests(tests, child_process_set_up, NULL);
}
