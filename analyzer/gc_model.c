/*
 * In: means of the run, what its GC's CPU went to, a site's bytes and lives. Out: shares of the GC's CPU.
 *
 * Without site i, A − aᵢ bytes are allocated, so there are fewer cycles; q' is live, so the goal is lower and there are
 * more of them; each marks fewer objects, so it is cheaper. The product of the three, taken from 1, is the saving.
 * Floating garbage F, allocated during a mark and found only by the next, is what is marked but in no site's live
 * bytes. The pacer lets marking take up to three tenths of the runway (runtime/mgcpacer.go, minTriggerRatioDistance),
 * and a mark that is slower is helped by assists; so F goes with the runway, not with who allocates in it.
 *
 * The model's own error is from `make validate`'s removals in programs that it was not made on: their savings differed
 * from the predictions by 8 points of GC in the mean, with longer tails than a normal error's, so that
 * it takes a deviation of 12 points to cover them; for small sites it is two points and four tenths of the effect, and
 * less for those below 3 % of the bytes. Where a saving is the difference of two big effects, the error is theirs.
 * Another setting of the GC is no removal: what it changes may be many times the GC's CPU, and the error goes with it.
 */
#include "analyzer/gc_model.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_RELATIVE_ERROR 0.4
#define MODEL_LARGEST_ERROR  0.12
#define MODEL_LAYOUT_ERROR   0.02 /* what a change of the heap's layout alone brings */
#define LAYOUT_BYTES         0.03 /* … for a site with that share of the bytes, or more */
#define SETTING_ERROR        0.2  /* of what another setting changes */
#define NORMAL_95            1.96
#define HEAP_MINIMUM         (4.0 * (1 << 20)) /* bytes, at GOGC=100: runtime/mgcpacer.go, defaultHeapMinimum */
#define SPAN                 8192.0            /* bytes of a span of small objects */
#define LOCALITY             0.2  /* measured: with half of the live heap gone, the rest took 0.8 to 0.9 of its time */
#define PACED                0.25 /* of the runway: what floats of it when marking takes as long as it may */
#define REUSED_BARRIERS      0.5  /* of a site's: objects used again are filled anew, but don't grow */
#define HEAP_IDLE            60000.0 /* ns a cycle that waking its workers takes, and finding that nothing is left to mark */
/*
 * Green Tea keeps the marks of small objects in their own span, in cache lines that lie alike in all spans: where
 * objects are met in another order than they lie in, each is a miss, and the more so the more spans there are.
 * Measured, ns an object, in order and not: without pointers 9 and 11 (3 MB), 9 and 16 (13 MB); with 14 and 16, 14
 * and 22.
 */
#define SCATTERED_FREE     2.0
#define SCATTERED_POINTERS 1.0
#define SCATTERED_HEAP     40e6 /* bytes alive from which on it is so much */
#define REAL_MIX           2.0  /* allocating in a real program took 2 to 3 times what it takes in a tight loop */

struct gc_model_constants gc_model_constants(void)
{
	return (struct gc_model_constants){SPAN, LOCALITY, PACED, REUSED_BARRIERS, HEAP_IDLE, HEAP_MINIMUM};
}

struct gc_model_costs gc_model_costs_for(const char *go_version)
{
	static const struct gc_model_costs green_tea = {100000, 22, 0.6, 0.87, 0.2};
	static const struct gc_model_costs before = {70000, 35, 0.6, 1.23, 0};
	int major = 0, minor = 0;
	char *end;

	if (!go_version || go_version[0] != 'g' || go_version[1] != 'o')
		return green_tea;
	major = (int)strtol(go_version + 2, &end, 10);
	if (*end == '.')
		minor = (int)strtol(end + 1, NULL, 10);
	return major == 1 && minor > 0 && minor < 26 ? before : green_tea;
}

/* The bytes of the spans of class SIZE that hold live objects, when each of so many bytes lies anywhere in them. */
static double span_bytes(double size, double live, double garbage)
{
	double spans = (live + garbage) / SPAN;

	return spans > 0 ? (live + garbage) * (1 - exp(-live / size / spans)) : 0;
}

/* The same of all classes, when RUNWAY bytes have been allocated since the last cycle. */
static double small_spans(const struct gc_model_run *run, const struct gc_model_site *site, double runway)
{
	double left = run->allocated - site->allocated, sum = 0;

	for (int i = 1; i < GC_MODEL_SMALL; i++) {
		double garbage = run->small.scattered[i] - (site->small ? site->small->scattered[i] : 0);
		double live = run->small.live[i] - (site->small ? site->small->live[i] : 0);

		if (live > 0 && left > 0)
			sum += span_bytes(8 * i, live, fmax(0, garbage) / left * runway);
	}
	return sum;
}

/* ns that marking the heap without SITE takes in a cycle of RUNWAY bytes. */
static double heap_work(const struct gc_model_run *run, const struct gc_model_site *site, double runway)
{
	const struct gc_model_costs *costs = &run->costs;
	double scan = fmax(run->sites_scan - site->scan, 0) + run->older_live;

	return costs->object * fmax(run->sites_objects - site->objects, 0) + costs->scan_byte * scan +
	       costs->span_byte * small_spans(run, site, runway);
}

static bool is_measured(const struct gc_model_parts *parts)
{
	return parts->rest + parts->roots + parts->heap + parts->barriers + parts->sweep > 0;
}

/* Where nothing was measured, by the constants; HEAP is what a cycle's marking of the heap takes by these. */
static struct gc_model_parts parts_of(const struct gc_model_run *run, double heap)
{
	struct gc_model_parts parts = run->parts;
	double all;

	if (is_measured(&parts))
		return parts;
	parts.rest = run->costs.cycle;
	parts.roots = run->costs.root_byte * run->roots;
	parts.heap = heap;
	all = parts.rest + parts.roots + parts.heap;
	return (struct gc_model_parts){.rest = parts.rest / all, .roots = parts.roots / all, .heap = parts.heap / all};
}

/* F: marked, but neither a site's nor older than the trace. */
static double floating_of(const struct gc_model_run *run)
{
	return fmax(0, run->live - run->sites_live - run->older_live);
}

/* f: how much floating garbage a byte of runway brings, as long as marking takes its part of the runway. */
static double floating_rate(const struct gc_model_run *run)
{
	double runway = run->goal - run->live;

	return runway > 0 ? floating_of(run) / runway : 0;
}

/* What floats of RUNWAY: with a longer one than the run's marking doesn't take longer. */
static double floating_in(const struct gc_model_run *run, double runway)
{
	return fmin(floating_rate(run) * runway, floating_of(run));
}

/* The runway from Q live bytes, and what floats, to GOAL. */
static double runway_below(const struct gc_model_run *run, double goal, double q)
{
	double runway = (goal - q) / (1 + floating_rate(run));

	return fmax(runway, goal - q - floating_of(run));
}

/* H(q): the bytes allocated between two cycles when Q bytes are live. */
static double runway_of(const struct gc_model_run *run, double q)
{
	double g = run->gogc / 100.0, f = floating_rate(run), runway, limit;

	limit = runway_below(run, run->memory_goal, q);
	if (run->gogc < 0)
		return fmax(limit, 1);
	runway = g * (q + run->roots + floating_of(run));
	if (g * f < 1)
		runway = fmin(runway, g * (q + run->roots) / (1 - g * f));
	if (run->memory_goal > 0)
		runway = fmin(runway, limit);
	return fmax(fmax(runway, runway_below(run, run->heap_minimum, q)), 1);
}

static double runway_to_goal(const struct gc_model_run *run, double q)
{
	return fmax(runway_below(run, run->goal, q), 1);
}

/* A heap without a site: what share of the allocations is left, what is live before and after, what share of
 * the write barriers is left. */
struct thinned_heap {
	double left, q, q_without, barriers;
	const struct gc_model_site *site;
};

static struct thinned_heap thinned_by(const struct gc_model_run *run, const struct gc_model_site *site)
{
	struct thinned_heap heap;

	heap.left = fmax(0, run->allocated - site->allocated) / run->allocated;
	heap.q = run->older_live + run->sites_live;
	heap.q_without = run->older_live + fmax(0, run->sites_live - site->live);
	heap.barriers = fmax(0, 1 - site->barriers);
	heap.site = site;
	return heap;
}

/* How many spans a cycle sweeps without SITE: those of what lives, of what floats, of the runway's garbage. */
static double swept_spans(const struct gc_model_run *run, const struct gc_model_site *site, double q, double runway)
{
	double garbage = runway + floating_in(run, runway), left = run->allocated - site->allocated, live;

	if (run->spans <= 0 || left <= 0)
		return q + garbage;
	live = run->live_spans - (site->allocated > 0 ? site->spans * site->live / site->allocated : 0);
	return fmax(0, live) + run->older_live / SPAN + garbage * fmax(0, run->spans - site->spans) / left;
}

/*
 * What is left of the write barriers' CPU. They are there while the GC marks. Where that is the part of the runway that
 * the pacer lets it be, however many cycles there are, the barriers go with the writes alone; where marking ends
 * sooner, with how much there is to mark: MARKING, of what there was.
 */
static double barriers_left(const struct gc_model_run *run, const struct thinned_heap *heap, double marking,
			    double after)
{
	double f = floating_rate(run), paced = fmin(1, f / PACED);
	double share = f > 0 && after > 0 ? floating_in(run, after) / after / f : 1;

	return heap->barriers * (paced * share + (1 - paced) * marking);
}

/* A heap with less in it is marked with fewer misses of caches and of translations, each object for less. */
static double locality(const struct thinned_heap *heap)
{
	return heap->q > 0 ? pow(heap->q_without / heap->q, LOCALITY) : 1;
}

/* What is left of what the GC did, as shares of it. */
struct left {
	double cpu, cycles, marking;
};

/*
 * What is allocated between two cycles when the pacer lets it be RUNWAY, with LEFT of the run's allocations left. After
 * a cycle that the program has asked for the way to the goal begins anew; such are taken to come at random.
 */
static double between_cycles(const struct gc_model_run *run, double runway, double left)
{
	double every = run->forced_every * left;

	if (run->forced_every <= 0)
		return runway;
	return every > 0 ? -every * expm1(-runway / every) : 0;
}

/* Of RUN's cycles, with BEFORE between two of them, those that are left when LEFT is allocated, with AFTER between. */
static double cycles_left(const struct gc_model_run *run, double left, double before, double after)
{
	if (after > 0)
		return left * before / after;
	return run->forced_every > 0 ? before / run->forced_every : 0; /* nothing is allocated */
}

/* What is left when HEAP's runway goes from BEFORE to AFTER. Each cycle sweeps all of the heap, garbage too. */
static struct left left_of(const struct gc_model_run *run, const struct thinned_heap *heap, double before, double after)
{
	static const struct gc_model_site nothing = {0};
	double apart = between_cycles(run, before, 1), apart_after = between_cycles(run, after, heap->left);
	double cycles = cycles_left(run, heap->left, apart, apart_after), whole = heap_work(run, &nothing, apart);
	struct gc_model_parts parts = parts_of(run, whole);
	double swept =
	    swept_spans(run, heap->site, heap->q_without, apart_after) / swept_spans(run, &nothing, heap->q, apart);
	double idle = is_measured(&run->parts) ? HEAP_IDLE : 0, work = idle + whole;
	double marked = work > 0 ? (idle + heap_work(run, heap->site, apart_after)) / work * locality(heap) : 1;
	double marking = parts.roots + parts.heap, marking_after = parts.roots + parts.heap * marked;
	struct left left = {.cycles = cycles, .marking = marking > 0 ? cycles * marking_after / marking : cycles};

	left.cpu = cycles * (parts.rest + marking_after + parts.sweep * swept) +
		   parts.barriers * barriers_left(run, heap, left.marking, apart_after);
	return left;
}

/* Nothing but a limit could start a cycle, and its goal is not known. */
static bool is_goal_fixed(const struct gc_model_run *run)
{
	return run->gogc < 0 && run->memory_goal <= 0;
}

/* Where no goal starts a cycle, but the program does, it has no end. */
static double runway_as_set(const struct gc_model_run *run, double q)
{
	if (!is_goal_fixed(run))
		return runway_of(run, q);
	return run->forced_every > 0 ? INFINITY : runway_to_goal(run, q);
}

double gc_model_heap_minimum(int gogc)
{
	return fmax(0, HEAP_MINIMUM * gogc / 100);
}

/* The smallest goal at another GOGC: it goes with GOGC, and what it was in the run may be known. */
static double heap_minimum_at(const struct gc_model_run *run, int gogc)
{
	if (run->gogc > 0 && gogc > 0 && run->heap_minimum > 0)
		return run->heap_minimum * ((double)gogc / run->gogc);
	return gc_model_heap_minimum(gogc);
}

/* RUN with another SETTING; the rate of floating garbage is the run's own still. */
static struct gc_model_run with_setting(const struct gc_model_run *run, const struct gc_model_setting *setting)
{
	struct gc_model_run other = *run;

	if (!setting)
		return other;
	other.gogc = setting->gogc;
	other.memory_goal = setting->memory_goal;
	other.heap_minimum = heap_minimum_at(run, setting->gogc);
	return other;
}

static struct left left_at(const struct gc_model_run *run, const struct thinned_heap *heap,
			   const struct gc_model_setting *setting)
{
	struct gc_model_run other = with_setting(run, setting);

	return left_of(run, heap, runway_as_set(run, heap->q), runway_as_set(&other, heap->q_without));
}

double gc_model_saving_at(const struct gc_model_run *run, const struct gc_model_site *site,
			  const struct gc_model_setting *setting)
{
	struct thinned_heap heap;

	if (run->allocated <= 0)
		return 0;
	heap = thinned_by(run, site);
	return 1 - left_at(run, &heap, setting).cpu;
}

static double saving_equal_memory(const struct gc_model_run *run, const struct thinned_heap *heap)
{
	return 1 - left_of(run, heap, runway_to_goal(run, heap->q), runway_to_goal(run, heap->q_without)).cpu;
}

/* Assists do the same part of all marking: it is what an allocation has to pay for the way that it takes. */
struct gc_model_savings gc_model_savings_at(const struct gc_model_run *run, const struct gc_model_site *site,
					    const struct gc_model_setting *setting)
{
	struct gc_model_savings savings = {{0}};
	struct thinned_heap heap;
	struct left left;

	if (run->allocated <= 0)
		return savings;
	heap = thinned_by(run, site);
	left = left_at(run, &heap, setting);
	savings.of[GC_MODEL_CPU] = 1 - left.cpu;
	savings.of[GC_MODEL_CYCLES] = 1 - left.cycles;
	savings.of[GC_MODEL_ASSISTS] = 1 - left.marking;
	savings.of[GC_MODEL_CPU_EQUAL_MEMORY] = setting ? NAN : saving_equal_memory(run, &heap);
	return savings;
}

/* What the heap grows to when Q bytes are live, and APART are allocated between two cycles. */
static double peak_of(const struct gc_model_run *run, double q, double apart)
{
	return q + floating_in(run, apart) + apart;
}

double gc_model_goal_at(const struct gc_model_run *run, const struct gc_model_site *site,
			const struct gc_model_setting *setting)
{
	struct gc_model_run other = with_setting(run, setting);
	struct thinned_heap heap;

	if (run->allocated <= 0)
		return run->goal;
	heap = thinned_by(run, site);
	/* The model's way to the goal and the runtime's differ a little: what was seen is scaled by what it says. */
	return run->goal *
	       peak_of(run, heap.q_without, between_cycles(run, runway_as_set(&other, heap.q_without), heap.left)) /
	       peak_of(run, heap.q, between_cycles(run, runway_as_set(run, heap.q), 1));
}

double gc_model_saving(const struct gc_model_run *run, const struct gc_model_site *site)
{
	return gc_model_saving_at(run, site, NULL);
}

/* What SITE allocates, with nothing of it alive; what it has of small objects is put into SMALL. */
static struct gc_model_site without_live(const struct gc_model_site *site, struct gc_model_small *small)
{
	*small = (struct gc_model_small){0};
	if (site->small)
		memcpy(small->scattered, site->small->scattered, sizeof(small->scattered));
	return (struct gc_model_site){.allocated = site->allocated, .small = small};
}

double gc_model_saving_reused(const struct gc_model_run *run, const struct gc_model_site *site,
			      const struct gc_model_setting *setting)
{
	struct gc_model_small small;
	struct gc_model_site kept = without_live(site, &small);

	kept.barriers = REUSED_BARRIERS * site->barriers;
	kept.spans = site->spans;
	return gc_model_saving_at(run, &kept, setting);
}

/* The deviation of a removal that saves SAVED, and FEWER if nothing of it were alive. */
static double removal_error(double saved, double fewer, double layout)
{
	/* The larger of the site's two effects, one by one: fewer cycles, and what its live bytes do. */
	double effect = fmax(fmax(fabs(fewer), fabs(saved - fewer)), fabs(saved));

	return fmin(MODEL_RELATIVE_ERROR * effect + layout, MODEL_LARGEST_ERROR);
}

/*
 * With another setting what is left is a product: of what the setting leaves, and of what the removal leaves of that.
 * Each factor is off by its own deviation.
 */
struct gc_model_savings gc_model_errors(const struct gc_model_run *run, const struct gc_model_site *site,
					const struct gc_model_setting *setting, const struct gc_model_savings *savings)
{
	static const struct gc_model_site nothing = {0};
	struct gc_model_small small;
	struct gc_model_site alone = without_live(site, &small);
	struct gc_model_savings fewer = gc_model_savings_at(run, &alone, setting), errors = {{0}}, set = {{0}};
	double layout;

	if (run->allocated <= 0)
		return errors;
	if (setting)
		set = gc_model_savings_at(run, &nothing, setting);
	layout = MODEL_LAYOUT_ERROR * fmin(1, site->allocated / run->allocated / LAYOUT_BYTES);
	for (int i = 0; i < GC_MODEL_FIGURES; i++) {
		double left = 1 - set.of[i], saved = (savings->of[i] - set.of[i]) / left;
		double removal = removal_error(saved, (fewer.of[i] - set.of[i]) / left, layout);

		errors.of[i] = NORMAL_95 * hypot(left * removal, (1 - saved) * SETTING_ERROR * set.of[i]);
	}
	return errors;
}

double gc_model_scattered_weight(const struct gc_model_run *run, double scattered, bool has_pointers)
{
	if (run->costs.span_byte <= 0) /* not Green Tea */
		return 1;
	return 1 +
	       (has_pointers ? SCATTERED_POINTERS : SCATTERED_FREE) * scattered * fmin(1, run->live / SCATTERED_HEAP);
}

double gc_model_free_weight(double size)
{
	return fmin(0.35 * sqrt(fmax(1, size / 32)), 2);
}

double gc_model_spans(double size)
{
	/* Up to 1 KiB spans are of 8 KiB; from there to 32 KiB they hold some three objects; larger ones have their
	 * own. */
	if (size <= 1024)
		return size / SPAN;
	return size <= 32768 ? 1.0 / 3 : 1;
}

double gc_model_alloc_seconds(double objects, double size)
{
	/* ns an object in a tight loop, Go 1.26, by bytes of the slot. */
	static const struct {
		double size, ns;
	} table[] = {{8, 10}, {16, 14}, {64, 29}, {512, 100}, {1024, 144}};
	static const int last = sizeof(table) / sizeof(table[0]) - 1;
	double ns = table[0].ns;

	if (size > table[last].size) {
		ns = table[last].ns + 0.1 * (size - table[last].size);
	} else if (size > table[0].size) {
		int i = 1;

		while (size > table[i].size)
			i++;
		ns = table[i - 1].ns +
		     (table[i].ns - table[i - 1].ns) * (size - table[i - 1].size) / (table[i].size - table[i - 1].size);
	}
	return REAL_MIX * objects * ns * 1e-9;
}
