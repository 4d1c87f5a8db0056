/* The compiler's side of a site: its class, verdict, reason, category, root and advice. */
#ifndef ANALYZER_SITE_WORDS_H
#define ANALYZER_SITE_WORDS_H

#include "analyzer/analysis.h"

#include <stdbool.h>

struct arena;
struct join;
struct root_finder;
struct site_group;

/* What the words of all sites come from. */
struct site_words_input {
	struct join *join;
	struct root_finder *roots;
	bool uses_structpb; /* the program builds structpb.Structs */
	bool (*is_refused)(void *user, uint64_t return_pc, const char *function); /* analyzer/analyze.h; may be NULL */
	void *user;
};

/*
 * Join GROUP and fill SITE's class_, category, verdict, refused, candidates, root, root_path and advice with texts of
 * ARENA. SITE's function, type and object_size must be filled already.
 */
void site_words_fill(struct site *site, struct arena *arena, const struct site_words_input *input,
		     const struct site_group *group);

#endif
