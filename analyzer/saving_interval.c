/*
 * In: the model's run, a site, and how far each figure may be off. Out: the intervals of what it would save.
 *
 * A figure at a time is put to its interval's end, and the model asked again. What sampling says too much of a site it
 * says too much of the sums over all sites too, so these go along: a site that makes nine tenths of the bytes is known
 * to make about that many, however few samples there are. The other sites' part of the sums is off independently. What
 * each does to the saving is put together by squares, each side by itself (the method of variance estimates recovery),
 * so that a life of which little is known widens the side it can go to; and with the model's own error.
 */
#include "analyzer/saving_interval.h"

#include <math.h>
#include <stddef.h>

#define FELT 0.01 /* of the largest square: smaller ones add nothing that is seen, and asking the model takes time */

/* One interval being made. */
struct saving_job {
	const struct gc_model_run *run;
	const struct saving_part *part;
	const struct gc_model_setting *setting;
	struct gc_model_savings savings;
	struct saving_ways ways[GC_MODEL_FIGURES];
};

static double square(double x)
{
	return x * x;
}

static double relative_way(double value, const struct interval *interval)
{
	return value > 0 ? (interval->high - interval->low) / (2 * value) : 0;
}

double saving_objects_doubt(double objects, const struct interval *objects_ci, double bytes,
			    const struct interval *bytes_ci)
{
	return sqrt(fmax(0, square(relative_way(objects, objects_ci)) - square(relative_way(bytes, bytes_ci))));
}

static void widen(struct saving_job *job, const struct gc_model_run *run, const struct gc_model_site *site)
{
	struct gc_model_savings savings = gc_model_savings_at(run, site, job->setting);

	for (int i = 0; i < GC_MODEL_FIGURES; i++) {
		double difference = savings.of[i] - job->savings.of[i];

		if (difference < 0)
			job->ways[i].below += difference * difference;
		else
			job->ways[i].above += difference * difference;
	}
}

/* Put what of SITE's small objects is alive when LIVE bytes are into SMALL. */
static void make_small(struct gc_model_small *small, const struct gc_model_site *site, double live)
{
	for (int i = 0; i < GC_MODEL_SMALL; i++) {
		small->allocated[i] = site->small->allocated[i];
		small->scattered[i] = site->small->scattered[i];
		if (site->live > 0)
			small->live[i] = site->small->live[i] * live / site->live;
		else
			small->live[i] = site->allocated > 0 ? small->allocated[i] * live / site->allocated : 0;
	}
}

/* The site with other bytes allocated, and as many times more or fewer objects, dead and alive. */
static void try_allocated(struct saving_job *job, double allocated)
{
	const struct gc_model_site *old = &job->part->site;
	double factor = old->allocated > 0 ? allocated / old->allocated : 1;
	struct gc_model_run run = *job->run;
	struct gc_model_site site = *old;
	struct gc_model_small small;

	site.allocated = allocated;
	site.live *= factor;
	site.objects *= factor;
	site.scan *= factor;
	site.spans *= factor;
	run.spans += site.spans - old->spans;
	run.allocated += site.allocated - old->allocated;
	run.sites_live += site.live - old->live;
	run.sites_objects += site.objects - old->objects;
	run.sites_scan += site.scan - old->scan;
	for (int i = 0; old->small && i < GC_MODEL_SMALL; i++) {
		small.allocated[i] = old->small->allocated[i] * factor;
		small.live[i] = old->small->live[i] * factor;
		small.scattered[i] = old->small->scattered[i] * factor;
		run.small.live[i] += small.live[i] - old->small->live[i];
		run.small.scattered[i] += small.scattered[i] - old->small->scattered[i];
	}
	if (old->small)
		site.small = &small;
	widen(job, &run, &site);
}

/* By how much PART's share of the sums differs if LIVE bytes of it are alive. */
static struct saving_shift shift_of(const struct saving_part *part, double live)
{
	return (struct saving_shift){live - part->site.live, live * part->objects_per_byte - part->site.objects,
				     live * part->scan_per_byte - part->site.scan};
}

/* The site with other live bytes, and what goes with them; all sites' sums shift by WHOLE. */
static void try_live(struct saving_job *job, double live, const struct saving_shift *whole)
{
	const struct gc_model_site *old = &job->part->site;
	struct gc_model_run run = *job->run;
	struct gc_model_site site = *old;
	struct gc_model_small small;

	site.live = live;
	site.objects = live * job->part->objects_per_byte;
	site.scan = live * job->part->scan_per_byte;
	run.sites_live = fmax(run.sites_live + whole->live, site.live);
	run.sites_objects = fmax(run.sites_objects + whole->objects, site.objects);
	run.sites_scan = fmax(run.sites_scan + whole->scan, site.scan);
	if (old->small) {
		make_small(&small, old, live);
		for (int i = 0; i < GC_MODEL_SMALL; i++)
			run.small.live[i] += small.live[i] - old->small->live[i];
		site.small = &small;
	}
	widen(job, &run, &site);
}

/* The site alone is off. */
static void try_own_live(struct saving_job *job, double live)
{
	struct saving_shift own = shift_of(job->part, live);

	try_live(job, live, &own);
}

/* The site with so many times the live objects, in as many bytes. */
static void try_objects(struct saving_job *job, double factor)
{
	struct gc_model_run run = *job->run;
	struct gc_model_site site = job->part->site;

	site.objects *= factor;
	run.sites_objects += site.objects - job->part->site.objects;
	widen(job, &run, &site);
}

static void add_ways(struct saving_ways *ways, const struct saving_ways *part, double factor)
{
	ways->below += square(factor * part->below);
	ways->above += square(factor * part->above);
}

static struct saving_ways allocated_ways(const struct saving_part *part)
{
	return (struct saving_ways){part->site.allocated - part->allocated.low,
				    part->allocated.high - part->site.allocated};
}

/* How far PART's live bytes may lie below and above, for all reasons. */
static struct saving_ways live_ways(const struct saving_part *part)
{
	struct saving_ways allocated = allocated_ways(part);
	double life = part->site.allocated > 0 ? part->site.live / part->site.allocated : 0;

	return (struct saving_ways){hypot(part->site.live - part->live.low, allocated.below * life),
				    hypot(part->live.high - part->site.live, allocated.above * life)};
}

/* How many small live bytes of size class I go with a live byte of PART. */
static double small_share(const struct saving_part *part, int i)
{
	const struct gc_model_site *site = &part->site;

	return site->small && site->allocated > 0 ? site->small->allocated[i] / site->allocated : 0;
}

/* The run with *FIGURE, one of its sums over all sites, lower and higher by WHOLE without PART's own; it is put back.
 */
static void try_sum(struct saving_job *job, struct gc_model_run *run, double *figure, const struct saving_ways *whole,
		    const struct saving_ways *part, double factor)
{
	double old = *figure, below = sqrt(fmax(0, whole->below - square(factor * part->below)));
	double above = sqrt(fmax(0, whole->above - square(factor * part->above)));

	if (below + above <= 0)
		return;
	*figure = fmax(0, old - below);
	widen(job, run, &job->part->site);
	*figure = old + above;
	widen(job, run, &job->part->site);
	*figure = old;
}

static double total_ways(const struct saving_ways *ways)
{
	return ways->below + ways->above;
}

static double most_small_ways(const struct saving_doubts *doubts)
{
	double most = 0;

	for (int i = 0; i < GC_MODEL_SMALL; i++)
		most = fmax(most, total_ways(&doubts->small_live[i]));
	return most;
}

static void try_others(struct saving_job *job, const struct saving_doubts *doubts)
{
	const struct saving_part *part = job->part;
	struct saving_ways allocated = allocated_ways(part), live = live_ways(part);
	struct gc_model_run run = *job->run;
	double most = most_small_ways(doubts);

	try_live(job, part->live_black.low, &doubts->more_black);
	try_live(job, part->live_black.high, &doubts->less_black);
	try_sum(job, &run, &run.allocated, &doubts->allocated, &allocated, 1);
	try_sum(job, &run, &run.sites_live, &doubts->live, &live, 1);
	try_sum(job, &run, &run.sites_objects, &doubts->objects, &live, part->objects_per_byte);
	try_sum(job, &run, &run.sites_scan, &doubts->scan, &live, part->scan_per_byte);
	for (int i = 0; i < GC_MODEL_SMALL; i++) {
		if (total_ways(&doubts->small_live[i]) >= FELT * most)
			try_sum(job, &run, &run.small.live[i], &doubts->small_live[i], &live, small_share(part, i));
	}
}

static void add_shift(struct saving_shift *shift, const struct saving_part *part, double live)
{
	struct saving_shift own = shift_of(part, live);

	shift->live += own.live;
	shift->objects += own.objects;
	shift->scan += own.scan;
}

void saving_doubts_add(struct saving_doubts *doubts, const struct saving_part *part)
{
	struct saving_ways allocated = allocated_ways(part), live = live_ways(part);

	add_ways(&doubts->allocated, &allocated, 1);
	add_ways(&doubts->live, &live, 1);
	add_ways(&doubts->objects, &live, part->objects_per_byte);
	add_ways(&doubts->scan, &live, part->scan_per_byte);
	for (int i = 0; i < GC_MODEL_SMALL; i++)
		add_ways(&doubts->small_live[i], &live, small_share(part, i));
	add_shift(&doubts->more_black, part, part->live_black.low);
	add_shift(&doubts->less_black, part, part->live_black.high);
}

static void scale_shift(struct saving_shift *shift, double scale)
{
	shift->live *= scale;
	shift->objects *= scale;
	shift->scan *= scale;
}

static void scale_ways(struct saving_ways *ways, double scale)
{
	ways->below *= square(scale);
	ways->above *= square(scale);
}

void saving_doubts_scale_live(struct saving_doubts *doubts, double scale)
{
	scale_ways(&doubts->live, scale);
	scale_ways(&doubts->objects, scale);
	scale_ways(&doubts->scan, scale);
	for (int i = 0; i < GC_MODEL_SMALL; i++)
		scale_ways(&doubts->small_live[i], scale);
	scale_shift(&doubts->more_black, scale);
	scale_shift(&doubts->less_black, scale);
}

/* Put the model's own error to what sampling leaves open. */
static void add_errors(struct saving_job *job)
{
	struct gc_model_savings errors = gc_model_errors(job->run, &job->part->site, job->setting, &job->savings);

	for (int i = 0; i < GC_MODEL_FIGURES; i++) {
		job->ways[i].below += square(errors.of[i]);
		job->ways[i].above += square(errors.of[i]);
	}
}

struct gc_model_intervals saving_intervals(struct gc_model_savings *savings, const struct gc_model_run *run,
					   const struct saving_doubts *doubts, const struct saving_part *part,
					   const struct gc_model_setting *setting)
{
	struct saving_job job = {run, part, setting, gc_model_savings_at(run, &part->site, setting), {{0, 0}}};
	struct gc_model_intervals intervals;

	try_allocated(&job, part->allocated.low);
	try_allocated(&job, part->allocated.high);
	try_own_live(&job, part->live.low);
	try_own_live(&job, part->live.high);
	if (part->objects_doubt > 0) {
		try_objects(&job, fmax(0, 1 - part->objects_doubt));
		try_objects(&job, 1 + part->objects_doubt);
	}
	if (doubts)
		try_others(&job, doubts);
	add_errors(&job);
	*savings = job.savings;
	for (int i = 0; i < GC_MODEL_FIGURES; i++) {
		intervals.of[i].low = savings->of[i] - sqrt(job.ways[i].below);
		/* fmin takes 1 for what is not known */
		intervals.of[i].high = isnan(savings->of[i]) ? NAN : fmin(savings->of[i] + sqrt(job.ways[i].above), 1);
	}
	return intervals;
}

struct saving saving_of_part(const struct gc_model_run *run, const struct saving_doubts *doubts,
			     const struct saving_part *part, const struct gc_model_setting *setting)
{
	struct gc_model_savings savings;
	struct gc_model_intervals intervals = saving_intervals(&savings, run, doubts, part, setting);

	return (struct saving){.share = savings.of[GC_MODEL_CPU],
			       .share_ci = intervals.of[GC_MODEL_CPU],
			       .share_equal_memory = savings.of[GC_MODEL_CPU_EQUAL_MEMORY],
			       .share_equal_memory_ci = intervals.of[GC_MODEL_CPU_EQUAL_MEMORY],
			       .share_reused = gc_model_saving_reused(run, &part->site, setting),
			       .cycles = savings.of[GC_MODEL_CYCLES],
			       .cycles_ci = intervals.of[GC_MODEL_CYCLES],
			       .assists = savings.of[GC_MODEL_ASSISTS],
			       .assists_ci = intervals.of[GC_MODEL_ASSISTS],
			       .goal_bytes = gc_model_goal_at(run, &part->site, setting)};
}

void saving_forget_assists(struct saving *saving)
{
	saving->assists = saving->assists_ci.low = saving->assists_ci.high = NAN;
}
