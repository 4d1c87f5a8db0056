/* The trace reader on any bytes. Checksums are made right first, so that the records behind them are reached. */
#include "trace/trace_format.h"
#include "trace/trace_reader.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	/* What the reader promises: the numbers are valid. */
	*(uint64_t *)user += trace->contexts[sample->context].size;
	if (sample->labels >= TRACE_LABELS_FIRST) {
		const struct trace_label_set *set = &trace->label_sets[sample->labels - TRACE_LABELS_FIRST];

		for (uint32_t i = 0; i < set->count; i++)
			*(uint64_t *)user += strlen(set->labels[i].key) + strlen(set->labels[i].value);
	}
}

static void read_once(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;
	struct trace_callbacks callbacks = {.sample = count_sample, .user = &sum};
	struct trace trace;
	struct error error;

	if (trace_read_memory(&trace, data, size, "fuzz", &callbacks, &error) != STATUS_OK)
		return;
	trace_find_symbol(&trace, 0x401000);
	trace_find_type(&trace, 0x401000);
	trace_find_order(&trace, 0x401000);
	trace_find_function(&trace, 0x401000);
	trace_fact(&trace, "command", NULL);
	trace_free(&trace);
}

/* DATA as the records of one well-formed frame. */
static void read_as_records(const uint8_t *data, size_t size)
{
	size_t bound = ZSTD_compressBound(size), stored;
	uint8_t *file = malloc(TRACE_HEADER_SIZE + TRACE_FRAME_HEADER_SIZE + bound);
	uint8_t *frame = file + TRACE_HEADER_SIZE;
	uint32_t word;

	memcpy(file, TRACE_MAGIC, 8);
	word = TRACE_VERSION;
	memcpy(file + 8, &word, 4);
	word = (uint32_t)crc32(0, file, 12);
	memcpy(file + 12, &word, 4);
	stored = ZSTD_compress(frame + TRACE_FRAME_HEADER_SIZE, bound, data, size, 1);
	word = TRACE_FRAME_MAGIC;
	memcpy(frame, &word, 4);
	word = (uint32_t)stored;
	memcpy(frame + 4, &word, 4);
	word = (uint32_t)size;
	memcpy(frame + 8, &word, 4);
	word = (uint32_t)crc32(crc32(0, frame, 12), frame + TRACE_FRAME_HEADER_SIZE, (uInt)stored);
	memcpy(frame + 12, &word, 4);
	read_once(file, TRACE_HEADER_SIZE + TRACE_FRAME_HEADER_SIZE + stored);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_once(data, size);
	read_as_records(data, size);
	return 0;
}
