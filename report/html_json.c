/*
 * In: values, one after the other. Out: JSON without the four characters that mean something to HTML, and without
 * those that mean something to scripts only.
 */
#include "report/html_json.h"

#include "report/clean_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void begin_value(struct html_json *json, const char *key)
{
	if (json->comma)
		buf_append_u8(&json->out, ',');
	json->comma = true;
	if (key)
		buf_append_format(&json->out, "\"%s\":", key);
}

void html_json_open(struct html_json *json, const char *key, char bracket)
{
	begin_value(json, key);
	buf_append_u8(&json->out, (uint8_t)bracket);
	json->comma = false;
}

void html_json_close(struct html_json *json, char bracket)
{
	buf_append_u8(&json->out, (uint8_t)bracket);
	json->comma = true;
}

void html_json_real(struct html_json *json, const char *key, double value, int digits)
{
	char text[40];

	begin_value(json, key);
	if (value == 0)
		strcpy(text, "0");
	else if (isfinite(value))
		snprintf(text, sizeof(text), "%.*g", digits, value);
	else
		strcpy(text, "null");
	buf_append_string(&json->out, text);
}

void html_json_integer(struct html_json *json, const char *key, int64_t value)
{
	char text[24];

	begin_value(json, key);
	snprintf(text, sizeof(text), "%lld", (long long)value);
	buf_append_string(&json->out, text);
}

void html_json_boolean(struct html_json *json, const char *key, bool value)
{
	begin_value(json, key);
	buf_append_string(&json->out, value ? "true" : "false");
}

/* Whether JSON has to write it by its number: it ends a string, or might end or begin markup. */
static bool needs_number(uint32_t code_point)
{
	return code_point == '"' || code_point == '\\' || code_point == '<' || code_point == '>' || code_point == '&' ||
	       code_point == '\'' || code_point == '\n' || code_point == '\t';
}

void html_json_text(struct html_json *json, const char *key, const char *text, size_t most)
{
	const char *at = text ? text : "", *start = at;
	uint32_t code_point;

	begin_value(json, key);
	buf_append_u8(&json->out, '"');
	while ((code_point = clean_text_next(&at))) {
		if ((size_t)(at - start) > most) {
			clean_text_append_code_point(&json->out, 0x2026); /* … */
			break;
		}
		if (needs_number(code_point))
			buf_append_format(&json->out, "\\u%04x", (unsigned)code_point);
		else if (clean_text_is_harmful(code_point))
			clean_text_append_code_point(&json->out, CLEAN_TEXT_REPLACEMENT);
		else
			clean_text_append_code_point(&json->out, code_point);
	}
	buf_append_u8(&json->out, '"');
}

void html_json_bytes(struct html_json *json, const char *key, const struct buf *bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	begin_value(json, key);
	buf_append_u8(&json->out, '"');
	for (size_t i = 0; i < bytes->size; i += 3) {
		size_t left = bytes->size - i;
		uint32_t three = (uint32_t)bytes->data[i] << 16;
		uint8_t *to = buf_reserve(&json->out, 4);

		three |= left > 1 ? (uint32_t)bytes->data[i + 1] << 8 : 0;
		three |= left > 2 ? bytes->data[i + 2] : 0;
		to[0] = (uint8_t)digits[three >> 18];
		to[1] = (uint8_t)digits[three >> 12 & 63];
		to[2] = left > 1 ? (uint8_t)digits[three >> 6 & 63] : '=';
		to[3] = left > 2 ? (uint8_t)digits[three & 63] : '=';
		json->out.size += 4;
	}
	buf_append_u8(&json->out, '"');
}
