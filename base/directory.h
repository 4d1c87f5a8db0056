/* Folders that are made on the way. */
#ifndef BASE_DIRECTORY_H
#define BASE_DIRECTORY_H

#include "base/error.h"

/* Make the folders that PATH, a file, is to be in, as far as they are missing. */
enum status directory_make_parents(const char *path, struct error *error);

/* A new folder to build in, below $TMPDIR or /tmp; KIND is part of its name. The caller's to remove and its path to
 * free; NULL: ERROR. */
char *directory_make_temporary(const char *kind, struct error *error);

#endif
