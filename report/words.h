/*
 * The words, numbers and names that more than one format shows. Pure functions; texts go into buffers of the caller's.
 */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "analyzer/analysis.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Room for any number that these functions write. */
#define WORDS_NUMBER_SIZE 32

/*
 * "1.2 GB", "640 B": three digits at most, powers of 1000. "?" when it is not a number. Returns TEXT, which has room
 * for WORDS_NUMBER_SIZE; so do the others.
 */
const char *words_bytes(char *text, double bytes);

/* "3.4 M", "812", "0.3": three digits at most. */
const char *words_count(char *text, double count);

/* "14,217": a whole number. */
const char *words_integer(char *text, double count);

/* "3 min 20 s", "30.2 s", "12 ms", "40 µs". */
const char *words_seconds(char *text, double seconds);

/* "12.4", "0.3", "−3.1": hundredths of SHARE, without the sign for per cent. "0" when it rounds to that. */
const char *words_percent(char *text, double share);

/* "−34", "+12": what SAVED, a share that would be gone, changes, in hundredths. "0" when it rounds to that. */
const char *words_change(char *text, double saved);

/* "10–15" or, when an end is negative, "−4…−2": hundredths; "" when an end is unknown. */
const char *words_percent_interval(char *text, const struct interval *interval);

/* The same in at most 9 columns: where it would take more, an end below −99 is "<−99". */
const char *words_percent_cell(char *text, const struct interval *interval);

/* INTERVAL of SAVED as it is told beside "12 % less" or, of a negative SAVED, "12 % more": in that direction. */
struct interval words_told_interval(double saved, const struct interval *interval);

/* What made SITE's objects go to the heap, in at most 9 columns: the category, or else the class. A static string. */
const char *words_site(const struct site *site);

/* A class in words for people: "escapes", "grown by append", … A static string. */
const char *words_class(enum site_class class_);

/*
 * A Go function without the folders of its import path: "errors.(*Error).Is" of "github.com/x/errors.(*Error).Is",
 * "kratos/v2.New" of "github.com/x/kratos/v2.New". Part of FUNCTION, borrowed; NULL is "".
 */
const char *words_short_function(const char *function);

/*
 * Append FUNCTION, short and with its type arguments as "[...]", as the go tool prints them: those of the compiler's
 * own shapes say little and are long. The object's type tells the instances apart.
 */
void words_append_function(struct buf *out, const char *function);

/* Whether SITE is in the user's own code itself, or in none: not shown under a frame that leads to it. */
bool words_is_own(const struct site *site);

/* The last element of a file's path; NULL is "". Borrowed. */
const char *words_base_name(const char *file);

/* Whether FRAME belongs to Go's runtime. */
bool words_is_runtime(const struct analysis_frame *frame);

/* The words that end SITE's flow: where it escapes; "" when the compiler gave no reason. Borrowed. */
const char *words_root(const struct site *site);

#endif
