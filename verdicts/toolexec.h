/*
 * What the go command runs in place of each of its tools (-toolexec): the compiler is asked for its verdicts on the
 * way, the linker for which packages it joins. Whatever fails on our side, the tool runs as it would have.
 */
#ifndef VERDICTS_TOOLEXEC_H
#define VERDICTS_TOOLEXEC_H

#include "base/error.h"

/*
 * The word added to a tool's -V=full, so that the go command's cache keeps apart what was compiled this way. Change it
 * when what is stored changes, and packages are compiled and read anew.
 */
#define TOOLEXEC_VERSION_WORD "escprof2"

/*
 * Run the tool ARGV[0] with the arguments after it (NULL-terminated), its verdicts kept in the store. Returns the
 * exit status for this process, the tool's own; 127 with ERROR filled when the tool cannot be run. May not return at
 * all: tools that are none of ours take this process's place. What the tool prints goes where it would have gone,
 * without the diagnostics that only we have asked for.
 */
int toolexec_run(char **argv, struct error *error);

#endif
