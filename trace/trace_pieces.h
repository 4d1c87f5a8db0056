/* Reading a trace that is still being written, piece after piece. */
#ifndef TRACE_TRACE_PIECES_H
#define TRACE_TRACE_PIECES_H

#include "base/error.h"
#include "trace/trace_reader.h"

#include <stddef.h>

struct trace_pieces;

/*
 * A reading of pieces. TRACE and CALLBACKS (both borrowed) are as for trace_read; TRACE need not be initialised, may be
 * looked at between the pieces, and is freed with trace_free after the pieces. Its symbols and types are sorted once it
 * is complete.
 */
struct trace_pieces *trace_pieces_new(struct trace *trace, const struct trace_callbacks *callbacks);

/* Free; NULL is ignored. */
void trace_pieces_free(struct trace_pieces *pieces);

/*
 * Read the whole frames at the beginning of the SIZE bytes at DATA, which go on where those of the last call that were
 * *TAKEN end; the others are to be given again, with what was written after them. STATUS_ERROR, also ever after, when
 * it is no trace or damaged. NAME is for messages.
 */
enum status trace_pieces_take(struct trace_pieces *pieces, const void *data, size_t size, size_t *taken,
			      const char *name, struct error *error);

#endif
