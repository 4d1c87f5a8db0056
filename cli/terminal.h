/* What the commands share of talking to the user. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Print "escprof: MESSAGE" and a newline to standard error. */
void terminal_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether STREAM is a terminal that may be coloured (NO_COLOR, TERM=dumb). */
bool terminal_has_colour(FILE *stream);

/* Columns of the terminal STREAM, at most 100 and at least 80; 100 when it is none. */
int terminal_width(FILE *stream);

/* Parse TEXT as bytes: a number with an optional K, M or G (binary). False when it is not one, or below 1. */
bool terminal_parse_bytes(const char *text, unsigned long long *bytes);

#endif
