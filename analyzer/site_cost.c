/*
 * From what a site allocates and what of it is alive to the model. What a cycle marks and no site has alive is the
 * model's F, dead but born or found alive while the GC marked.
 */
#include "analyzer/site_cost.h"

#include "analyzer/accumulate.h"
#include "analyzer/cpu_profile.h"
#include "analyzer/site_group.h"

#include <math.h>

#define LIMIT_FELT     1.15 /* cycles this much closer together than GOGC says are the limit's doing */
#define FEW_GC_SAMPLES 50   /* of CPU: fewer tell the parts of the GC worse than the constants do */
#define TABLE_SHAPE    2.0  /* a relative deviation of 0.7 */
#define LIST_WEIGHT    3.0  /* measured: 70 to 85 ns against 20 to 35, for lists larger than a cache */
#define TREE_WEIGHT    1.5  /* measured: 27 to 35 ns; a tree's marker has many of its objects to go on with */
/* Measured: 60, 207 and 220 ns for 32, 112 and 512 bytes that are used in another order than they were made in. */
#define MISS_SECONDS 150e-9
#define CORE_CACHE   (2.0 * (1 << 20)) /* bytes: lists that are smaller are found there */

/* How many objects of the usual kind one of GROUP's takes as long to mark as, when LIVE bytes of them are alive. */
static double mark_weight(const struct site_cost_run *run, const struct site_group *group, double live)
{
	double scattered = live_scattered_share(&group->byte_lives), pointers = 1;

	if (group->objects.total <= 0)
		return 1;
	if (group->chained)
		pointers = group->self_links > 1 ? TREE_WEIGHT : 1 + (LIST_WEIGHT - 1) * fmin(1, live / CORE_CACHE);
	pointers *= gc_model_scattered_weight(&run->model, scattered, true);
	return (group->pointer_objects * pointers +
		group->free_marks * gc_model_scattered_weight(&run->model, scattered, false)) /
	       group->objects.total;
}

/* Where sampling says too much is alive, that may be another site's: the upper end stays, but holds LEAST. */
static struct interval scaled(const struct interval *interval, double scale, double least)
{
	return (struct interval){interval->low * scale, fmax(interval->high, least)};
}

static struct site_cost lives_of(const struct site_cost_run *run, const struct site_group *group)
{
	struct site_cost cost = {.lifetime_cycles = NAN, .scattered = live_scattered_share(&group->byte_lives)};

	if (group->live_bytes > 0) {
		cost.live_bytes = group->live_bytes;
		cost.live_objects = group->live_objects;
		cost.live_bytes_ci = (struct interval){cost.live_bytes, cost.live_bytes};
		cost.live_by_life = cost.live_black = cost.live_bytes_ci;
	} else if (run->cycles > 0) {
		struct live_estimate live = live_estimate_of(&run->live, group);

		cost.live_bytes = live.bytes;
		cost.live_objects = live.objects;
		cost.live_bytes_ci = live.bytes_ci;
		cost.live_by_life = live.bytes_by_life;
		cost.live_black = live.bytes_black;
		cost.lifetime_cycles = live.lifetime_cycles;
	}
	cost.mark_objects = cost.live_objects * mark_weight(run, group, cost.live_bytes) * run->live_scale;
	cost.live_bytes *= run->live_scale;
	cost.live_objects *= run->live_scale;
	cost.live_bytes_ci = scaled(&cost.live_bytes_ci, run->live_scale, cost.live_bytes);
	cost.live_by_life = scaled(&cost.live_by_life, run->live_scale, cost.live_bytes);
	cost.live_black.low *= run->live_scale;
	cost.live_black.high *= run->live_scale;
	if (group->bytes.total > 0)
		cost.scan_bytes = cost.live_bytes * group->scan_bytes / group->bytes.total;
	return cost;
}

static double known_or(uint64_t value, double otherwise)
{
	return value == UINT64_MAX ? otherwise : (double)value;
}

/*
 * What the pacer lets be allocated between two cycles, given that FORCED of all come when the program asks for them, at
 * random; infinite when all do.
 */
static double paced_runway(const struct site_cost_run *run, double forced)
{
	double share = fmin(1, forced / run->cycles), apart = run->model.allocated / run->cycles;

	return share > 0 ? -log1p(-share) / share * apart : apart;
}

/*
 * The goal that the memory limit allows, and the goal in force. The runtime's record of its goal may know of GOGC
 * alone; but what is allocated between two cycles is the way from the live heap to the real one, so the goal can be
 * seen: between two of the pacer's, as those that the program asks for come when they are asked for.
 */
static void take_goals(struct site_cost_run *run, const struct gc_totals *gc)
{
	struct gc_model_run *model = &run->model;
	uint64_t limit = gc->last.memory_limit;
	double forced = fmax(0, gc_totals_forced(gc)), runway = paced_runway(run, forced);
	bool limited = limit != 0 && limit < INT64_MAX;
	bool goal_known = model->goal > model->live;

	if (forced > 0)
		model->forced_every = model->allocated / forced;
	if (!goal_known || (limited && model->goal - model->live > LIMIT_FELT * runway)) {
		model->goal = model->live + (isfinite(runway) ? runway : model->allocated / run->cycles);
		model->memory_goal = limited ? model->goal : 0;
	} else if (limited) {
		model->memory_goal = model->gogc < 0 ? model->goal : fmax(model->goal, LIMIT_FOR_HEAP * (double)limit);
	}
}

static void take_gc(struct site_cost_run *run, const struct gc_totals *gc)
{
	struct gc_model_run *model = &run->model;

	/* A trace that saw the program's start has its first record in the first cycle. */
	run->attached_late = gc_totals_begin_late(gc);
	run->cycles = (double)(gc->cycle_high - (run->attached_late ? gc->cycle_low : 0));
	run->known = gc->cycles > 0 && run->cycles > 0;
	model->gogc = gc->last.gc_percent;
	model->live = gc->heap_marked;
	model->goal = gc->heap_goal;
	model->roots = gc->stack_scan + gc->globals_scan;
	model->heap_minimum = known_or(gc->last.heap_minimum, gc_model_heap_minimum(model->gogc));
}

/* How much is alive at once for each byte that GROUP allocates. */
static double alive_share(const struct site_cost *cost, const struct site_group *group)
{
	return group->bytes.total > 0 ? cost->live_bytes / group->bytes.total : 0;
}

/* What the model is asked to do without GROUP; its small objects are put into SMALL. */
static struct saving_part part_of(const struct site_cost_run *run, const struct site_group *group,
				  const struct site_cost *cost, struct gc_model_small *small)
{
	struct interval objects = weights_interval(&group->objects);
	struct saving_part part = {
	    .allocated = weights_interval(&group->bytes), .live = cost->live_by_life, .live_black = cost->live_black};

	part.site = (struct gc_model_site){group->bytes.total,
					   cost->live_bytes,
					   cost->mark_objects,
					   cost->scan_bytes,
					   cost->barriers,
					   group->spans,
					   small};
	for (int i = 0; i < GC_MODEL_SMALL; i++) {
		small->allocated[i] = group->small_bytes[i];
		small->scattered[i] = group->small_bytes[i] * cost->scattered;
		small->live[i] = group->small_bytes[i] * alive_share(cost, group);
	}
	if (group->bytes.total <= 0)
		return part;
	part.objects_per_byte = cost->live_bytes > 0
				    ? cost->mark_objects / cost->live_bytes
				    : mark_weight(run, group, 0) * group->objects.total / group->bytes.total;
	part.scan_per_byte = group->scan_bytes / group->bytes.total;
	part.objects_doubt = saving_objects_doubt(group->objects.total, &objects, group->bytes.total, &part.allocated);
	return part;
}

static void add_site(struct site_cost_run *run, const struct site_group *group)
{
	struct gc_model_small small;
	struct saving_part part;
	struct site_cost cost;

	if (group->call.operation == OPERATION_C)
		return; /* not the GC's memory */
	cost = lives_of(run, group);
	run->model.allocated += group->bytes.total;
	run->model.sites_live += cost.live_bytes;
	run->model.sites_objects += cost.mark_objects;
	run->model.sites_scan += cost.scan_bytes;
	run->model.spans += group->spans;
	run->model.live_spans += group->spans * alive_share(&cost, group);
	part = part_of(run, group, &cost, &small);
	saving_doubts_add(&run->doubts, &part);
	for (int i = 0; i < GC_MODEL_SMALL; i++) {
		run->model.small.scattered[i] += small.scattered[i];
		run->model.small.live[i] += small.live[i];
	}
}

/* The sum of what is alive is known exactly from the GC: where sampling has more, it is too much by chance. */
static void scale_live(struct site_cost_run *run)
{
	struct gc_model_run *model = &run->model;

	if (!run->known || model->sites_live <= model->live || model->live <= 0)
		return;
	run->live_scale = model->live / model->sites_live;
	model->sites_live *= run->live_scale;
	model->sites_objects *= run->live_scale;
	model->sites_scan *= run->live_scale;
	model->live_spans *= run->live_scale;
	for (int i = 0; i < GC_MODEL_SMALL; i++)
		model->small.live[i] *= run->live_scale;
	saving_doubts_scale_live(&run->doubts, run->live_scale);
}

/* What the samples of CPU tell: what the GC did, and how long allocating takes in this program. */
static void take_cpu(struct site_cost_run *run, const struct site_groups *groups, const struct cpu_profile *cpu)
{
	double gc = (double)cpu_profile_gc(cpu), estimated = 0;
	struct gc_model_parts *parts = &run->model.parts;

	run->cpu_period = cpu->period;
	run->barrier_samples = (double)cpu->by_work[CPU_BARRIERS];
	if (gc >= FEW_GC_SAMPLES) {
		parts->rest = (double)cpu->by_work[CPU_GC_REST] / gc;
		parts->roots = (double)cpu->by_work[CPU_MARKING_ROOTS] / gc;
		parts->heap = (double)cpu->by_work[CPU_MARKING_HEAP] / gc;
		parts->barriers = (double)cpu->by_work[CPU_BARRIERS] / gc;
		parts->sweep = (double)cpu->by_work[CPU_SWEEPING] / gc;
	}
	for (size_t i = 0; i < groups->count; i++)
		estimated += groups->groups[i]->alloc_seconds;
	if (estimated > 0 && cpu->by_work[CPU_ALLOCATING] > 0)
		run->alloc_scale = (double)cpu->by_work[CPU_ALLOCATING] * cpu->period / estimated;
}

void site_cost_prepare(struct site_cost_run *run, const struct site_groups *groups, const struct gc_totals *gc,
		       const struct cpu_profile *cpu, struct gc_model_costs costs)
{
	*run = (struct site_cost_run){.live_scale = 1, .alloc_scale = 1};
	run->model.costs = costs;
	if (gc && gc->records)
		take_gc(run, gc);
	live_run_prepare(&run->live, groups, run->cycles, run->model.live, gc ? gc->unswept : 0);
	for (size_t i = 0; i < groups->count; i++)
		add_site(run, groups->groups[i]);
	scale_live(run);
	if (cpu->known)
		take_cpu(run, groups, cpu);
	if (run->known && gc)
		take_goals(run, gc);
	if (run->attached_late && gc)
		run->model.older_live =
		    fmin(known_or(gc->first.heap_marked, 0), fmax(0, run->model.live - run->model.sites_live));
}

/*
 * The time that GROUP's allocating takes. What was sampled is Poisson around it; what the sizes make it, a gamma prior
 * as wide as the table of sizes is wrong: so the posterior is a gamma again.
 */
static void take_alloc_seconds(struct site_cost *cost, const struct site_cost_run *run, const struct site_group *group)
{
	double guess = run->alloc_scale * group->alloc_seconds, shape, mean;

	if (guess <= 0)
		return;
	shape = TABLE_SHAPE + (run->cpu_period > 0 ? group->alloc_samples : 0);
	mean = shape / (TABLE_SHAPE / guess + (run->cpu_period > 0 ? 1 / run->cpu_period : 0));
	cost->alloc_seconds = mean;
	cost->alloc_seconds_ci.low = weights_gamma_quantile(mean, mean * mean / shape, 0.025);
	cost->alloc_seconds_ci.high = weights_gamma_quantile(mean, mean * mean / shape, 0.975);
}

/*
 * What lives on is in no cache when it is used again, and is found by a pointer that had to be there first: the program
 * waits for it. What is not allocated is a part of something else, which is there already.
 */
static double miss_seconds_of(const struct site_cost_run *run, const struct site_group *group)
{
	if (group->call.operation == OPERATION_C)
		return 0;
	if (!run->known)
		return NAN;
	return MISS_SECONDS * group->objects.total * live_survivor_share(&run->live, &group->object_lives);
}

struct site_cost site_cost_of(const struct site_cost_run *run, const struct site_group *group)
{
	struct site_cost cost = lives_of(run, group);
	struct gc_model_small small;
	struct saving_part part;

	cost.saving.goal_bytes = NAN;
	cost.miss_seconds = miss_seconds_of(run, group);
	take_alloc_seconds(&cost, run, group);
	if (run->barrier_samples > 0)
		cost.barriers = group->barrier_samples / run->barrier_samples;
	if (!run->known || group->call.operation == OPERATION_C || group->bytes.total <= 0)
		return cost;
	part = part_of(run, group, &cost, &small);
	cost.saving = saving_of_part(&run->model, &run->doubts, &part, NULL);
	return cost;
}
