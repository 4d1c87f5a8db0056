/* Where functions are declared, and whose head a parameter stands in: up to Go 1.24 a leak does not name its function.
 */
#ifndef VERDICTS_FUNCTION_PLACES_H
#define VERDICTS_FUNCTION_PLACES_H

#include <stddef.h>
#include <stdint.h>

struct function_place {
	const char *file; /* equal names must have equal addresses */
	uint32_t line, column;
	const char *name; /* borrowed; NULL where several functions stand, the instances of a generic one */
};

struct function_places {
	struct function_place *items;
	size_t count, capacity;
};

/* Add the function NAME, declared at FILE:LINE:COLUMN, which is where its name (or "func") stands. */
void function_places_add(struct function_places *places, const char *file, uint32_t line, uint32_t column,
			 const char *name);

/* To be called once, when all are added. */
void function_places_sort(struct function_places *places);

/*
 * The name of the function that has a parameter declared at FILE:LINE:COLUMN: the nearest that is declared before it,
 * or behind it on the line, where a receiver stands before the name. NULL when it is not known.
 */
const char *function_places_find(const struct function_places *places, const char *file, uint32_t line,
				 uint32_t column);

/* Free the array, not the names; PLACES is as new. */
void function_places_free(struct function_places *places);

#endif
