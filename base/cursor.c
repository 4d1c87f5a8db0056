/* Bounded reads of untrusted bytes. */
#include "base/cursor.h"

#include <string.h>

struct cursor cursor_make(const void *data, size_t size)
{
	static const uint8_t nothing[1];
	struct cursor cursor = {.at = data ? data : nothing, .failed = false};

	cursor.end = cursor.at + (data ? size : 0);
	return cursor;
}

size_t cursor_left(const struct cursor *cursor)
{
	return cursor->failed ? 0 : (size_t)(cursor->end - cursor->at);
}

const uint8_t *cursor_bytes(struct cursor *cursor, size_t size)
{
	const uint8_t *bytes = cursor->at;

	if (cursor->failed || (size_t)(cursor->end - cursor->at) < size) {
		cursor->failed = true;
		return NULL;
	}
	cursor->at += size;
	return bytes;
}

void cursor_skip(struct cursor *cursor, size_t size)
{
	cursor_bytes(cursor, size);
}

static uint64_t cursor_little_endian(struct cursor *cursor, size_t size)
{
	const uint8_t *bytes = cursor_bytes(cursor, size);
	uint64_t value = 0;

	if (bytes)
		memcpy(&value, bytes, size);
	return value;
}

uint8_t cursor_u8(struct cursor *cursor)
{
	return (uint8_t)cursor_little_endian(cursor, 1);
}

uint16_t cursor_u16(struct cursor *cursor)
{
	return (uint16_t)cursor_little_endian(cursor, 2);
}

uint32_t cursor_u32(struct cursor *cursor)
{
	return (uint32_t)cursor_little_endian(cursor, 4);
}

uint64_t cursor_u64(struct cursor *cursor)
{
	return cursor_little_endian(cursor, 8);
}

/* The bits of a LEB128 number; *BITS becomes how many were given and *LAST the last byte. */
static uint64_t cursor_leb(struct cursor *cursor, unsigned *bits, uint8_t *last)
{
	uint64_t value = 0;
	unsigned shift;

	*bits = 0;
	*last = 0;
	for (shift = 0; shift < 70; shift += 7) {
		if (cursor->failed || cursor->at == cursor->end)
			break;
		*last = *cursor->at++;
		if (shift < 64)
			value |= (uint64_t)(*last & 0x7f) << shift;
		if (!(*last & 0x80)) {
			*bits = shift + 7;
			return value;
		}
	}
	cursor->failed = true;
	return 0;
}

uint64_t cursor_uleb(struct cursor *cursor)
{
	unsigned bits;
	uint8_t last;

	return cursor_leb(cursor, &bits, &last);
}

int64_t cursor_zigzag(struct cursor *cursor)
{
	uint64_t value = cursor_uleb(cursor);

	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

int64_t cursor_sleb(struct cursor *cursor)
{
	unsigned bits;
	uint8_t last;
	uint64_t value = cursor_leb(cursor, &bits, &last);

	if (bits && bits < 64 && (last & 0x40))
		value |= ~(uint64_t)0 << bits;
	return (int64_t)value;
}

const uint8_t *cursor_counted(struct cursor *cursor, size_t *size)
{
	uint64_t length = cursor_uleb(cursor);

	*size = (size_t)length;
	return cursor_bytes(cursor, length > SIZE_MAX / 2 ? SIZE_MAX : (size_t)length);
}

const char *cursor_string(struct cursor *cursor)
{
	const uint8_t *nul = cursor->failed ? NULL : memchr(cursor->at, 0, (size_t)(cursor->end - cursor->at));
	const char *text = (const char *)cursor->at;

	if (!nul) {
		cursor->failed = true;
		return NULL;
	}
	cursor->at = nul + 1;
	return text;
}
