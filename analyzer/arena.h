/* Memory that lives and dies with one analysis, and the texts it keeps. Not thread-safe. */
#ifndef ANALYZER_ARENA_H
#define ANALYZER_ARENA_H

#include <stddef.h>

struct arena;

/* A new arena; free it, and all it gave out, with arena_free (NULL is ignored). */
struct arena *arena_new(void);
void arena_free(struct arena *arena);

/* COUNT zeroed objects of SIZE bytes, aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* TEXT kept once: equal texts give the same pointer. NULL counts as "". */
const char *arena_string(struct arena *arena, const char *text);

/* printf into a text that is kept as arena_string keeps it. */
const char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
