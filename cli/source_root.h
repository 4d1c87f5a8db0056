/* The folder that a program's source files are named relative to. */
#ifndef CLI_SOURCE_ROOT_H
#define CLI_SOURCE_ROOT_H

/*
 * The absolute path of GIVEN, or when that is NULL of the git work tree around the working directory, or of the latter
 * itself. The caller's to free; NULL when there is none, or it is the root.
 */
char *source_root_find(const char *given);

#endif
