/* A library that is loaded while the program runs. */
#include <stdlib.h>

void plugin_make(int count);

void plugin_make(int count)
{
	for (int i = 0; i < count; i++) {
		void *pointer = malloc(77);

		__asm__ volatile("" : : "r"(pointer) : "memory");
		free(pointer);
	}
}
