/*
 * Turns the estimates of stacks into whole numbers. In come sites, out go the stacks that every site has at least one
 * of, and their values in the units that other tools know.
 */
#include "report/stack_values.h"

#include <math.h>

size_t stack_values_count(const struct site *site)
{
	return site->nstacks > 0 ? site->nstacks : 1;
}

struct analysis_stack stack_values_at(const struct site *site, size_t index)
{
	if (index < site->nstacks)
		return site->stacks[index];
	return (struct analysis_stack){
	    .frames = site->inline_chain,
	    .nframes = site->ninline,
	    .alloc_bytes = site->alloc_bytes,
	    .alloc_objects = site->alloc_objects,
	    .live_bytes = site->live_bytes,
	    .kept_bytes = site->kept_bytes,
	    .gc_saved_share = site->saving.share,
	};
}

/* Kept well inside int64_t, so that a sum of many stacks stays there too. */
static int64_t round_value(double value)
{
	if (isnan(value))
		return 0;
	return llround(fmin(fmax(value, -0x1p52), 0x1p52));
}

int64_t stack_values_get(const struct analysis *analysis, const struct analysis_stack *stack, enum report_value value)
{
	switch (value) {
	case REPORT_VALUE_GC:
		return analysis_knows_savings(analysis)
			   ? round_value(stack->gc_saved_share * analysis->gc.cpu_seconds * 1e9)
			   : 0;
	case REPORT_VALUE_OBJECTS:
		return round_value(stack->alloc_objects);
	case REPORT_VALUE_LIVE:
		return round_value(stack->live_bytes);
	case REPORT_VALUE_KEPT:
		return round_value(stack->kept_bytes);
	case REPORT_VALUE_ALLOC:
	default:
		return round_value(stack->alloc_bytes);
	}
}

int64_t stack_values_scale(int64_t number, double factor)
{
	return round_value((double)number * factor);
}

int64_t stack_values_live_objects(const struct site *site, const struct analysis_stack *stack)
{
	return site->live_bytes > 0 ? round_value(site->live_objects * stack->live_bytes / site->live_bytes) : 0;
}

int64_t stack_values_kept_objects(const struct site *site, const struct analysis_stack *stack)
{
	return site->kept_bytes > 0 ? round_value(site->kept_objects * stack->kept_bytes / site->kept_bytes) : 0;
}

enum status stack_values_check(const struct analysis *analysis, enum report_value value, struct error *error)
{
	if (value == REPORT_VALUE_GC && !analysis_knows_savings(analysis))
		return error_set(
		    error,
		    "nothing is known of what the GC would save, as of C's memory, in any heap profile, and without a GC "
		    "cycle that ended: add --value alloc, objects or live");
	if (value == REPORT_VALUE_KEPT && analysis->c.of_moments)
		return error_set(error, "what was not freed is not known of moments alone: leave --when out");
	if (value == REPORT_VALUE_KEPT && !analysis->c.known)
		return error_set(error, "what was not freed is known of C's memory alone, and no C allocations are in "
					"it: add --value alloc, objects or live");
	return STATUS_OK;
}
