/*
 * The terminal as a screen, by ncurses. There is one in a process. Whatever ends the process, save SIGKILL, gives the
 * terminal back as it was.
 */
#ifndef CLI_TOP_SCREEN_H
#define CLI_TOP_SCREEN_H

#include "base/error.h"
#include "report/styled_lines.h"

#include <stdbool.h>

/*
 * Take the terminal of standard input and output. AT_CRASH (may be NULL) is called when the process dies of a signal of
 * its own making, and may do only what a signal's handler may. STATUS_ERROR when they are no terminal.
 */
enum status top_screen_open(void (*at_crash)(void), struct error *error);

/* Give it back; may be called when it is not open. */
void top_screen_close(void);

/* The terminal's size has changed, perhaps. */
void top_screen_resize(void);

/* Lines and columns. */
int top_screen_height(void);
int top_screen_width(void);

/* Show LINES, from the top. */
void top_screen_show(const struct styled_lines *lines);

/* The next key that was pressed, as report/live_view.h numbers them; -1: none, -2: one that means nothing. */
int top_screen_key(void);

#endif
