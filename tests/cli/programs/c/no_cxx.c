/*
 * A C program without any C++ library, in which the operators new are those of a library that stands in front of them:
 * it asks for sizes that are given, and for some near the largest number, which nobody has.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	static const size_t given[] = {1, 64, 1000}, refused[] = {SIZE_MAX, SIZE_MAX - 5, SIZE_MAX - 62, SIZE_MAX - 63,
								 SIZE_MAX - 4095, SIZE_MAX / 2};
	void *(*new_aligned)(size_t size, size_t alignment, const void *nothrow);
	void (*delete_aligned)(void *pointer, size_t alignment);
	int ngiven = 0, nrefused = 0;
	size_t i;

	*(void **)&new_aligned = dlsym(RTLD_DEFAULT, "_ZnwmSt11align_val_tRKSt9nothrow_t");
	*(void **)&delete_aligned = dlsym(RTLD_DEFAULT, "_ZdlPvSt11align_val_t");
	if (!new_aligned || !delete_aligned)
		return 1;
	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		char *pointer = new_aligned(given[i], 64, "nothrow");

		if (pointer && !((uintptr_t)pointer & 63) && memset(pointer, 1, given[i]))
			ngiven++;
		delete_aligned(pointer, 64);
	}
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		nrefused += !new_aligned(refused[i], 64, "nothrow");
	printf("given %d, refused %d\n", ngiven, nrefused);
	return 0;
}
