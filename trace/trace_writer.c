/*
 * The writer of traces. Records are appended to a block in memory; a flush compresses the block into one frame with a
 * checksum and hands it to the kernel in one write, so that a reader sees whole frames only.
 */
#include "trace/trace_writer.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "trace/trace_format.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define WRITER_BLOCK      (4u << 20) /* raw bytes after which a frame is written by itself */
#define WRITER_ZSTD_LEVEL 1 /* the drain must keep up with a service that allocates millions of times a second */

/* What deltas are taken against; zeroed at every frame. */
struct writer_deltas {
	uint64_t time_ns, goroutine, address, c_time_ns;
	uint64_t rate, live_rate;
	uint32_t processor, cycle, labels;
	bool state_written;
};

struct trace_writer {
	int fd;
	char *path;
	struct buf block;
	struct buf frame;
	ZSTD_CCtx *zstd;
	struct strtab *strings;
	struct writer_deltas deltas;
	uint32_t ncontexts, ncpu_stacks, nc_contexts;
	uint64_t size;
	bool failed; /* a frame could not be written; the first failure is kept in `error` */
	struct error error;
};

static enum status writer_write(struct trace_writer *writer, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t written = write(writer->fd, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(&writer->error, "cannot write the trace: %s", writer->path);
		at += written;
		size -= (size_t)written;
		writer->size += (uint64_t)written;
	}
	return STATUS_OK;
}

static enum status writer_write_header(struct trace_writer *writer)
{
	struct buf header = {0};
	enum status status;

	buf_append(&header, TRACE_MAGIC, 8);
	buf_append_u32(&header, TRACE_VERSION);
	buf_append_u32(&header, (uint32_t)crc32(0, header.data, (uInt)header.size));
	status = writer_write(writer, header.data, header.size);
	buf_free(&header);
	return status;
}

static void writer_free(struct trace_writer *writer)
{
	if (writer->fd >= 0)
		close(writer->fd);
	ZSTD_freeCCtx(writer->zstd);
	strtab_free(writer->strings);
	buf_free(&writer->block);
	buf_free(&writer->frame);
	free(writer->path);
	free(writer);
}

enum status trace_writer_open(struct trace_writer **out, const char *path, struct error *error)
{
	struct trace_writer *writer;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return error_set_errno(error, "cannot create the trace: %s", path);
	writer = memory_alloc(1, sizeof(*writer));
	writer->fd = fd;
	writer->path = memory_copy_string(path);
	writer->zstd = ZSTD_createCCtx();
	writer->strings = strtab_new();
	if (!writer->zstd || writer_write_header(writer) != STATUS_OK) {
		if (error)
			*error = writer->error;
		writer_free(writer);
		return STATUS_ERROR;
	}
	*out = writer;
	return STATUS_OK;
}

/* Compress the block into `frame` behind a header; the block is empty afterwards. */
static enum status writer_make_frame(struct trace_writer *writer)
{
	size_t bound = ZSTD_compressBound(writer->block.size), stored;
	struct buf *frame = &writer->frame;

	frame->size = 0;
	buf_reserve(frame, TRACE_FRAME_HEADER_SIZE + bound);
	stored = ZSTD_compressCCtx(writer->zstd, frame->data + TRACE_FRAME_HEADER_SIZE, bound, writer->block.data,
				   writer->block.size, WRITER_ZSTD_LEVEL);
	if (ZSTD_isError(stored))
		return error_set(&writer->error, "cannot compress the trace: %s: %s", writer->path,
				 ZSTD_getErrorName(stored));
	buf_append_u32(frame, TRACE_FRAME_MAGIC);
	buf_append_u32(frame, (uint32_t)stored);
	buf_append_u32(frame, (uint32_t)writer->block.size);
	buf_append_u32(frame,
		       (uint32_t)crc32(crc32(0, frame->data, 12), frame->data + TRACE_FRAME_HEADER_SIZE, (uInt)stored));
	frame->size += stored;
	return STATUS_OK;
}

/* Write what is in the block as one frame. After a failure nothing more is written, so that the file stays readable. */
static void writer_flush_block(struct trace_writer *writer)
{
	if (writer->block.size && !writer->failed)
		writer->failed = writer_make_frame(writer) != STATUS_OK ||
				 writer_write(writer, writer->frame.data, writer->frame.size) != STATUS_OK;
	writer->block.size = 0;
	writer->deltas = (struct writer_deltas){0};
}

static void writer_begin(struct trace_writer *writer, enum trace_tag tag)
{
	if (writer->block.size >= WRITER_BLOCK)
		writer_flush_block(writer);
	buf_append_u8(&writer->block, (uint8_t)tag);
}

void trace_writer_fact(struct trace_writer *writer, const char *key, const void *value, size_t size)
{
	writer_begin(writer, TRACE_TAG_FACT);
	buf_append_uleb(&writer->block, strlen(key));
	buf_append_string(&writer->block, key);
	buf_append_uleb(&writer->block, size);
	buf_append(&writer->block, value, size);
}

static void writer_append_stack(struct buf *block, const uint64_t *stack, uint32_t depth)
{
	uint64_t previous = 0;

	buf_append_uleb(block, depth);
	for (uint32_t i = 0; i < depth; i++) {
		buf_append_zigzag(block, (int64_t)(stack[i] - previous));
		previous = stack[i];
	}
}

uint32_t trace_writer_context(struct trace_writer *writer, const struct trace_context *context)
{
	struct buf *block = &writer->block;

	writer_begin(writer, TRACE_TAG_CONTEXT);
	buf_append_uleb(block, (context->type_known ? TRACE_CONTEXT_TYPE_KNOWN : 0) |
				   (context->truncated ? TRACE_CONTEXT_TRUNCATED : 0));
	buf_append_uleb(block, context->size);
	buf_append_uleb(block, context->type);
	buf_append_uleb(block, context->creator_pc);
	writer_append_stack(block, context->stack, context->stack_depth);
	return writer->ncontexts++;
}

uint32_t trace_writer_cpu_stack(struct trace_writer *writer, const struct trace_cpu_stack *stack)
{
	writer_begin(writer, TRACE_TAG_CPU_STACK);
	writer_append_stack(&writer->block, stack->stack, stack->depth);
	return writer->ncpu_stacks++;
}

static void writer_text(struct buf *block, const char *text)
{
	buf_append_uleb(block, strlen(text));
	buf_append_string(block, text);
}

void trace_writer_labels(struct trace_writer *writer, const struct trace_label *labels, uint32_t count)
{
	uint32_t i;

	assert(count <= TRACE_LABELS_MAX);
	writer_begin(writer, TRACE_TAG_LABELS);
	buf_append_uleb(&writer->block, count);
	for (i = 0; i < count; i++) {
		writer_text(&writer->block, labels[i].key);
		writer_text(&writer->block, labels[i].value);
	}
}

static void writer_append_delta(struct buf *block, uint64_t value, uint64_t *previous)
{
	buf_append_zigzag(block, (int64_t)(value - *previous));
	*previous = value;
}

static void writer_state(struct trace_writer *writer, const struct trace_sample *sample)
{
	struct writer_deltas *deltas = &writer->deltas;

	if (deltas->state_written && deltas->processor == sample->processor && deltas->rate == sample->rate &&
	    deltas->live_rate == sample->live_rate && deltas->cycle == sample->cycle)
		return;
	deltas->processor = sample->processor;
	deltas->rate = sample->rate;
	deltas->live_rate = sample->live_rate;
	deltas->cycle = sample->cycle;
	deltas->state_written = true;
	buf_append_u8(&writer->block, TRACE_TAG_STATE);
	buf_append_uleb(&writer->block, sample->processor);
	buf_append_uleb(&writer->block, sample->rate);
	buf_append_uleb(&writer->block, sample->live_rate);
	buf_append_uleb(&writer->block, sample->cycle);
}

static void writer_labelled(struct trace_writer *writer, uint32_t labels)
{
	if (writer->deltas.labels == labels)
		return;
	writer->deltas.labels = labels;
	buf_append_u8(&writer->block, TRACE_TAG_LABELLED);
	buf_append_uleb(&writer->block, labels);
}

static void writer_counted(struct trace_writer *writer, const struct trace_sample *sample)
{
	struct buf *block = &writer->block;

	buf_append_u8(block, TRACE_TAG_COUNTED);
	writer_append_delta(block, sample->time_ns, &writer->deltas.time_ns);
	buf_append_uleb(block, sample->context);
	buf_append_uleb(block, sample->count);
}

void trace_writer_sample(struct trace_writer *writer, const struct trace_sample *sample)
{
	struct buf *block = &writer->block;
	struct trace_sample plain = *sample;

	assert(sample->count == 1 || (sample->count && !sample->address));
	if (block->size >= WRITER_BLOCK)
		writer_flush_block(writer);
	if (!sample->address) /* the live rate says nothing here: keep it from switching the state to and fro */
		plain.live_rate = writer->deltas.live_rate;
	writer_state(writer, &plain);
	writer_labelled(writer, sample->labels);
	if (sample->count > 1) {
		writer_counted(writer, sample);
		return;
	}
	buf_append_u8(block, sample->address ? TRACE_TAG_TRACKED : TRACE_TAG_SAMPLE);
	writer_append_delta(block, sample->time_ns, &writer->deltas.time_ns);
	buf_append_uleb(block, sample->context);
	writer_append_delta(block, sample->goroutine, &writer->deltas.goroutine);
	if (sample->address)
		writer_append_delta(block, sample->address, &writer->deltas.address);
}

void trace_writer_cpu_sample(struct trace_writer *writer, const struct trace_cpu_sample *sample)
{
	writer_begin(writer, TRACE_TAG_CPU_SAMPLE);
	writer_append_delta(&writer->block, sample->time_ns, &writer->deltas.time_ns);
	buf_append_uleb(&writer->block, sample->stack);
}

void trace_writer_death(struct trace_writer *writer, const struct trace_death *death)
{
	writer_begin(writer, TRACE_TAG_DEATH);
	writer_append_delta(&writer->block, death->time_ns, &writer->deltas.time_ns);
	writer_append_delta(&writer->block, death->address, &writer->deltas.address);
	buf_append_uleb(&writer->block, death->cycle);
}

void trace_writer_gc(struct trace_writer *writer, const struct trace_gc *gc)
{
	const uint64_t words[] = {
	    gc->memory_limit,    gc->heap_live,       gc->heap_marked,      gc->heap_goal,           gc->heap_minimum,
	    gc->heap_scan,       gc->stack_scan,      gc->globals_scan,     gc->total_alloc,         gc->total_free,
	    gc->pause_total_ns,  gc->goroutines,      gc->cpu_gc_assist_ns, gc->cpu_gc_dedicated_ns, gc->cpu_gc_idle_ns,
	    gc->cpu_gc_pause_ns, gc->cpu_gc_total_ns, gc->cpu_scavenge_ns,  gc->cpu_idle_ns,         gc->cpu_user_ns,
	    gc->cpu_total_ns,    gc->process_cpu_ns,  gc->mem_profile_rate, gc->goroutines_live,     gc->procs_running,
	    gc->procs,           gc->forced_cycles,
	};
	size_t i;

	writer_begin(writer, TRACE_TAG_GC);
	writer_append_delta(&writer->block, gc->time_ns, &writer->deltas.time_ns);
	buf_append_uleb(&writer->block, gc->cycle);
	buf_append_zigzag(&writer->block, gc->gc_percent);
	buf_append_uleb(&writer->block, sizeof(words) / sizeof(words[0]));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		buf_append_uleb(&writer->block, words[i] + 1); /* so that "unknown", all ones, is one byte */
}

void trace_writer_run_end(struct trace_writer *writer, uint32_t cycle)
{
	writer_begin(writer, TRACE_TAG_RUN_END);
	buf_append_uleb(&writer->block, cycle);
}

/* A record whose bytes are counted. */
static void writer_append_counted(struct trace_writer *writer, enum trace_tag tag, struct buf *body)
{
	writer_begin(writer, tag);
	buf_append_uleb(&writer->block, body->size);
	buf_append(&writer->block, body->data, body->size);
	buf_free(body);
}

void trace_writer_module(struct trace_writer *writer, const struct trace_module *module)
{
	struct buf body = {0};

	writer_text(&body, module->path);
	writer_text(&body, module->build_id);
	writer_append_counted(writer, TRACE_TAG_MODULE, &body);
}

uint32_t trace_writer_c_context(struct trace_writer *writer, const struct trace_c_context *context)
{
	struct buf body = {0};

	buf_append_uleb(&body, context->flags);
	buf_append_uleb(&body, context->size_class);
	writer_append_stack(&body, context->stack, context->stack_depth);
	writer_append_counted(writer, TRACE_TAG_C_CONTEXT, &body);
	return writer->nc_contexts++;
}

void trace_writer_c_counts(struct trace_writer *writer, const struct trace_c_counts *counts)
{
	struct buf body = {0};
	size_t i;

	if (writer->block.size >= WRITER_BLOCK) /* before the delta: it is taken within a frame */
		writer_flush_block(writer);
	writer_append_delta(&body, counts->time_ns, &writer->deltas.c_time_ns);
	buf_append_uleb(&body, counts->context);
	buf_append_uleb(&body, counts->allocs);
	buf_append_uleb(&body, counts->bytes);
	buf_append_uleb(&body, counts->frees);
	buf_append_uleb(&body, counts->freed_bytes);
	buf_append_uleb(&body, counts->untracked);
	buf_append_uleb(&body, counts->untracked_bytes);
	buf_append_uleb(&body, TRACE_C_LIVES);
	for (i = 0; i < TRACE_C_LIVES; i++)
		buf_append_uleb(&body, counts->lives[i]);
	writer_append_counted(writer, TRACE_TAG_C_COUNTS, &body);
}

void trace_writer_losses(struct trace_writer *writer, const struct trace_losses *losses)
{
	writer_begin(writer, TRACE_TAG_LOSSES);
	buf_append_uleb(&writer->block, losses->samples);
	buf_append_uleb(&writer->block, losses->sample_bytes);
	buf_append_uleb(&writer->block, losses->deaths);
	buf_append_uleb(&writer->block, losses->contended);
	buf_append_uleb(&writer->block, losses->throttled);
}

void trace_writer_rings(struct trace_writer *writer, uint64_t ring_size, const struct trace_ring *rings, uint32_t count)
{
	struct buf body = {0};
	uint32_t i;

	assert(count <= TRACE_RINGS_MAX);
	buf_append_uleb(&body, ring_size);
	buf_append_uleb(&body, count);
	for (i = 0; i < count; i++) {
		buf_append_uleb(&body, rings[i].samples);
		buf_append_uleb(&body, rings[i].sample_bytes);
		buf_append_uleb(&body, rings[i].deaths);
		buf_append_uleb(&body, rings[i].throttled);
		buf_append_uleb(&body, rings[i].peak);
	}
	writer_append_counted(writer, TRACE_TAG_RINGS, &body);
}

/* The number of TEXT in the trace, written first when it is new. */
static uint32_t writer_string(struct trace_writer *writer, const char *text)
{
	uint32_t known = strtab_count(writer->strings);
	uint32_t number = strtab_add(writer->strings, text);

	if (number == known) {
		writer_begin(writer, TRACE_TAG_STRING);
		buf_append_uleb(&writer->block, strlen(text));
		buf_append_string(&writer->block, text);
	}
	return number;
}

void trace_writer_symbol(struct trace_writer *writer, uint64_t pc, const struct trace_frame_text *frames,
			 uint32_t nframes, const char *entry, uint64_t call_type)
{
	uint32_t entry_number = writer_string(writer, entry), i;
	struct buf body = {0};

	buf_append_uleb(&body, pc);
	buf_append_uleb(&body, entry_number);
	buf_append_uleb(&body, call_type);
	buf_append_uleb(&body, nframes);
	for (i = 0; i < nframes; i++) {
		buf_append_uleb(&body, writer_string(writer, frames[i].function));
		buf_append_uleb(&body, writer_string(writer, frames[i].file));
		buf_append_uleb(&body, frames[i].line);
		buf_append_uleb(&body, frames[i].start_line);
	}
	writer_begin(writer, TRACE_TAG_SYMBOL);
	buf_append(&writer->block, body.data, body.size);
	buf_free(&body);
}

void trace_writer_type(struct trace_writer *writer, uint64_t address, const char *name, uint8_t kind, uint64_t size,
		       uint64_t ptr_bytes)
{
	uint32_t number = writer_string(writer, name);

	writer_begin(writer, TRACE_TAG_TYPE);
	buf_append_uleb(&writer->block, address);
	buf_append_uleb(&writer->block, number);
	buf_append_uleb(&writer->block, kind);
	buf_append_uleb(&writer->block, size);
	buf_append_uleb(&writer->block, ptr_bytes);
}

void trace_writer_order(struct trace_writer *writer, const struct trace_order *order)
{
	writer_begin(writer, TRACE_TAG_ORDER);
	buf_append_uleb(&writer->block, order->pc);
	buf_append_uleb(&writer->block, order->number);
	buf_append_uleb(&writer->block, order->count);
}

void trace_writer_function(struct trace_writer *writer, const struct trace_function *function)
{
	writer_begin(writer, TRACE_TAG_FUNCTION);
	buf_append_uleb(&writer->block, function->entry);
	buf_append_uleb(&writer->block, function->size);
	buf_append_u64(&writer->block, function->fingerprint);
}

enum status trace_writer_flush(struct trace_writer *writer, struct error *error)
{
	writer_flush_block(writer);
	if (!writer->failed)
		return STATUS_OK;
	if (error)
		*error = writer->error;
	return STATUS_ERROR;
}

uint64_t trace_writer_size(const struct trace_writer *writer)
{
	return writer->size;
}

void trace_writer_leave(struct trace_writer *writer)
{
	writer_free(writer);
}

enum status trace_writer_close(struct trace_writer *writer, bool complete, struct error *error)
{
	enum status status;

	if (complete)
		writer_begin(writer, TRACE_TAG_END);
	status = trace_writer_flush(writer, error);
	writer_free(writer);
	return status;
}
