/* The names in stacks of C allocations, of the program and of the libraries that it had loaded, put into the trace. */
#ifndef CLI_EMBED_C_SYMBOLS_H
#define CLI_EMBED_C_SYMBOLS_H

#include "collector/session.h"

struct symbolizer;

/*
 * Name all C addresses of END and append them to its trace; those of the program itself by PROGRAM, unless they are
 * among END's other addresses, whose names are there. A library that is gone or another one by now leaves its name and
 * offset.
 */
void embed_c_symbols(const struct session_end *end, struct symbolizer *program);

#endif
