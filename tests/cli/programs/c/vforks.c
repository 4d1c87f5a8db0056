/*
 * Children by vfork allocate before they exec or end, as posix_spawn's and those of shells do: what they take is the
 * parent's memory, which it frees. Threads allocate meanwhile.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS  3
#define CHILDREN 100
#define EACH     10 /* of which half is left to the parent */
#define LEVELS   30
#define APART    __attribute__((noinline, noclone))

static volatile int is_over;
static void *volatile left[EACH];

static APART void in_child(void)
{
	int i;

	for (i = 0; i < EACH; i++)
		left[i] = malloc(44);
	for (i = 0; i < EACH / 2; i++)
		free(left[i]);
}

static APART void below(int levels, void (*function)(void))
{
	if (levels)
		below(levels - 1, function);
	else
		function();
	__asm__ volatile("" ::: "memory");
}

static APART void in_thread(void)
{
	void *volatile pointer = malloc(100);

	free(pointer);
}

static void *allocate(void *unused)
{
	for (int i = 0; !is_over; i++)
		below(i % LEVELS, in_thread);
	return unused;
}

/* Whether a child was well, and has left what the parent can free. */
static int make_child(int number)
{
	int status = 1;
	pid_t child = vfork();

	if (!child) {
		below(number % LEVELS, in_child);
		if (number % 2)
			execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		return 0;
	for (int i = EACH / 2; i < EACH; i++) {
		if (!left[i])
			return 0;
		free(left[i]);
	}
	return 1;
}

int main(void)
{
	pthread_t threads[THREADS];
	int well = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, allocate, NULL);
	for (int i = 0; i < CHILDREN; i++)
		well += make_child(i);
	is_over = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d children\n", well);
	return 0;
}
