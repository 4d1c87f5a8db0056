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

#define MEMORY       0.8                        /* what the sums so far count for in the next */
#define AIM          0.08                       /* of the budget, for what is counted */
#define ROOM         0.4                        /* of what is allowed: below this it may be finer */
#define LOW_ENOUGH   5                          /* times in turn */
#define MANY         2000                       /* samples between two looks that tell what one takes */
#define ONE          350                        /* ns, as long as nothing has told */
#define LEAST        (RATE_CONTROL_LEAST / 100) /* of one CPU, that samples may always take */
#define TARGET_LEAST 2e6                        /* ns of the target's CPU that tell anything */

/* Ns: an object's stack by runtime.callers, its record in the profile and its end; an interrupt and a stack. */
#define FOLLOWED_ONE   4000
#define CPU_SAMPLE_ONE 60000

#define LIVE_COARSEST    (64u << 20)
#define LIVE_SHARE       0.08 /* of the budget, for objects that are followed */
#define CPU_SHARE        0.12 /* for the samples of CPU */
#define CPU_PERIOD_LEAST 997000
#define LONGEST_PAUSE    400 /* ms: each look takes lines out of the target's caches */
#define PAUSE_SAMPLES                                                                                                  \
	25 /* of CPU, between two looks; a hundred of the deepest stacks would take half a ring of a CPU */
#define OUT_OF_STEP 0.997 /* with what happens every so many ms */

void rate_control_start(struct rate_control *control, double budget, uint64_t live_finest)
{
	*control = (struct rate_control){
	    .budget = budget,
	    .samples = {RATE_CONTROL_FINEST, RATE_CONTROL_FINEST, RATE_CONTROL_COARSEST, 0, 0},
	    .followed = {live_finest, live_finest, LIVE_COARSEST, 0, 0},
	    .one = ONE,
	};
}

double rate_control_longest_pause(uint64_t cpu_period_ns)
{
	double pause = PAUSE_SAMPLES * (double)cpu_period_ns / 1e6;

	return cpu_period_ns && pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
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
	control->samples.cost = MEMORY * control->samples.cost + since(costs->agent, last->agent) + taking;
	control->followed.cost =
	    MEMORY * control->followed.cost + FOLLOWED_ONE * since(costs->followed, last->followed);
	control->rest = MEMORY * control->rest + (all > taking ? all - taking : 0) + interrupts;
	control->last = *costs;
}

/* What the samples may take, in ns. */
static double allowed(const struct rate_control *control)
{
	double all = AIM * control->budget * control->target, left = all - control->rest - control->followed.cost;

	if (left < all / 2)
		left = all / 2;
	return left > LEAST * control->time ? left : LEAST * control->time;
}

/* What the sum holds was spent at another mean: have it say what it would have been at this one. */
static void move(struct rate_mean *rate, uint64_t mean)
{
	rate->cost *= (double)rate->mean / (double)mean;
	rate->mean = mean;
	rate->low = 0;
}

/* Coarser until it takes MOST ns; finer by a step where that has been far more than it takes. */
static void adapt(struct rate_mean *rate, double most)
{
	while (rate->cost > most && rate->mean < rate->coarsest)
		move(rate, 2 * rate->mean);
	rate->low = rate->cost < ROOM * most ? rate->low + 1 : 0;
	if (rate->low >= LOW_ENOUGH && rate->mean > rate->finest)
		move(rate, rate->mean / 2);
}

/* What following objects may take, in ns. */
static double allowed_to_follow(const struct rate_control *control)
{
	double all = control->budget * control->target, least = LEAST * control->time;

	return LIVE_SHARE * (all > least ? all : least);
}

void rate_control_next(struct rate_control *control, const struct rate_costs *costs, bool is_pressed)
{
	take(control, costs);
	if (is_pressed && control->samples.mean < control->samples.coarsest)
		move(&control->samples, 2 * control->samples.mean);
	if (control->target < TARGET_LEAST)
		return;
	adapt(&control->followed, allowed_to_follow(control));
	adapt(&control->samples, allowed(control));
}
