/* In: seeds. Out: counts of intervals that hold the truth, that lie above it, that lie below it. */
#include "tests/simulate/coverage.h"

#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"
#include "base/memory.h"
#include "tests/simulate/simulated_run.h"

#include <math.h>
#include <stdlib.h>

#define WIDE     16
#define ROUNDING 1e-9 /* relative: what sums of doubles may differ by */

const char *coverage_figure_name(enum figure figure)
{
	static const char *const names[FIGURE_COUNT] = {"alloc_bytes", "alloc_objects", "live_bytes", "saved"};

	return names[figure];
}

const char *coverage_class_name(unsigned class_)
{
	static const char *const names[COVERAGE_KIND] = {
	    "all",     "1-4 samples", "5-20 samples", "21-100 samples", "more samples",
	    "no life", "1-4 lives",   "5-20 lives",   "21-100 lives",   "more lives",
	};

	if (class_ < COVERAGE_KIND)
		return names[class_];
	if (class_ < COVERAGE_ONE_SIZE)
		return simulated_life_name(class_ - COVERAGE_KIND);
	return class_ == COVERAGE_ONE_SIZE      ? "one size"
	       : class_ == COVERAGE_MIXED_SIZES ? "mixed sizes"
						: "  widely mixed";
}

static unsigned step_of(uint64_t count)
{
	return count > 100 ? 3 : count > 20 ? 2 : count > 4 ? 1 : 0;
}

/* One interval of one figure, with the size that rounding is measured by. */
struct claim {
	double truth, scale;
	struct interval interval;
};

static void add_claim(struct coverage *coverage, const struct claim *claim)
{
	double slack = ROUNDING * claim->scale, width = claim->interval.high - claim->interval.low;
	bool below = claim->truth<claim->interval.low - slack, above = claim->truth> claim->interval.high + slack;

	if (width <= slack) {
		coverage->exact++;
		coverage->exact_wrong += below || above;
		return;
	}
	coverage->count++;
	coverage->below += below;
	coverage->above += above;
	if (claim->truth == 0)
		return;
	coverage->widths =
	    memory_reserve(coverage->widths, coverage->nwidths, &coverage->capacity, sizeof(*coverage->widths));
	coverage->widths[coverage->nwidths++] = width / fabs(claim->truth);
}

static void add_figure(struct coverage *classes, const struct site *site, const struct simulated_site *simulated,
		       const struct claim *claim)
{
	add_claim(&classes[COVERAGE_ALL], claim);
	add_claim(&classes[COVERAGE_SAMPLES + step_of(site->samples)], claim);
	add_claim(&classes[COVERAGE_LIVES + (site->lifetimes ? 1 + step_of(site->lifetimes) : 0)], claim);
	add_claim(&classes[COVERAGE_KIND + simulated->kind], claim);
	add_claim(&classes[simulated->nsizes > 1 ? COVERAGE_MIXED_SIZES : COVERAGE_ONE_SIZE], claim);
	if (simulated_size_range(simulated) > WIDE)
		add_claim(&classes[COVERAGE_WIDE_SIZES], claim);
}

/* A way of the whole interval less the model's own part of it, which was put to it by squares. */
static double without(double whole, double own)
{
	return sqrt(fmax(0, whole * whole - own * own));
}

/* The saved share's interval with the model's own error taken out. */
static struct interval sampling_interval(const struct analysis *analysis, const struct site *site)
{
	struct gc_model_small small = {0};
	struct gc_model_site part = {.allocated = site->alloc_bytes,
				     .live = site->live_bytes,
				     .objects = site->mark_objects,
				     .scan = site->scan_bytes,
				     .spans = site->spans,
				     .small = &small};
	struct interval whole = site->saving.share_ci;
	double saved = site->saving.share, own;
	struct gc_model_savings savings;

	for (int i = 0; i < GC_MODEL_SMALL; i++) {
		small.allocated[i] = site->small_bytes[i];
		small.scattered[i] = site->scattered * site->small_bytes[i];
		small.live[i] = site->small_bytes[i] * site->live_bytes / site->alloc_bytes;
	}
	savings = gc_model_savings_at(analysis->gc_run, &part, NULL);
	own = gc_model_errors(analysis->gc_run, &part, NULL, &savings).of[GC_MODEL_CPU];
	/* An interval that ends at 1, where a saving ends, does so without the model's error too. */
	return (struct interval){saved - without(saved - whole.low, own),
				 whole.high < 1 ? saved + without(whole.high - saved, own) : 1};
}

static void add_site(struct coverages *coverages, const struct analysis *analysis, const struct site *site,
		     const struct simulated_program *program, const struct gc_model_run *truth)
{
	const struct simulated_site *simulated = &program->sites[site->line - 1];
	const struct claim claims[FIGURE_COUNT] = {
	    [FIGURE_ALLOC_BYTES] = {simulated->truth.bytes, site->alloc_bytes, site->alloc_bytes_ci},
	    [FIGURE_ALLOC_OBJECTS] = {simulated->truth.objects, site->alloc_objects, site->alloc_objects_ci},
	    [FIGURE_LIVE_BYTES] = {simulated->truth.alive_bytes / program->ncycles, site->alloc_bytes,
				   site->live_bytes_ci},
	    [FIGURE_SAVED] = {simulated_true_saving(program, truth, simulated), 1, sampling_interval(analysis, site)},
	};

	for (int i = 0; i < FIGURE_COUNT; i++)
		add_figure(coverages->of[i], site, simulated, &claims[i]);
}

void coverages_add(struct coverages *coverages, uint64_t seed)
{
	struct simulated_program *program = memory_alloc(1, sizeof(*program));
	struct analysis analysis;
	struct gc_model_run truth;

	simulated_program_draw(program, seed);
	simulated_run(program, &analysis);
	truth = simulated_true_model(program, &analysis);
	for (size_t i = 0; i < analysis.nsites; i++)
		add_site(coverages, &analysis, &analysis.sites[i], program, &truth);
	for (unsigned i = 0; i < program->nsites; i++)
		coverages->sites += program->sites[i].truth.objects > 0;
	coverages->unseen = coverages->sites - coverages->of[0][0].count - coverages->of[0][0].exact;
	analysis_free(&analysis);
	free(program);
}

double coverage_share(const struct coverage *coverage)
{
	return coverage->count ? 1 - (double)(coverage->below + coverage->above) / (double)coverage->count : 1;
}

static int compare_widths(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double coverage_width(struct coverage *coverage)
{
	if (coverage->nwidths == 0)
		return 0;
	qsort(coverage->widths, coverage->nwidths, sizeof(*coverage->widths), compare_widths);
	return coverage->widths[coverage->nwidths / 2];
}

void coverages_free(struct coverages *coverages)
{
	for (int i = 0; i < FIGURE_COUNT; i++) {
		for (int k = 0; k < COVERAGE_CLASSES; k++)
			free(coverages->of[i][k].widths);
	}
}
