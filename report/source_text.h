/* The lines of a source file, as they are on this machine now. */
#ifndef REPORT_SOURCE_TEXT_H
#define REPORT_SOURCE_TEXT_H

#include "base/error.h"
#include "base/mapfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct source_text {
	struct mapfile file;
	size_t *starts; /* of each line, and the end */
	size_t count;   /* lines */
	time_t changed;
};

/*
 * Open FILE as the program's debug information names it: where it says, else below the COUNT folders of DIRECTORIES, by
 * as much of its path as there is (a program built with -trimpath names "example.com/m/x.go"). False when it is nowhere
 * or not to be read. Close with source_text_close.
 */
bool source_text_open(struct source_text *text, const char *file, const char *const *directories, size_t count);

/* A copy of LINE (from 1) without its end, for free(); NULL when there is no such line. */
char *source_text_line(const struct source_text *text, uint32_t line);

/* Release what it holds; one that was never opened, zeroed, is fine. */
void source_text_close(struct source_text *text);

#endif
