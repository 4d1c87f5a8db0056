/* One line of JSON, an object, taken apart by jsmn into values that are known by number. */
#ifndef VERDICTS_JSON_LINE_H
#define VERDICTS_JSON_LINE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_LINE_NONE SIZE_MAX /* the number of no value; all that is asked of it is empty */
#define JSON_LINE_ROOT 0        /* of the whole line's object */

struct json_line;

/* A line's memory, to be used for one after the other. Free with json_line_free (NULL is ignored). */
struct json_line *json_line_new(void);
void json_line_free(struct json_line *line);

/* Take LENGTH bytes of TEXT (borrowed until the next) apart. Returns NULL, or what is wrong with them. */
const char *json_line_parse(struct json_line *line, const char *text, size_t length);

/* The value of OBJECT's member NAME; with several of that name the first one's. */
size_t json_line_member(const struct json_line *line, size_t object, const char *name);

/* The first value of ARRAY, and the one behind VALUE in it. */
size_t json_line_first(const struct json_line *line, size_t array);
size_t json_line_next(const struct json_line *line, size_t array, size_t value);

/* A whole number; -1 for anything else, and for what does not fit into 32 bits without a sign. */
int64_t json_line_number(const struct json_line *line, size_t value);

/* A string in UTF-8, held in INTO, whose bytes it replaces; NULL for anything else. */
const char *json_line_string(const struct json_line *line, size_t value, struct buf *into);

#endif
