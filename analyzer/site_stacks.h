/* The stacks that lead to a site, opened to frames, and the frame of them that is the user's own. */
#ifndef ANALYZER_SITE_STACKS_H
#define ANALYZER_SITE_STACKS_H

#include "analyzer/analysis.h"

struct arena;
struct context_totals;
struct dissection;
struct site_group;
struct symbols;
struct trace;

/*
 * Fill SITE's stacks (most bytes first) from GROUP's contexts; its own totals must be filled already: the stacks share
 * its live bytes by the lives that were followed, and its saving by bytes. DISSECTION may be NULL: then no stack has
 * labels.
 */
void site_stacks_fill(struct site *site, struct arena *arena, struct symbols *symbols, const struct trace *trace,
		      const struct context_totals *totals, const struct dissection *dissection,
		      const struct site_group *group);

/*
 * Set SITE->shown and shown_is_own: the first frame of MAIN_MODULE (may be NULL) or package main on its hottest stack,
 * else its own. Where the site itself is in somebody else's package, its advice is completed with who calls it: a text
 * of ARENA.
 */
void site_stacks_choose_shown(struct site *site, struct arena *arena, const char *main_module);

#endif
