/*
 * A program with a malloc of its own, which knows only its own blocks and aborts at any other. It has none of the
 * functions beside malloc, calloc, realloc and free: the C library's reallocarray comes to its realloc.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK 0x6f776e6d616c6c6full

struct block {
	uint64_t mark, size;
	char bytes[];
};

static char heap[64 << 20] __attribute__((aligned(16)));
static size_t used;

static struct block *block_of(void *pointer)
{
	struct block *block = (struct block *)((char *)pointer - sizeof(*block));

	if ((char *)pointer < heap || (char *)pointer >= heap + sizeof(heap) || block->mark != MARK)
		abort();
	return block;
}

void *malloc(size_t size)
{
	size_t need = (size + 15) / 16 * 16 + sizeof(struct block), at = __atomic_fetch_add(&used, need, __ATOMIC_RELAXED);
	struct block *block = (struct block *)(heap + at);

	if (at + need > sizeof(heap))
		return NULL;
	block->mark = MARK;
	block->size = size;
	return block->bytes;
}

void free(void *pointer)
{
	if (pointer)
		block_of(pointer);
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size); /* never used before, so zero */
}

void *realloc(void *old, size_t size)
{
	void *pointer = malloc(size);
	size_t before = old ? block_of(old)->size : 0;

	if (pointer && old)
		memcpy(pointer, old, before < size ? before : size);
	return pointer;
}

int main(void)
{
	for (size_t i = 1; i < 200; i++) {
		char *pointer = malloc(i);

		memset(pointer, 'x', i);
		pointer = reallocarray(pointer, i, 3);
		if (!pointer || pointer[i - 1] != 'x')
			return 1;
		free(pointer);
		free(strdup("the C library's"));
	}
	puts("its own");
	return 0;
}
