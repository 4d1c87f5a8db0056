/*
 * From lives counted in cycles to what is alive.
 *
 * Little's law: what is alive at the mean cycle end is what a site allocates in a cycle times the mean number of cycle
 * ends that its objects survive. That mean is a ratio of two weighted sums over the lives that were followed, and is
 * applied to the better known total of all samples.
 *
 * What a cycle marks is what was alive when marking began, and all that was born while it marked. So an object that
 * dies while the GC marks survives that cycle's end dead, and so does one that is born and dies meanwhile: what dies
 * is counted one end too many with a chance β, the share of the allocations that fall into marking, however long it
 * lived. What never dies is not. For the shortest-lived sites all that survives is of that kind, so the smallest share
 * of survivors that several sites agree on is taken for β. Go begins to mark at 70 % of the way to the goal at the
 * earliest, and goes beyond it at most a little: β over 0.5 is not believed.
 */
#include "analyzer/live_estimate.h"

#include "analyzer/accumulate.h"
#include "analyzer/site_group.h"
#include "analyzer/weights.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define TAIL        0.025
#define NORMAL_95   1.96
#define THOUGHT_IN  0.4 /* of a life: chosen by make simulate, as Jeffreys' half is by theory */
#define BLACK_MAX   0.5
#define BLACK_LIVES 12   /* fewer tell nothing of a site's share of survivors */
#define EDGE_DOUBT  0.25 /* variance of such a share, of share·(1 − share), where one cycle is seen from within */
#define CYCLE_DOUBT 0.01 /* the same for cycles that differ */

/* The 95 % interval of a share SHARE of COUNT independent ones (Wilson's). */
static struct interval share_interval(double share, double count)
{
	double square = NORMAL_95 * NORMAL_95, middle = (share + square / (2 * count)) / (1 + square / count);
	double way =
	    NORMAL_95 * sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count);

	return (struct interval){fmax(0, middle - way), fmin(1, middle + way)};
}

/* As many independent lives as tell as much of the share born while the GC marks: a site that allocates in a few cycles
 * only meets those few, and begins and ends anywhere in them. */
static double telling_lives(const struct life_totals *lives)
{
	double cycles = (double)(lives->last_cycle - lives->first_cycle) + 1;

	return 1 / (1 / (double)lives->count + EDGE_DOUBT / (cycles * cycles) + CYCLE_DOUBT / cycles);
}

/* Σ w of those that died or would have been found dead: of the young as many as of those whose time is over. */
static double mortal_of(const struct life_totals *lives)
{
	double over = lives->weight - lives->young;

	return lives->ended + (over > 0 ? lives->young * lives->ended / over : lives->young);
}

/* What of a site's garbage found by the last cycle was not swept yet, and looks alive; Σ w like its totals. */
static double unswept_of(const struct live_run *run, const struct life_totals *lives)
{
	return fmin(lives->still_there, lives->ended * run->unswept / fmax(run->cycles - run->unswept, 1));
}

static double survivor_share(const struct live_run *run, const struct life_totals *lives)
{
	return fmin(1, fmax(0, lives->survived_any - unswept_of(run, lives)) / lives->weight);
}

static bool tells_survivors(const struct life_totals *lives)
{
	return lives->weight > 0 && lives->count > 0 && telling_lives(lives) >= BLACK_LIVES;
}

/* The share that no site's survivors are certainly under. */
static double lowest_share(const struct live_run *run, const struct site_groups *groups)
{
	double lowest = 1;

	for (size_t i = 0; i < groups->count; i++) {
		const struct life_totals *lives = &groups->groups[i]->byte_lives;

		if (tells_survivors(lives))
			lowest = fmin(lowest, share_interval(survivor_share(run, lives), telling_lives(lives)).high);
	}
	return lowest;
}

/* β: what those sites that may have the lowest share have together. */
static void take_black_share(struct live_run *run, const struct site_groups *groups)
{
	double lowest = lowest_share(run, groups), survivors = 0, count = 0, sites = 0;

	for (size_t i = 0; i < groups->count; i++) {
		const struct life_totals *lives = &groups->groups[i]->byte_lives;
		double share;

		if (!tells_survivors(lives))
			continue;
		share = survivor_share(run, lives);
		if (share_interval(share, telling_lives(lives)).low > lowest)
			continue;
		survivors += telling_lives(lives) * share;
		count += telling_lives(lives);
		sites++;
	}
	run->black = 0;
	run->between = (struct interval){0, BLACK_MAX};
	if (count > 0 && survivors / count <= BLACK_MAX) {
		run->black = survivors / count;
		run->between = share_interval(run->black, count);
		/* One site alone may live a little: that others have the same share says that it is the marking's. */
		run->between.low *= 1 - 1 / (sites * sites);
	}
}

static double typical_life_of(const struct site_groups *groups)
{
	double survived = 0, any = 0;

	for (size_t i = 0; i < groups->count; i++) {
		survived += groups->groups[i]->byte_lives.survived;
		any += groups->groups[i]->byte_lives.survived_any;
	}
	return any > 0 ? survived / any : 1;
}

void live_run_prepare(struct live_run *run, const struct site_groups *groups, double cycles, double marked,
		      double unswept)
{
	*run = (struct live_run){.cycles = cycles, .marked = marked, .unswept = unswept};
	take_black_share(run, groups);
	run->typical_life = typical_life_of(groups);
}

/* A mean and how far the truth may lie below and above. */
struct spread {
	double mean, below, above;
};

/*
 * The mean of cycle ends survived as they were counted. A part of a life more is thought in, since the longest may not
 * have been followed: of the site's own mean and of the typical length for the variance, of the latter for the way up.
 */
static struct spread counted_life(const struct live_run *run, const struct life_totals *lives)
{
	double mean = lives->survived / lives->weight, square = lives->weight * lives->weight;
	double one = lives->doubt / square; /* the weight of one life more, in all of them */
	double variance =
	    (lives->doubt_squared - 2 * mean * lives->doubt_survived + mean * mean * lives->doubt) / square;
	double typical = run->typical_life, above = mean + THOUGHT_IN * one * typical;
	struct spread spread = {.mean = mean};

	if (one <= 1e-12)
		return spread;
	variance = fmax(0, variance) + THOUGHT_IN * one * one * (mean * mean + typical * typical);
	if (mean > 0)
		spread.below = fmax(0, mean - weights_gamma_quantile(mean, variance, TAIL));
	spread.above = fmax(0, weights_gamma_quantile(above, variance, 1 - TAIL) - mean);
	return spread;
}

/*
 * Of the mean life, what is owed to dying while the GC marks, and to not being swept. How often either happened is
 * random as well.
 */
static struct spread black_life(const struct live_run *run, const struct site_group *group)
{
	const struct life_totals *lives = &group->byte_lives;
	double mortal = mortal_of(lives) / lives->weight, share = run->black;
	double unswept = unswept_of(run, lives) / lives->weight;
	double objects = group->bytes.total * group->bytes.total / group->squared_bytes; /* as many of one size */
	double telling = 1 / telling_lives(lives) - 1 / (double)lives->count + 1 / fmax(objects, 1);
	double chance = NORMAL_95 * NORMAL_95 * share * (1 - share) * mortal * mortal * telling;

	chance += unswept * unswept;
	return (struct spread){mortal * share + unswept, sqrt(pow(mortal * (share - run->between.low), 2) + chance),
			       sqrt(pow(mortal * (run->between.high - share), 2) + chance)};
}

/* The life that the program's objects really had: the difference, its ways put together by squares. */
static struct spread true_life(const struct live_run *run, const struct site_group *group)
{
	struct spread counted = counted_life(run, &group->byte_lives), black = black_life(run, group);
	double difference = counted.mean - black.mean, low = difference - hypot(counted.below, black.above);
	double high = difference + hypot(counted.above, black.below), mean = fmax(0, difference);

	return (struct spread){mean, mean - fmax(0, low), fmax(0, fmin(high, run->cycles) - mean)};
}

/* The product of two independent ones, its ways put together by squares. */
static struct spread product(const struct spread *a, const struct spread *b)
{
	double below = hypot(a->below * b->mean, a->mean * b->below);
	double above = hypot(a->above * b->mean, a->mean * b->above);

	return (struct spread){a->mean * b->mean, fmin(below, a->mean * b->mean), hypot(above, a->above * b->above)};
}

/* What is alive at the mean cycle's end if BLACK is what dies while the GC marks. */
static double mean_bytes(const struct live_run *run, const struct site_group *group, double black)
{
	const struct life_totals *lives = &group->byte_lives;
	double dead = black * mortal_of(lives) + unswept_of(run, lives);

	return group->bytes.total / run->cycles * fmax(0, (lives->survived - dead) / lives->weight);
}

static double mean_objects(const struct live_run *run, const struct site_group *group)
{
	const struct life_totals *lives = &group->object_lives;
	double black = run->black * mortal_of(lives) + unswept_of(run, lives);

	return group->objects.total / run->cycles * fmax(0, (lives->survived - black) / lives->weight);
}

struct live_estimate live_estimate_of(const struct live_run *run, const struct site_group *group)
{
	struct live_estimate estimate = {.lifetime_cycles = NAN};
	struct interval bytes = weights_interval(&group->bytes);
	struct spread births = {group->bytes.total, group->bytes.total - bytes.low, bytes.high - group->bytes.total};
	struct spread life, live;

	if (group->object_lives.count == 0 || group->object_lives.weight <= 0) {
		/* None was followed: they may all have lived on, from a cycle halfway in the mean. */
		estimate.bytes_ci.high = fmin((bytes.high + group->bytes.total) / 4, run->marked);
		estimate.bytes_by_life.high = fmin(bytes.high / 2, run->marked);
		return estimate;
	}
	life = true_life(run, group);
	live = product(&births, &life);
	estimate.bytes = live.mean / run->cycles;
	estimate.bytes_ci.low = (live.mean - live.below) / run->cycles;
	estimate.bytes_ci.high = fmax(estimate.bytes, fmin((live.mean + live.above) / run->cycles, run->marked));
	estimate.bytes_by_life.low = births.mean * (life.mean - life.below) / run->cycles;
	estimate.bytes_by_life.high =
	    fmax(estimate.bytes, fmin(births.mean * (life.mean + life.above) / run->cycles, run->marked));
	estimate.bytes_black.low = mean_bytes(run, group, run->between.high);
	estimate.bytes_black.high = mean_bytes(run, group, run->between.low);
	estimate.objects = mean_objects(run, group);
	estimate.lifetime_cycles = group->object_lives.survived / group->object_lives.weight;
	return estimate;
}

double live_survivor_share(const struct live_run *run, const struct life_totals *lives)
{
	if (lives->weight <= 0)
		return 0;
	return fmax(0, survivor_share(run, lives) - run->black * lives->ended / lives->weight);
}

/*
 * What dies young dies here and there, as others were allocated between. What lives longer lies beside what is as old,
 * so it does as far as lives differ: objects of a queue, whose lives are all the same, die together.
 */
double live_scattered_share(const struct life_totals *lives)
{
	double dead, mean, differ = 0;

	if (lives->weight <= 0 || lives->weight <= lives->young)
		return 1;
	if (lives->old > 0) {
		mean = lives->old_survived / lives->old;
		differ = fmin(1, fmax(0, lives->old_squared / lives->old / (mean * mean) - 1));
	}
	dead = lives->ended * lives->weight / (lives->weight - lives->young);
	return fmin(1, fmax(0, dead - lives->old * (1 - differ)) / lives->weight);
}
