/*
 * In: two analyses, and what to divide by. Out: each site's change and the totals', with intervals. The steps: sites
 * are matched, each side's noise is told, the factor that all have in common is found, and what is left is held against
 * 0.
 */
#include "analyzer/compare.h"

#include "analyzer/compare_match.h"
#include "analyzer/compare_noise.h"
#include "analyzer/site_key.h"
#include "base/buf.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The chance that a comparison of two runs of the same says anything of any site; and of any total. */
#define SITES_ALARM  0.01
#define TOTALS_ALARM 0.005
#define TAIL_95      0.025

/* Relative deviations between runs that no run shows by itself; docs/COMPARING.md has the measurements. */
#define FLOOR_SITE   0.01
#define FLOOR_C_SITE 0.05 /* no slices tell how it comes and goes */
#define FLOOR_SPEED  0.2  /* of CPU for the same work */
#define FLOOR_GC     0.15
#define FLOOR_CYCLES 0.15
#define FLOOR_LIVE   0.25
#define FLOOR_BLACK  0.05 /* of what is allocated between two cycles, what may be taken for live: born while marking */

#define COMMON_FLOOR   0.05   /* in the median, a site better known than this counts for no more */
#define COMMON_FACTOR  1000.0 /* a site further off says nothing of what all have in common */
#define COMMON_WIDENED 2.5    /* deviations of the median that are thought in */

struct compare_options compare_options_default(void)
{
	return (struct compare_options){.per = COMPARE_PER_SECOND, .least_share = 0.001};
}

const char *change_kind_name(enum change_kind kind)
{
	static const char *const names[] = {[CHANGE_NONE] = "none",
					    [CHANGE_APPEARED] = "appeared",
					    [CHANGE_WENT] = "went",
					    [CHANGE_GREW] = "grew",
					    [CHANGE_SHRANK] = "shrank"};

	return names[kind];
}

const char *total_kind_name(enum total_kind total)
{
	static const char *const names[TOTAL_COUNT] = {
	    [TOTAL_BYTES] = "alloc_bytes",     [TOTAL_OBJECTS] = "alloc_objects", [TOTAL_GC_CPU] = "gc_cpu_seconds",
	    [TOTAL_GC_SHARE] = "gc_cpu_share", [TOTAL_CYCLES] = "gc_cycles",      [TOTAL_LIVE] = "live_bytes",
	    [TOTAL_C_BYTES] = "c_alloc_bytes", [TOTAL_C_LIVE] = "c_live_bytes",   [TOTAL_C_KEPT] = "c_kept_bytes"};

	return names[total];
}

double change_least_growth(const struct change *change)
{
	if (change->kind == CHANGE_APPEARED)
		return INFINITY;
	if (change->kind != CHANGE_GREW)
		return fmin(0, change->before > 0 ? change->certain.low / change->before : 0);
	return change->before > 0 ? change->certain.low / change->before : INFINITY;
}

/* What one match allocates, each side of it. */
struct weighed {
	struct noisy noise[2];
	double objects[2];
};

static bool is_of_c(const struct site_match *match)
{
	const struct site *site = match->counts[1] ? match->sites[1][0] : match->sites[0][0];

	return site->class_ == CLASS_C;
}

static struct weighed weigh(const struct comparison *comparison, const struct site_match *match)
{
	const struct analysis *sides[2] = {comparison->before, comparison->after};
	struct weighed weighed = {0};

	for (int side = 0; side < 2; side++) {
		weighed.noise[side] = noise_of_sites(sides[side], match->sites[side], match->counts[side],
						     is_of_c(match) ? FLOOR_C_SITE : FLOOR_SITE);
		for (size_t i = 0; i < match->counts[side]; i++)
			weighed.objects[side] += match->sites[side][i]->alloc_objects;
	}
	/* Where nothing was sampled, one sample of what the other side has may have been missed. */
	for (int side = 0; side < 2; side++) {
		double distance = is_of_c(match) ? sides[side]->c.rate : sides[side]->rate_high;

		if (weighed.noise[side].step <= 0)
			weighed.noise[side].step = fmax(weighed.noise[!side].step, distance);
	}
	return weighed;
}

/* Of Go's heap, and of C's where that is known. */
static double all_bytes(const struct analysis *analysis)
{
	return analysis->alloc_bytes + (analysis->c.known ? analysis->c.alloc_bytes : 0);
}

static double share_of(const struct analysis *analysis, double bytes)
{
	double all = all_bytes(analysis);

	return all > 0 ? bytes / all : 0;
}

struct vote {
	double factor, weight; /* the factor's logarithm */
};

static int compare_votes(const void *left, const void *right)
{
	const struct vote *a = left, *b = right;

	return (a->factor > b->factor) - (a->factor < b->factor);
}

static double relative_variance(const struct noisy *noisy)
{
	return (fmax(noisy->chance, noisy->scatter)) / (noisy->value * noisy->value);
}

static bool make_vote(const struct comparison *comparison, const struct weighed *weighed, struct vote *vote)
{
	const struct noisy *before = &weighed->noise[0], *after = &weighed->noise[1];

	if (before->value <= 0 || after->value <= 0)
		return false;
	vote->factor = log(after->value / comparison->work[1]) - log(before->value / comparison->work[0]);
	vote->weight = 1 / (relative_variance(before) + relative_variance(after) + COMMON_FLOOR * COMMON_FLOOR);
	return isfinite(vote->factor) && fabs(vote->factor) < log(COMMON_FACTOR) && vote->weight > 0;
}

/*
 * By the second and by the byte, all sites of a run have a factor in common: how fast it went, what else it did. It is
 * taken to be anything from 1 to the weighted median of the sites' own factors: a site has changed when it did by both.
 */
static void find_common(struct comparison *comparison, const struct weighed *weighed, size_t count)
{
	struct vote *votes = memory_alloc(count + 1, sizeof(*votes));
	double weights = 0, sum = 0, off;
	size_t nvotes = 0, middle = 0;

	comparison->common = (struct interval){1, 1};
	comparison->common_middle = 1;
	for (size_t i = 0; i < count; i++) {
		if (!make_vote(comparison, &weighed[i], &votes[nvotes]))
			continue;
		weights += votes[nvotes++].weight;
	}
	if (nvotes) {
		qsort(votes, nvotes, sizeof(*votes), compare_votes);
		while (middle + 1 < nvotes && sum + votes[middle].weight < weights / 2)
			sum += votes[middle++].weight;
		comparison->common_middle = exp(votes[middle].factor);
	}
	if (nvotes && comparison->options.per != COMPARE_PER_UNIT) {
		off = COMMON_WIDENED * sqrt(M_PI_2 / weights);
		comparison->common.low = fmin(1, comparison->common_middle * exp(-off));
		comparison->common.high = fmax(1, comparison->common_middle * exp(off));
	}
	free(votes);
}

static const struct site *largest(const struct site *const *sites, size_t count)
{
	const struct site *most = NULL;

	for (size_t i = 0; i < count; i++)
		if (!most || sites[i]->alloc_bytes > most->alloc_bytes)
			most = sites[i];
	return most;
}

static enum change_kind kind_of(const struct change *change)
{
	if (change->certain.low > 0)
		return change->before > 0 ? CHANGE_GREW : CHANGE_APPEARED;
	if (change->certain.high < 0)
		return change->after > 0 ? CHANGE_SHRANK : CHANGE_WENT;
	return CHANGE_NONE;
}

static struct change make_change(const struct noisy *before, const struct noisy *after, const double *work,
				 const struct interval *common, double tail)
{
	struct change change = {.before = before->value / work[0], .after = after->value / work[1]};

	change.difference = noise_difference(before, after, work, common, TAIL_95);
	change.certain = noise_difference(before, after, work, common, tail);
	change.kind = kind_of(&change);
	return change;
}

static void fill_site(const struct comparison *comparison, struct site_change *out, const struct site_match *match,
		      const struct weighed *weighed)
{
	out->before = largest(match->sites[0], match->counts[0]);
	out->after = largest(match->sites[1], match->counts[1]);
	out->nbefore = match->counts[0];
	out->nafter = match->counts[1];
	out->reshaped = match->reshaped;
	out->objects_before = weighed->objects[0] / comparison->work[0];
	out->objects_after = weighed->objects[1] / comparison->work[1];
	out->bytes = make_change(&weighed->noise[0], &weighed->noise[1], comparison->work, &comparison->common,
				 comparison->tail);
	if (!out->tested)
		out->bytes.kind = CHANGE_NONE;
}

static int compare_changes(const void *left, const void *right)
{
	const struct site_change *a = left, *b = right;
	double x = fabs(a->bytes.after - a->bytes.before), y = fabs(b->bytes.after - b->bytes.before);
	const struct site *s = a->after ? a->after : a->before, *t = b->after ? b->after : b->before;

	if ((a->bytes.kind != CHANGE_NONE) != (b->bytes.kind != CHANGE_NONE))
		return a->bytes.kind != CHANGE_NONE ? -1 : 1;
	if (x != y)
		return x > y ? -1 : 1;
	return s->rank != t->rank ? (s->rank > t->rank) - (s->rank < t->rank) : !a->after - !b->after;
}

static void fill_sites(struct comparison *comparison)
{
	struct site_matches matches;
	struct weighed *weighed;

	compare_match(&matches, comparison->before, comparison->after);
	comparison->nsites = matches.count;
	comparison->sites = memory_alloc(matches.count + 1, sizeof(*comparison->sites));
	weighed = memory_alloc(matches.count + 1, sizeof(*weighed));
	for (size_t i = 0; i < matches.count; i++) {
		struct site_change *site = &comparison->sites[i];

		weighed[i] = weigh(comparison, &matches.matches[i]);
		site->share_before = share_of(comparison->before, weighed[i].noise[0].value);
		site->share_after = share_of(comparison->after, weighed[i].noise[1].value);
		site->tested = site->share_before + site->share_after >= comparison->options.least_share;
		comparison->tested += site->tested;
	}
	comparison->tail = SITES_ALARM / 2 / (double)(comparison->tested ? comparison->tested : 1);
	find_common(comparison, weighed, matches.count);
	for (size_t i = 0; i < matches.count; i++) {
		fill_site(comparison, &comparison->sites[i], &matches.matches[i], &weighed[i]);
		comparison->nchanged += comparison->sites[i].bytes.kind != CHANGE_NONE;
	}
	if (matches.count)
		qsort(comparison->sites, matches.count, sizeof(*comparison->sites), compare_changes);
	free(weighed);
	compare_match_free(&matches);
}

/* The variance of all the sites' bytes, or objects. */
static double summed_variance(const struct analysis *analysis, bool objects)
{
	double variance = 0;

	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];
		double off = (site->alloc_objects_ci.high - site->alloc_objects_ci.low) / 2 / 1.96;

		if (site->class_ == CLASS_C)
			continue;
		variance += objects ? off * off + site->alloc_objects : site->sampling_variance + site->squared_bytes;
	}
	return variance;
}

/* The GC's CPU: by samples of it, and whether the last cycle fell within the run or after it. */
static double gc_variance(const struct gc_summary *gc)
{
	double samples = gc->sampled ? gc->cpu_share * (double)gc->cpu_samples : 0;
	double cycles = gc->cycles ? (double)gc->cycles : 1;

	return (samples > 0 ? 1 / samples : 0) + 0.25 / (cycles * cycles);
}

/* C's bytes: allocated, alive, or not freed. A site's are all as much by chance as those that it allocates. */
static bool fill_c_noise(struct noisy *noisy, const struct analysis *analysis, enum total_kind total)
{
	const struct c_part *c = &analysis->c;

	if (!c->known)
		return false;
	noisy->value = total == TOTAL_C_BYTES ? c->alloc_bytes : total == TOTAL_C_LIVE ? c->live_bytes : c->kept_bytes;
	for (size_t i = 0; i < c->nsites; i++) {
		const struct c_site *site = &c->sites[i];
		double value = total == TOTAL_C_BYTES  ? site->alloc_bytes
			       : total == TOTAL_C_LIVE ? site->live_bytes
						       : site->kept_bytes;
		double part = site->alloc_bytes > 0 ? fmin(1, value / site->alloc_bytes) : 0;

		noisy->chance += part * (site->sampling_variance + site->squared_bytes);
		if (part > 0)
			noisy->step = fmax(noisy->step, site->sample_bytes);
	}
	noisy->floor = total == TOTAL_C_BYTES ? FLOOR_C_SITE : FLOOR_LIVE;
	return isfinite(noisy->value);
}

static bool fill_noise(struct noisy *noisy, const struct analysis *analysis, enum total_kind total)
{
	const struct gc_summary *gc = &analysis->gc;

	*noisy = (struct noisy){.floor = FLOOR_SITE};
	switch (total) {
	case TOTAL_BYTES:
		noisy->value = analysis->alloc_bytes;
		noisy->chance = summed_variance(analysis, false);
		return analysis->samples || !analysis->c.known; /* a program without Go has no such heap */
	case TOTAL_OBJECTS:
		noisy->value = analysis->alloc_objects;
		noisy->chance = summed_variance(analysis, true);
		return analysis->samples || !analysis->c.known;
	case TOTAL_GC_CPU:
		noisy->value = gc->cpu_seconds;
		break;
	case TOTAL_GC_SHARE:
		noisy->value = gc->cpu_share;
		break;
	case TOTAL_CYCLES:
		noisy->value = (double)gc->cycles;
		noisy->chance = 1;
		noisy->step = 1;
		noisy->floor = FLOOR_CYCLES;
		return gc->known;
	case TOTAL_LIVE:
		noisy->value = gc->live_bytes;
		noisy->chance = pow(FLOOR_BLACK * fmax(0, gc->goal_bytes - gc->live_bytes), 2);
		noisy->floor = FLOOR_LIVE;
		return gc->known && isfinite(gc->live_bytes);
	case TOTAL_C_BYTES:
	case TOTAL_C_LIVE:
	case TOTAL_C_KEPT:
		return fill_c_noise(noisy, analysis, total);
	case TOTAL_COUNT:
		return false;
	}
	noisy->chance = gc_variance(gc) * noisy->value * noisy->value;
	noisy->floor = FLOOR_GC;
	return gc->known && noisy->value > 0;
}

static bool is_by_work(enum total_kind total)
{
	return total != TOTAL_GC_SHARE && total != TOTAL_LIVE && total != TOTAL_C_LIVE && total != TOTAL_C_KEPT;
}

static void fill_total(struct comparison *comparison, enum total_kind total)
{
	struct total_change *out = &comparison->totals[total];
	struct interval one = {1, 1};
	double none[2] = {1, 1};
	struct noisy before, after;

	out->known = fill_noise(&before, comparison->before, total) && fill_noise(&after, comparison->after, total) &&
		     !(total == TOTAL_BYTES && comparison->options.per == COMPARE_PER_BYTE);
	if (!out->known)
		return;
	if (total == TOTAL_GC_CPU) {
		before.floor = hypot(before.floor, FLOOR_SPEED);
		after.floor = hypot(after.floor, FLOOR_SPEED);
	}
	if (is_by_work(total))
		out->change =
		    make_change(&before, &after, comparison->work, &comparison->common, TOTALS_ALARM / 2 / TOTAL_COUNT);
	else
		out->change = make_change(&before, &after, none, &one, TOTALS_ALARM / 2 / TOTAL_COUNT);
}

static double work_of(const struct analysis *analysis, enum compare_per per)
{
	return per == COMPARE_PER_SECOND ? analysis_seconds(analysis) : all_bytes(analysis);
}

enum status compare(struct comparison *out, const struct analysis *before, const struct analysis *after,
		    const struct compare_options *options, struct error *error)
{
	*out = (struct comparison){.before = before, .after = after, .options = *options};
	if (options->per == COMPARE_PER_UNIT)
		memcpy(out->work, options->counts, sizeof(out->work));
	else
		for (int i = 0; i < 2; i++)
			out->work[i] = work_of(i ? after : before, options->per);
	if (!(out->work[0] > 0 && out->work[1] > 0))
		return error_set(error,
				 "nothing to divide by: %s run has %s: give the counts of what was done with --count",
				 out->work[0] > 0 ? "the second" : "the first",
				 options->per == COMPARE_PER_SECOND ? "no length" : "no allocations");
	fill_sites(out);
	for (int total = 0; total < TOTAL_COUNT; total++)
		fill_total(out, (enum total_kind)total);
	return STATUS_OK;
}

void compare_free(struct comparison *comparison)
{
	free(comparison->sites);
	*comparison = (struct comparison){0};
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(const struct buf *bytes)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < bytes->size; i++)
		hash = (hash ^ bytes->data[i]) * 0x100000001b3u;
	return hash;
}

uint64_t compare_fingerprint(const struct analysis *analysis, size_t index)
{
	const struct site *site = &analysis->sites[index];
	struct buf key = {0}, other = {0};
	uint64_t hash, before = 0;

	site_key_append(&key, site);
	for (size_t i = 0; i < analysis->nsites; i++) {
		if (i == index || site_key_compare_places(&analysis->sites[i], site) >= 0)
			continue;
		other.size = 0;
		site_key_append(&other, &analysis->sites[i]);
		before += other.size == key.size && memcmp(other.data, key.data, key.size) == 0;
	}
	buf_append_u64(&key, before);
	hash = hash_bytes(&key);
	buf_free(&key);
	buf_free(&other);
	return hash;
}
