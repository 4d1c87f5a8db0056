/* In: sites that are thought away together, and a setting of the GC. Out: what that does to the GC, by the model. */
#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static_assert(SMALL_SIZES == GC_MODEL_SMALL, "a removal has what the model asks for");

/* Add the squares of INTERVAL's ways down and up from MIDDLE, times SHARE. */
static void add_spread(double *below, double *above, double middle, const struct interval *interval, double share)
{
	*below += pow(share * (middle - interval->low), 2);
	*above += pow(share * (interval->high - middle), 2);
}

void removal_add(struct removal *removal, const struct site *site, double share)
{
	if (site->class_ == CLASS_C)
		return; /* not the GC's memory */
	removal->alloc_bytes += share * site->alloc_bytes;
	removal->alloc_objects += share * site->alloc_objects;
	removal->live_bytes += share * site->live_bytes;
	removal->mark_objects += share * site->mark_objects;
	for (int i = 0; site->small_bytes && i < GC_MODEL_SMALL; i++) {
		double bytes = share * site->small_bytes[i];

		removal->small_allocated[i] += bytes;
		removal->small_live[i] += site->alloc_bytes > 0 ? bytes * site->live_bytes / site->alloc_bytes : 0;
	}
	removal->barrier_share += share * site->barrier_share;
	removal->scan_bytes += share * site->scan_bytes;
	removal->scannable_bytes += share * site->alloc_bytes * site->scan_share;
	removal->alloc_cpu_seconds += share * site->alloc_cpu_seconds;
	add_spread(&removal->alloc_below, &removal->alloc_above, site->alloc_bytes, &site->alloc_bytes_ci, share);
	add_spread(&removal->live_below, &removal->live_above, site->live_bytes, &site->live_bytes_ci, share);
	add_spread(&removal->cpu_below, &removal->cpu_above, site->alloc_cpu_seconds, &site->alloc_cpu_seconds_ci,
		   share);
}

struct interval removal_cpu_interval(const struct removal *removal)
{
	return (struct interval){fmax(0, removal->alloc_cpu_seconds - sqrt(removal->cpu_below)),
				 removal->alloc_cpu_seconds + sqrt(removal->cpu_above)};
}

/* The setting that WANTED asks for, in *SETTING; NULL where it leaves all as it was. */
static const struct gc_model_setting *setting_of(const struct gc_model_run *run, const struct gc_wish *wanted,
						 struct gc_model_setting *setting)
{
	if (!wanted || (!wanted->set_gogc && !wanted->set_memory_limit))
		return NULL;
	*setting = (struct gc_model_setting){run->gogc, run->memory_goal};
	if (wanted->set_gogc)
		setting->gogc = wanted->gogc;
	if (wanted->set_memory_limit)
		setting->memory_goal = LIMIT_FOR_HEAP * wanted->memory_limit;
	return setting;
}

struct saving analysis_saving(const struct analysis *analysis, const struct removal *removal,
			      const struct gc_wish *wanted)
{
	static const struct saving unknown = {NAN, NAN, NAN, {NAN, NAN}, NAN};
	struct gc_model_site kept;
	struct gc_model_small small, kept_small = {0};
	struct gc_model_site site = {.allocated = removal->alloc_bytes,
				     .live = removal->live_bytes,
				     .objects = removal->mark_objects,
				     .scan = removal->scan_bytes,
				     .barriers = fmin(1, removal->barrier_share),
				     .small = &small};
	struct gc_model_spread spread = {0};
	const struct gc_model_setting *setting;
	struct gc_model_setting other;
	struct saving saving;

	if (!analysis->gc.known || !analysis->gc_run)
		return unknown;
	memcpy(small.allocated, removal->small_allocated, sizeof(small.allocated));
	memcpy(small.live, removal->small_live, sizeof(small.live));
	memcpy(kept_small.allocated, small.allocated, sizeof(small.allocated));
	setting = setting_of(analysis->gc_run, wanted, &other);
	if (setting && setting->gogc < 0 && setting->memory_goal <= 0)
		return (struct saving){1, NAN, 1, {1, 1}, INFINITY}; /* no GC at all */
	spread.allocated = (struct interval){fmax(0, site.allocated - sqrt(removal->alloc_below)),
					     site.allocated + sqrt(removal->alloc_above)};
	spread.live =
	    (struct interval){fmax(0, site.live - sqrt(removal->live_below)), site.live + sqrt(removal->live_above)};
	if (removal->alloc_bytes > 0) {
		spread.objects_per_byte =
		    site.live > 0 ? site.objects / site.live : removal->alloc_objects / removal->alloc_bytes;
		spread.scan_per_byte = removal->scannable_bytes / removal->alloc_bytes;
	}
	saving.share = gc_model_saving_at(analysis->gc_run, &site, setting);
	saving.share_equal_memory = setting ? NAN : gc_model_saving_equal_memory(analysis->gc_run, &site);
	kept = (struct gc_model_site){.allocated = site.allocated, .barriers = site.barriers, .small = &kept_small};
	saving.share_reused = gc_model_saving_at(analysis->gc_run, &kept, setting);
	saving.share_ci = gc_model_interval(analysis->gc_run, &site, &spread, setting);
	saving.goal_bytes = gc_model_goal_at(analysis->gc_run, &site, setting);
	return saving;
}
