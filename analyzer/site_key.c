/*
 * In: a site. Out: bytes that name it. The compiler numbers closures and what it wraps for go and defer by their place
 * among their like ("main.f.func2", "main.f.gowrap1"); such numbers shift when another is written before, so they go.
 */
#include "analyzer/site_key.h"

#include <stdbool.h>
#include <string.h>

/* cmd/compile/internal/ir/func.go, closureName (Go 1.22 to 1.27). */
static const char *const numbered[] = {"func", "gowrap", "deferwrap", "range"};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether the digits at AT end a name that the compiler has numbered, or are all there is between two dots. */
static bool is_compilers_number(const char *function, const char *at)
{
	const char *end = at;

	while (is_digit(*end))
		end++;
	if (*end && *end != '.' && *end != '-')
		return false;
	if (at > function && at[-1] == '.')
		return true;
	for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
		size_t length = strlen(numbered[i]);

		if ((size_t)(at - function) > length && memcmp(at - length, numbered[i], length) == 0 &&
		    (at[-(ptrdiff_t)length - 1] == '.' || at[-(ptrdiff_t)length - 1] == '-'))
			return true;
	}
	return false;
}

static void append_function(struct buf *out, const char *function)
{
	const char *at = function ? function : "";

	for (const char *start = at; *at;) {
		if (is_digit(*at) && (at == start || !is_digit(at[-1])) && is_compilers_number(start, at)) {
			while (is_digit(*at))
				at++;
			continue;
		}
		buf_append_u8(out, (uint8_t)*at++);
	}
	buf_append_u8(out, 0);
}

static void append_text(struct buf *out, const char *text)
{
	buf_append(out, text ? text : "", strlen(text ? text : "") + 1);
}

void site_key_append(struct buf *out, const struct site *site)
{
	for (size_t i = 0; i < site->ninline; i++)
		append_function(out, site->inline_chain[i].function);
	append_text(out, "");
	append_text(out, site->entry);
	append_text(out, site->type);
	if (site->class_ == CLASS_C) /* one for each place in Go that calls it */
		append_function(out, site->shown.function);
}

void site_key_append_short(struct buf *out, const struct site *site)
{
	append_function(out, site->function);
	append_text(out, site->entry);
	append_text(out, site->type);
	if (site->class_ == CLASS_C)
		append_function(out, site->shown.function);
}

int site_key_compare_places(const struct site *a, const struct site *b)
{
	for (size_t i = a->ninline, k = b->ninline; i > 0 && k > 0; i--, k--) {
		uint32_t x = a->inline_chain[i - 1].line, y = b->inline_chain[k - 1].line;

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a->line > b->line) - (a->line < b->line);
}
