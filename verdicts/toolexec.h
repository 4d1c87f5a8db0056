/*
 * What the go command runs in place of each of its tools (-toolexec): the compiler is asked for its verdicts on the
 * way, the linker for which packages it joins. Whatever fails on our side, the tool runs as it would have.
 */
#ifndef VERDICTS_TOOLEXEC_H
#define VERDICTS_TOOLEXEC_H

/* The word added to a tool's -V=full, so that the go command's cache keeps what was compiled this way apart. */
#define TOOLEXEC_VERSION_WORD "escprof1"

/*
 * Run the tool ARGV[0] with the arguments after it (NULL-terminated), its verdicts kept in the store. Returns the exit
 * status for this process: the tool's own. Prints only what the tool prints.
 */
int toolexec_run(char **argv);

#endif
