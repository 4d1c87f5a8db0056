/*
 * In: CPU spent. Out: means. Only what goes with the samples can be moved, so only that is held against the budget:
 * against what all else (looking around, the samples of CPU) leaves of it, but half at least, as no mean would bring
 * that back in a target that hardly runs. And some samples are always allowed: of a program that takes a tenth of a
 * CPU, the budget of that would be too few to tell anything, and nobody feels twice of it.
 *
 * What can be counted is not all: a sample takes lines out of the caches, and was two to three times as dear as the
 * clock said, measured on an HTTP service. So what is counted aims at a part of the budget. What happens in the kernel
 * and in the runtime can't even be counted, only how often it happens; it is taken at what it was on a virtual machine,
 * where an interrupt is dearest.
 *
 * Means are powers of two: a trace keeps contexts by mean, and few different ones keep it small. A mean becomes coarser
 * at once, by as many steps as are missing, and finer by one step when five times in turn there was room for twice the
 * samples.
 */
#include "collector/rate_control.h"

#define MEMORY       0.8    /* what the sums so far count for in the next */
#define AIM          0.15   /* of the budget, for what is counted */
#define ROOM         0.4    /* of what is allowed: below this it may be finer */
#define LOW_ENOUGH   5      /* times in turn */
#define MANY         2000   /* samples between two looks that tell what one takes */
#define ONE          350    /* ns, as long as nothing has told */
#define LEAST        0.0005 /* of one CPU, that samples may always take */
#define TARGET_LEAST 2e6    /* ns of the target's CPU that tell anything */

/* Ns: an object's stack by runtime.callers, its record in the profile and its end; an interrupt and a stack. */
#define FOLLOWED_ONE   4000
#define CPU_SAMPLE_ONE 60000

#define LIVE_COARSEST    (64u << 20)
#define LIVE_SHARE       0.15 /* of the budget, for objects that are followed */
#define CPU_SHARE        0.15 /* for the samples of CPU */
#define CPU_PERIOD_LEAST 997000
#define OUT_OF_STEP      0.997 /* with what happens every so many ms */

void rate_control_start(struct rate_control *control, double budget, uint64_t live_finest)
{
	*control = (struct rate_control){.budget = budget,
					 .mean = RATE_CONTROL_FINEST,
					 .live_mean = live_finest,
					 .live_finest = live_finest,
					 .one = ONE};
}

uint64_t rate_control_cpu_period(double budget)
{
	double period = CPU_SAMPLE_ONE / (budget * CPU_SHARE) * OUT_OF_STEP;

	return period < CPU_PERIOD_LEAST ? CPU_PERIOD_LEAST : (uint64_t)period;
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
	double interrupts = CPU_SAMPLE_ONE * since(costs->cpu_samples, last->cpu_samples);

	control->time = MEMORY * control->time + since(costs->time, last->time);
	control->target = MEMORY * control->target + since(costs->target, last->target);
	control->samples = MEMORY * control->samples + since(costs->agent, last->agent) + taking;
	control->followed = MEMORY * control->followed + FOLLOWED_ONE * since(costs->followed, last->followed);
	control->rest = MEMORY * control->rest + (all > taking ? all - taking : 0) + interrupts;
	control->last = *costs;
}

/* What the samples may take, in ns. */
static double allowed(const struct rate_control *control)
{
	double all = AIM * control->budget * control->target, left = all - control->rest - control->followed;

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

static void move_live(struct rate_control *control, uint64_t mean)
{
	control->followed *= (double)control->live_mean / (double)mean;
	control->live_mean = mean;
	control->live_low = 0;
}

static void coarsen(struct rate_control *control, double most)
{
	while (control->samples > most && control->mean < RATE_CONTROL_COARSEST)
		move(control, 2 * control->mean);
}

static void adapt_live(struct rate_control *control)
{
	double most = LIVE_SHARE * control->budget * control->target;

	if (most < LIVE_SHARE * LEAST * control->time)
		most = LIVE_SHARE * LEAST * control->time;
	while (control->followed > most && control->live_mean < LIVE_COARSEST)
		move_live(control, 2 * control->live_mean);
	control->live_low = control->followed < ROOM * most ? control->live_low + 1 : 0;
	if (control->live_low >= LOW_ENOUGH && control->live_mean > control->live_finest)
		move_live(control, control->live_mean / 2);
}

void rate_control_next(struct rate_control *control, const struct rate_costs *costs, bool is_pressed)
{
	double most;

	take(control, costs);
	if (is_pressed && control->mean < RATE_CONTROL_COARSEST)
		move(control, 2 * control->mean);
	if (control->target < TARGET_LEAST)
		return;
	adapt_live(control);
	most = allowed(control);
	coarsen(control, most);
	control->low = control->samples < ROOM * most ? control->low + 1 : 0;
	if (control->low >= LOW_ENOUGH && control->mean > RATE_CONTROL_FINEST)
		move(control, control->mean / 2);
}
