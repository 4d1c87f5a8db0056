/*
 * Signals are blocked by the system call itself, those too that the C library keeps for itself and would leave out:
 * what they ask for can wait for the microseconds that this takes. Not those by which the kernel tells a thread of what
 * it has just done: blocked, they end the program, which may know what to do about them (guard pages at the end of a
 * stack, filters of system calls that ask it).
 *
 * The bound is for who forks in a callback of the loader's list, for which the stretches of others wait.
 */
#include "collector/preload/quiet.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BIT(signal) (1ull << ((signal)-1))

#define FORK_WAIT_NS 100000
#define FORK_WAITS   200
#define FORK_YIELDS  20000 /* until a fork that waits is taken for one that does not come to an end */

/*
 * What pthread_atfork comes down to in the GNU C library. musl, whose loader may take this library in all the same, has
 * none, and would refuse the program for it.
 */
extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *library)
    __attribute__((weak));

static uint32_t stretches; /* that threads are in */
static uint32_t forks;     /* that wait for them */
static __thread uint32_t depth;

static void before_fork(void)
{
	const struct timespec pause = {.tv_nsec = FORK_WAIT_NS};
	int i;

	__atomic_fetch_add(&forks, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < FORK_WAITS && __atomic_load_n(&stretches, __ATOMIC_SEQ_CST); i++)
		nanosleep(&pause, NULL);
}

static void after_fork(void)
{
	__atomic_fetch_sub(&forks, 1, __ATOMIC_SEQ_CST);
}

static void in_child(void)
{
	__atomic_store_n(&stretches, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&forks, 0, __ATOMIC_SEQ_CST);
}

void quiet_open(void)
{
	if (__register_atfork)
		__register_atfork(before_fork, after_fork, in_child, NULL); /* never unloaded */
}

/* Told first and asked then, as the fork does it, so that one of the two sees the other. */
static void enter(void)
{
	int i;

	__atomic_fetch_add(&stretches, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < FORK_YIELDS && __atomic_load_n(&forks, __ATOMIC_SEQ_CST); i++) {
		__atomic_fetch_sub(&stretches, 1, __ATOMIC_SEQ_CST);
		sched_yield();
		__atomic_fetch_add(&stretches, 1, __ATOMIC_SEQ_CST);
	}
}

void quiet_begin(struct quiet *quiet)
{
	static const uint64_t blocked =
	    ~(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS));

	quiet->failed = syscall(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, &quiet->signals, sizeof(blocked)) != 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &quiet->cancels);
	if (!depth++)
		enter();
}

/* Cancellation first: a handler that then jumps out leaves nothing behind. */
void quiet_end(const struct quiet *quiet)
{
	int unused;

	if (!--depth)
		__atomic_fetch_sub(&stretches, 1, __ATOMIC_SEQ_CST);
	pthread_setcancelstate(quiet->cancels, &unused);
	if (!quiet->failed)
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &quiet->signals, NULL, sizeof(quiet->signals));
}
