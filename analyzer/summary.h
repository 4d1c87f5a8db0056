/* The whole run's figures: GC, totals, classes, and what is uncertain about them. */
#ifndef ANALYZER_SUMMARY_H
#define ANALYZER_SUMMARY_H

#include "analyzer/analysis.h"

struct accumulation;
struct arena;
struct cpu_profile;
struct gc_totals;
struct site_cost_run;
struct trace;

/* The GC's figures over the trace; GC may be NULL (known is false then). Differences to the first record where the
 * trace began in the middle of a run, else to the start of the process. CPU, where it is known, goes before the
 * runtime's own account. */
struct gc_summary summary_of_gc(const struct gc_totals *gc, const struct cpu_profile *cpu);

/* Fill the totals and class shares of ANALYSIS from its sites. */
void summary_add_classes(struct analysis *analysis);

/* Write ANALYSIS's notes, texts of ARENA. UNKNOWN_PCS: PCs without a name. COST may be NULL when GC is not known. */
void summary_write_notes(struct analysis *analysis, struct arena *arena, const struct trace *trace,
			 const struct site_cost_run *cost, size_t unknown_pcs);

#endif
