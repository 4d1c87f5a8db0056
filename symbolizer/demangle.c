/* The C++ library's own demangler, which has a C interface (the Itanium C++ ABI, 3.4): no C++ is compiled for it. */
#include "symbolizer/demangle.h"

#include <stddef.h>
#include <string.h>

#define LONGEST 4096 /* bytes of a name that is tried: what templates make of longer ones nobody reads */

extern char *__cxa_demangle(const char *name, char *buffer, size_t *size, int *status);

char *demangle(const char *name)
{
	int status;

	if (strncmp(name, "_Z", 2) != 0 || strnlen(name, LONGEST) == LONGEST)
		return NULL;
	return __cxa_demangle(name, NULL, NULL, &status);
}
