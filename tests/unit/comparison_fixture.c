/* In: sites as literal tables. Out: an analysis whose figures are drawn as a sampled trace's would be. */
#include "tests/unit/comparison_fixture.h"

#include "analyzer/weights.h"

#include <math.h>

double comparison_draw_count(double mean, struct chance *chance)
{
	double left = exp(-fmin(mean, 500)), product = 1;
	double count = -1;

	if (mean > 500) /* a sum of two is one too */
		return comparison_draw_count(mean / 2, chance) + comparison_draw_count(mean / 2, chance);
	do {
		product *= chance_uniform(chance);
		count++;
	} while (product > left);
	return count;
}

/* Draw SITE's samples slice by slice. */
static void draw_site(struct made_run *run, size_t index, const struct made_site *made, double rate,
		      struct chance *chance)
{
	struct site *site = &run->sites[index];
	double weight = weights_of((uint64_t)made->size, (uint64_t)rate), half;

	for (size_t k = 0; k < MADE_SLICES; k++) {
		double seen = comparison_draw_count(made->objects / weight / MADE_SLICES, chance);

		site->samples += (uint64_t)seen;
		run->slices[index][k] = seen * weight * made->size;
		run->all[k] += run->slices[index][k];
	}
	site->alloc_objects = (double)site->samples * weight;
	site->alloc_bytes = site->alloc_objects * made->size;
	site->sampling_variance = (double)site->samples * made->size * made->size * weight * (weight - 1);
	site->squared_bytes = site->alloc_objects * made->size * made->size;
	site->sample_bytes = made->size * weight;
	half = 1.96 * sqrt((double)site->samples * weight * (weight - 1));
	site->alloc_objects_ci = (struct interval){site->alloc_objects - half, site->alloc_objects + half};
}

void comparison_make_run(struct made_run *run, const struct made_site *sites, size_t count, double rate, double seconds,
			 struct chance *chance)
{
	struct analysis *analysis = &run->analysis;

	*run = (struct made_run){.analysis = {.duration_seconds = seconds, .complete = true, .damage = ""}};
	for (size_t i = 0; i < count; i++) {
		struct site *site = &run->sites[analysis->nsites];

		run->frames[i] = (struct analysis_frame){sites[i].function, "main.go", sites[i].line};
		*site = (struct site){.rank = (uint32_t)i + 1,
				      .function = sites[i].function,
				      .file = "main.go",
				      .line = sites[i].line,
				      .inline_chain = &run->frames[i],
				      .ninline = 1,
				      .shown = run->frames[i],
				      .entry = "runtime.newobject",
				      .type = sites[i].type,
				      .object_size = sites[i].size,
				      .class_ = CLASS_ESCAPE,
				      .root = "",
				      .advice = "",
				      .difference = "",
				      .slices = run->slices[analysis->nsites]};
		draw_site(run, analysis->nsites, &sites[i], rate, chance);
		if (!site->samples)
			continue; /* a trace does not know of it */
		analysis->alloc_bytes += site->alloc_bytes;
		analysis->alloc_objects += site->alloc_objects;
		analysis->samples += site->samples;
		analysis->nsites++;
	}
	analysis->sites = run->sites;
	analysis->rate_low = analysis->rate_high = rate;
	analysis->timeline =
	    (struct timeline){.count = MADE_SLICES, .slice_seconds = seconds / MADE_SLICES, .alloc_bytes = run->all};
}
