/* In: words of the command line. Out: numbers and lists. */
#include "cli/argument.h"

#include "base/memory.h"

#include <stdlib.h>

size_t argument_number(struct argp_state *state, const char *option, const char *value, size_t most)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (*end || end == value || *value == '-' || number > most)
		argp_error(state, "%s: not a number from 0 to %zu: %s", option, most, value);
	return number;
}

void argument_list_add(struct argument_list *list, const char *name)
{
	list->names = memory_reserve(list->names, list->count, &list->capacity, sizeof(*list->names));
	list->names[list->count++] = name;
}

void argument_list_free(struct argument_list *list)
{
	free(list->names);
	*list = (struct argument_list){0};
}
