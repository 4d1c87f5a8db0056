/* Whether memory can be read, asked without reading it. */
#ifndef COLLECTOR_PRELOAD_READABLE_H
#define COLLECTOR_PRELOAD_READABLE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the eight bytes at ADDRESS can be read; *KNOWN is the start of a page that can, and becomes that of ADDRESS.
 * Keeps errno, needs no descriptor, changes nothing. From any thread and signal handler.
 */
bool readable_word(uint64_t address, uint64_t *known);

#endif
