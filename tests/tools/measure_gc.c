/*
 * measure_gc [-p PERIOD_US] [-v] -o FILE -- COMMAND…: runs a Go program (linked to fixed addresses) as it is, no agent
 * in it, and appends a line of
 * KEY=VALUE to FILE: user, system, wall (seconds; rusage of the process and the children it waited for), and how many
 * samples of its CPU were what: samples (all), gc (of these, the GC's), mark, roots, assist (of both, those paid by
 * allocations), barriers, sweep, rest, malloc (allocating without the GC's part), lost. The truth that `make validate`
 * holds predictions against. -v prints the functions that took most of the GC's samples. The exit status is the
 * command's; 125 when it could not be measured.
 */
#include "analyzer/cpu_class.h"
#include "base/error.h"
#include "base/memory.h"
#include "binary/elf_image.h"
#include "collector/cpu_sampler.h"
#include "symbolizer/symbolizer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHAIN_MAX  64
#define CACHE_SIZE (1u << 16) /* a power of two */
#define CANNOT     125

struct cached_pc {
	uint64_t pc;
	unsigned bits;
	const char *function; /* the innermost's */
};

struct leaf {
	char name[200];
	unsigned long count;
};

struct measuring {
	pid_t pid;
	bool verbose;
	struct symbolizer *symbolizer;
	struct cached_pc cache[CACHE_SIZE];
	unsigned long samples, by_work[CPU_WORK_COUNT], assist;
	struct leaf leaves[4096];
	size_t nleaves;
};

static const struct cached_pc *look_up(struct measuring *measuring, uint64_t pc)
{
	struct cached_pc *cached = &measuring->cache[(pc * 0x9e3779b97f4a7c15u) >> 48 & (CACHE_SIZE - 1)];
	struct symbol_frame frames[CHAIN_MAX];
	size_t count;

	if (cached->pc == pc && cached->function)
		return cached;
	*cached = (struct cached_pc){.pc = pc};
	count = symbolizer_frames(measuring->symbolizer, pc, frames, CHAIN_MAX);
	for (size_t i = 0; i < count; i++)
		cached->bits |= cpu_class_bits(frames[i].function);
	cached->function = frames[0].function;
	return cached;
}

static void count_leaf(struct measuring *measuring, const char *name)
{
	size_t i = 0;

	while (i < measuring->nleaves && strcmp(measuring->leaves[i].name, name) != 0)
		i++;
	if (i == sizeof(measuring->leaves) / sizeof(measuring->leaves[0]))
		return;
	if (i == measuring->nleaves)
		snprintf(measuring->leaves[measuring->nleaves++].name, sizeof(measuring->leaves[0].name), "%s", name);
	measuring->leaves[i].count++;
}

static void take(void *user, const struct cpu_sample *sample)
{
	struct measuring *measuring = user;
	enum cpu_work work;
	unsigned bits = 0;

	if (sample->process != measuring->pid)
		return;
	for (uint32_t i = 0; i < sample->depth; i++)
		bits |= look_up(measuring, sample->frames[i] - (i > 0))->bits;
	work = cpu_class_of(bits);
	measuring->samples++;
	measuring->by_work[work]++;
	measuring->assist += cpu_class_is_assist(bits);
	if (measuring->verbose && cpu_work_is_gc(work) && sample->depth)
		count_leaf(measuring, look_up(measuring, sample->frames[0])->function);
}

static int compare_leaves(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	return x->count < y->count ? 1 : -(x->count > y->count);
}

static void print_leaves(struct measuring *measuring)
{
	qsort(measuring->leaves, measuring->nleaves, sizeof(measuring->leaves[0]), compare_leaves);
	for (size_t i = 0; i < measuring->nleaves && i < 25; i++)
		fprintf(stderr, "%8lu %s\n", measuring->leaves[i].count, measuring->leaves[i].name);
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec * 1e-6;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static bool write_line(const struct measuring *measuring, const char *path, const struct rusage *usage, double wall,
		       uint64_t lost)
{
	const unsigned long *works = measuring->by_work;
	unsigned long mark = works[CPU_MARKING_HEAP], roots = works[CPU_MARKING_ROOTS];
	FILE *file = fopen(path, "ae");

	if (!file)
		return false;
	fprintf(
	    file,
	    "user=%.6f system=%.6f wall=%.6f samples=%lu gc=%lu mark=%lu roots=%lu barriers=%lu assist=%lu sweep=%lu "
	    "rest=%lu "
	    "malloc=%lu lost=%llu\n",
	    seconds(&usage->ru_utime), seconds(&usage->ru_stime), wall, measuring->samples,
	    mark + roots + works[CPU_BARRIERS] + works[CPU_SWEEPING] + works[CPU_GC_REST], mark, roots,
	    works[CPU_BARRIERS], measuring->assist, works[CPU_SWEEPING], works[CPU_GC_REST], works[CPU_ALLOCATING],
	    (unsigned long long)lost);
	return !fclose(file);
}

/* Start COMMAND, held until the pipe *GATE is closed. */
static pid_t start(char **command, int *gate)
{
	int fds[2];
	pid_t pid;
	char byte;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (pid) {
		close(fds[0]);
		*gate = fds[1];
		return pid;
	}
	close(fds[1]);
	while (read(fds[0], &byte, 1) > 0)
		;
	close(fds[0]);
	execvp(command[0], command);
	_exit(127);
}

/* Wait for PID, taking samples meanwhile. Its CPU is kept: the children's rusage is its alone. */
static int wait_for(pid_t pid, struct cpu_sampler *sampler, struct measuring *measuring)
{
	struct timespec pause = {.tv_nsec = 20000000};
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		cpu_sampler_read(sampler, take, measuring);
		nanosleep(&pause, NULL);
	}
	cpu_sampler_read(sampler, take, measuring);
	return WIFEXITED(status) ? WEXITSTATUS(status) : CANNOT;
}

static int measure(struct measuring *measuring, char **command, uint64_t period_ns, const char *path)
{
	struct cpu_sampler *sampler;
	struct error error = {""};
	struct rusage usage;
	double begin;
	int gate, status;

	measuring->pid = start(command, &gate);
	if (measuring->pid < 0 || cpu_sampler_open(&sampler, measuring->pid, false, period_ns, &error) != STATUS_OK) {
		fprintf(stderr, "measure_gc: %s\n", error.text);
		if (measuring->pid > 0)
			kill(measuring->pid, SIGKILL);
		return CANNOT;
	}
	begin = now();
	close(gate);
	status = wait_for(measuring->pid, sampler, measuring);
	getrusage(RUSAGE_CHILDREN, &usage);
	if (!status && !write_line(measuring, path, &usage, now() - begin, cpu_sampler_lost(sampler))) {
		perror(path);
		status = CANNOT;
	}
	cpu_sampler_close(sampler);
	return status;
}

int main(int argc, char **argv)
{
	struct measuring *measuring = memory_alloc(1, sizeof(*measuring));
	const char *output = "/dev/stdout";
	uint64_t period_ns = 500000;
	struct error error = {""};
	int option, status;

	while ((option = getopt(argc, argv, "+p:o:v")) != -1) {
		if (option == 'p')
			period_ns = strtoull(optarg, NULL, 10) * 1000;
		else if (option == 'o')
			output = optarg;
		else if (option == 'v')
			measuring->verbose = true;
		else
			return 2;
	}
	if (optind == argc || period_ns == 0) {
		fprintf(stderr, "usage: measure_gc [-p PERIOD_US] [-v] [-o FILE] -- COMMAND [ARGUMENTS]\n");
		return 2;
	}
	if (symbolizer_open(&measuring->symbolizer, argv[optind], &error) != STATUS_OK) {
		fprintf(stderr, "measure_gc: %s\n", error.text);
		return CANNOT;
	}
	status = measure(measuring, argv + optind, period_ns, output);
	if (measuring->verbose)
		print_leaves(measuring);
	symbolizer_close(measuring->symbolizer);
	free(measuring);
	return status;
}
