/* Children that are forks of the test, and what can be seen of them. */
#include "tests/unit/child_process.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES       3000
#define LIFE_S      120
#define NOBODY      65534
#define STACK_SIZE  (64 * 1024)
#define COUNTING_NS 20000

int child_process_set_up(void **state)
{
	sigset_t child;

	(void)state;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &child, NULL);
}

void child_process_sleep(unsigned ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

void child_process_fork(struct child *child, void (*run)(struct child_state *state))
{
	pid_t parent = getpid();

	child->state = mmap(NULL, sizeof(*child->state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(child->state, MAP_FAILED);
	assert_int_equal(pipe(child->state->pipe), 0);
	fflush(NULL);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	alarm(LIFE_S);
	run(child->state);
	_exit(0);
}

void child_process_start(struct child *child, void (*run)(struct child_state *state))
{
	child_process_fork(child, run);
	child_process_wait(&child->state->ready, 1);
}

_Noreturn void child_process_stay(struct child_state *state)
{
	state->ready = 1;
	for (;;)
		pause();
}

static pid_t traced;

static void run_tracer(struct child_state *state)
{
	state->words[0] = (uint64_t)-ptrace(PTRACE_SEIZE, traced, NULL, NULL);
	child_process_stay(state);
}

void child_process_trace(struct child *tracer, pid_t victim)
{
	traced = victim;
	child_process_start(tracer, run_tracer);
	assert_int_equal(tracer->state->words[0], 0);
}

int child_process_join(struct child *child)
{
	int status = 0;

	assert_int_equal(waitpid(child->pid, &status, __WALL), child->pid);
	child->pid = 0;
	return status;
}

void child_process_end(struct child *child)
{
	if (child->pid) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, __WALL);
	}
	close(child->state->pipe[0]);
	close(child->state->pipe[1]);
	munmap(child->state, sizeof(*child->state));
	*child = (struct child){0};
}

void child_process_wait(const volatile uint64_t *word, uint64_t least)
{
	int tries;

	for (tries = 0; tries < TRIES && *word < least; tries++)
		child_process_sleep(10);
	if (*word < least)
		fail_msg("it has not come to %lu: %lu", least, *word);
}

void child_process_wait_running(const struct child *child, unsigned count)
{
	uint64_t before[CHILD_WORDS];
	unsigned i;

	memcpy(before, (const void *)child->state->words, sizeof(before));
	for (i = 0; i < count; i++)
		child_process_wait(&child->state->words[i], before[i] + 1);
}

char child_process_state(pid_t process, pid_t thread)
{
	char path[64], line[512], *end;
	char state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)process, (int)thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file) && (end = strrchr(line, ')')))
		state = end[2];
	fclose(file);
	return state;
}

void child_process_wait_state(pid_t process, pid_t thread, char state)
{
	int tries;

	for (tries = 0; tries < TRIES && child_process_state(process, thread) != state; tries++)
		child_process_sleep(1);
	assert_int_equal(child_process_state(process, thread), state);
}

void child_process_wait_call(pid_t process, pid_t thread, long number)
{
	char path[64];
	long now = -1;
	int tries;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)process, (int)thread);
	for (tries = 0; tries < TRIES && now != number; tries++) {
		FILE *file = fopen(path, "re");

		assert_non_null(file);
		if (fscanf(file, "%ld", &now) != 1)
			now = -1;
		fclose(file);
		if (now != number)
			child_process_sleep(10);
	}
	if (now != number)
		fail_msg("thread %d is not in system call %ld", (int)thread, number);
}

static void *count(void *user)
{
	struct timespec pause = {.tv_nsec = COUNTING_NS};
	volatile uint64_t *word = user;

	for (;;) {
		++*word;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

void child_process_count(struct child_state *state, unsigned first, unsigned threads)
{
	pthread_attr_t attributes;
	pthread_t thread;
	unsigned i;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread, &attributes, count, (void *)&state->words[first + i]))
			_exit(2);
}

static void (*nobodys_attempt)(struct child_state *state);

static void run_as_nobody(struct child_state *state)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		_exit(1);
	nobodys_attempt(state);
}

void child_process_expect_refusal(void (*attempt)(struct child_state *state), const char *what)
{
	struct child nobody;

	if (geteuid()) {
		print_message("only root can become someone who may not\n");
		skip();
	}
	nobodys_attempt = attempt;
	child_process_fork(&nobody, run_as_nobody);
	assert_int_equal(child_process_join(&nobody), 0);
	assert_int_equal(nobody.state->words[0], STATUS_ERROR);
	assert_non_null(strstr(nobody.state->text, what));
	assert_non_null(strstr(nobody.state->text, "CAP_SYS_PTRACE"));
	child_process_end(&nobody);
}
