/*
 * How every room says that something went wrong.
 *
 * A function that can fail returns an enum status and takes a struct error that it fills when, and only when, it
 * returns STATUS_ERROR. "There is none" (no debug information, no such symbol) is STATUS_NO_ENTRY, not an error.
 * Only cli/ prints an error to the user.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

enum status {
	STATUS_OK,       /* done */
	STATUS_NO_ENTRY, /* nothing wrong, but what was asked for is not there; outputs are untouched */
	STATUS_ERROR,    /* failed; the struct error says what, where and what to do */
};

/* One message, complete and without a trailing newline: "what: where: what to do". */
struct error {
	char text[1024];
};

/*
 * Fill ERROR (which may be NULL, then nothing is kept) with a printf-style message, cut at the buffer's size.
 * Always returns STATUS_ERROR, so that a caller can `return error_set(...)`.
 */
enum status error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Like error_set, and appends ": " and the text of errno as it was at the call. */
enum status error_set_errno(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "CONTEXT: " before the message that ERROR (not NULL) already holds. Always returns STATUS_ERROR. */
enum status error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
