/*
 * The page that the text report is written on: columns counted as a terminal does, names made harmless, wrapping, and
 * colours where they were asked for. Everything is collected in memory and written at once.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/buf.h"

#include <stdbool.h>

enum page_style {
	PAGE_PLAIN,
	PAGE_TITLE, /* bold */
	PAGE_FAINT,
	PAGE_GOOD, /* green: what can be saved */
	PAGE_WARN, /* yellow: uncertain */
	PAGE_BAD,  /* red: would cost */
	PAGE_NAME, /* cyan: the user's own code */
};

/* Zero-initialise, then set width and colour; free with buf_free(&page.out). */
struct page {
	struct buf out;
	int width; /* columns */
	bool colour;
};

/* Append TEXT as it is, nothing made harmless: for what the report itself says. */
void page_put(struct page *page, const char *text);

/* Append printf-style text, then made harmless, so that it may hold names. */
void page_printf(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Append TEXT in STYLE, made harmless. */
void page_put_styled(struct page *page, enum page_style style, const char *text);

/*
 * Whether a change of style stands at *TEXT, of a page with colours: then *TEXT is moved past it and *STYLE set.
 * Nothing but the page itself puts escape characters there.
 */
bool page_take_style(const char **text, enum page_style *style);

/* Append COUNT spaces. */
void page_pad(struct page *page, int count);

/*
 * Append TEXT in exactly COLUMNS columns: made harmless, shortened in the middle when it is longer, filled with spaces
 * on the left (page_right) or on the right (page_left).
 */
void page_left(struct page *page, enum page_style style, const char *text, int columns);
void page_right(struct page *page, enum page_style style, const char *text, int columns);

/* Append TEXT in at most COLUMNS columns, made harmless and shortened in the middle. Returns the columns taken. */
int page_short(struct page *page, enum page_style style, const char *text, int columns);

/* Append TEXT made harmless, tabs as spaces to the next fourth column, no further than COLUMNS: lines of source. */
void page_code(struct page *page, enum page_style style, const char *text, int columns);

/*
 * Append TEXT, made harmless, broken at spaces so that no line passes the page's width; words longer than a line are
 * broken anywhere. The first line begins where INDENT columns are already taken, further ones begin with INDENT spaces.
 * Newlines in TEXT break too. Ends with a newline.
 */
void page_wrap(struct page *page, enum page_style style, const char *text, int indent);

/* A heading: an empty line, TITLE, a newline. */
void page_heading(struct page *page, const char *title);

#endif
