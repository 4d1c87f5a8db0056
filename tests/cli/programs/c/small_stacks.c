/*
 * Allocations on stacks on which there is little left: a coroutine's, a signal handler's alternate one, and that of a
 * thread of the least size. Below each lies a page that nobody may touch.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#define LEFT  3072 /* bytes of stack: twice what malloc needs */
#define PAGE  4096
#define COUNT 100
#define APART __attribute__((noinline, noclone))

static ucontext_t outside, inside;
static volatile int in_coroutine, in_handler, in_thread;

static APART void make(volatile int *count)
{
	int i;

	for (i = 0; i < COUNT; i++) {
		void *volatile pointer = malloc(100 + (size_t)i);

		*count += pointer != NULL;
		free(pointer);
	}
}

/* SIZE bytes, with a page below them that faults. */
static uint8_t *make_stack(size_t size)
{
	uint8_t *memory = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_NONE))
		exit(1);
	return memory + PAGE;
}

static APART void by_coroutine(void)
{
	make(&in_coroutine);
	__asm__ volatile("" ::: "memory");
}

static void run_coroutine(void)
{
	getcontext(&inside);
	inside.uc_stack.ss_sp = make_stack(LEFT);
	inside.uc_stack.ss_size = LEFT;
	inside.uc_link = &outside;
	makecontext(&inside, by_coroutine, 0);
	swapcontext(&outside, &inside);
}

static APART void by_handler(int signal)
{
	(void)signal;
	make(&in_handler);
	__asm__ volatile("" ::: "memory");
}

/* The kernel takes what the processor's registers need. */
static void run_handler(void)
{
	size_t kernels = getauxval(AT_MINSIGSTKSZ), size = (kernels ? kernels : 2048) + LEFT;
	stack_t stack = {.ss_sp = make_stack(size), .ss_size = size};
	struct sigaction action = {.sa_handler = by_handler, .sa_flags = SA_ONSTACK};

	if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
		exit(1);
	raise(SIGUSR1);
}

static APART void *by_thread(void *unused)
{
	make(&in_thread);
	__asm__ volatile("" ::: "memory");
	return unused;
}

static void run_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	if (pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN) ||
	    pthread_create(&thread, &attributes, by_thread, NULL))
		exit(1);
	pthread_join(thread, NULL);
}

int main(void)
{
	free(malloc(100000));
	run_coroutine();
	run_handler();
	run_thread();
	printf("%d in the coroutine, %d in the handler, %d in the thread\n", in_coroutine, in_handler, in_thread);
	return 0;
}
