/* In: sites that are thought away together, and a setting of the GC. Out: what that does to the GC, by the model. */
#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"
#include "analyzer/saving_interval.h"

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
		removal->small_scattered[i] += bytes * site->scattered;
		removal->small_live[i] += site->alloc_bytes > 0 ? bytes * site->live_bytes / site->alloc_bytes : 0;
	}
	removal->barrier_share += share * site->barrier_share;
	removal->spans += share * site->spans;
	removal->scan_bytes += share * site->scan_bytes;
	removal->scannable_bytes += share * site->alloc_bytes * site->scan_share;
	removal->alloc_cpu_seconds += share * site->alloc_cpu_seconds;
	removal->miss_cpu_seconds += share * site->miss_cpu_seconds;
	removal->objects_off += pow(share * site->mark_objects *
					saving_objects_doubt(site->alloc_objects, &site->alloc_objects_ci,
							     site->alloc_bytes, &site->alloc_bytes_ci),
				    2);
	add_spread(&removal->alloc_below, &removal->alloc_above, site->alloc_bytes, &site->alloc_bytes_ci, share);
	add_spread(&removal->live_below, &removal->live_above, site->live_bytes, &site->live_by_life, share);
	removal->more_black += share * (site->live_black.low - site->live_bytes);
	removal->less_black += share * (site->live_black.high - site->live_bytes);
	add_spread(&removal->cpu_below, &removal->cpu_above, site->alloc_cpu_seconds, &site->alloc_cpu_seconds_ci,
		   share);
}

struct interval removal_cpu_interval(const struct removal *removal)
{
	return (struct interval){fmax(0, removal->alloc_cpu_seconds - sqrt(removal->cpu_below)),
				 removal->alloc_cpu_seconds + sqrt(removal->cpu_above)};
}

/* The goal that a memory limit of LIMIT bytes allows: the part of it that the run's own left for the heap, if known. */
static double memory_goal_at(const struct analysis *analysis, double limit)
{
	double own = (double)analysis->gc.memory_limit;

	if (analysis->gc_run->memory_goal > 0 && own > 0)
		return analysis->gc_run->memory_goal * (limit / own);
	return LIMIT_FOR_HEAP * limit;
}

/* The setting that WANTED asks for, in *SETTING; NULL where it leaves all as it was. */
static const struct gc_model_setting *setting_of(const struct analysis *analysis, const struct gc_wish *wanted,
						 struct gc_model_setting *setting)
{
	const struct gc_model_run *run = analysis->gc_run;

	if (!wanted || (!wanted->set_gogc && !wanted->set_memory_limit))
		return NULL;
	*setting = (struct gc_model_setting){run->gogc, run->memory_goal};
	if (wanted->set_gogc)
		setting->gogc = wanted->gogc;
	if (wanted->set_memory_limit)
		setting->memory_goal = memory_goal_at(analysis, wanted->memory_limit);
	return setting->gogc != run->gogc || setting->memory_goal != run->memory_goal ? setting : NULL;
}

/* What the model is asked to do without REMOVAL; its small objects are put into SMALL. */
static struct saving_part part_of(const struct removal *removal, struct gc_model_small *small)
{
	struct saving_part part = {.site = {.allocated = removal->alloc_bytes,
					    .live = removal->live_bytes,
					    .objects = removal->mark_objects,
					    .scan = removal->scan_bytes,
					    .barriers = fmin(1, removal->barrier_share),
					    .spans = removal->spans,
					    .small = small}};

	memcpy(small->allocated, removal->small_allocated, sizeof(small->allocated));
	memcpy(small->live, removal->small_live, sizeof(small->live));
	memcpy(small->scattered, removal->small_scattered, sizeof(small->scattered));
	part.allocated = (struct interval){fmax(0, part.site.allocated - sqrt(removal->alloc_below)),
					   part.site.allocated + sqrt(removal->alloc_above)};
	part.live = (struct interval){fmax(0, part.site.live - sqrt(removal->live_below)),
				      part.site.live + sqrt(removal->live_above)};
	part.live_black = (struct interval){part.site.live + removal->more_black, part.site.live + removal->less_black};
	if (removal->alloc_bytes > 0) {
		part.objects_per_byte = part.site.live > 0 ? part.site.objects / part.site.live
							   : removal->alloc_objects / removal->alloc_bytes;
		part.scan_per_byte = removal->scannable_bytes / removal->alloc_bytes;
	}
	if (removal->mark_objects > 0)
		part.objects_doubt = sqrt(removal->objects_off) / removal->mark_objects;
	return part;
}

bool analysis_knows_savings(const struct analysis *analysis)
{
	return analysis->gc.known && analysis->gc_run;
}

struct saving saving_unknown(void)
{
	static const struct interval none = {NAN, NAN};

	return (struct saving){NAN, NAN, NAN, none, none, NAN, NAN, none, none, NAN, false};
}

/* What a run without any GC saves: all. */
static struct saving everything(void)
{
	struct saving saving = saving_unknown();

	saving.share = saving.share_reused = saving.cycles = saving.assists = 1;
	saving.share_ci = saving.cycles_ci = saving.assists_ci = (struct interval){1, 1};
	saving.goal_bytes = INFINITY;
	return saving;
}

/* Whether cycles would find more alive without SITE than the goal that SETTING's limit allows. */
static bool is_too_small(const struct gc_model_run *run, const struct gc_model_site *site,
			 const struct gc_model_setting *setting)
{
	double left = run->allocated > 0 ? fmax(0, 1 - site->allocated / run->allocated) : 1;
	double floating = fmax(0, run->live - run->sites_live - run->older_live);
	double live = run->older_live + fmax(0, run->sites_live - site->live) + left * floating;

	return setting->memory_goal > 0 && setting->memory_goal <= live;
}

struct saving analysis_saving(const struct analysis *analysis, const struct removal *removal,
			      const struct gc_wish *wanted)
{
	const struct gc_model_run *run = analysis->gc_run;
	const struct gc_model_setting *setting;
	struct saving saving = saving_unknown();
	struct gc_model_setting other;
	struct gc_model_small small;
	struct saving_part part;

	if (!analysis_knows_savings(analysis))
		return saving;
	part = part_of(removal, &small);
	setting = setting_of(analysis, wanted, &other);
	if (setting && is_too_small(run, &part.site, setting)) {
		saving.does_not_fit = true;
	} else if (setting && setting->gogc < 0 && setting->memory_goal <= 0 && run->forced_every <= 0) {
		saving = everything();
	} else {
		saving = saving_of_part(run, analysis->gc_doubts, &part, setting);
	}
	if (!(analysis->gc.assist_seconds > 0))
		saving_forget_assists(&saving);
	return saving;
}
