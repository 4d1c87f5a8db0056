/*
 * Strings kept once, named by small numbers. Number 0 is always the empty string. Strings live until strtab_free.
 */
#ifndef BASE_STRTAB_H
#define BASE_STRTAB_H

#include <stddef.h>
#include <stdint.h>

struct strtab;

/* A new table that holds "" as number 0; free with strtab_free. */
struct strtab *strtab_new(void);

/* Free the table and all its strings; NULL is ignored. */
void strtab_free(struct strtab *table);

/* The number of the LENGTH bytes at TEXT, added when new; a copy is kept, so TEXT need not live on. */
uint32_t strtab_add_bytes(struct strtab *table, const char *text, size_t length);

/* The same for a NUL-terminated string; NULL counts as "". */
uint32_t strtab_add(struct strtab *table, const char *text);

/* The number of the LENGTH bytes at TEXT; the number of strings when the table does not hold them. */
uint32_t strtab_find_bytes(const struct strtab *table, const char *text, size_t length);

/* The string of NUMBER, borrowed; "" for a number the table does not hold. */
const char *strtab_get(const struct strtab *table, uint32_t number);

/* How many strings there are; valid numbers are below it. */
uint32_t strtab_count(const struct strtab *table);

#endif
