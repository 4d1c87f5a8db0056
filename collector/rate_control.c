/*
 * In: CPU spent. Out: a mean. Only what goes with the samples can be moved, so only that is held against the budget:
 * against what the collector's other work (looking around, the samples of CPU) leaves of it, but half at least, as no
 * mean would bring that back in a target that hardly runs. And some samples are always allowed: of a program that takes
 * a tenth of a CPU, a two-hundredth of that would be too few to tell anything, and nobody feels twice of it.
 *
 * Means are powers of two: a trace keeps contexts by mean, and few different ones keep it small. It becomes coarser at
 * once, by as many steps as are missing, and finer by one step when for a second there was room for twice the samples.
 */
#include "collector/rate_control.h"

#define MEMORY       0.8   /* what the sums so far count for in the next */
#define ROOM         0.4   /* of what is allowed: below this it may be finer */
#define LOW_ENOUGH   5     /* times in turn */
#define MANY         2000  /* samples between two looks that tell what one takes */
#define ONE          350   /* ns, as long as nothing has told */
#define LEAST        0.002 /* of one CPU, that samples may always take */
#define TARGET_LEAST 2e6   /* ns of the target's CPU that tell anything */

void rate_control_start(struct rate_control *control, double budget)
{
	*control = (struct rate_control){.budget = budget, .mean = RATE_CONTROL_FINEST, .one = ONE};
}

static double since(uint64_t now, uint64_t before)
{
	return now > before ? (double)(now - before) : 0;
}

/* Of what taking COUNT samples has TAKEN, that which goes with them: of few nearly all is for looking at all. */
static double taken_by_samples(struct rate_control *control, double count, double taken)
{
	double by_count;

	if (count >= MANY)
		control->one = taken / count;
	by_count = control->one * count;
	return by_count < taken ? by_count : taken;
}

static void take(struct rate_control *control, const struct rate_costs *costs)
{
	const struct rate_costs *last = &control->last;
	double all = since(costs->collector, last->collector);
	double taking = taken_by_samples(control, since(costs->count, last->count), since(costs->taking, last->taking));

	control->time = MEMORY * control->time + since(costs->time, last->time);
	control->target = MEMORY * control->target + since(costs->target, last->target);
	control->samples = MEMORY * control->samples + since(costs->agent, last->agent) + taking;
	control->rest = MEMORY * control->rest + (all > taking ? all - taking : 0);
	control->last = *costs;
}

/* What the samples may take, in ns. */
static double allowed(const struct rate_control *control)
{
	double all = control->budget * control->target, left = all - control->rest;

	if (left < all / 2)
		left = all / 2;
	return left > LEAST * control->time ? left : LEAST * control->time;
}

/* What the sums hold was spent at another mean: have them say what it would have been at this one. */
static void move(struct rate_control *control, uint64_t mean)
{
	control->samples *= (double)control->mean / (double)mean;
	control->mean = mean;
	control->low = 0;
}

static void coarsen(struct rate_control *control, double most)
{
	while (control->samples > most && control->mean < RATE_CONTROL_COARSEST)
		move(control, 2 * control->mean);
}

uint64_t rate_control_next(struct rate_control *control, const struct rate_costs *costs, bool is_pressed)
{
	double most;

	take(control, costs);
	most = allowed(control);
	if (is_pressed && control->mean < RATE_CONTROL_COARSEST)
		move(control, 2 * control->mean);
	if (control->target < TARGET_LEAST)
		return control->mean;
	coarsen(control, most);
	control->low = control->samples < ROOM * most ? control->low + 1 : 0;
	if (control->low >= LOW_ENOUGH && control->mean > RATE_CONTROL_FINEST)
		move(control, control->mean / 2);
	return control->mean;
}
