/* C++ names as people write them. */
#ifndef SYMBOLIZER_DEMANGLE_H
#define SYMBOLIZER_DEMANGLE_H

/* The C++ name that the linker's NAME stands for; the caller frees it. NULL when it is not one of C++. */
char *demangle(const char *name);

#endif
