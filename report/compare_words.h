/* The words and figures of a comparison. Pure functions; texts are the caller's. */
#ifndef REPORT_COMPARE_WORDS_H
#define REPORT_COMPARE_WORDS_H

#include "analyzer/compare.h"
#include "analyzer/gate.h"
#include "base/buf.h"

#include <stdbool.h>

/* Bytes for a unit of PER's work: "1.2 MB/s", "3.4 %" of all bytes, "812 B". TEXT has room for WORDS_NUMBER_SIZE, and
 * is returned; so below. */
const char *compare_words_bytes(char *text, enum compare_per per, double bytes);

/* A total's figure, for a unit of PER's work where it is of one. */
const char *compare_words_total(char *text, enum compare_per per, enum total_kind total, double figure);

/* "allocated", "objects", …: a static string. */
const char *compare_words_total_name(enum total_kind total);

/* "+12 %", "new", "gone", "3.1 times". */
const char *compare_words_ratio(char *text, const struct change *change);

/* What follows a figure: "a second", "of all bytes", "each"; and what figures are: "bytes a second", … Static strings.
 */
const char *compare_words_per(enum compare_per per);
const char *compare_words_unit(enum compare_per per);

/* Append the sentence of FINDING; it may hold names as they are, not made harmless. */
void compare_words_finding(struct buf *out, const struct gate *gate, const struct gate_finding *finding);

#endif
