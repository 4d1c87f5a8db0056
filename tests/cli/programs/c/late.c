/* A C program that loads a C++ library, whose constructor starts a thread that allocates, and waits for it. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void (*make)(int), (*make_arrays)(int);
	int (*others)(void);
	void *library;

	(void)argc;
	library = dlopen(argv[1], RTLD_NOW);
	if (!library)
		return 1;
	*(void **)&make = dlsym(library, "late_make");
	*(void **)&make_arrays = dlsym(library, "late_make_arrays");
	*(void **)&others = dlsym(library, "late_others");
	make(100);
	if (others())
		return 2;
	if (dlopen("/no/such/library", RTLD_NOW))
		return 1;
	make_arrays(100); /* its first new[], which leaves alone what dlerror has to say */
	puts(dlerror() ? "late, and told why not" : "late, and dlerror says nothing");
	return dlclose(library);
}
