/*
 * The sink of a trace's records. In: one record at a time. Out: totals by context, lives included, and the GC's
 * figures. What a context is (stack, type) does not matter here.
 */
#include "analyzer/accumulate.h"

#include "analyzer/moments.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX /* the context of objects that were left out */

static struct context_totals *context_at(struct accumulation *accumulation, size_t context)
{
	if (context >= accumulation->ncontexts) {
		size_t count = accumulation->ncontexts ? accumulation->ncontexts : 256;

		while (count <= context)
			count *= 2;
		accumulation->contexts = memory_resize(accumulation->contexts, count, sizeof(*accumulation->contexts));
		memset(accumulation->contexts + accumulation->ncontexts, 0,
		       (count - accumulation->ncontexts) * sizeof(*accumulation->contexts));
		accumulation->ncontexts = count;
	}
	return &accumulation->contexts[context];
}

static double weight_cached(uint64_t size, uint64_t rate, uint64_t *cached_rate, double *cached_weight)
{
	if (*cached_rate != rate || *cached_weight < 1) {
		*cached_rate = rate;
		*cached_weight = weights_of(size, rate);
	}
	return *cached_weight;
}

/* The cohort born in CYCLE, begun anew where there is none; NULL if it is too long ago. */
static struct life_cohort *cohort_of(struct accumulation *accumulation, uint32_t cycle)
{
	struct life_cohort *cohort = &accumulation->cohorts[cycle % LIFE_COHORTS];

	if (cohort->cycle > cycle)
		return NULL;
	if (cohort->cycle < cycle)
		*cohort = (struct life_cohort){.cycle = cycle};
	return cohort;
}

static void count_birth(struct accumulation *accumulation, uint32_t cycle)
{
	struct life_cohort *cohort = cohort_of(accumulation, cycle);

	accumulation->all_cohorts.births++;
	if (cohort)
		cohort->births++;
}

static void count_next_end(struct accumulation *accumulation, uint32_t cycle)
{
	struct life_cohort *cohort = cohort_of(accumulation, cycle);

	accumulation->all_cohorts.ended_next++;
	if (cohort)
		cohort->ended_next++;
}

/*
 * Of those born in a cycle, about as many are garbage in the next as of those born in any other. Where fewer of the
 * last that could be swept were told of, the rest was not swept. One life more is thought in, ended as usual.
 */
static double unswept_share(struct accumulation *accumulation, uint32_t end)
{
	const struct life_cohort *all = &accumulation->all_cohorts, *last, *after;
	double births, usual;

	if (end == 0)
		return 0;
	last = cohort_of(accumulation, end - 1);
	after = cohort_of(accumulation, end);
	if (!last || !after)
		return 0;
	births = (double)(all->births - last->births - after->births);
	usual = births > 0 ? (double)(all->ended_next - last->ended_next) / births : 0;
	if (usual <= 0)
		return 0;
	return fmax(0, 1 - ((double)last->ended_next + 1) / ((double)last->births * usual + 1));
}

/* A life is over, or the trace is; END is the cycle in which it was found unmarked, or the one after the last. */
static void add_life(struct accumulation *accumulation, const struct live_object *object, uint32_t end, bool censored)
{
	struct life_totals *lives;
	double survived = end > object->cycle ? (double)(end - object->cycle - 1) : 0;
	double doubt = object->weight * (object->weight - 1);

	if (object->context == NOBODY)
		return;
	lives = &context_at(accumulation, object->context)->lives;
	lives->count++;
	lives->censored += censored;
	lives->weight += object->weight;
	lives->survived += object->weight * survived;
	if (survived > 0)
		lives->survived_any += object->weight;
	if (survived > 0 && censored)
		lives->still_there += object->weight;
	if (!censored && survived >= 2) {
		lives->old += object->weight;
		lives->old_survived += object->weight * survived;
		lives->old_squared += object->weight * survived * survived;
	}
	if (!censored && survived <= 0)
		count_next_end(accumulation, object->cycle);
	if (lives->count == 1 || object->cycle < lives->first_cycle)
		lives->first_cycle = object->cycle;
	if (object->cycle > lives->last_cycle)
		lives->last_cycle = object->cycle;
	if (!censored)
		lives->ended += object->weight;
	else if (survived <= 1)
		lives->young += object->weight;
	lives->doubt += doubt;
	lives->doubt_survived += doubt * survived;
	lives->doubt_squared += doubt * survived * survived;
}

static void widen_rates(uint64_t *low, uint64_t *high, uint64_t rate)
{
	if (*low == 0 || rate < *low)
		*low = rate;
	if (rate > *high)
		*high = rate;
}

/* Follow OBJECT, unless its death has been read already. */
static void follow(struct accumulation *accumulation, const struct live_object *object)
{
	struct live_object old;

	if (live_table_remove(&accumulation->early, object->address, &old) && old.cycle > object->cycle) {
		add_life(accumulation, object, old.cycle, false);
		return;
	}
	if (live_table_insert(&accumulation->live, object, &old)) {
		/* Its death was lost, but it must have been swept by now. */
		accumulation->reused++;
		add_life(accumulation, &old, object->cycle, false);
	}
}

static void begin_life(struct accumulation *accumulation, struct context_totals *totals,
		       const struct trace_sample *sample, uint64_t size)
{
	/* A live rate below the sampling's own cannot thin: then every sample is followed. */
	uint64_t rate = sample->live_rate > sample->rate ? sample->live_rate : sample->rate;
	struct live_object object = {sample->address, sample->context, sample->cycle, 0};

	count_birth(accumulation, sample->cycle);
	object.weight = weight_cached(size, rate, &totals->cached_live_rate, &totals->cached_live_weight);
	follow(accumulation, &object);
}

void accumulate_left_out(struct accumulation *accumulation, const struct trace_sample *sample)
{
	struct live_object object = {sample->address, NOBODY, sample->cycle, 0};

	if (sample->address && sample->live_rate)
		follow(accumulation, &object);
}

void accumulate_sample(struct accumulation *accumulation, const struct trace_sample *sample, uint64_t size)
{
	struct context_totals *totals = context_at(accumulation, sample->context);
	uint64_t rate = sample->rate ? sample->rate : 1;

	weights_add(&totals->objects, 1, weight_cached(size, rate, &totals->cached_rate, &totals->cached_weight),
		    sample->count);
	widen_rates(&totals->rate_low, &totals->rate_high, rate);
	widen_rates(&accumulation->rate_low, &accumulation->rate_high, rate);
	accumulation->samples += sample->count;
	if (accumulation->moments)
		moments_add_bytes(accumulation->moments, sample->time_ns,
				  totals->cached_weight * (double)size * (double)sample->count);
	if (sample->address && sample->live_rate)
		begin_life(accumulation, totals, sample, size);
}

void accumulate_death(struct accumulation *accumulation, const struct trace_death *death)
{
	struct live_object early = {.address = death->address, .cycle = death->cycle}, object;

	if (death->address == 0)
		return;
	if (live_table_remove(&accumulation->live, death->address, &object)) {
		/* Who is found unmarked in a cycle was born before it: else this is the death of an earlier one there,
		 * whose life was ended when the address came again. */
		if (death->cycle > object.cycle)
			add_life(accumulation, &object, death->cycle, false);
		else
			live_table_insert(&accumulation->live, &object, &early);
		return;
	}
	live_table_insert(&accumulation->early, &early, &object);
}

static uint64_t *cpu_count_at(struct accumulation *accumulation, size_t stack)
{
	if (stack >= accumulation->ncpu_counts) {
		size_t count = accumulation->ncpu_counts ? accumulation->ncpu_counts : 256;

		while (count <= stack)
			count *= 2;
		accumulation->cpu_counts =
		    memory_resize(accumulation->cpu_counts, count, sizeof(*accumulation->cpu_counts));
		memset(accumulation->cpu_counts + accumulation->ncpu_counts, 0,
		       (count - accumulation->ncpu_counts) * sizeof(*accumulation->cpu_counts));
		accumulation->ncpu_counts = count;
	}
	return &accumulation->cpu_counts[stack];
}

bool accumulate_end_life(struct accumulation *accumulation, uint64_t address, uint32_t cycle, bool is_reused)
{
	struct live_object object, old;

	if (!live_table_remove(&accumulation->live, address, &object))
		return false;
	if (is_reused || cycle > object.cycle) {
		accumulation->reused += is_reused;
		add_life(accumulation, &object, cycle, false);
		return true;
	}
	live_table_insert(&accumulation->live, &object, &old);
	return false;
}

static void merge_lives(struct life_totals *to, const struct life_totals *from)
{
	if (from->count && (!to->count || from->first_cycle < to->first_cycle))
		to->first_cycle = from->first_cycle;
	if (from->last_cycle > to->last_cycle)
		to->last_cycle = from->last_cycle;
	to->count += from->count;
	to->censored += from->censored;
	to->weight += from->weight;
	to->survived += from->survived;
	to->survived_any += from->survived_any;
	to->ended += from->ended;
	to->young += from->young;
	to->doubt += from->doubt;
	to->doubt_survived += from->doubt_survived;
	to->doubt_squared += from->doubt_squared;
	to->still_there += from->still_there;
	to->old += from->old;
	to->old_survived += from->old_survived;
	to->old_squared += from->old_squared;
}

static void merge_cohorts(struct accumulation *to, const struct accumulation *from)
{
	to->all_cohorts.births += from->all_cohorts.births;
	to->all_cohorts.ended_next += from->all_cohorts.ended_next;
	for (size_t i = 0; i < LIFE_COHORTS; i++) {
		struct life_cohort *cohort = cohort_of(to, from->cohorts[i].cycle);

		if (!cohort)
			continue;
		cohort->births += from->cohorts[i].births;
		cohort->ended_next += from->cohorts[i].ended_next;
	}
}

static void merge_live(struct live_table *to, const struct live_table *from)
{
	struct live_object old;

	for (size_t i = 0; i < from->capacity; i++) {
		if (from->slots[i].address)
			live_table_insert(to, &from->slots[i], &old);
	}
}

void accumulate_merge(struct accumulation *to, const struct accumulation *from)
{
	for (size_t i = 0; i < from->ncontexts; i++) {
		const struct context_totals *part = &from->contexts[i];
		struct context_totals *totals;

		if (!part->objects.count && !part->lives.count)
			continue;
		totals = context_at(to, i);
		weights_merge(&totals->objects, &part->objects);
		merge_lives(&totals->lives, &part->lives);
		if (part->rate_high) {
			widen_rates(&totals->rate_low, &totals->rate_high, part->rate_low);
			widen_rates(&totals->rate_low, &totals->rate_high, part->rate_high);
			widen_rates(&to->rate_low, &to->rate_high, part->rate_low);
			widen_rates(&to->rate_low, &to->rate_high, part->rate_high);
		}
	}
	for (size_t i = 0; i < from->ncpu_counts; i++) {
		if (from->cpu_counts[i])
			*cpu_count_at(to, i) += from->cpu_counts[i];
	}
	to->samples += from->samples;
	to->reused += from->reused;
	merge_cohorts(to, from);
	merge_live(&to->live, &from->live);
}

static void add_mean(double *mean, uint64_t value, uint64_t count)
{
	if (value != UINT64_MAX)
		*mean += ((double)value - *mean) / (double)count;
}

static void count_cycle(struct gc_totals *totals, const struct trace_gc *gc)
{
	totals->cycles++;
	add_mean(&totals->heap_marked, gc->heap_marked, totals->cycles);
	add_mean(&totals->heap_goal, gc->heap_goal, totals->cycles);
	add_mean(&totals->stack_scan, gc->stack_scan, totals->cycles);
	add_mean(&totals->globals_scan, gc->globals_scan, totals->cycles);
}

void accumulate_gc(struct accumulation *accumulation, const struct trace_gc *gc)
{
	struct gc_totals *totals = &accumulation->gc;

	if (accumulation->moments)
		moments_add_gc(accumulation->moments, gc);
	if (totals->records++ == 0) {
		totals->first = *gc;
		totals->cycle_low = totals->cycle_high = gc->cycle;
	}
	/* Records come at each cycle's end and once more at the trace's: only a new cycle counts for the means. */
	if (gc->cycle > 0 && (totals->cycles == 0 || gc->cycle > totals->cycle_high))
		count_cycle(totals, gc);
	if (gc->cycle > totals->cycle_high)
		totals->cycle_high = gc->cycle;
	if (gc->goroutines != UINT64_MAX && gc->goroutines > totals->goroutines_max)
		totals->goroutines_max = gc->goroutines;
	if (gc->goroutines_live != UINT64_MAX && gc->goroutines_live > totals->goroutines_live_max)
		totals->goroutines_live_max = gc->goroutines_live;
	if (gc->time_ns >= totals->last.time_ns)
		totals->last = *gc;
}

bool gc_totals_begin_late(const struct gc_totals *gc)
{
	return gc->attached || gc->first.cycle > 1;
}

double gc_totals_forced(const struct gc_totals *gc)
{
	uint64_t before = gc_totals_begin_late(gc) ? gc->first.forced_cycles : 0, after = gc->last.forced_cycles;

	if (!gc->records || before == UINT64_MAX || after == UINT64_MAX)
		return NAN;
	return after > before ? (double)(after - before) : 0;
}

void accumulate_cpu(struct accumulation *accumulation, const struct trace_cpu_sample *sample)
{
	++*cpu_count_at(accumulation, sample->stack);
}

void accumulate_run_end(struct accumulation *accumulation, uint32_t cycle)
{
	struct live_table *live = &accumulation->live;

	accumulation->unswept += unswept_share(accumulation, cycle);
	for (size_t i = 0; i < live->capacity; i++) {
		if (live->slots[i].address)
			add_life(accumulation, &live->slots[i], cycle + 1, true);
	}
	accumulation->unmatched_deaths += accumulation->early.count;
	live_table_free(live);
	live_table_free(&accumulation->early);
	memset(accumulation->cohorts, 0, sizeof(accumulation->cohorts));
	accumulation->all_cohorts = (struct life_cohort){0};
}

void accumulate_finish(struct accumulation *accumulation, size_t ncontexts, size_t ncpu_stacks)
{
	if (ncontexts)
		context_at(accumulation, ncontexts - 1);
	if (ncpu_stacks)
		cpu_count_at(accumulation, ncpu_stacks - 1);
	accumulate_run_end(accumulation, accumulation->gc.cycle_high);
	accumulation->gc.unswept = accumulation->unswept;
}

static void on_sample(void *user, const struct trace *trace, const struct trace_sample *sample)
{
	accumulate_sample(user, sample, trace->contexts[sample->context].size);
}

static void on_death(void *user, const struct trace *trace, const struct trace_death *death)
{
	(void)trace;
	accumulate_death(user, death);
}

static void on_cpu(void *user, const struct trace *trace, const struct trace_cpu_sample *sample)
{
	(void)trace;
	accumulate_cpu(user, sample);
}

static void on_run_end(void *user, const struct trace *trace, uint32_t cycle)
{
	struct accumulation *accumulation = user;

	accumulate_run_end(accumulation, cycle);
	c_accumulate_run_end(&accumulation->c, trace->end_ns);
}

static void on_gc(void *user, const struct trace *trace, const struct trace_gc *gc)
{
	(void)trace;
	accumulate_gc(user, gc);
}

static void on_c_counts(void *user, const struct trace *trace, const struct trace_c_counts *counts)
{
	struct accumulation *accumulation = user;

	c_accumulate(&accumulation->c, trace, counts);
}

struct trace_callbacks accumulate_callbacks(struct accumulation *accumulation)
{
	if (!accumulation->moments)
		accumulation->moments = moments_new();
	return (struct trace_callbacks){.sample = on_sample,
					.death = on_death,
					.cpu_sample = on_cpu,
					.gc = on_gc,
					.run_end = on_run_end,
					.c_counts = on_c_counts,
					.user = accumulation};
}

void accumulate_free(struct accumulation *accumulation)
{
	free(accumulation->contexts);
	free(accumulation->cpu_counts);
	live_table_free(&accumulation->live);
	live_table_free(&accumulation->early);
	moments_free(accumulation->moments);
	c_accumulate_free(&accumulation->c);
	*accumulation = (struct accumulation){0};
}
