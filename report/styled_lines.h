/* A page as lines of pieces of one style each, for screens that do not take a terminal's escape sequences. */
#ifndef REPORT_STYLED_LINES_H
#define REPORT_STYLED_LINES_H

#include "report/page.h"

#include <stdbool.h>
#include <stddef.h>

struct styled_span {
	enum page_style style;
	char *text; /* UTF-8, nothing harmful in it */
};

struct styled_line {
	struct styled_span *spans;
	size_t count;
	bool selected; /* to be shown as such */
};

struct styled_lines {
	struct styled_line *lines;
	size_t count, capacity;
};

/* Append the lines of PAGE, which has colours, each cut at COLUMNS columns. LINES is zeroed before the first. */
void styled_lines_append(struct styled_lines *lines, struct page *page, int columns);

/* Append lines without text until there are COUNT, or take away those that are more. */
void styled_lines_resize(struct styled_lines *lines, size_t count);

/* Free what it holds; zeroed and usable again. */
void styled_lines_free(struct styled_lines *lines);

#endif
