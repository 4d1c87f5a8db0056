/* Allocates in the ways that every C library has, and says whether all went well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 1000

int main(int argc, char **argv)
{
	char *blocks[BLOCKS];
	void *aligned = NULL;
	int i, bad = 0;

	for (i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc((size_t)i + 1);
		memset(blocks[i], i, (size_t)i + 1);
		blocks[i] = realloc(blocks[i], 3 * (size_t)i + 100);
		bad += blocks[i][i] != (char)i;
	}
	for (i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	bad += posix_memalign(&aligned, 64, 100) != 0 || (size_t)aligned % 64;
	free(aligned);
	aligned = aligned_alloc(128, 256);
	bad += !aligned || (size_t)aligned % 128;
	free(aligned);
	aligned = calloc(10, 10);
	bad += !aligned || memcmp(aligned, (char[100]){0}, 100);
	free(aligned);
	printf("bad %d %s\n", bad, getenv("LD_PRELOAD") ? "preloaded" : "alone");
	return argc > 1 ? atoi(argv[1]) : 0;
}
