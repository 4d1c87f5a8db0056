/*
 * The names that a trace gets at its end (cli/embed_symbols.h), made while it is still being written: each address and
 * type once, when it first stands in a stack.
 */
#ifndef CLI_LIVE_SYMBOLS_H
#define CLI_LIVE_SYMBOLS_H

struct live_symbols;
struct symbolizer;
struct trace;

/* No names yet; SYMBOLIZER is borrowed until live_symbols_free, which ignores NULL. */
struct live_symbols *live_symbols_new(struct symbolizer *symbolizer);
void live_symbols_free(struct live_symbols *symbols);

/* Name what is new in TRACE, which has only grown since the last call. */
void live_symbols_update(struct live_symbols *symbols, const struct trace *trace);

/* TRACE as if its end had been written: what it has of its own, and SYMBOLS' names, borrowed until they are updated. */
struct trace live_symbols_view(const struct live_symbols *symbols, const struct trace *trace);

#endif
