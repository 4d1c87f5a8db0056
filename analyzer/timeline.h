/* The run in slices of time, and what each site's bytes are divided by: plain arrays for the report. */
#ifndef ANALYZER_TIMELINE_H
#define ANALYZER_TIMELINE_H

#include "analyzer/analysis.h"

struct arena;
struct dissection;
struct site_group;
struct trace;

/* Fill OUT's timeline, the names of its buckets and the label sets of TRACE from DISSECTION; all memory is ARENA's. */
void timeline_fill(struct analysis *out, struct arena *arena, const struct dissection *dissection,
		   const struct trace *trace);

/* Fill SITE's parts from those of GROUP's contexts. */
void timeline_fill_site(struct site *site, struct arena *arena, const struct dissection *dissection,
			const struct site_group *group);

#endif
