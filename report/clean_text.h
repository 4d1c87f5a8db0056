/*
 * Names from a trace, made harmless: any bytes in, well-formed UTF-8 out. Pure functions.
 */
#ifndef REPORT_CLEAN_TEXT_H
#define REPORT_CLEAN_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands for a byte that is no UTF-8, or a character that may not be shown. */
#define CLEAN_TEXT_REPLACEMENT 0xfffdu

/*
 * The code point at *TEXT, which is moved past it; 0 (and not moved) at the end. A byte that begins no well-formed
 * sequence gives the replacement, and is passed alone.
 */
uint32_t clean_text_next(const char **text);

/*
 * Whether a terminal or a reader could be misled by CODE_POINT: control characters (C0, DEL, C1), line separators,
 * invisible ones, and those that turn the direction of writing.
 */
bool clean_text_is_harmful(uint32_t code_point);

/* Columns that CODE_POINT takes on a terminal: 0, 1 or 2. */
int clean_text_width(uint32_t code_point);

/* Append CODE_POINT as UTF-8. */
void clean_text_append_code_point(struct buf *out, uint32_t code_point);

/* Append TEXT (NULL is "") with the harmful replaced. */
void clean_text_append(struct buf *out, const char *text);

/* Append TEXT (NULL is "") as well-formed UTF-8; control characters stay. */
void clean_text_append_utf8(struct buf *out, const char *text);

/* Append TEXT (NULL is "") for XML, in text or between quotes: the harmful replaced, markup escaped. */
void clean_text_append_xml(struct buf *out, const char *text);

/* Columns of TEXT as clean_text_append writes it. */
int clean_text_columns(const char *text);

#endif
