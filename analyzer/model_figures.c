/* In: the model's run. Out: its numbers by name, for those that ask the model without this code: the HTML report's
 * page. */
#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"

struct figure {
	const char *name;
	double value;
};

void analysis_model_each(const struct analysis *analysis,
			 void (*take)(void *user, const char *name, const double *values, size_t count), void *user)
{
	const struct gc_model_run *run = analysis->gc_run;
	const struct gc_model_constants constants = gc_model_constants();

	if (!analysis->gc.known || !run)
		return;
	const struct figure figures[] = {
	    {"gogc", run->gogc},
	    {"memory_goal", run->memory_goal},
	    {"heap_minimum", run->heap_minimum},
	    {"live", run->live},
	    {"goal", run->goal},
	    {"roots", run->roots},
	    {"allocated", run->allocated},
	    {"forced_every", run->forced_every},
	    {"sites_live", run->sites_live},
	    {"older_live", run->older_live},
	    {"sites_objects", run->sites_objects},
	    {"sites_scan", run->sites_scan},
	    {"spans", run->spans},
	    {"live_spans", run->live_spans},
	    {"cost_cycle", run->costs.cycle},
	    {"cost_object", run->costs.object},
	    {"cost_scan_byte", run->costs.scan_byte},
	    {"cost_root_byte", run->costs.root_byte},
	    {"cost_span_byte", run->costs.span_byte},
	    {"part_rest", run->parts.rest},
	    {"part_roots", run->parts.roots},
	    {"part_heap", run->parts.heap},
	    {"part_barriers", run->parts.barriers},
	    {"part_sweep", run->parts.sweep},
	    {"span_size", constants.span},
	    {"locality", constants.locality},
	    {"paced", constants.paced},
	    {"reused_barriers", constants.reused_barriers},
	    {"heap_idle", constants.heap_idle},
	    {"heap_minimum_at_100", constants.heap_minimum},
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		take(user, figures[i].name, &figures[i].value, 1);
	take(user, "small_scattered", run->small.scattered, GC_MODEL_SMALL);
	take(user, "small_live", run->small.live, GC_MODEL_SMALL);
}
