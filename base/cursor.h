/*
 * A cursor over bytes that nobody vouches for: every read carries the end.
 *
 * The first read that would pass the end sets `failed` and returns 0 (or NULL); every later one does so too. So a
 * decoder may read a whole record and look at `failed` once. Not thread-safe; owns nothing.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at;  /* next byte */
	const uint8_t *end; /* one past the last */
	bool failed;
};

/* A cursor over SIZE bytes at DATA (may be NULL when SIZE is 0), borrowed. */
struct cursor cursor_make(const void *data, size_t size);

/* Bytes left, 0 once failed. */
size_t cursor_left(const struct cursor *cursor);

/* Little-endian integers, unaligned. */
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor);
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);

/* LEB128, at most 10 bytes; anything longer fails. */
uint64_t cursor_uleb(struct cursor *cursor);

/* Zigzag-coded LEB128, as Go's varint and protobuf's sint64 (not DWARF's sleb128). */
int64_t cursor_zigzag(struct cursor *cursor);

/* DWARF's signed LEB128. */
int64_t cursor_sleb(struct cursor *cursor);

/* The next SIZE bytes, borrowed from the data; NULL when there are not so many. */
const uint8_t *cursor_bytes(struct cursor *cursor, size_t size);

/* An unsigned LEB128 number, which is *SIZE, and so many bytes: as cursor_bytes. */
const uint8_t *cursor_counted(struct cursor *cursor, size_t *size);

/* The NUL-terminated string here, borrowed from the data; NULL when no NUL comes before the end. */
const char *cursor_string(struct cursor *cursor);

/* Pass over SIZE bytes. */
void cursor_skip(struct cursor *cursor, size_t size);

#endif
