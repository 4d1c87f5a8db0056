/*
 * While an escprof records: sets the mean between its samples anew every 50 ms, from 64 bytes to 64 KiB at random, and
 * stops it now and then for a while, so that its rings fill up. For tests of what the report then says.
 * usage: move_rate PID SEED
 */
#include "collector/agent/agent_shared.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FINEST    6 /* 2 to this power, bytes */
#define COARSEST  16
#define STEP_MS   50
#define STOP_MS   40  /* at most; the agent goes quiet after 3 s */
#define PATIENCE  200 /* looks for the region, every 5 ms */
#define STOP_EACH 5   /* of so many steps one has a stop */

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % below;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* The control block in the file at PATH, when it is a region that an agent uses; else NULL. */
static struct agent_control *map_region(const char *path)
{
	struct agent_control *control;
	struct stat stat;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || stat.st_size < (off_t)sizeof(*control)) {
		close(fd);
		return NULL;
	}
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (control == MAP_FAILED)
		return NULL;
	if (__atomic_load_n(&control->magic, __ATOMIC_ACQUIRE) == AGENT_MAGIC)
		return control;
	munmap(control, sizeof(*control));
	return NULL;
}

static struct agent_control *find_region(const char *pid)
{
	char folder[64], path[PATH_MAX], target[PATH_MAX];
	struct agent_control *control = NULL;
	struct dirent *entry;
	DIR *files;

	snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
	files = opendir(folder);
	while (files && !control && (entry = readdir(files))) {
		ssize_t size;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		size = readlink(path, target, sizeof(target) - 1);
		if (size > 0 && (target[size] = '\0', strstr(target, "memfd:")))
			control = map_region(path);
	}
	if (files)
		closedir(files);
	return control;
}

int main(int argc, char **argv)
{
	struct agent_control *control = NULL;
	unsigned moved = 0, i;
	pid_t pid;

	if (argc != 3) {
		fprintf(stderr, "usage: move_rate PID SEED\n");
		return 2;
	}
	pid = (pid_t)atoi(argv[1]);
	random_state = strtoull(argv[2], NULL, 10) * 2654435761u + 1;
	for (i = 0; i < PATIENCE && !control && !kill(pid, 0); i++) {
		control = find_region(argv[1]);
		pause_ms(5);
	}
	if (!control) {
		fprintf(stderr, "move_rate: %s has no region of an agent\n", argv[1]);
		return 1;
	}
	for (; !kill(pid, 0); moved++) {
		__atomic_store_n(&control->rate, 1ull << (FINEST + draw(COARSEST - FINEST + 1)), __ATOMIC_RELAXED);
		if (!draw(STOP_EACH) && !kill(pid, SIGSTOP)) {
			pause_ms((long)draw(STOP_MS));
			kill(pid, SIGCONT);
		}
		pause_ms(STEP_MS);
	}
	printf("moved %u\n", moved);
	return 0;
}
