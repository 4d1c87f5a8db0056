/* The compiler's side of a site: its class, verdict, reason, category, root and advice. */
#ifndef ANALYZER_SITE_WORDS_H
#define ANALYZER_SITE_WORDS_H

#include "analyzer/analysis.h"

#include <stdbool.h>

struct arena;
struct join;
struct site_group;

/*
 * Join GROUP and fill SITE's class_, category, verdict, candidates, root and advice with texts of ARENA. SITE's
 * function, type and object_size must be filled already. USES_STRUCTPB: the program builds structpb.Structs.
 */
void site_words_fill(struct site *site, struct arena *arena, struct join *join, const struct site_group *group,
		     bool uses_structpb);

#endif
