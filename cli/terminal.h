/* What the commands share of talking to the user. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Print "escprof: MESSAGE" and a newline to standard error. */
void terminal_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether STREAM is to be coloured: a terminal that may be (NO_COLOR, TERM=dumb), unless terminal_choose_colour says.
 */
bool terminal_has_colour(FILE *stream);

/* --color, for the whole process: "auto" (which it begins with), "always", "never"; false when CHOICE is none of them.
 */
bool terminal_choose_colour(const char *choice);

/*
 * Show on standard error how far a work that is called LABEL has come, DONE of TOTAL (0: not known); silent when that
 * is no terminal, and for the first second, which is all that most works take. To be called as often as is handy. With
 * DONE equal to TOTAL the line is wiped. One work at a time; not for several threads.
 */
void terminal_progress(const char *label, size_t done, size_t total);

/* Columns of the terminal STREAM, at most 100 and at least 80; 100 when it is none. */
int terminal_width(FILE *stream);

/* Parse TEXT as bytes: a number with an optional K, M or G (binary). False when it is not one, or below 1. */
bool terminal_parse_bytes(const char *text, unsigned long long *bytes);

/* Parse TEXT as a time: a number, which may have a fraction, and ms, s, m or h. False when it is not one, or is 0. */
bool terminal_parse_duration(const char *text, unsigned long long *ns);

#endif
