/* Stretches that must not be left in their midst: what waits for their end. */
#include "collector/preload/quiet.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 20

static volatile int begun, inside, signals;

static void *go_through(void *unused)
{
	const struct timespec while_it_lasts = {.tv_nsec = 3000000};
	struct quiet outer, inner;

	quiet_begin(&outer);
	inside = begun = 1;
	quiet_begin(&inner);
	nanosleep(&while_it_lasts, NULL);
	quiet_end(&inner);
	inside = 0;
	quiet_end(&outer);
	return unused;
}

/* A child never has a thread of its parent's in the midst of one. */
static void test_fork_waits(void **state)
{
	pthread_t thread;
	int status;
	pid_t pid;

	(void)state;
	quiet_open();
	for (int i = 0; i < ROUNDS; i++) {
		begun = 0;
		assert_int_equal(pthread_create(&thread, NULL, go_through, NULL), 0);
		while (!begun)
			sched_yield();
		pid = fork();
		if (!pid)
			_exit(inside);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		pthread_join(thread, NULL);
	}
}

static void count_signal(int signal)
{
	(void)signal;
	signals++;
}

static void test_signals_wait(void **state)
{
	struct quiet quiet;

	(void)state;
	signal(SIGUSR1, count_signal);
	quiet_begin(&quiet);
	raise(SIGUSR1);
	assert_int_equal(signals, 0);
	quiet_end(&quiet);
	assert_int_equal(signals, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fork_waits),
	    cmocka_unit_test(test_signals_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
