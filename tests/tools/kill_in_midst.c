/*
 * kill_in_midst PID MICROSECONDS: kills an escprof with SIGKILL while it gets into a program: as soon as it has mapped
 * the memory that it shares with the agent, and a random time of up to MICROSECONDS later. Status 1: it has ended, or
 * has not come so far in ten seconds.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 10 /* seconds */

/*
 * Whether the process whose mappings PATH lists has such memory: *GONE when it has none at all. Opened anew each time,
 * as what is open is of the program that it was before an exec.
 */
static bool has_shared(const char *path, bool *gone)
{
	static char text[1 << 18];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t got;

	while (size < sizeof(text) - 1 && (got = pread(fd, text + size, sizeof(text) - 1 - size, (off_t)size)) > 0)
		size += (size_t)got;
	text[size] = 0;
	close(fd);
	*gone = !size;
	return strstr(text, "memfd:escprof") != NULL;
}

int main(int argc, char **argv)
{
	struct timespec pause = {0};
	unsigned long most;
	uint32_t random = 0;
	char path[64];
	bool gone;
	time_t end;
	pid_t pid;

	if (argc != 3) {
		fprintf(stderr, "usage: kill_in_midst PID MICROSECONDS\n");
		return 1;
	}
	pid = (pid_t)strtol(argv[1], NULL, 10);
	if (pid <= 0)
		return 1;
	most = strtoul(argv[2], NULL, 10);
	if (getrandom(&random, sizeof(random), 0) < 0)
		perror("getrandom");
	pause.tv_nsec = (long)(random % (most + 1)) * 1000;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	end = time(NULL) + PATIENCE;
	while (!has_shared(path, &gone))
		if (gone || time(NULL) > end)
			return 1;
	nanosleep(&pause, NULL);
	return kill(pid, SIGKILL) ? 1 : 0;
}
