/*
 * Blocks in a list, filled one after the other; texts go to a string table beside them, so that two texts are equal
 * exactly when their pointers are: grouping by call site compares pointers.
 */
#include "analyzer/arena.h"

#include "base/memory.h"
#include "base/strtab.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_BLOCK_SIZE (256u << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(16) uint8_t bytes[];
};

struct arena {
	struct arena_block *blocks;
	struct strtab *strings;
};

struct arena *arena_new(void)
{
	struct arena *arena = memory_alloc(1, sizeof(*arena));

	arena->strings = strtab_new();
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	strtab_free(arena->strings);
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	size_t bytes = (count * size + 15) & ~(size_t)15;
	struct arena_block *block = arena->blocks;

	if (!block || block->size - block->used < bytes) {
		size_t capacity = bytes > ARENA_BLOCK_SIZE ? bytes : ARENA_BLOCK_SIZE;

		block = memory_alloc(1, sizeof(*block) + capacity);
		block->size = capacity;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	block->used += bytes;
	return block->bytes + block->used - bytes;
}

const char *arena_string(struct arena *arena, const char *text)
{
	return strtab_get(arena->strings, strtab_add(arena->strings, text));
}

const char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	const char *kept;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return arena_string(arena, format);
	kept = arena_string(arena, text);
	free(text);
	return kept;
}
