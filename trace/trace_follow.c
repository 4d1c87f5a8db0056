/*
 * In: a file that grows. Out: its records, by the reader's callbacks, each once. The writer appends and never looks
 * back, so holes may be punched behind what was read: a program can be watched for days without filling the disk.
 */
#include "trace/trace_follow.h"

#include "base/buf.h"
#include "base/memory.h"
#include "trace/trace_pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE        (1u << 20)
#define BLOCK        4096u
#define RELEASE_FROM (256u * 1024) /* not for less */

struct trace_follow {
	int fd;
	char *path; /* for messages */
	bool release, grows;
	struct trace_callbacks callbacks;
	struct trace trace;
	struct trace_pieces *pieces;
	struct buf rest;   /* read from the file, not yet a whole frame */
	off_t at;          /* bytes of the file that were read */
	off_t released_to; /* a multiple of BLOCK */
};

enum status trace_follow_open(struct trace_follow **out, const char *path, const struct trace_callbacks *callbacks,
			      bool release, struct error *error)
{
	/* Punching takes the right to write. */
	int fd = open(path, (release ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	struct trace_follow *follow;

	if (fd < 0)
		return errno == ENOENT ? STATUS_NO_ENTRY : error_set_errno(error, "cannot read %s", path);
	follow = memory_alloc(1, sizeof(*follow));
	follow->fd = fd;
	follow->path = memory_copy_string(path);
	follow->release = release;
	follow->callbacks = *callbacks;
	follow->pieces = trace_pieces_new(&follow->trace, &follow->callbacks);
	*out = follow;
	return STATUS_OK;
}

void trace_follow_close(struct trace_follow *follow)
{
	if (!follow)
		return;
	trace_pieces_free(follow->pieces);
	trace_free(&follow->trace);
	buf_free(&follow->rest);
	close(follow->fd);
	free(follow->path);
	free(follow);
}

/* Give back the whole blocks before what was read. The first one stays: it tells that the file is a trace. */
static void follow_release(struct trace_follow *follow)
{
	off_t from = follow->released_to ? follow->released_to : BLOCK, to = follow->at / BLOCK * BLOCK;

	if (!follow->release || follow->grows || to - from < RELEASE_FROM)
		return;
	if (fallocate(follow->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from))
		follow->grows = errno != EINTR;
	else
		follow->released_to = to;
}

static void follow_drop_front(struct buf *buf, size_t size)
{
	memmove(buf->data, buf->data + size, buf->size - size);
	buf->size -= size;
}

/* One piece of the file. STATUS_NO_ENTRY when there is no more of it yet. */
static enum status follow_piece(struct trace_follow *follow, struct error *error)
{
	uint8_t *room = buf_reserve(&follow->rest, PIECE);
	ssize_t size = pread(follow->fd, room, PIECE, follow->at);
	enum status status;
	size_t taken;

	if (size < 0 && errno != EINTR)
		return error_set_errno(error, "cannot read %s", follow->path);
	if (size <= 0)
		return STATUS_NO_ENTRY;
	follow->at += size;
	follow->rest.size += (size_t)size;
	status = trace_pieces_take(follow->pieces, follow->rest.data, follow->rest.size, &taken, follow->path, error);
	follow_drop_front(&follow->rest, taken);
	return status;
}

enum status trace_follow_read(struct trace_follow *follow, struct error *error)
{
	enum status status;

	if (follow->trace.damage[0])
		return error_set(error, "%s: %s", follow->path, follow->trace.damage);
	do
		status = follow_piece(follow, error);
	while (status == STATUS_OK);
	follow_release(follow);
	return status == STATUS_ERROR ? STATUS_ERROR : STATUS_OK;
}

const struct trace *trace_follow_trace(const struct trace_follow *follow)
{
	return &follow->trace;
}

bool trace_follow_grows(const struct trace_follow *follow)
{
	return follow->grows;
}
