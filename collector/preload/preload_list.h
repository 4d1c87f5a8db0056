/* What LD_PRELOAD lists, as the loader reads it: libraries with colons or spaces between them. */
#ifndef COLLECTOR_PRELOAD_PRELOAD_LIST_H
#define COLLECTOR_PRELOAD_PRELOAD_LIST_H

#include <stdbool.h>
#include <string.h>

#define PRELOAD_SEPARATORS ": "

/*
 * Take every LIBRARY, a path, out of LIST, in place, each with one separator; what is free at its end becomes NULs.
 * Returns whether there was one.
 */
static inline bool preload_list_remove(char *list, const char *library)
{
	size_t wanted = strlen(library), size = strlen(list), length, at = 0;
	bool found = false;

	while (at < size) {
		length = strcspn(list + at, PRELOAD_SEPARATORS);
		if (length != wanted || memcmp(list + at, library, wanted) != 0) {
			at += length + (at + length < size);
			continue;
		}
		found = true;
		if (at + length < size) /* and the separator behind it */
			length++;
		else if (at) /* the last: the one before it */
			at--, length++;
		memmove(list + at, list + at + length, size - at - length);
		size -= length;
		memset(list + size, 0, length);
	}
	return found;
}

#endif
