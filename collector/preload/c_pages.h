/*
 * The sampled objects that are alive, where nearly all of the program's are: a page of the program's memory has a page
 * of ours, in which each sixteen bytes have a place of their own. So a place is found without a search, belongs to
 * whoever has what lies at its address, and is written by nobody else: nothing has to be locked, and two threads that
 * allocate side by side share no more than their objects do.
 *
 * For so many pages as memory shall be spent on; for objects in others there is the table of c_pointers.c.
 */
#ifndef COLLECTOR_PRELOAD_C_PAGES_H
#define COLLECTOR_PRELOAD_C_PAGES_H

#include <stdbool.h>
#include <stdint.h>

struct c_pointer;

/*
 * Map room for what lies in COUNT pages of the program's, a power of two below 65536; without memory there is none.
 * Once.
 */
void c_pages_open(uint32_t count);

/* Unmap it; for tests. */
void c_pages_close(void);

/*
 * The place of ADDRESS, all 0 when nothing has been in it; NULL: it has none. With ADD its page is given one of ours if
 * one is left. Only what is aligned to sixteen bytes has a place: some allocators don't align the smallest objects.
 * From any thread and from signal handlers.
 */
struct c_pointer *c_pages_place(uint64_t address, bool add);

#endif
