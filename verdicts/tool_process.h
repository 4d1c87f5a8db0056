/* Running the go command's tools, and reading their arguments. */
#ifndef VERDICTS_TOOL_PROCESS_H
#define VERDICTS_TOOL_PROCESS_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

/* Let the tool ARGV[0] take this process's place. Returns only when it cannot be run: 127, and ERROR is filled. */
int tool_process_become(char **argv, struct error *error);

/*
 * Run the tool ARGV[0] and wait for it. With OUTPUT, what it prints on both streams is appended there; with NULL it
 * prints for itself. Returns its exit status (128 + N for signal N, 127 when it cannot be run), or -1 when there is
 * no process to be had.
 */
int tool_process_run(char **argv, struct buf *output);

/* Write SIZE bytes to standard output, as the tool would have. */
void tool_process_print(const void *bytes, size_t size);

/* The last value of the option NAME ("-o") in ARGV, given as "-o X" or "-o=X"; NULL when it is not there. */
const char *tool_process_option(char **argv, const char *name);

/* Whether an argument is NAME ("-m") or starts with "NAME=". */
bool tool_process_has(char **argv, const char *name);

#endif
