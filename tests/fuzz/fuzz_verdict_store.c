/*
 * Stored verdicts: the bytes as they are, and behind a header with the right checksum, compressed, so that the reader
 * of records is reached. What is read must come out the same when it is written and read again.
 */
#include "base/buf.h"
#include "verdicts/verdict.h"
#include "verdicts/verdict_codec.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* SIZE raw bytes at DATA as verdict_codec_write would have stored them. */
static void wrap(struct buf *out, const uint8_t *data, size_t size)
{
	struct buf head = {0};
	size_t bound = ZSTD_compressBound(size), stored;
	uint8_t *frame = malloc(bound);

	stored = ZSTD_compress(frame, bound, data, size, 1);
	buf_append_u32(&head, VERDICT_CODEC_MAGIC);
	buf_append_u32(&head, VERDICT_CODEC_VERSION);
	buf_append_u32(&head, size);
	buf_append(out, head.data, head.size);
	buf_append_u32(out, crc32(crc32(0, head.data, 12), frame, stored));
	buf_append(out, frame, stored);
	buf_free(&head);
	free(frame);
}

static void read_twice(const uint8_t *data, size_t size)
{
	struct verdict_set *set = verdict_set_new(), *again = verdict_set_new();
	struct buf bytes = {0};
	struct error error;

	if (verdict_codec_read(set, data, size, "fuzz", &error) == STATUS_OK) {
		verdict_codec_write(&bytes, set);
		if (verdict_codec_read(again, bytes.data, bytes.size, "again", &error) != STATUS_OK ||
		    verdict_set_count(again) != verdict_set_count(set))
			abort();
	}
	buf_free(&bytes);
	verdict_set_free(set);
	verdict_set_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf wrapped = {0};

	read_twice(data, size);
	wrap(&wrapped, data, size);
	read_twice(wrapped.data, wrapped.size);
	buf_free(&wrapped);
	return 0;
}
