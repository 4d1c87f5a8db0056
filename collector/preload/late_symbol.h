/* A function of a library that was loaded after the program's start, without asking the loader for it. */
#ifndef COLLECTOR_PRELOAD_LATE_SYMBOL_H
#define COLLECTOR_PRELOAD_LATE_SYMBOL_H

#include <stdint.h>

/* Code that is of one library; both 0: of none. */
struct late_code {
	uint64_t start, end;
};

/*
 * The address of the function NAME as code at CALLER would have it: in the library that CALLER is in; where that one
 * has none, in the first loaded library whose file name begins with one of USUAL, a list that ends with NULL; else in
 * the first of all. This library is never meant. NULL: nowhere. It is valid as long as the library is loaded that it
 * is in: the caller's own, or one that the caller cannot do without. Takes no lock but that of the list of libraries,
 * allocates nothing, leaves dlerror alone. From any thread. What of CALLER's library lies around it goes into *CODE.
 */
void *late_symbol_find(uint64_t caller, const char *const *usual, const char *name, struct late_code *code);

#endif
