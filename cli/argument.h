/* What the commands share of reading their arguments. A wrong one ends the program by argp_error. */
#ifndef CLI_ARGUMENT_H
#define CLI_ARGUMENT_H

#include <argp.h>
#include <stddef.h>

/* VALUE of OPTION ("--top") as a whole number from 0 to MOST. */
size_t argument_number(struct argp_state *state, const char *option, const char *value, size_t most);

/* Names that were given one by one, as those of --source-path; zero-initialise it. */
struct argument_list {
	const char **names; /* owned, but for what they point to */
	size_t count, capacity;
};

/* Add NAME, which is borrowed. */
void argument_list_add(struct argument_list *list, const char *name);

/* Free; a zeroed one is fine. */
void argument_list_free(struct argument_list *list);

#endif
