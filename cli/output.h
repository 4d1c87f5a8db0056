/* Where a command's answer goes: the file of -o, or standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *stream;
	const char *path; /* borrowed; NULL: standard output */
};

/* Open PATH (NULL: standard output). False when it cannot be written, and that has been said. */
bool output_open(struct output *output, const char *path);

/*
 * Close it. Says what went wrong, by STATUS and *ERROR, or in writing to its end; returns the command's exit status, 0
 * or 1.
 */
int output_close(struct output *output, enum status status, struct error *error);

#endif
