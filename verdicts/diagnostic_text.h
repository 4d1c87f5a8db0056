/* Reads what the compiler prints for -m and -m=2, of Go 1.18 to 1.27. */
#ifndef VERDICTS_DIAGNOSTIC_TEXT_H
#define VERDICTS_DIAGNOSTIC_TEXT_H

#include "base/buf.h"
#include "base/error.h"
#include "verdicts/source_names.h"
#include "verdicts/verdict.h"

#include <stddef.h>

/* What the text says. Zero-initialise the structure's outputs with diagnostic_text_new. */
struct diagnostic_text {
	/*
	 * -m's lines: the place is the outermost one. chain_known is set where no call was inlined at that place, so
	 * that it is the allocation's own.
	 */
	struct verdict_set *plain;
	/* -m=2's blocks of flow and steps, in the words of -m: about heap and leaks only. */
	struct verdict_set *blocks;
	/* Lines that begin with no place and that -m does not print, each with its newline. */
	struct buf other;
};

/* Empty sets; free with diagnostic_text_free. */
void diagnostic_text_new(struct diagnostic_text *text);

/* Free the sets that are still there (a caller may take one and leave NULL) and the rest. */
void diagnostic_text_free(struct diagnostic_text *text);

/*
 * Take the compiler's output, SIZE bytes at DATA, into TEXT. PACKAGE is put into the verdicts until a line "# path"
 * of the go command names another; NAMES (or NULL) as in source_names.h, for a go command's output too. Any bytes
 * will do: what is no verdict is left, or goes to `other`.
 */
void diagnostic_text_read(struct diagnostic_text *text, const void *data, size_t size, const char *package,
			  const struct source_names *names);

#endif
