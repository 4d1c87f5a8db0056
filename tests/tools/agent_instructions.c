/*
 * How many instructions the agent takes for a sample that the program's own profile does not get: the real agent's
 * code, on goroutine stacks made up here, stepped through one instruction at a time. Steady where times are not. At
 * rates below AGENT_COUNT_BELOW the usual sample is only counted with its context, which is held to USUAL_MOST; from
 * there on each is passed on to the collector, as a record with its goroutine, labels and time. usage:
 * agent_instructions
 */
#include "tests/unit/agent_fixture.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS      48
#define WARM       24  /* calls that are not counted: contexts come for the first time */
#define CONTEXTS   8   /* stacks that take turns; they differ in their innermost frames */
#define USUAL_MOST 300 /* instructions */
#define TYPE       0x500000

struct counts {
	uint32_t count, instructions[CALLS];
};

static struct made_processor processor;
static uint64_t frames[CONTEXTS]; /* frame pointer of profilealloc in each context */
static uint64_t numgc;
static const int64_t own_rate = 524288; /* bytes: the program's own MemProfileRate */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/*
 * CONTEXTS stacks of DEPTH frames, the OWN innermost of them different; each ends in an allocation of SIZE bytes.
 */
static void make_stacks(uint32_t depth, uint32_t own, uint64_t size)
{
	uint32_t common = MADE_STACK_WORDS, context, i;

	for (i = 0; i < depth - own; i++)
		common = made_push(&processor, common, common, 0x400000 + i);
	for (context = 0; context < CONTEXTS; context++) {
		uint32_t end = common - context * own * MADE_FRAME_WORDS, at = common;

		for (i = 0; i < own; i++, end = at)
			at = made_push(&processor, end, at, 0x500000 + 16 * context + i);
		frames[context] = made_address(&processor.stack[at]);
		made_arguments(&processor, at, size, TYPE);
	}
}

/* The target: CALLS samples, the contexts in turn. */
static void run_target(uint64_t entry, uint64_t size)
{
	uint32_t i;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(1);
	raise(SIGSTOP);
	for (i = 0; i < CALLS; i++)
		made_call(entry, made_address(&processor), size, frames[i % CONTEXTS], made_address(&processor.g));
	_exit(0);
}

/* Step CHILD to its end. Kept are the instructions in the code at CODE, call by call, of calls from ENTRY that don't go
 * on to the original. */
static void count(pid_t child, uint64_t code, uint64_t entry, struct counts *counts)
{
	uint64_t original = made_address(made_original);
	struct user_regs_struct registers;
	uint32_t calls = 0, now = 0;
	bool passed = false;
	int status;

	counts->count = 0;
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
	       (WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP)) {
		if (ptrace(PTRACE_GETREGS, child, NULL, &registers))
			fail("PTRACE_GETREGS");
		if (registers.rip == entry) {
			if (calls++ > WARM && !passed)
				counts->instructions[counts->count++] = now;
			now = 0;
			passed = false;
		}
		if (registers.rip >= code && registers.rip < code + AGENT_CODE_SIZE)
			now++;
		passed |= registers.rip == original;
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL))
			fail("PTRACE_SINGLESTEP");
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) || calls != CALLS) {
		fprintf(stderr, "the agent did not come through: %u calls, status %#x\n", calls, status);
		exit(1);
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/*
 * Measure samples with RATE as their mean, on stacks of DEPTH frames of which OWN differ in turn, and print a line.
 * Returns the median.
 */
static uint32_t measure(uint64_t rate, uint32_t depth, uint32_t own)
{
	struct agent_entries entries;
	struct counts counts;
	struct region region;
	uint64_t code, size = 64, sum = 0;
	uint32_t i, median;
	pid_t child;

	region_plan(&region, rate, 0);
	code = made_place_agent(&region, &entries);
	made_plan(&region.control->plan, &own_rate, &numgc);
	region.control->heartbeat_ticks = UINT64_MAX >> 2; /* one who steps is slow */
	make_stacks(depth, own, size);
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child)
		run_target(code + entries.malloc_entry, size);
	count(child, code, code + entries.malloc_entry, &counts);
	if (!counts.count) {
		fprintf(stderr, "every sample was passed on\n");
		exit(1);
	}
	qsort(counts.instructions, counts.count, sizeof(counts.instructions[0]), compare);
	for (i = 0; i < counts.count; i++)
		sum += counts.instructions[i];
	median = counts.instructions[counts.count / 2];
	printf(
	    "  --rate %-5llu %-8s %u frames, %u of them new: %5.0f in the mean, median %u, 99 %% up to %u (%u samples)\n",
	    (unsigned long long)rate, rate < AGENT_COUNT_BELOW ? "counted" : "recorded", depth, own,
	    (double)sum / counts.count, median, counts.instructions[(uint64_t)counts.count * 99 / 100], counts.count);
	made_remove(code, &region);
	return median;
}

int main(void)
{
	static const uint64_t rates[] = {1, 512, 4096};
	static const uint32_t owns[] = {0, 1, 3};
	uint32_t median;
	bool good = true;
	size_t i, j;

	made_processor_init(&processor, 0);
	printf("Instructions of the agent for a sample that the program's own profile does not get:\n");
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (j = 0; j < sizeof(owns) / sizeof(owns[0]); j++) {
			median = measure(rates[i], 10, owns[j]);
			good &= rates[i] >= AGENT_COUNT_BELOW || median <= USUAL_MOST;
		}
	if (!good)
		printf("More than %d for the usual one that is only counted\n", USUAL_MOST);
	return good ? 0 : 1;
}
