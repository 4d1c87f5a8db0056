/*
 * A growable run of bytes, for building records and texts. Zero-initialise it; `data` is valid until the next append.
 * Ends the process when memory runs out (base/memory.h).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* owned; NULL while nothing was appended */
	size_t size;   /* bytes in use */
	size_t capacity;
};

/* Free the bytes; the buffer is empty and usable again. */
void buf_free(struct buf *buf);

/* Make room for SIZE more bytes and return where they go; `size` is not changed. */
uint8_t *buf_reserve(struct buf *buf, size_t size);

/* Append SIZE bytes. */
void buf_append(struct buf *buf, const void *bytes, size_t size);

/* Append TEXT without its NUL. */
void buf_append_string(struct buf *buf, const char *text);

/* Append printf-style text without a NUL. */
void buf_append_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Append little-endian integers. */
void buf_append_u8(struct buf *buf, uint8_t value);
void buf_append_u32(struct buf *buf, uint32_t value);
void buf_append_u64(struct buf *buf, uint64_t value);

/* Append an unsigned LEB128 number, and a zigzag-coded one: what cursor_uleb and cursor_zigzag read. */
void buf_append_uleb(struct buf *buf, uint64_t value);
void buf_append_zigzag(struct buf *buf, int64_t value);

/* Put a NUL after the bytes (not counted in `size`) and return them as a string, borrowed. */
const char *buf_string(struct buf *buf);

#endif
