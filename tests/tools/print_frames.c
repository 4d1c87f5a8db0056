/*
 * print_frames FILE: for each address on standard input, in hex, the inline chain that the symbolizer tells, as
 * `addr2line -a -i -f -C` prints it: the address, then for each level, innermost first, the function and FILE:LINE.
 */
#include "base/error.h"
#include "symbolizer/symbolizer.h"

#include <inttypes.h>
#include <stdio.h>

#define CAPACITY 64

int main(int argc, char **argv)
{
	struct symbol_frame frames[CAPACITY];
	struct symbolizer *symbolizer;
	struct error error = {""};
	uint64_t address;

	if (argc != 2 || symbolizer_open(&symbolizer, argv[1], &error) != STATUS_OK) {
		fprintf(stderr, "print_frames: %s\n", argc != 2 ? "give a file" : error.text);
		return 1;
	}
	while (scanf("%" SCNx64, &address) == 1) {
		size_t count = symbolizer_frames(symbolizer, address, frames, CAPACITY), i;

		printf("0x%016" PRIx64 "\n", address);
		for (i = 0; i < count; i++)
			printf("%s\n%s:%d\n", frames[i].function, *frames[i].file ? frames[i].file : "?",
			       frames[i].line);
	}
	symbolizer_close(symbolizer);
	return 0;
}
