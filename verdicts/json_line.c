/*
 * In: a line's bytes. Out: numbers, and strings without their escapes. jsmn checks the nesting and finds the tokens; it
 * makes nothing of them, which is what the compiler's megabytes of diagnostics need: a tree of them costs ten times as
 * much.
 */
#include "verdicts/json_line.h"

#include "base/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#define FIRST_TOKENS 256

struct json_line {
	const char *text;
	jsmntok_t *tokens; /* each container before what it holds */
	size_t count, capacity;
};

struct json_line *json_line_new(void)
{
	struct json_line *line = memory_alloc(1, sizeof(*line));

	line->capacity = FIRST_TOKENS;
	line->tokens = memory_alloc(line->capacity, sizeof(*line->tokens));
	return line;
}

void json_line_free(struct json_line *line)
{
	if (!line)
		return;
	free(line->tokens);
	free(line);
}

/* Whether every value stands where jsmn's leniency does not matter: each member of an object is a string and a value.
 */
static bool json_line_is_sound(const struct json_line *line)
{
	size_t i;

	for (i = 1; i < line->count; i++) {
		const jsmntok_t *parent = line->tokens[i].parent < 0 ? NULL : &line->tokens[line->tokens[i].parent];

		if (!parent || parent->type == JSMN_PRIMITIVE)
			return false;
		if (parent->type == JSMN_OBJECT && (line->tokens[i].type != JSMN_STRING || line->tokens[i].size != 1))
			return false;
	}
	return true;
}

const char *json_line_parse(struct json_line *line, const char *text, size_t length)
{
	jsmn_parser parser;
	int got;

	line->text = text;
	line->count = 0;
	if (length > INT_MAX)
		return "longer than 2 GiB";
	jsmn_init(&parser);
	while ((got = jsmn_parse(&parser, text, length, line->tokens, (unsigned)line->capacity)) == JSMN_ERROR_NOMEM)
		line->tokens = memory_reserve(line->tokens, line->capacity, &line->capacity, sizeof(*line->tokens));
	if (got == JSMN_ERROR_PART)
		return "it ends too early";
	if (got <= 0)
		return "no JSON";
	line->count = parser.toknext;
	if (line->tokens[0].type != JSMN_OBJECT || !json_line_is_sound(line)) {
		line->count = 0;
		return "no object";
	}
	return NULL;
}

/* The token behind VALUE and all that it holds. */
static size_t json_line_skip(const struct json_line *line, size_t value)
{
	int end = line->tokens[value].end;

	for (value++; value < line->count && line->tokens[value].start < end; value++)
		;
	return value;
}

static bool json_line_is(const struct json_line *line, size_t value, jsmntype_t type)
{
	return value < line->count && line->tokens[value].type == type;
}

size_t json_line_member(const struct json_line *line, size_t object, const char *name)
{
	size_t length = strlen(name), at = object + 1;
	const jsmntok_t *key;

	if (!json_line_is(line, object, JSMN_OBJECT))
		return JSON_LINE_NONE;
	for (; at < line->count && line->tokens[at].start < line->tokens[object].end; at = json_line_skip(line, at)) {
		key = &line->tokens[at++];
		if ((size_t)(key->end - key->start) == length && !memcmp(line->text + key->start, name, length))
			return at;
	}
	return JSON_LINE_NONE;
}

size_t json_line_first(const struct json_line *line, size_t array)
{
	if (!json_line_is(line, array, JSMN_ARRAY) || !line->tokens[array].size)
		return JSON_LINE_NONE;
	return array + 1;
}

size_t json_line_next(const struct json_line *line, size_t array, size_t value)
{
	value = json_line_skip(line, value);
	return value < line->count && line->tokens[value].start < line->tokens[array].end ? value : JSON_LINE_NONE;
}

int64_t json_line_number(const struct json_line *line, size_t value)
{
	const char *at, *end;
	int64_t number = 0;

	if (!json_line_is(line, value, JSMN_PRIMITIVE))
		return -1;
	at = line->text + line->tokens[value].start;
	end = line->text + line->tokens[value].end;
	for (; at < end && *at >= '0' && *at <= '9' && number <= UINT32_MAX; at++)
		number = number * 10 + (*at - '0');
	return at == end && number <= UINT32_MAX ? number : -1;
}

/* Four hexadecimal digits at AT, which jsmn has seen. */
static uint32_t json_line_hex(const char *at)
{
	char digits[5] = {0};

	memcpy(digits, at, 4);
	return (uint32_t)strtoul(digits, NULL, 16);
}

/* The code of the \u escape whose digits *AT is at; *AT goes to its last digit. A lone surrogate is no character. */
static uint32_t json_line_code(const char **at, const char *end)
{
	uint32_t code = json_line_hex(*at), low;

	*at += 3;
	if (code < 0xd800 || code > 0xdfff)
		return code;
	if (code > 0xdbff || end - *at < 7 || (*at)[1] != '\\' || (*at)[2] != 'u')
		return 0xfffd;
	low = json_line_hex(*at + 3);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*at += 6;
	return 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
}

static void json_line_put(struct buf *into, uint32_t code)
{
	if (code < 0x80) {
		buf_append_u8(into, (uint8_t)code);
		return;
	}
	if (code < 0x800) {
		buf_append_u8(into, (uint8_t)(0xc0 | code >> 6));
	} else if (code < 0x10000) {
		buf_append_u8(into, (uint8_t)(0xe0 | code >> 12));
		buf_append_u8(into, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	} else {
		buf_append_u8(into, (uint8_t)(0xf0 | code >> 18));
		buf_append_u8(into, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
		buf_append_u8(into, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	}
	buf_append_u8(into, (uint8_t)(0x80 | (code & 0x3f)));
}

const char *json_line_string(const struct json_line *line, size_t value, struct buf *into)
{
	static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
	const char *at, *end, *escape, *letter;

	into->size = 0;
	if (!json_line_is(line, value, JSMN_STRING))
		return NULL;
	at = line->text + line->tokens[value].start;
	end = line->text + line->tokens[value].end;
	while ((escape = memchr(at, '\\', end - at)) && end - escape >= 2) {
		buf_append(into, at, escape - at);
		at = escape + 1;
		letter = strchr(letters, *at);
		if (*at == 'u') {
			at++;
			json_line_put(into, json_line_code(&at, end));
		} else {
			buf_append_u8(into, (uint8_t)(letter && *letter ? controls[letter - letters] : *at));
		}
		at++;
	}
	buf_append(into, at, end - at);
	return buf_string(into);
}
