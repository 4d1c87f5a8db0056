/* Four functions that allocate; built with -DAFTER one of them does more, one is gone, one is new and frees nothing. */
#include <stdlib.h>

#define APART __attribute__((noinline))
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

APART static void stays(void)
{
	for (int i = 0; i < 20000; i++) {
		void *pointer = malloc(100);

		KEEP(pointer);
		free(pointer);
	}
}

APART static void grows(int count)
{
	for (int i = 0; i < count; i++) {
		void *pointer = malloc(200);

		KEEP(pointer);
		free(pointer);
	}
}

#ifdef AFTER
APART static void appears(void)
{
	for (int i = 0; i < 20000; i++) {
		void *pointer = malloc(300);

		KEEP(pointer);
	}
}
#else
APART static void goes(void)
{
	for (int i = 0; i < 20000; i++) {
		void *pointer = malloc(400);

		KEEP(pointer);
		free(pointer);
	}
}
#endif

int main(void)
{
	stays();
#ifdef AFTER
	grows(30000);
	appears();
#else
	grows(10000);
	goes();
#endif
	return 0;
}
