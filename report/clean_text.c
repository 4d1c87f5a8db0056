/*
 * Makes names harmless. In come strings of any bytes: a trace may have been written by anyone, and a Go symbol may hold
 * whatever its author's generator put there. Out goes UTF-8 that moves no cursor, turns no text, and is no markup.
 */
#include "report/clean_text.h"

#include <string.h>

/* How many bytes follow the first one, -1 when it begins nothing; the bits of the first byte in *BITS. */
static int continuation_count(uint8_t first, uint32_t *bits)
{
	if (first < 0x80) {
		*bits = first;
		return 0;
	}
	if (first >= 0xc2 && first <= 0xdf) {
		*bits = first & 0x1fu;
		return 1;
	}
	if (first >= 0xe0 && first <= 0xef) {
		*bits = first & 0x0fu;
		return 2;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		*bits = first & 0x07u;
		return 3;
	}
	return -1;
}

/* Overlong forms, surrogates and what lies past Unicode's end are no UTF-8. */
static bool is_well_formed(uint32_t code_point, int continuations)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

	return code_point >= least[continuations] && code_point <= 0x10ffff &&
	       !(code_point >= 0xd800 && code_point <= 0xdfff);
}

uint32_t clean_text_next(const char **text)
{
	const uint8_t *at = (const uint8_t *)*text;
	uint32_t code_point;
	int continuations, i;

	if (!*at)
		return 0;
	continuations = continuation_count(*at, &code_point);
	for (i = 1; i <= continuations && (at[i] & 0xc0) == 0x80; i++)
		code_point = code_point << 6 | (at[i] & 0x3fu);
	if (continuations < 0 || i <= continuations || !is_well_formed(code_point, continuations)) {
		*text += 1;
		return CLEAN_TEXT_REPLACEMENT;
	}
	*text += continuations + 1;
	return code_point;
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t code_point, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code_point >= ranges[i].first && code_point <= ranges[i].last)
			return true;
	return false;
}

bool clean_text_is_harmful(uint32_t code_point)
{
	static const struct range harmful[] = {
	    {0x01, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
	    {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
	};

	return in_ranges(code_point, harmful, sizeof(harmful) / sizeof(harmful[0]));
}

int clean_text_width(uint32_t code_point)
{
	static const struct range combining[] = {
	    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
	    {0x900, 0x902},   {0xe31, 0xe31},   {0xe34, 0xe3a},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
	    {0x20d0, 0x20ff}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
	};
	static const struct range wide[] = {
	    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
	    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
	    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (code_point < 0x300)
		return 1;
	if (in_ranges(code_point, combining, sizeof(combining) / sizeof(combining[0])))
		return 0;
	return in_ranges(code_point, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

void clean_text_append_code_point(struct buf *out, uint32_t code_point)
{
	uint8_t bytes[4];
	size_t size;

	if (code_point < 0x80) {
		bytes[0] = (uint8_t)code_point;
		size = 1;
	} else if (code_point < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | code_point >> 6);
		size = 2;
	} else if (code_point < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | code_point >> 12);
		size = 3;
	} else {
		bytes[0] = (uint8_t)(0xf0 | code_point >> 18);
		size = 4;
	}
	for (size_t i = 1; i < size; i++)
		bytes[i] = (uint8_t)(0x80 | (code_point >> 6 * (size - 1 - i) & 0x3f));
	buf_append(out, bytes, size);
}

static uint32_t next_harmless(const char **text)
{
	uint32_t code_point = clean_text_next(text);

	return clean_text_is_harmful(code_point) ? CLEAN_TEXT_REPLACEMENT : code_point;
}

void clean_text_append(struct buf *out, const char *text)
{
	const char *at = text ? text : "";
	uint32_t code_point;

	while ((code_point = next_harmless(&at)))
		clean_text_append_code_point(out, code_point);
}

void clean_text_append_utf8(struct buf *out, const char *text)
{
	const char *at = text ? text : "";
	uint32_t code_point;

	while ((code_point = clean_text_next(&at)))
		clean_text_append_code_point(out, code_point);
}

void clean_text_append_xml(struct buf *out, const char *text)
{
	static const char special[] = "&<>\"'";
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
	const char *at = text ? text : "";
	uint32_t code_point;

	while ((code_point = next_harmless(&at))) {
		const char *found = code_point < 0x80 ? strchr(special, (int)code_point) : NULL;

		if (found)
			buf_append_string(out, entities[found - special]);
		else
			clean_text_append_code_point(out, code_point);
	}
}

int clean_text_columns(const char *text)
{
	const char *at = text ? text : "";
	uint32_t code_point;
	int columns = 0;

	while ((code_point = next_harmless(&at)))
		columns += clean_text_width(code_point);
	return columns;
}
