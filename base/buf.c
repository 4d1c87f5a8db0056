/* A growable run of bytes. */
#include "base/buf.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

uint8_t *buf_reserve(struct buf *buf, size_t size)
{
	if (buf->capacity - buf->size < size) {
		size_t wanted = buf->capacity ? buf->capacity * 2 : 256;

		if (wanted < buf->size + size)
			wanted = buf->size + size;
		buf->data = memory_resize(buf->data, wanted, 1);
		buf->capacity = wanted;
	}
	return buf->data + buf->size;
}

void buf_append(struct buf *buf, const void *bytes, size_t size)
{
	if (!size)
		return;
	memcpy(buf_reserve(buf, size), bytes, size);
	buf->size += size;
}

void buf_append_string(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_append_format(struct buf *buf, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length <= 0)
		return;
	buf_reserve(buf, (size_t)length + 1);
	va_start(args, format);
	vsnprintf((char *)buf->data + buf->size, (size_t)length + 1, format, args);
	va_end(args);
	buf->size += (size_t)length;
}

void buf_append_u8(struct buf *buf, uint8_t value)
{
	buf_append(buf, &value, sizeof(value));
}

void buf_append_u32(struct buf *buf, uint32_t value)
{
	buf_append(buf, &value, sizeof(value));
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
	buf_append(buf, &value, sizeof(value));
}

void buf_append_uleb(struct buf *buf, uint64_t value)
{
	uint8_t *at = buf_reserve(buf, 10);
	uint8_t *start = at;

	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	buf->size += (size_t)(at - start);
}

void buf_append_zigzag(struct buf *buf, int64_t value)
{
	buf_append_uleb(buf, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

const char *buf_string(struct buf *buf)
{
	*buf_reserve(buf, 1) = 0;
	return (const char *)buf->data;
}
