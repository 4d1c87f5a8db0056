/* Threads that allocate, each time from other stacks, while children are forked that load a library: none hangs. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS  6
#define CHILDREN 400
#define LEVELS   50

static volatile int is_over;

__attribute__((noinline)) static void allocate_below(int levels)
{
	if (levels)
		allocate_below(levels - 1);
	else
		free(malloc(100));
	__asm__ volatile("" ::: "memory");
}

static void *allocate(void *unused)
{
	for (int i = 0; !is_over; i++)
		allocate_below(i % LEVELS);
	return unused;
}

static int load(void)
{
	alarm(5);
	return dlopen("libm.so.6", RTLD_NOW) ? 0 : 1;
}

int main(void)
{
	pthread_t threads[THREADS];
	int bad = 0, status;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, allocate, NULL);
	for (int i = 0; i < CHILDREN && !bad; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(load());
		if (waitpid(pid, &status, 0) != pid || status)
			bad++;
	}
	is_over = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("bad %d\n", bad);
	return 0;
}
