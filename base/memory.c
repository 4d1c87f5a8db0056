/* Allocation that does not fail: what runs outside the target has nothing better to do than to say so and end. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void memory_exhausted(size_t count, size_t size)
{
	fprintf(stderr, "escprof: out of memory: %zu objects of %zu bytes\n", count, size);
	exit(1);
}

void *memory_alloc(size_t count, size_t size)
{
	void *block = calloc(count ? count : 1, size ? size : 1);

	if (!block)
		memory_exhausted(count, size);
	return block;
}

void *memory_resize(void *block, size_t count, size_t size)
{
	void *resized = NULL;

	if (!size || count <= SIZE_MAX / size)
		resized = realloc(block, count && size ? count * size : 1);
	if (!resized)
		memory_exhausted(count, size);
	return resized;
}

char *memory_copy_bytes(const void *bytes, size_t length)
{
	char *copy = memory_alloc(length + 1, 1);

	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

char *memory_copy_string(const char *text)
{
	return memory_copy_bytes(text, strlen(text));
}

char *memory_format(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		memory_exhausted(1, strlen(format));
	return text;
}

void *memory_reserve(void *block, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return block;
	*capacity = *capacity ? *capacity * 2 : 16;
	return memory_resize(block, *capacity, size);
}
