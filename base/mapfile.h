/* A file's bytes, read-only in memory. */
#ifndef BASE_MAPFILE_H
#define BASE_MAPFILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct mapfile {
	const uint8_t *data; /* NULL for an empty file */
	size_t size;         /* bytes */
};

/*
 * Map the regular file PATH. The mapping stands for the file as it was opened even when PATH is replaced; truncating
 * the file in place while it is mapped raises SIGBUS, as with every mmap. Errors: it cannot be opened, or is no
 * regular file. Release with mapfile_close.
 */
enum status mapfile_open(struct mapfile *file, const char *path, struct error *error);

/* Unmap; a zeroed or closed mapfile is ignored. */
void mapfile_close(struct mapfile *file);

#endif
