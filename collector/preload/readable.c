/*
 * The kernel reads the signals of a mask before it finds that there is nothing it could do with them (kernel/signal.c),
 * and filters of system calls let that one pass, as the C library needs it.
 */
#include "collector/preload/readable.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_MASK (~4095ull)

bool readable_word(uint64_t address, uint64_t *known)
{
	uint64_t page = address & PAGE_MASK;
	int saved = errno;
	bool readable;

	if (!page) /* no mask at all, to the kernel */
		return false;
	if (page == *known)
		return true;
	readable = !syscall(SYS_rt_sigprocmask, ~0, address, NULL, 8) || errno != EFAULT;
	errno = saved;
	if (readable)
		*known = page;
	return readable;
}
