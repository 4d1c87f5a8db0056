/*
 * A library that the storm is linked to: its constructor allocates before libescprof.so has begun, what it has is freed
 * while that samples, and its destructor allocates after the program's own have run.
 */
#include "storm.h"

#include <cstdlib>
#include <cstring>
#include <new>

static char *early[64];

extern "C" {
APART void by_library_destructor(size_t size)
{
	void *p = malloc(size);
	KEEP(p);
	free(p);
}

bool storm_library_is_well()
{
	for (int i = 0; i < 64; i++) {
		if (!early[i] || strcmp(early[i], "early"))
			return false;
		if (i % 2)
			early[i] = static_cast<char *>(realloc(early[i], 5000));
	}
	return true;
}

__attribute__((constructor)) static void before_all()
{
	for (char *&one : early) {
		one = static_cast<char *>(calloc(1, 100));
		strcpy(one, "early");
	}
	::operator delete(::operator new(1000));
}

__attribute__((destructor)) static void after_all()
{
	for (char *one : early)
		free(one);
	for (size_t i = 0; i < 5; i++)
		by_library_destructor(200 + i);
}
}
