/* Which site of one trace is which of another, though the program was built anew in between. */
#ifndef ANALYZER_COMPARE_MATCH_H
#define ANALYZER_COMPARE_MATCH_H

#include "analyzer/analysis.h"

#include <stdbool.h>
#include <stddef.h>

/* Sites that are the same one; several of a side where the compiler inlines otherwise. Borrowed from the analyses. */
struct site_match {
	const struct site **sites[2]; /* before, after */
	size_t counts[2];             /* not both 0 */
	bool reshaped;                /* the inline chains differ */
};

struct site_matches {
	struct site_match *matches;
	size_t count;
	const struct site **room; /* of all the matches */
};

/* Match the sites of BEFORE and AFTER; each is in exactly one match. Free with compare_match_free. */
void compare_match(struct site_matches *out, const struct analysis *before, const struct analysis *after);
void compare_match_free(struct site_matches *matches);

#endif
