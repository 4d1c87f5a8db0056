/*
 * Signals are blocked by the system call itself, those too that the C library keeps for itself and would leave out:
 * what they ask for can wait for the microseconds that this takes. Not those by which the kernel tells a thread of what
 * it has just done: blocked, they end the program, which may know what to do about them (guard pages at the end of a
 * stack, filters of system calls that ask it).
 */
#include "collector/preload/quiet.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(signal) (1ull << ((signal)-1))

void quiet_begin(struct quiet *quiet)
{
	static const uint64_t blocked =
	    ~(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS));

	quiet->failed = syscall(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, &quiet->signals, sizeof(blocked)) != 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &quiet->cancels);
}

/* Cancellation first: a handler that then jumps out leaves nothing behind. */
void quiet_end(const struct quiet *quiet)
{
	int unused;

	pthread_setcancelstate(quiet->cancels, &unused);
	if (!quiet->failed)
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &quiet->signals, NULL, sizeof(quiet->signals));
}
