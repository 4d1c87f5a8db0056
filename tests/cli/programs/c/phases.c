/* early() allocates in the first second and keeps it, late() in the next and frees it at once. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline))
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

APART static void early(void)
{
	void *pointer = malloc(10000);

	KEEP(pointer);
}

APART static void late(void)
{
	void *pointer = malloc(5000);

	KEEP(pointer);
	free(pointer);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(void)
{
	double start = seconds();

	for (int i = 0; i < 100; i++)
		early();
	while (seconds() - start < 1.2)
		usleep(10000);
	for (int i = 0; i < 100; i++)
		late();
	return 0;
}
