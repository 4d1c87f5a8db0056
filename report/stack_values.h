/* The stacks of an analysis with what each stands for: the common input of folded stacks, flame graphs and pprof. */
#ifndef REPORT_STACK_VALUES_H
#define REPORT_STACK_VALUES_H

#include "analyzer/analysis.h"
#include "report/report.h"

#include <stddef.h>
#include <stdint.h>

/* How many stacks SITE has for stack_values_at: at least 1. */
size_t stack_values_count(const struct site *site);

/*
 * Stack INDEX (below stack_values_count) of SITE. A site without stacks gives one, its inline chain, with all its
 * figures. Borrows from SITE.
 */
struct analysis_stack stack_values_at(const struct site *site, size_t index);

/* The VALUE of STACK: nanoseconds, bytes or objects, rounded; may be negative. Never overflows. */
int64_t stack_values_get(const struct analysis *analysis, const struct analysis_stack *stack, enum report_value value);

/* NUMBER times FACTOR, rounded, and kept as far within int64_t. */
int64_t stack_values_scale(int64_t number, double factor);

/* Objects of STACK that are live, or not freed at the end: its part, by bytes, of SITE's. */
int64_t stack_values_live_objects(const struct site *site, const struct analysis_stack *stack);
int64_t stack_values_kept_objects(const struct site *site, const struct analysis_stack *stack);

/* STATUS_ERROR when ANALYSIS knows nothing of VALUE. */
enum status stack_values_check(const struct analysis *analysis, enum report_value value, struct error *error);

#endif
