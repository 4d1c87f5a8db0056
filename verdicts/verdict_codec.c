/*
 * The stored form of verdicts: a header (magic, version, raw size, CRC-32 of the rest), then one zstd frame of a string
 * table and records of LEB128 numbers.
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

#define CODEC_MAGIC   0x56435345u /* "ESCV" */
#define CODEC_VERSION 1
#define CODEC_HEADER  16
#define CODEC_RAW_MAX (1u << 28)
#define CODEC_LEVEL   6
#define CHAIN_MAX     256
#define STEPS_MAX     256

enum codec_flag { FLAG_CHAIN_KNOWN = 1, FLAG_TOO_LARGE = 2, FLAG_NON_CONSTANT = 4 };

static void codec_write_place(struct buf *body, struct strtab *strings, const char *file, uint32_t line,
			      uint32_t column)
{
	buf_append_uleb(body, strtab_add(strings, file));
	buf_append_uleb(body, line);
	buf_append_uleb(body, column);
}

/* Chains and flows longer than a reader takes are cut: none of that length has been seen. */
static void codec_write_verdict(struct buf *body, struct strtab *strings, const struct verdict *verdict)
{
	size_t nchain = verdict->nchain < CHAIN_MAX ? verdict->nchain : CHAIN_MAX;
	size_t nsteps = verdict->nsteps < STEPS_MAX ? verdict->nsteps : STEPS_MAX;
	size_t i;

	buf_append_uleb(body, verdict->kind);
	buf_append_uleb(body, (verdict->chain_known && nchain == verdict->nchain ? FLAG_CHAIN_KNOWN : 0u) |
				  (verdict->too_large ? FLAG_TOO_LARGE : 0u) |
				  (verdict->non_constant ? FLAG_NON_CONSTANT : 0u));
	buf_append_uleb(body, strtab_add(strings, verdict->package));
	buf_append_uleb(body, strtab_add(strings, verdict->function));
	buf_append_uleb(body, strtab_add(strings, verdict->what));
	buf_append_uleb(body, strtab_add(strings, verdict->message));
	buf_append_uleb(body, nchain);
	for (i = 0; i < nchain; i++) {
		buf_append_uleb(body, strtab_add(strings, verdict->chain[i].function));
		codec_write_place(body, strings, verdict->chain[i].file, verdict->chain[i].line,
				  verdict->chain[i].column);
	}
	buf_append_uleb(body, nsteps);
	for (i = 0; i < nsteps; i++) {
		buf_append_uleb(body, strtab_add(strings, verdict->steps[i].text));
		buf_append_uleb(body, strtab_add(strings, verdict->steps[i].why));
		buf_append_uleb(body, strtab_add(strings, verdict->steps[i].target));
		codec_write_place(body, strings, verdict->steps[i].file, verdict->steps[i].line,
				  verdict->steps[i].column);
	}
}

/* String table, then records, into RAW. */
static void codec_write_raw(struct buf *raw, const struct verdict_set *set)
{
	struct strtab *strings = strtab_new();
	struct buf body = {0};
	uint32_t number;
	size_t i;

	for (i = 0; i < verdict_set_count(set); i++)
		codec_write_verdict(&body, strings, verdict_set_at(set, i));
	buf_append_uleb(raw, strtab_count(strings));
	for (number = 1; number < strtab_count(strings); number++) {
		const char *text = strtab_get(strings, number);

		buf_append(raw, text, strlen(text) + 1);
	}
	buf_append_uleb(raw, verdict_set_count(set));
	buf_append(raw, body.data, body.size);
	buf_free(&body);
	strtab_free(strings);
}

void verdict_codec_write(struct buf *buf, const struct verdict_set *set)
{
	struct buf raw = {0};
	size_t start = buf->size, bound, stored;
	uint32_t checksum;

	codec_write_raw(&raw, set);
	bound = ZSTD_compressBound(raw.size);
	buf_append_u32(buf, CODEC_MAGIC);
	buf_append_u32(buf, CODEC_VERSION);
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

/* The strings of the table while it is read; numbers beyond it fail the cursor. */
struct codec_strings {
	const char **texts;
	uint64_t count;
};

static const char *codec_string(struct cursor *cursor, const struct codec_strings *strings)
{
	uint64_t number = cursor_uleb(cursor);

	if (number >= strings->count) {
		cursor->failed = true;
		return "";
	}
	return strings->texts[number];
}

static void codec_read_strings(struct cursor *cursor, struct codec_strings *strings)
{
	uint64_t i;

	strings->count = cursor_uleb(cursor);
	if (!strings->count || strings->count - 1 > cursor_left(cursor)) {
		cursor->failed = true;
		strings->count = 0;
		return;
	}
	strings->texts = memory_alloc(strings->count, sizeof(*strings->texts));
	strings->texts[0] = "";
	for (i = 1; i < strings->count; i++) {
		const char *text = cursor_string(cursor);

		strings->texts[i] = text ? text : "";
	}
}

static void codec_read_verdict(struct cursor *cursor, const struct codec_strings *strings, struct verdict_set *set,
			       struct verdict_position *chain, struct verdict_step *steps)
{
	struct verdict verdict = {0};
	uint64_t kind = cursor_uleb(cursor), flags = cursor_uleb(cursor), i;

	verdict.kind = (enum verdict_kind)kind;
	verdict.chain_known = flags & FLAG_CHAIN_KNOWN;
	verdict.too_large = flags & FLAG_TOO_LARGE;
	verdict.non_constant = flags & FLAG_NON_CONSTANT;
	verdict.package = codec_string(cursor, strings);
	verdict.function = codec_string(cursor, strings);
	verdict.what = codec_string(cursor, strings);
	verdict.message = codec_string(cursor, strings);
	verdict.nchain = cursor_uleb(cursor);
	if (kind > VERDICT_LEAK || !verdict.nchain || verdict.nchain > CHAIN_MAX)
		cursor->failed = true;
	for (i = 0; !cursor->failed && i < verdict.nchain; i++) {
		chain[i].function = codec_string(cursor, strings);
		chain[i].file = codec_string(cursor, strings);
		chain[i].line = (uint32_t)cursor_uleb(cursor);
		chain[i].column = (uint32_t)cursor_uleb(cursor);
	}
	verdict.nsteps = cursor_uleb(cursor);
	if (verdict.nsteps > STEPS_MAX)
		cursor->failed = true;
	for (i = 0; !cursor->failed && i < verdict.nsteps; i++) {
		steps[i].text = codec_string(cursor, strings);
		steps[i].why = codec_string(cursor, strings);
		steps[i].target = codec_string(cursor, strings);
		steps[i].file = codec_string(cursor, strings);
		steps[i].line = (uint32_t)cursor_uleb(cursor);
		steps[i].column = (uint32_t)cursor_uleb(cursor);
	}
	verdict.chain = chain;
	verdict.steps = steps;
	if (!cursor->failed)
		verdict_set_add(set, &verdict);
}

static bool codec_read_raw(struct verdict_set *set, const uint8_t *raw, size_t size)
{
	struct verdict_position *chain = memory_alloc(CHAIN_MAX, sizeof(*chain));
	struct verdict_step *steps = memory_alloc(STEPS_MAX, sizeof(*steps));
	struct cursor cursor = cursor_make(raw, size);
	struct codec_strings strings = {0};
	uint64_t count, i;

	codec_read_strings(&cursor, &strings);
	count = cursor_uleb(&cursor);
	for (i = 0; i < count && !cursor.failed; i++)
		codec_read_verdict(&cursor, &strings, set, chain, steps);
	free(strings.texts);
	free(chain);
	free(steps);
	return !cursor.failed;
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
	if (cursor->failed || header->magic != CODEC_MAGIC)
		return error_set(error, "no stored verdicts: %s", name);
	if (header->version != CODEC_VERSION)
		return error_set(error, "verdicts of another escprof (format %u, not %u): %s: build again",
				 header->version, CODEC_VERSION, name);
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
