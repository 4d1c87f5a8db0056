/* The symbols, types and call sites of a trace's addresses, put into the trace, so that it can be read elsewhere. */
#ifndef CLI_EMBED_SYMBOLS_H
#define CLI_EMBED_SYMBOLS_H

#include "base/error.h"
#include "collector/session.h"

/*
 * Symbolize all addresses of END with its program's file and append them to its trace. Errors: the file cannot be read
 * any more; the trace then holds none, and a report needs --binary.
 */
enum status embed_symbols(const struct session_end *end, struct error *error);

#endif
