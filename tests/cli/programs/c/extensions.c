/* Which functions there are that a program may look for before it uses them: by weak references, and by dlsym. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>

extern void free_sized(void *pointer, size_t size) __attribute__((weak));
extern void free_aligned_sized(void *pointer, size_t alignment, size_t size) __attribute__((weak));
extern void *mallocx(size_t size, int flags) __attribute__((weak));
extern void *tc_malloc(size_t size) __attribute__((weak));

int main(void)
{
	static const char *const names[] = {"free_sized", "free_aligned_sized", "memalignment", "cfree",
					    "mallocx",    "malloc_size",        "recallocarray", "freezero"};
	size_t i;

	printf("%d %d %d %d", free_sized != NULL, free_aligned_sized != NULL, mallocx != NULL, tc_malloc != NULL);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		printf(" %s %d", names[i], dlsym(RTLD_DEFAULT, names[i]) != NULL);
	printf("\n");
	return 0;
}
