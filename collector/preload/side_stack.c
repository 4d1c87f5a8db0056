/*
 * All lie in one mapping, of which only what was used takes memory. Around them nothing is mapped for further than
 * valgrind looks when it asks whether a stack has grown or is another one.
 */
#include "collector/preload/side_stack.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define STACKS 256 /* at once */
#define SIZE   32768
#define AROUND (4u << 20)

struct side_stack {
	uint8_t room[SIDE_STACK_ROOM]; /* at its low end */
	uint8_t rest[SIZE - SIDE_STACK_ROOM];
};

static struct side_stack *stacks;
static uint64_t taken[STACKS / 64]; /* a bit for each */

bool side_stack_open(void)
{
	size_t size = STACKS * sizeof(*stacks);
	uint8_t *memory = mmap(NULL, size + 2 * AROUND, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + AROUND, size, PROT_READ | PROT_WRITE))
		return false;
	madvise(memory + AROUND, size, MADV_NOHUGEPAGE); /* it may not know them; then a few megabytes more are used */
	stacks = (struct side_stack *)(memory + AROUND);
	return true;
}

/* The lowest that is free: what was used last is in the caches. */
struct side_stack *side_stack_take(void)
{
	size_t i;

	for (i = 0; stacks && i < STACKS / 64; i++) {
		uint64_t bits = __atomic_load_n(&taken[i], __ATOMIC_RELAXED);

		while (~bits) {
			unsigned free = (unsigned)__builtin_ctzll(~bits);

			if (__atomic_compare_exchange_n(&taken[i], &bits, bits | 1ull << free, false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return &stacks[i * 64 + free];
		}
	}
	return NULL;
}

void side_stack_give(struct side_stack *stack)
{
	size_t number = (size_t)(stack - stacks);

	__atomic_fetch_and(&taken[number / 64], ~(1ull << number % 64), __ATOMIC_RELEASE);
}

void *side_stack_room(struct side_stack *stack)
{
	return stack->room;
}

/*
 * This function's frame pointer leads back: unwind information says that its frame lies there, wherever the stack
 * pointer is.
 */
__attribute__((noinline, optimize("no-omit-frame-pointer"))) void
side_stack_call(struct side_stack *stack, void (*function)(void *), void *argument)
{
	const uint8_t *top = stack->rest + sizeof(stack->rest);

	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "mov %[top], %%rsp\n\t"
			 "call *%[function]\n\t"
			 "mov %%rbx, %%rsp"
			 : "+D"(argument)
			 : [top] "r"(top), [function] "r"(function)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
			   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15", "memory", "cc");
}
