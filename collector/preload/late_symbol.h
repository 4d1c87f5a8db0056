/* A function of a library that was loaded after the program's start, without asking the loader for it. */
#ifndef COLLECTOR_PRELOAD_LATE_SYMBOL_H
#define COLLECTOR_PRELOAD_LATE_SYMBOL_H

/*
 * The address of the function NAME in the first loaded library but this whose file name begins with one of LIBRARIES, a
 * list that ends with NULL, and which has it; else NULL. It is valid as long as that library is loaded. Takes no lock
 * but that of the list of libraries, allocates nothing, leaves dlerror alone. From any thread.
 */
void *late_symbol_find(const char *const *libraries, const char *name);

#endif
