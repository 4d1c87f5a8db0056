/* What a site is called in every build of a program: no line, no address, no number that an edit elsewhere shifts. */
#ifndef ANALYZER_SITE_KEY_H
#define ANALYZER_SITE_KEY_H

#include "analyzer/analysis.h"
#include "base/buf.h"

/*
 * Append SITE's key to OUT, NUL and all: the functions of its inline chain, innermost first, without the compiler's
 * numbers for closures, then the entry and the type. Sites of one key are told apart by their order in the source.
 */
void site_key_append(struct buf *out, const struct site *site);

/* Append what is left of it when the compiler inlines otherwise: the innermost function, the entry, the type. */
void site_key_append_short(struct buf *out, const struct site *site);

/* Which of two sites of one key stands first: by the lines of their chains, the outermost first. As for qsort. */
int site_key_compare_places(const struct site *a, const struct site *b);

#endif
