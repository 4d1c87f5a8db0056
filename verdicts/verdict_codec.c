/*
 * The stored form of verdicts: a header (magic, version, raw size, CRC-32 of the rest), then one zstd frame of a string
 * table and records of LEB128 numbers. What a record repeats of itself (its words, nearly the line of the place before)
 * is left out: zstd finds such repetition too, but pays more for it.
 */
#include "verdicts/verdict_codec.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "verdicts/verdict.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define CODEC_HEADER  16
#define CODEC_RAW_MAX (1u << 28)
#define CODEC_LEVEL   9
#define CHAIN_MAX     256
#define STEPS_MAX     256

enum codec_flag {
	FLAG_CHAIN_KNOWN = 1,
	FLAG_TOO_LARGE = 2,
	FLAG_NON_CONSTANT = 4,
	FLAG_MESSAGE_AROUND = 8, /* the message is kept as what stands before and behind "what" */
	FLAG_IS_CONSTANT = 16,
};

enum codec_step_flag {
	STEP_TEXT_KNOWN = 1,  /* the text is "from WHAT (WHY)" */
	STEP_TEXT_HEAD = 2,   /* the text ends with " (WHY)" and is kept without */
	STEP_SAME_TARGET = 4, /* as the step before */
};

/* A string is 0 for "", 1 for the first of the table that was not used yet, else its number, counted from 2 on. */
enum { STRING_EMPTY, STRING_NEXT, STRING_USED };

struct codec_writer {
	struct strtab *strings;
	struct buf body, places; /* apart, since each is more like itself than like the other */
	uint32_t used;           /* strings written so far */
	uint32_t line;           /* of the place before */
};

static void codec_write_string(struct codec_writer *writer, const char *text)
{
	uint32_t number = strtab_add(writer->strings, text);

	if (!number) {
		buf_append_uleb(&writer->body, STRING_EMPTY);
	} else if (number > writer->used) {
		buf_append_uleb(&writer->body, STRING_NEXT);
		writer->used = number;
	} else {
		buf_append_uleb(&writer->body, STRING_USED + number);
	}
}

/* Places are near the ones before them. */
static void codec_write_place(struct codec_writer *writer, const char *file, uint32_t line, uint32_t column)
{
	codec_write_string(writer, file);
	buf_append_zigzag(&writer->places, (int64_t)line - writer->line);
	buf_append_uleb(&writer->places, column);
	writer->line = line;
}

/* Whether TEXT ends with " (WHY)"; *HEAD is the length of the rest. */
static bool codec_split_text(const char *text, const char *why, size_t *head)
{
	size_t length = strlen(text), size = strlen(why);

	if (length < size + 3 || text[length - 1] != ')' || memcmp(text + length - 1 - size, why, size) != 0 ||
	    memcmp(text + length - 3 - size, " (", 2) != 0)
		return false;
	*head = length - size - 3;
	return true;
}

static void codec_write_step(struct codec_writer *writer, const struct verdict_step *step, const char *what,
			     const char *target)
{
	unsigned flags = target && !strcmp(step->target, target) ? STEP_SAME_TARGET : 0;
	const char *text = step->text;
	char *head = NULL;
	size_t length;

	if (codec_split_text(text, step->why, &length)) {
		bool known =
		    length == strlen(what) + 5 && !strncmp(text, "from ", 5) && !strncmp(text + 5, what, length - 5);

		flags |= known ? STEP_TEXT_KNOWN : STEP_TEXT_HEAD;
		text = head = memory_copy_bytes(text, length);
	}
	buf_append_uleb(&writer->body, flags);
	codec_write_string(writer, step->why);
	if (!(flags & STEP_TEXT_KNOWN))
		codec_write_string(writer, text);
	if (!(flags & STEP_SAME_TARGET))
		codec_write_string(writer, step->target);
	codec_write_place(writer, step->file, step->line, step->column);
	free(head);
}

/* MESSAGE, which holds WHAT at FOUND (NULL: it does not), without WHAT. */
static void codec_write_message(struct codec_writer *writer, const char *message, const char *found, const char *what)
{
	char *before;

	if (!found) {
		codec_write_string(writer, message);
		return;
	}
	before = memory_copy_bytes(message, found - message);
	codec_write_string(writer, before);
	codec_write_string(writer, found + strlen(what));
	free(before);
}

/* Chains and flows longer than a reader takes are cut: none of that length has been seen. */
static void codec_write_verdict(struct codec_writer *writer, const struct verdict *verdict)
{
	size_t nchain = verdict->nchain < CHAIN_MAX ? verdict->nchain : CHAIN_MAX;
	size_t nsteps = verdict->nsteps < STEPS_MAX ? verdict->nsteps : STEPS_MAX;
	const char *found = *verdict->what ? strstr(verdict->message, verdict->what) : NULL;
	size_t i;

	buf_append_uleb(&writer->body, verdict->kind);
	buf_append_uleb(&writer->body, (verdict->chain_known && nchain == verdict->nchain ? FLAG_CHAIN_KNOWN : 0u) |
					   (verdict->too_large ? FLAG_TOO_LARGE : 0u) |
					   (verdict->non_constant ? FLAG_NON_CONSTANT : 0u) |
					   (verdict->is_constant ? FLAG_IS_CONSTANT : 0u) |
					   (found ? FLAG_MESSAGE_AROUND : 0u));
	codec_write_string(writer, verdict->package);
	codec_write_string(writer, verdict->function);
	codec_write_string(writer, verdict->what);
	codec_write_message(writer, verdict->message, found, verdict->what);
	buf_append_uleb(&writer->body, nchain);
	for (i = 0; i < nchain; i++) {
		codec_write_string(writer, verdict->chain[i].function);
		codec_write_place(writer, verdict->chain[i].file, verdict->chain[i].line, verdict->chain[i].column);
	}
	buf_append_uleb(&writer->body, nsteps);
	for (i = 0; i < nsteps; i++)
		codec_write_step(writer, &verdict->steps[i], verdict->what, i ? verdict->steps[i - 1].target : NULL);
}

/* String table, then records, into RAW. */
static void codec_write_raw(struct buf *raw, const struct verdict_set *set)
{
	struct codec_writer writer = {.strings = strtab_new()};
	uint32_t number;
	size_t i;

	for (i = 0; i < verdict_set_count(set); i++)
		codec_write_verdict(&writer, verdict_set_at(set, i));
	buf_append_uleb(raw, strtab_count(writer.strings));
	for (number = 1; number < strtab_count(writer.strings); number++) {
		const char *text = strtab_get(writer.strings, number);

		buf_append(raw, text, strlen(text) + 1);
	}
	buf_append_uleb(raw, verdict_set_count(set));
	buf_append_uleb(raw, writer.body.size);
	buf_append(raw, writer.body.data, writer.body.size);
	buf_append(raw, writer.places.data, writer.places.size);
	buf_free(&writer.body);
	buf_free(&writer.places);
	strtab_free(writer.strings);
}

void verdict_codec_write(struct buf *buf, const struct verdict_set *set)
{
	struct buf raw = {0};
	size_t start = buf->size, bound, stored;
	uint32_t checksum;

	codec_write_raw(&raw, set);
	bound = ZSTD_compressBound(raw.size);
	buf_append_u32(buf, VERDICT_CODEC_MAGIC);
	buf_append_u32(buf, VERDICT_CODEC_VERSION);
	buf_append_u32(buf, (uint32_t)raw.size);
	buf_append_u32(buf, 0);
	buf_reserve(buf, bound);
	stored = ZSTD_compress(buf->data + buf->size, bound, raw.data, raw.size, CODEC_LEVEL);
	buf->size += ZSTD_isError(stored) ? 0 : stored;
	checksum = (uint32_t)crc32(crc32(0, buf->data + start, 12), buf->data + start + CODEC_HEADER,
				   (uInt)(buf->size - start - CODEC_HEADER));
	memcpy(buf->data + start + 12, &checksum, sizeof(checksum));
	buf_free(&raw);
}

struct codec_reader {
	struct cursor cursor, places;
	const char **texts; /* the table, by number */
	uint64_t ntexts, used;
	uint32_t line;
	struct strtab *made; /* owns the texts that were put together */
	size_t made_bytes;
	struct verdict_position *chain; /* of the verdict at hand */
	struct verdict_step *steps;
};

static const char *codec_read_string(struct codec_reader *reader)
{
	uint64_t code = cursor_uleb(&reader->cursor), number;

	if (code == STRING_EMPTY)
		return "";
	number = code == STRING_NEXT ? reader->used + 1 : code - STRING_USED;
	if (number - 1 >= reader->ntexts - 1 || reader->cursor.failed) { /* 0 and what wrapped are out too */
		reader->cursor.failed = true;
		return "";
	}
	if (number > reader->used)
		reader->used = number;
	return reader->texts[number];
}

/* BEFORE, WHAT and BEHIND as one text, which the reader owns. */
static const char *codec_join(struct codec_reader *reader, const char *before, const char *what, const char *behind)
{
	char *whole = memory_format("%s%s%s", before, what, behind);
	const char *text;

	reader->made_bytes += strlen(whole);
	if (reader->made_bytes > CODEC_RAW_MAX) /* of few bytes that are no compiler's */
		reader->cursor.failed = true;
	text = strtab_get(reader->made, strtab_add(reader->made, whole));
	free(whole);
	return text;
}

static void codec_read_place(struct codec_reader *reader, const char **file, uint32_t *line, uint32_t *column)
{
	*file = codec_read_string(reader);
	reader->line += (uint32_t)cursor_zigzag(&reader->places);
	*line = reader->line;
	*column = (uint32_t)cursor_uleb(&reader->places);
}

static void codec_read_table(struct codec_reader *reader)
{
	uint64_t i;

	reader->ntexts = cursor_uleb(&reader->cursor);
	if (!reader->ntexts || reader->ntexts - 1 > cursor_left(&reader->cursor)) {
		reader->cursor.failed = true;
		reader->ntexts = 1;
		return;
	}
	reader->texts = memory_alloc(reader->ntexts, sizeof(*reader->texts));
	reader->texts[0] = "";
	for (i = 1; i < reader->ntexts; i++) {
		const char *text = cursor_string(&reader->cursor);

		reader->texts[i] = text ? text : "";
	}
}

static const char *codec_read_text(struct codec_reader *reader, uint64_t flags, const char *what, const char *why)
{
	const char *text = flags & STEP_TEXT_KNOWN ? codec_join(reader, "from ", what, "") : codec_read_string(reader);

	if (!(flags & (STEP_TEXT_KNOWN | STEP_TEXT_HEAD)))
		return text;
	return codec_join(reader, codec_join(reader, text, " (", ""), why, ")");
}

static void codec_read_steps(struct codec_reader *reader, const struct verdict *verdict)
{
	size_t i;

	for (i = 0; i < verdict->nsteps && !reader->cursor.failed; i++) {
		struct verdict_step *step = &reader->steps[i];
		uint64_t flags = cursor_uleb(&reader->cursor);

		step->why = codec_read_string(reader);
		step->text = codec_read_text(reader, flags, verdict->what, step->why);
		if (flags & STEP_SAME_TARGET)
			step->target = i ? step[-1].target : "";
		else
			step->target = codec_read_string(reader);
		codec_read_place(reader, &step->file, &step->line, &step->column);
	}
}

static void codec_read_verdict(struct codec_reader *reader, struct verdict_set *set)
{
	uint64_t kind = cursor_uleb(&reader->cursor), flags = cursor_uleb(&reader->cursor), i;
	struct verdict verdict = {.chain = reader->chain, .steps = reader->steps};

	verdict.kind = (enum verdict_kind)kind;
	verdict.chain_known = flags & FLAG_CHAIN_KNOWN;
	verdict.too_large = flags & FLAG_TOO_LARGE;
	verdict.non_constant = flags & FLAG_NON_CONSTANT;
	verdict.is_constant = flags & FLAG_IS_CONSTANT;
	verdict.package = codec_read_string(reader);
	verdict.function = codec_read_string(reader);
	verdict.what = codec_read_string(reader);
	verdict.message = codec_read_string(reader);
	if (flags & FLAG_MESSAGE_AROUND)
		verdict.message = codec_join(reader, verdict.message, verdict.what, codec_read_string(reader));
	verdict.nchain = cursor_uleb(&reader->cursor);
	if (kind > VERDICT_LEAK || !verdict.nchain || verdict.nchain > CHAIN_MAX)
		reader->cursor.failed = true;
	for (i = 0; !reader->cursor.failed && i < verdict.nchain; i++) {
		struct verdict_position *place = &reader->chain[i];

		place->function = codec_read_string(reader);
		codec_read_place(reader, &place->file, &place->line, &place->column);
	}
	verdict.nsteps = cursor_uleb(&reader->cursor);
	if (verdict.nsteps > STEPS_MAX)
		reader->cursor.failed = true;
	codec_read_steps(reader, &verdict);
	if (!reader->cursor.failed && !reader->places.failed)
		verdict_set_add(set, &verdict);
}

static bool codec_read_raw(struct verdict_set *set, const uint8_t *raw, size_t size)
{
	struct codec_reader reader = {.cursor = cursor_make(raw, size)};
	uint64_t count, body_size, i;
	const uint8_t *body;

	reader.made = strtab_new();
	reader.chain = memory_alloc(CHAIN_MAX, sizeof(*reader.chain));
	reader.steps = memory_alloc(STEPS_MAX, sizeof(*reader.steps));
	codec_read_table(&reader);
	count = cursor_uleb(&reader.cursor);
	body_size = cursor_uleb(&reader.cursor);
	body = cursor_bytes(&reader.cursor, body_size);
	reader.places = reader.cursor;
	reader.cursor = cursor_make(body, body ? body_size : 0);
	for (i = 0; i < count && !reader.cursor.failed && !reader.places.failed; i++)
		codec_read_verdict(&reader, set);
	strtab_free(reader.made);
	free(reader.texts);
	free(reader.chain);
	free(reader.steps);
	return body && !reader.cursor.failed && !reader.places.failed;
}

/* What stands before the frame. */
struct codec_header {
	uint32_t magic, version, raw_size, checksum;
};

/* Read the header and check it and the bytes that CURSOR then stands at; NAME as in verdict_codec_read. */
static enum status codec_read_header(struct cursor *cursor, struct codec_header *header, const char *name,
				     struct error *error)
{
	const uint8_t *start = cursor->at;

	header->magic = cursor_u32(cursor);
	header->version = cursor_u32(cursor);
	header->raw_size = cursor_u32(cursor);
	header->checksum = cursor_u32(cursor);
	if (cursor->failed || header->magic != VERDICT_CODEC_MAGIC)
		return error_set(error, "no stored verdicts: %s", name);
	if (header->version != VERDICT_CODEC_VERSION)
		return error_set(error, "verdicts of another escprof (format %u, not %u): %s: build again",
				 header->version, VERDICT_CODEC_VERSION, name);
	if (header->raw_size > CODEC_RAW_MAX ||
	    crc32(crc32(0, start, 12), cursor->at, cursor_left(cursor)) != header->checksum)
		return error_set(error, "damaged verdicts: %s: the checksum is wrong: build again", name);
	return STATUS_OK;
}

bool verdict_codec_is_sound(const void *data, size_t size)
{
	struct cursor cursor = cursor_make(data, size);
	struct codec_header header;

	return codec_read_header(&cursor, &header, "", NULL) == STATUS_OK;
}

enum status verdict_codec_read(struct verdict_set *set, const void *data, size_t size, const char *name,
			       struct error *error)
{
	struct cursor cursor = cursor_make(data, size);
	struct codec_header header;
	uint8_t *raw;
	bool sound;

	if (codec_read_header(&cursor, &header, name, error) != STATUS_OK)
		return STATUS_ERROR;
	raw = memory_alloc(1, header.raw_size);
	sound = ZSTD_decompress(raw, header.raw_size, cursor.at, cursor_left(&cursor)) == header.raw_size &&
		codec_read_raw(set, raw, header.raw_size);
	free(raw);
	return sound ? STATUS_OK : error_set(error, "damaged verdicts: %s: build again", name);
}
