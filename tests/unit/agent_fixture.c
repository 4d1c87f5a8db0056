/* The made-up runtime is that of Go 1.26, but for where its words are. */
#include "tests/unit/agent_fixture.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

uint64_t made_passed_on;
struct made_registers made_registers;

/* All registers but the stack's are Go's to use, so that what C wants kept is kept here; RAX is mp. */
__asm__(".text\n"
	".globl made_original, made_call, made_free\n"
	"made_original: incq made_passed_on(%rip)\n"
	"mov %rax, made_registers(%rip)\n mov %rbx, made_registers+8(%rip)\n mov %rcx, made_registers+16(%rip)\n"
	"mov %r14, made_registers+24(%rip)\n mov %rbp, made_registers+32(%rip)\n movq %xmm15, made_registers+40(%rip)\n"
	"ret\n"
	"made_call: push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"mov %rdi, %rax\n mov %r8, %r14\n mov %rcx, %rbp\n mov %rsi, %rbx\n mov %rdx, %rcx\n xorps %xmm15, %xmm15\n"
	"call *%rax\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret\n"
	"made_free: push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"mov %rdi, %r10\n mov %rsi, %rax\n mov %rdx, %rbx\n mov %rcx, %r14\n xorps %xmm15, %xmm15\n"
	"call *%r10\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret\n");

uint64_t made_address(const volatile void *object)
{
	return (uint64_t)(uintptr_t)object;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

void made_processor_init(struct made_processor *processor, uint32_t id)
{
	struct made_g g = {.m = made_address(&processor->m), .goid = 100 + id, .gopc = 0x400123};

	processor->m = (struct made_m){
	    .g0 = made_address(&processor->g0), .curg = made_address(&processor->g), .p = made_address(&processor->p)};
	processor->p = (struct made_p){.id = id, .mcache = made_address(&processor->next_sample)};
	processor->g0 = g;
	g.low = made_address(processor->stack);
	g.high = made_address(processor->stack + MADE_STACK_WORDS);
	processor->g = g;
}

uint32_t made_outside(const struct made_processor *processor, uint32_t at)
{
	return (uint32_t)((processor->stack[at] - made_address(processor->stack)) / sizeof(uint64_t));
}

uint32_t made_push(struct made_processor *processor, uint32_t end, uint32_t outer, uint64_t pc)
{
	uint32_t at = end - MADE_FRAME_WORDS;

	processor->stack[at] = outer < MADE_STACK_WORDS ? made_address(&processor->stack[outer]) : 0;
	processor->stack[at + 1] = pc;
	return at;
}

void made_arguments(struct made_processor *processor, uint32_t at, uint64_t size, uint64_t type)
{
	uint32_t hop;

	for (hop = 0; hop <= MADE_TYPE_HOPS; hop++) {
		if (!processor->stack[at])
			return;
		at = made_outside(processor, at);
	}
	processor->stack[at + 2] = size;
	processor->stack[at + 3] = type;
}

void made_plan(struct agent_plan *plan, const int64_t *own_rate, const uint64_t *numgc)
{
	plan->malloc_target = plan->free_target = made_address(made_original);
	plan->mem_profile_rate = made_address(own_rate);
	plan->numgc = made_address(numgc);
	plan->types_start = 0x500000;
	plan->types_end = 0x600000;
	plan->g_m = offsetof(struct made_g, m);
	plan->g_goid = offsetof(struct made_g, goid);
	plan->g_gopc = offsetof(struct made_g, gopc);
	plan->m_g0 = offsetof(struct made_m, g0);
	plan->m_curg = offsetof(struct made_m, curg);
	plan->m_p = offsetof(struct made_m, p);
	plan->m_vdso = offsetof(struct made_m, vdso_sp);
	plan->p_id = offsetof(struct made_p, id);
	plan->p_mcache = offsetof(struct made_p, mcache);
	plan->special_kind = offsetof(struct made_special, kind);
	plan->special_kind_profile = 4;
	plan->type_hops = MADE_TYPE_HOPS;
}

uint64_t made_place_agent(struct region *region, struct agent_entries *entries)
{
	uint64_t size;
	const void *code = region_agent_code(&size, entries);
	struct error error;
	uint8_t *base;
	int fd = memfd_create("agent", MFD_CLOEXEC);

	if (fd < 0 || region_map(region, fd, &error) != STATUS_OK)
		fail("the region");
	base = mmap(NULL, AGENT_CODE_SIZE + region->size, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED || mmap(base + AGENT_CODE_SIZE, region->size, PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		fail("mmap");
	memcpy(base, code, size);
	region->control->enabled = 1;
	return made_address(base);
}

void made_remove(uint64_t code, struct region *region)
{
	munmap((void *)(uintptr_t)code, AGENT_CODE_SIZE + region->size);
	region_close(region);
}
