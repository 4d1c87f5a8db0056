/*
 * Lays out text for a terminal. In come names and sentences, out goes UTF-8 in which each line's columns are known: a
 * byte count says nothing of how wide "é" or "界" is. Colours go around texts, never into their widths.
 */
#include "report/page.h"
#include "report/clean_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAB_COLUMNS 4

static const char *const style_codes[] = {
    [PAGE_PLAIN] = "",        [PAGE_TITLE] = "\033[1m", [PAGE_FAINT] = "\033[2m", [PAGE_GOOD] = "\033[32m",
    [PAGE_WARN] = "\033[33m", [PAGE_BAD] = "\033[31m",  [PAGE_NAME] = "\033[36m",
};

static const char style_end[] = "\033[0m";

static void begin_style(struct page *page, enum page_style style)
{
	if (page->colour)
		buf_append_string(&page->out, style_codes[style]);
}

static void end_style(struct page *page, enum page_style style)
{
	if (page->colour && style != PAGE_PLAIN)
		buf_append_string(&page->out, style_end);
}

static bool take_code(const char **text, const char *code)
{
	size_t length = strlen(code);

	if (strncmp(*text, code, length) != 0)
		return false;
	*text += length;
	return true;
}

bool page_take_style(const char **text, enum page_style *style)
{
	if (take_code(text, style_end)) {
		*style = PAGE_PLAIN;
		return true;
	}
	for (size_t i = PAGE_PLAIN + 1; i < sizeof(style_codes) / sizeof(style_codes[0]); i++) {
		if (take_code(text, style_codes[i])) {
			*style = (enum page_style)i;
			return true;
		}
	}
	return false;
}

void page_put(struct page *page, const char *text)
{
	buf_append_string(&page->out, text);
}

void page_put_styled(struct page *page, enum page_style style, const char *text)
{
	begin_style(page, style);
	clean_text_append(&page->out, text);
	end_style(page, style);
}

void page_printf(struct page *page, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length >= 0)
		clean_text_append(&page->out, text);
	free(text);
}

void page_pad(struct page *page, int count)
{
	while (count-- > 0)
		buf_append_u8(&page->out, ' ');
}

/* Append as much of *AT as fits into COLUMNS. */
static void append_columns(struct page *page, const char *at, int columns)
{
	const char *end = at;

	while (*at) {
		uint32_t code_point = clean_text_next(&end);
		bool harmful = clean_text_is_harmful(code_point);

		columns -= clean_text_width(harmful ? CLEAN_TEXT_REPLACEMENT : code_point);
		if (columns < 0)
			break;
		clean_text_append_code_point(&page->out, harmful ? CLEAN_TEXT_REPLACEMENT : code_point);
		at = end;
	}
}

void page_code(struct page *page, enum page_style style, const char *text, int columns)
{
	struct buf spaced = {0};

	for (int at = 0; *text;) {
		const char *next = text;
		int width = clean_text_width(clean_text_next(&next));

		if (*text == '\t') {
			width = TAB_COLUMNS - at % TAB_COLUMNS;
			for (int i = 0; i < width; i++)
				buf_append_u8(&spaced, ' ');
		} else {
			buf_append(&spaced, text, (size_t)(next - text));
		}
		at += width;
		text = next;
	}
	begin_style(page, style);
	append_columns(page, buf_string(&spaced), columns);
	end_style(page, style);
	buf_free(&spaced);
}

/* What is left of TEXT when its first COLUMNS columns are passed; a wide character that is cut goes wholly. */
static const char *pass_columns(const char *text, int columns)
{
	while (*text && columns > 0) {
		uint32_t code_point = clean_text_next(&text);

		columns -= clean_text_is_harmful(code_point) ? 1 : clean_text_width(code_point);
	}
	return text;
}

int page_short(struct page *page, enum page_style style, const char *text, int columns)
{
	int whole = clean_text_columns(text), tail, before;
	const char *rest;

	if (columns <= 0)
		return 0;
	if (whole <= columns) {
		page_put_styled(page, style, text);
		return whole;
	}
	/* The end of a name tells more than its beginning: two thirds of the room are for it. */
	tail = (columns - 1) * 2 / 3;
	before = columns - 1 - tail;
	rest = pass_columns(text, whole - tail);
	begin_style(page, style);
	append_columns(page, text, before);
	page_put(page, "…");
	clean_text_append(&page->out, rest);
	end_style(page, style);
	return before + 1 + clean_text_columns(rest);
}

void page_left(struct page *page, enum page_style style, const char *text, int columns)
{
	int used = page_short(page, style, text, columns);

	page_pad(page, columns - used);
}

void page_right(struct page *page, enum page_style style, const char *text, int columns)
{
	page_pad(page, columns - clean_text_columns(text));
	page_short(page, style, text, columns);
}

/* Whether the space at SPACE is between a number and its unit, as in "12 ms" and "3 %,". */
static bool joins_unit(const char *text, const char *space)
{
	size_t length = strcspn(space + 1, " \n");

	return space > text && space[-1] >= '0' && space[-1] <= '9' && length >= 1 && length <= 3;
}

/*
 * The end of the word at TEXT, cut to at most COLUMNS; its columns in *COLUMNS_TAKEN. A path is cut behind a slash, so
 * that file and line stay in one piece.
 */
static const char *word_end(const char *text, int columns, int *columns_taken)
{
	const char *at = text, *folder = NULL;
	int folder_columns = 0;

	*columns_taken = 0;
	while (*at && *at != '\n' && (*at != ' ' || joins_unit(text, at))) {
		const char *next = at;
		uint32_t code_point = clean_text_next(&next);
		int width = clean_text_is_harmful(code_point) ? 1 : clean_text_width(code_point);

		if (*columns_taken > 0 && *columns_taken + width > columns) {
			*columns_taken = folder ? folder_columns : *columns_taken;
			return folder ? folder : at;
		}
		*columns_taken += width;
		at = next;
		if (code_point == '/' && at > text + 1) {
			folder = at;
			folder_columns = *columns_taken;
		}
	}
	return at;
}

static void append_word(struct page *page, const char *word, const char *end)
{
	char *copy = strndup(word, (size_t)(end - word));

	clean_text_append(&page->out, copy);
	free(copy);
}

static void break_line(struct page *page, enum page_style style, int indent)
{
	end_style(page, style);
	page_put(page, "\n");
	page_pad(page, indent);
	begin_style(page, style);
}

void page_wrap(struct page *page, enum page_style style, const char *text, int indent)
{
	int room = page->width - indent > 20 ? page->width - indent : 20, used = 0, taken;
	const char *end;

	begin_style(page, style);
	for (text = text ? text : ""; *text; text = end) {
		if (*text == ' ' || *text == '\n') {
			end = text + 1;
			if (*text == '\n' && used > 0) {
				break_line(page, style, indent);
				used = 0;
			}
			continue;
		}
		end = word_end(text, room, &taken);
		if (used > 0 && used + 1 + taken > room) {
			break_line(page, style, indent);
			used = 0;
		}
		if (used > 0)
			page_put(page, " ");
		append_word(page, text, end);
		used += taken + (used > 0);
	}
	end_style(page, style);
	page_put(page, "\n");
}

void page_heading(struct page *page, const char *title)
{
	page_put(page, "\n");
	page_put_styled(page, PAGE_TITLE, title);
	page_put(page, "\n");
}
