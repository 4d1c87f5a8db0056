/*
 * What `escprof top` shows, without the screen: an analysis and what the keys have chosen, turned into lines of text.
 * Nothing here reads a key or draws; the view is told of both. Not thread-safe.
 */
#ifndef REPORT_LIVE_VIEW_H
#define REPORT_LIVE_VIEW_H

#include "analyzer/analysis.h"
#include "report/styled_lines.h"

#include <stdbool.h>

/* Keys: a character is its code point; the others have numbers that none has. */
enum live_key {
	LIVE_KEY_ENTER = '\n',
	LIVE_KEY_ESCAPE = 0x1b,
	LIVE_KEY_BACKSPACE = 0x7f,
	LIVE_KEY_INTERRUPT = 0x03,
	LIVE_KEY_ERASE = 0x15, /* Ctrl-U */
	LIVE_KEY_UP = 0x110000,
	LIVE_KEY_DOWN,
	LIVE_KEY_PAGE_UP,
	LIVE_KEY_PAGE_DOWN,
	LIVE_KEY_HOME,
	LIVE_KEY_END,
};

/* What the analysis does not tell. */
struct live_facts {
	int pid;                 /* 0: not known */
	double uptime_seconds;   /* of the process; NAN: not known */
	bool ended;              /* the program is no more: the picture stays */
	bool runs_on;            /* with ended: only its profiler is no more */
	bool ends_command;       /* leaving ends the program, which this escprof has started */
	const char *message;     /* one line above the keys; NULL: none */
	const char *bad_message; /* the same of what went wrong; NULL: nothing */
};

struct live_view;

/* No analysis yet; free with live_view_free, which ignores NULL. */
struct live_view *live_view_new(void);
void live_view_free(struct live_view *view);

/* Show ANALYSIS and FACTS, both borrowed until the next call, from now on; ANALYSIS may be NULL: there is none yet. */
void live_view_set(struct live_view *view, const struct analysis *analysis, const struct live_facts *facts);

/* Do what KEY means. True when it is to leave. */
bool live_view_key(struct live_view *view, int key);

/* Whether the picture is to stay as it is; and the seconds between two of them that were asked for. */
bool live_view_is_paused(const struct live_view *view);
double live_view_refresh_seconds(const struct live_view *view);

/* The whole screen: HEIGHT lines, none wider than WIDTH columns. LINES is zeroed, and freed by the caller. */
void live_view_draw(struct live_view *view, int width, int height, struct styled_lines *lines);

#endif
