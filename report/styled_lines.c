/* In: a page's bytes with its marks of style. Out: lines of spans. */
#include "report/styled_lines.h"

#include "base/memory.h"
#include "report/clean_text.h"

#include <stdlib.h>
#include <string.h>

static struct styled_line *add_line(struct styled_lines *lines)
{
	lines->lines = memory_reserve(lines->lines, lines->count, &lines->capacity, sizeof(*lines->lines));
	lines->lines[lines->count] = (struct styled_line){0};
	return &lines->lines[lines->count++];
}

static void add_span(struct styled_line *line, enum page_style style, const char *text, size_t length)
{
	if (length == 0)
		return;
	line->spans = memory_resize(line->spans, line->count + 1, sizeof(*line->spans));
	line->spans[line->count++] = (struct styled_span){style, memory_copy_bytes(text, length)};
}

/* Move past the text up to the next mark or the line's end; the bytes that fit into *ROOM columns, which it takes. */
static size_t take_text(const char **text, int *room)
{
	const char *start = *text, *fits = start;

	while (**text && **text != '\n' && **text != '\033') {
		*room -= clean_text_width(clean_text_next(text));
		if (*room >= 0)
			fits = *text;
	}
	return (size_t)(fits - start);
}

void styled_lines_append(struct styled_lines *lines, struct page *page, int columns)
{
	const char *text = buf_string(&page->out);
	enum page_style style = PAGE_PLAIN;

	while (*text) {
		struct styled_line *line = add_line(lines);
		int room = columns;

		while (*text && *text != '\n') {
			const char *start = text;

			if (!page_take_style(&text, &style) && *text == '\033')
				text++; /* no page has it */
			else if (start == text)
				add_span(line, style, start, take_text(&text, &room));
		}
		text += *text == '\n';
	}
}

static void free_line(struct styled_line *line)
{
	for (size_t i = 0; i < line->count; i++)
		free(line->spans[i].text);
	free(line->spans);
}

void styled_lines_resize(struct styled_lines *lines, size_t count)
{
	while (lines->count > count)
		free_line(&lines->lines[--lines->count]);
	while (lines->count < count)
		add_line(lines);
}

void styled_lines_free(struct styled_lines *lines)
{
	styled_lines_resize(lines, 0);
	free(lines->lines);
	*lines = (struct styled_lines){0};
}
