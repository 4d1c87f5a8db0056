/* To be built with a sanitizer: allocates, loses one block, and has nothing of others in its environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	const char *preloaded = getenv("LD_PRELOAD");
	char *volatile lost = malloc(77);
	int i;

	for (i = 0; i < 1000; i++) {
		void *volatile pointer = malloc(100);

		free(pointer);
	}
	strcpy(lost, "lost");
	lost = NULL;
	printf("well, %s\n", preloaded && strstr(preloaded, "escprof") ? "and watched" : "alone");
	return 7;
}
