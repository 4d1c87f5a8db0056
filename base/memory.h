/*
 * Memory of the tools that run outside the target. They cannot go on without it, so these end the process with a
 * message on standard error (exit 1) instead of returning NULL. Never used by code that runs inside a target.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* COUNT zeroed objects of SIZE bytes; never NULL. The caller frees it with free(). */
void *memory_alloc(size_t count, size_t size);

/* BLOCK (or NULL) resized to COUNT objects of SIZE bytes, new bytes not set; never NULL. Frees BLOCK's old place. */
void *memory_resize(void *block, size_t count, size_t size);

/* A copy of the string TEXT (not NULL), to be freed with free(). */
char *memory_copy_string(const char *text);

/* A copy of LENGTH bytes at TEXT with a NUL after them, to be freed with free(). */
char *memory_copy_bytes(const void *bytes, size_t length);

/* printf into a new string, to be freed with free(); never NULL. */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Make room for one more object of SIZE bytes in the array BLOCK, which holds COUNT and has room for *CAPACITY; grows
 * by doubling. Returns the array, perhaps moved; never NULL.
 */
void *memory_reserve(void *block, size_t count, size_t *capacity, size_t size);

#endif
