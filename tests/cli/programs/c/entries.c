/*
 * Allocates by every way there is, so many objects by each function, and says how it ended. Its argument is a library
 * with plugin_make, which is loaded and unloaded again and again; a second one is a file to fork, exec and look for.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART         __attribute__((noinline, noclone))
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

enum { THREADS = 8 };

static void *kept[2000];
static size_t nkept;

/* 1000 of 100 bytes, 900 of them freed. */
APART static void by_malloc(void)
{
	for (int i = 0; i < 1000; i++) {
		void *pointer = malloc(100);

		KEEP(pointer);
		if (i % 10)
			free(pointer);
		else
			kept[nkept++] = pointer;
	}
}

/* 1000 of 70 bytes, which must be zero. */
APART static int by_calloc(void)
{
	int bad = 0;

	for (int i = 0; i < 1000; i++) {
		char *pointer = calloc(10, 7);

		for (int k = 0; k < 70; k++)
			bad |= pointer[k];
		memset(pointer, 1, 70);
		free(pointer);
	}
	return bad;
}

/* 100 of 1000 to 100,000 bytes in one block that grows, and moves; its bytes must go along. */
APART static int by_realloc(void)
{
	char *block = NULL, *other[100];
	int bad = 0;

	for (int i = 0; i < 100; i++) {
		block = realloc(block, 1000 * (size_t)(i + 1));
		block[1000 * i] = (char)i;
		other[i] = strdup("in the way");
	}
	for (int i = 0; i < 100; i++) {
		bad |= block[1000 * i] != i;
		free(other[i]);
	}
	free(block);
	return bad;
}

/* 50 of 240 bytes; and one that cannot be, which leaves the old one alone. */
APART static int by_reallocarray(void)
{
	volatile size_t too_many = SIZE_MAX / 2;
	void *pointer, *none;

	for (int i = 0; i < 50; i++) {
		pointer = reallocarray(NULL, 24, 10);
		none = reallocarray(pointer, too_many, 3);
		KEEP(none);
		if (none)
			return 1;
		none = realloc(pointer, too_many);
		KEEP(none);
		if (none)
			return 1;
		free(pointer);
	}
	return 0;
}

/* Of 48 bytes each: 20 by each of three, 5 by each of two. */
APART static int by_alignment(void)
{
	int bad = 0;

	for (int i = 0; i < 20; i++) {
		void *pointer = NULL;

		bad |= posix_memalign(&pointer, 64, 48) || (uintptr_t)pointer % 64;
		free(pointer);
		pointer = aligned_alloc(64, 48);
		bad |= (uintptr_t)pointer % 64 != 0;
		free(pointer);
		pointer = memalign(128, 48);
		bad |= (uintptr_t)pointer % 128 != 0;
		free(pointer);
	}
	for (int i = 0; i < 5; i++) {
		void *pointer = valloc(48);

		bad |= (uintptr_t)pointer % 4096 != 0;
		free(pointer);
		pointer = pvalloc(48);
		bad |= (uintptr_t)pointer % 4096 != 0;
		free(pointer);
	}
	return bad;
}

/* 500 of 33 bytes, in a thread that ends then. */
APART static void *in_thread(void *unused)
{
	for (int i = 0; i < 500; i++) {
		void *pointer = malloc(33);

		KEEP(pointer);
		free(pointer);
	}
	return unused;
}

static void by_threads(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, in_thread, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* None of these are the parent's. */
APART static void in_child(void)
{
	for (int i = 0; i < 500; i++) {
		void *pointer = malloc(44);

		KEEP(pointer);
		free(pointer);
	}
}

static int by_fork(void)
{
	int status = 1, other = 1;
	pid_t child = fork();

	if (!child) {
		in_child();
		free(kept[0]); /* the parent's counts as kept all the same */
		_exit(0);
	}
	waitpid(child, &status, 0);
	child = vfork();
	if (!child) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(child, &other, 0);
	return status || other;
}

static volatile int handled;

/* 10 of 55 bytes. */
APART static void in_handler(int signal)
{
	(void)signal;
	for (int i = 0; i < 10; i++) {
		void *pointer = malloc(55);

		KEEP(pointer);
		free(pointer);
	}
	handled = 1;
}

static int by_signal(void)
{
	signal(SIGUSR1, in_handler);
	raise(SIGUSR1);
	return !handled;
}

/* 20 times 10 of 77 bytes, by a library that is unloaded in between. */
static int by_plugin(const char *path)
{
	for (int i = 0; i < 20; i++) {
		void *plugin = dlopen(path, RTLD_NOW);
		void (*make)(int) = plugin ? (void (*)(int))dlsym(plugin, "plugin_make") : NULL;

		if (!make)
			return 1;
		make(10);
		dlclose(plugin);
	}
	return 0;
}

/* 123 of 1000 bytes that nobody frees. */
APART static void leaks(void)
{
	for (int i = 0; i < 123; i++)
		kept[nkept++] = malloc(1000);
}

int main(int argc, char **argv)
{
	int bad = 0;

	by_malloc();
	bad |= by_calloc() << 0;
	bad |= by_realloc() << 1;
	bad |= by_reallocarray() << 2;
	bad |= by_alignment() << 3;
	by_threads();
	bad |= by_fork() << 4;
	bad |= by_signal() << 5;
	bad |= (argc > 1 && by_plugin(argv[1])) << 6;
	leaks();
	printf("bad %d\n", bad);
	return bad ? 1 : 7;
}
