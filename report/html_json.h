/*
 * JSON that may stand in an HTML page: written straight into a buffer, a value after the other. Whatever bytes its
 * texts hold, none of it can end the <script> around it, or be markup.
 */
#ifndef REPORT_HTML_JSON_H
#define REPORT_HTML_JSON_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise it; the buffer is the caller's to free. */
struct html_json {
	struct buf out;
	bool comma; /* one is due before the next value */
};

/* Begin an object or an array (BRACKET is '{' or '['), under KEY where it is within an object; else KEY is NULL. */
void html_json_open(struct html_json *json, const char *key, char bracket);

/* End it with '}' or ']'. */
void html_json_close(struct html_json *json, char bracket);

/* VALUE with so many significant DIGITS; null where it is not finite. KEY as above, here and below. */
void html_json_real(struct html_json *json, const char *key, double value, int digits);

/* Whole numbers, and truth. */
void html_json_integer(struct html_json *json, const char *key, int64_t value);
void html_json_boolean(struct html_json *json, const char *key, bool value);

/*
 * TEXT (NULL is "") in quotes: well-formed UTF-8, the harmful replaced (line ends and tabs stay), and cut where it is
 * longer than MOST bytes.
 */
void html_json_text(struct html_json *json, const char *key, const char *text, size_t most);

/* BYTES in base64. */
void html_json_bytes(struct html_json *json, const char *key, const struct buf *bytes);

#endif
