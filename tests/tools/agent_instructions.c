/*
 * How many instructions the agent takes for a sample that the program's own profile does not get: the real agent's
 * code, on goroutine stacks made up here, stepped through one instruction at a time. Steady where times are not.
 * usage: agent_instructions
 */
#include "collector/agent/agent_shared.h"
#include "collector/region.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS       48
#define WARM        24 /* calls that are not counted: contexts come for the first time */
#define CONTEXTS    8  /* stacks that take turns; they differ in their innermost frames: */
#define OWN_FRAMES  3
#define FRAME_WORDS 8
#define STACK_WORDS 4096
#define OWN_RATE    524288 /* bytes: the program's own MemProfileRate */
#define TYPE_HOPS   1      /* as in Go 1.26: profilealloc's caller is called by mallocgc */

/* Made-up objects of a runtime: each holds the words that the plan's offsets say. */
struct runtime_m {
	uint64_t g0, curg, p, vdso_sp, vdso_pc;
};

struct runtime_p {
	uint64_t id, mcache;
};

struct runtime_g {
	uint64_t low, high; /* of its stack */
	uint64_t m, goid, gopc;
};

struct made_up {
	struct runtime_m m;
	struct runtime_p p;
	struct runtime_g g, g0;
	int64_t next_sample, own_rate;
	uint64_t numgc;
	uint64_t frames[CONTEXTS]; /* frame pointer of profilealloc in each context */
	uint64_t stack[STACK_WORDS];
};

struct counts {
	uint32_t count, instructions[CALLS];
};

static struct made_up world;

static uint64_t address_of(const volatile void *object)
{
	return (uint64_t)(uintptr_t)object;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/*
 * original_malloc stands in for runtime.mProf_Malloc. call_entry makes the patched call with the registers that the
 * runtime has there: AX=mp (whatever), BX=OBJECT, CX=SIZE, R14=G, RBP=FRAME, X15=0.
 */
__asm__(".text\n"
	"original_malloc: ret\n"
	"call_entry: push %rbp\n push %rbx\n push %r12\n push %r14\n"
	"mov %r8, %r14\n mov %rcx, %rbp\n mov %rsi, %rbx\n mov %rdx, %rcx\n xorps %xmm15, %xmm15\n"
	"call *%rdi\n"
	"pop %r14\n pop %r12\n pop %rbx\n pop %rbp\n ret\n");
extern const uint8_t original_malloc[];
void call_entry(uint64_t entry, uint64_t object, uint64_t size, uint64_t frame, uint64_t g);

/* The word at which the frame outside that at AT begins. */
static uint32_t outside(uint32_t at)
{
	return (uint32_t)((world.stack[at] - address_of(world.stack)) / sizeof(uint64_t));
}

/* A frame of FRAME_WORDS ending at the word END, which returns to PC in the frame at OUTER; returns where it is. */
static uint32_t push_frame(uint32_t end, uint32_t outer, uint64_t pc)
{
	uint32_t at = end - FRAME_WORDS;

	world.stack[at] = outer < STACK_WORDS ? address_of(&world.stack[outer]) : 0;
	world.stack[at + 1] = pc;
	return at;
}

/* CONTEXTS stacks of DEPTH frames, the OWN innermost of them different; each ends in an allocation of SIZE bytes of
 * TYPE. */
static void make_stacks(uint32_t depth, uint32_t own, uint64_t size, uint64_t type)
{
	uint32_t common = STACK_WORDS, context, i;

	for (i = 0; i < depth - own; i++)
		common = push_frame(common, common, 0x400000 + i);
	for (context = 0; context < CONTEXTS; context++) {
		uint32_t end = common - context * own * FRAME_WORDS, at = common, hop;

		for (i = 0; i < own; i++, end = at)
			at = push_frame(end, at, 0x500000 + 16 * context + i);
		world.frames[context] = address_of(&world.stack[at]);
		for (hop = 0; hop <= TYPE_HOPS; hop++)
			at = outside(at);
		world.stack[at + 2] = size;
		world.stack[at + 3] = type;
	}
}

/* A runtime of Go 1.26 with one P, as far as the agent looks at it. */
static void make_plan(struct agent_plan *plan)
{
	plan->malloc_target = address_of(original_malloc);
	plan->types_start = address_of(&world);
	plan->types_end = plan->types_start + sizeof(world);
	plan->mem_profile_rate = address_of(&world.own_rate);
	plan->numgc = address_of(&world.numgc);
	plan->g_m = offsetof(struct runtime_g, m);
	plan->g_goid = offsetof(struct runtime_g, goid);
	plan->g_gopc = offsetof(struct runtime_g, gopc);
	plan->m_g0 = offsetof(struct runtime_m, g0);
	plan->m_curg = offsetof(struct runtime_m, curg);
	plan->m_p = offsetof(struct runtime_m, p);
	plan->m_vdso = offsetof(struct runtime_m, vdso_sp);
	plan->p_id = offsetof(struct runtime_p, id);
	plan->p_mcache = offsetof(struct runtime_p, mcache);
	plan->type_hops = TYPE_HOPS;
	world.own_rate = OWN_RATE;
	world.m =
	    (struct runtime_m){.g0 = address_of(&world.g0), .curg = address_of(&world.g), .p = address_of(&world.p)};
	world.p.mcache = address_of(&world.next_sample);
	world.g = (struct runtime_g){.low = address_of(world.stack),
				     .high = address_of(world.stack + STACK_WORDS),
				     .m = address_of(&world.m),
				     .goid = 1,
				     .gopc = 0x400123};
}

/* The agent as it lies in a target: its code, and right behind it REGION. Returns where the code is. */
static uint64_t place_agent(struct region *region, uint64_t rate, struct agent_entries *entries)
{
	uint64_t size;
	const void *code = region_agent_code(&size, entries);
	struct error error;
	uint8_t *base;
	int fd = memfd_create("agent", MFD_CLOEXEC);

	region_plan(region, rate, 0);
	if (fd < 0 || region_map(region, fd, &error) != STATUS_OK)
		fail("the region");
	base = mmap(NULL, AGENT_CODE_SIZE + region->size, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED || mmap(base + AGENT_CODE_SIZE, region->size, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		fail("mmap");
	memcpy(base, code, size);
	make_plan(&region->control->plan);
	region->control->enabled = 1;
	region_heartbeat(region);
	region->control->heartbeat_ticks = UINT64_MAX >> 2; /* one who steps is slow */
	return address_of(base);
}

/* The target: CALLS samples, the contexts in turn. */
static void run_target(uint64_t entry, uint64_t size)
{
	uint32_t i;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(1);
	raise(SIGSTOP);
	for (i = 0; i < CALLS; i++)
		call_entry(entry, address_of(&world), size, world.frames[i % CONTEXTS], address_of(&world.g));
	_exit(0);
}

/* Step CHILD to its end. Kept are the instructions in the code at CODE, call by call, of calls from ENTRY that don't go
 * on to the original. */
static void count(pid_t child, uint64_t code, uint64_t entry, struct counts *counts)
{
	uint64_t original = address_of(original_malloc);
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

/* Measure samples with RATE as their mean, on stacks of DEPTH frames of which OWN differ in turn, and print a line. */
static void measure(uint64_t rate, uint32_t depth, uint32_t own)
{
	struct agent_entries entries;
	struct counts counts;
	struct region region;
	uint64_t code = place_agent(&region, rate, &entries), size = 64, sum = 0;
	uint32_t i;
	pid_t child;

	make_stacks(depth, own, size, address_of(&world));
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
	printf("  --rate %-5llu %u frames, %u of them new: %5.0f in the mean, median %u, 99 %% up to %u (%u samples)\n",
	       (unsigned long long)rate, depth, own, (double)sum / counts.count, counts.instructions[counts.count / 2],
	       counts.instructions[(uint64_t)counts.count * 99 / 100], counts.count);
	munmap((void *)(uintptr_t)code, AGENT_CODE_SIZE + region.size);
	region_close(&region);
}

int main(void)
{
	static const uint64_t rates[] = {1, 512, 4096};
	static const uint32_t owns[] = {0, 1, 3};
	size_t i, j;

	printf("Instructions of the agent for a sample that the program's own profile does not get:\n");
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (j = 0; j < sizeof(owns) / sizeof(owns[0]); j++)
			measure(rates[i], 10, owns[j]);
	return 0;
}
