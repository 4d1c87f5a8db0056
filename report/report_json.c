/*
 * The report for programs: docs/REPORT_JSON.md, which is a contract. In comes an analysis, out goes one JSON object;
 * names become well-formed UTF-8, numbers that are not known null.
 */
#include "report/report.h"
#include "report/json_values.h"
#include "report/report_json_c.h"
#include "report/report_json_groups.h"
#include "report/report_text_parts.h"
#include "report/report_write.h"
#include "report/words.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define SCHEMA 1

static json_t *make_trace(const struct analysis *analysis)
{
	static const char *const states[] = {[VERDICTS_MISSING] = "missing",
					     [VERDICTS_MATCHED] = "matched",
					     [VERDICTS_PROVEN] = "proven",
					     [VERDICTS_UNPROVEN] = "unproven"};
	json_t *object = json_object();

	json_object_set_new(object, "command", make_strings(analysis->command, analysis->ncommand));
	json_object_set_new(object, "binary", make_string(analysis->binary));
	json_object_set_new(object, "go_version", make_string(analysis->go_version));
	json_object_set_new(object, "duration_seconds", make_real(analysis->duration_seconds));
	json_object_set_new(object, "binary_build_id", make_string(analysis->build_id));
	json_object_set_new(object, "complete", json_boolean(analysis->complete));
	json_object_set_new(object, "damage", make_string(analysis->damage));
	json_object_set_new(object, "heap_profile", json_boolean(analysis->is_heap_profile));
	json_object_set_new(object, "verdicts", json_string(states[analysis->verdicts]));
	return object;
}

/* What the GC's CPU went to; null when it was not sampled. */
static json_t *make_parts(const struct gc_summary *gc)
{
	json_t *object;

	if (!gc->sampled)
		return json_null();
	object = json_object();
	json_object_set_new(object, "marking_heap", make_real(gc->parts.heap));
	json_object_set_new(object, "marking_roots", make_real(gc->parts.roots));
	json_object_set_new(object, "write_barriers", make_real(gc->parts.barriers));
	json_object_set_new(object, "sweeping", make_real(gc->parts.sweep));
	json_object_set_new(object, "rest", make_real(gc->parts.rest));
	return object;
}

static json_t *make_gc(const struct analysis *analysis)
{
	const struct gc_summary *gc = &analysis->gc;
	const char *calibrated = analysis->calibrated;
	json_t *object = json_object();
	double unknown = gc->known ? 0 : NAN;

	json_object_set_new(object, "known", json_boolean(gc->known));
	json_object_set_new(object, "cpu_seconds", make_real(gc->cpu_seconds + unknown));
	json_object_set_new(object, "cpu_share", make_real(gc->cpu_share + unknown));
	json_object_set_new(object, "cpu_samples", gc->sampled ? make_integer(gc->cpu_samples) : json_null());
	json_object_set_new(object, "cpu_parts", make_parts(gc));
	json_object_set_new(object, "process_cpu_seconds", make_real(gc->process_cpu_seconds + unknown));
	json_object_set_new(object, "assist_seconds", make_real(gc->assist_seconds + unknown));
	json_object_set_new(object, "pause_seconds", make_real(gc->pause_seconds + unknown));
	json_object_set_new(object, "cycles", gc->known ? make_integer(gc->cycles) : json_null());
	json_object_set_new(object, "forced_cycles",
			    isnan(gc->forced_cycles + unknown) ? json_null()
							       : make_integer((uint64_t)gc->forced_cycles));
	json_object_set_new(object, "gogc", gc->known ? json_integer(gc->gogc) : json_null());
	json_object_set_new(object, "memory_limit_bytes",
			    gc->known && gc->memory_limit > 0 ? make_integer(gc->memory_limit) : json_null());
	json_object_set_new(object, "live_bytes", make_real(gc->live_bytes + unknown));
	json_object_set_new(object, "goal_bytes", make_real(gc->goal_bytes + unknown));
	json_object_set_new(object, "goroutines_max", gc->known ? make_integer(gc->goroutines_max) : json_null());
	json_object_set_new(object, "goroutines_live_max",
			    gc->known && gc->goroutines_live_max ? make_integer(gc->goroutines_live_max) : json_null());
	json_object_set_new(object, "calibrated", calibrated && *calibrated ? json_string(calibrated) : json_null());
	return object;
}

static json_t *make_totals(const struct analysis *analysis)
{
	json_t *object = json_object();

	json_object_set_new(object, "alloc_bytes", make_real(analysis->alloc_bytes));
	json_object_set_new(object, "alloc_objects", make_real(analysis->alloc_objects));
	json_object_set_new(object, "alloc_cpu_seconds", make_real(analysis->alloc_cpu_seconds));
	json_object_set_new(object, "samples", make_integer(analysis->samples));
	json_object_set_new(object, "lost", make_integer(analysis->lost_samples));
	json_object_set_new(object, "rate_low", make_real(analysis->rate_low));
	json_object_set_new(object, "rate_high", make_real(analysis->rate_high));
	return object;
}

static json_t *make_selection(const struct selection *selection)
{
	json_t *object = json_object();

	json_object_set_new(object, "focus", make_string(selection->focus));
	json_object_set_new(object, "ignore", make_string(selection->ignore));
	json_object_set_new(object, "bytes_share", make_real(selection->bytes_share));
	set_saving(object, &selection->saving);
	json_object_set_new(object, "alloc_cpu_seconds", make_real(selection->alloc_cpu_seconds));
	json_object_set_new(object, "alloc_cpu_seconds_ci", make_interval(&selection->alloc_cpu_seconds_ci));
	json_object_set_new(object, "miss_cpu_seconds", make_real(selection->miss_cpu_seconds));
	json_object_set_new(object, "when", make_string(selection->when));
	json_object_set_new(object, "time_share",
			    make_real(selection->when && *selection->when ? selection->time_share : 1));
	return object;
}

/* The program's figures by slice of time; null where there is no time. */
static json_t *make_timeline(const struct timeline *timeline)
{
	json_t *object, *cycles = json_array();

	if (!timeline->count) {
		json_decref(cycles);
		return json_null();
	}
	object = json_object();
	for (size_t i = 0; i < timeline->count; i++)
		json_array_append_new(cycles, make_integer(timeline->gc_cycles[i]));
	json_object_set_new(object, "slice_seconds", make_real(timeline->slice_seconds));
	json_object_set_new(object, "alloc_bytes", make_reals(timeline->alloc_bytes, timeline->count));
	json_object_set_new(object, "gc_cycles", cycles);
	json_object_set_new(object, "gc_share", make_reals(timeline->gc_share, timeline->count));
	json_object_set_new(object, "goroutines", make_reals(timeline->goroutines, timeline->count));
	json_object_set_new(object, "procs", make_reals(timeline->procs, timeline->count));
	return object;
}

static json_t *make_classes(const struct analysis *analysis)
{
	json_t *array = json_array();

	for (size_t i = 0; i < CLASS_COUNT; i++) {
		const struct class_share *share = &analysis->classes[i];
		json_t *object = json_object();

		json_object_set_new(object, "class", json_string(site_class_name((enum site_class)i)));
		json_object_set_new(object, "bytes_share", make_real(share->bytes_share));
		json_object_set_new(object, "objects_share", make_real(share->objects_share));
		json_object_set_new(object, "bytes", make_real(share->bytes));
		json_object_set_new(object, "objects", make_real(share->objects));
		json_object_set_new(object, "samples", make_integer(share->samples));
		json_array_append_new(array, object);
	}
	return array;
}

/* What the site is, and the ranks that it may have. */
static void set_identity(json_t *object, const struct site *site, const struct rank_range *ranks)
{
	json_object_set_new(object, "rank", make_integer(site->rank));
	json_object_set_new(object, "rank_first", make_integer(ranks->first));
	json_object_set_new(object, "rank_last", make_integer(ranks->last));
	json_object_set_new(object, "function", make_string(site->function));
	json_object_set_new(object, "file", make_string(site->file));
	json_object_set_new(object, "line", make_integer(site->line));
	json_object_set_new(object, "inline", make_frames(site->inline_chain, site->ninline));
	json_object_set_new(object, "shown", make_frame(&site->shown));
	json_object_set_new(object, "entry", make_string(site->entry));
	json_object_set_new(object, "type", make_string(site->type));
	json_object_set_new(object, "class", json_string(site_class_name(site->class_)));
	json_object_set_new(object, "category", json_string(site_category_name(site->category)));
	json_object_set_new(object, "verdict", make_verdict(&site->verdict));
	json_object_set_new(object, "candidates", make_integer(site->ncandidates));
	json_object_set_new(object, "root", make_string(words_root(site)));
}

/* What it allocates and keeps. */
static void set_sizes(json_t *object, const struct site *site)
{
	json_object_set_new(object, "samples", make_integer(site->samples));
	json_object_set_new(object, "object_size", make_real(site->object_size));
	json_object_set_new(object, "alloc_bytes", make_real(site->alloc_bytes));
	json_object_set_new(object, "alloc_bytes_ci", make_interval(&site->alloc_bytes_ci));
	json_object_set_new(object, "alloc_objects", make_real(site->alloc_objects));
	json_object_set_new(object, "alloc_objects_ci", make_interval(&site->alloc_objects_ci));
	json_object_set_new(object, "live_bytes", make_real(site->live_bytes));
	json_object_set_new(object, "live_objects", make_real(site->live_objects));
	json_object_set_new(object, "scan_bytes", make_real(site->scan_bytes));
	json_object_set_new(object, "lifetime_cycles", make_real(site->lifetime_cycles));
}

static json_t *make_tiny_with(const struct site *site)
{
	json_t *array = json_array();

	for (size_t i = 0; i < site->ntiny_with; i++) {
		json_t *object = json_object();

		json_object_set_new(object, "rank", make_integer(site->tiny_with[i].rank));
		json_object_set_new(object, "share", make_real(site->tiny_with[i].share));
		json_array_append_new(array, object);
	}
	return array;
}

/* What it costs, and the way out of it. */
static void set_costs(json_t *object, const struct site *site, bool saving_known)
{
	struct saving saving = saving_known ? site->saving : saving_unknown();

	set_saving(object, &saving);
	json_object_set_new(object, "goal_bytes", make_real(saving.goal_bytes));
	json_object_set_new(object, "alloc_cpu_seconds", make_real(site->alloc_cpu_seconds));
	json_object_set_new(object, "alloc_cpu_seconds_ci", make_interval(&site->alloc_cpu_seconds_ci));
	json_object_set_new(object, "miss_cpu_seconds", make_real(site->miss_cpu_seconds));
	json_object_set_new(object, "assist_cpu_seconds", make_real(site->assist_cpu_seconds));
	json_object_set_new(object, "refused", json_boolean(site->refused));
	json_object_set_new(object, "tiny", json_boolean(site->tiny));
	json_object_set_new(object, "tiny_with", make_tiny_with(site));
	json_object_set_new(object, "difference", make_string(site->difference));
	json_object_set_new(object, "advice", make_string(site->advice));
}

/* Its bytes by the sets of labels of "labels". */
static json_t *make_label_parts(const struct site *site)
{
	json_t *array = json_array();

	for (size_t i = 0; i < site->nlabels; i++) {
		json_t *object = json_object();

		json_object_set_new(object, "set", make_integer(site->by_labels[i].set));
		json_object_set_new(object, "alloc_bytes", make_real(site->by_labels[i].bytes));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *make_sites(const struct analysis *analysis)
{
	struct rank_range *ranks = report_text_ranks(analysis);
	bool saving_known = analysis_knows_savings(analysis);
	json_t *array = json_array();

	for (size_t i = 0; i < analysis->nsites; i++) {
		json_t *object = json_object();

		set_identity(object, &analysis->sites[i], &ranks[i]);
		set_sizes(object, &analysis->sites[i]);
		set_costs(object, &analysis->sites[i], saving_known);
		json_object_set_new(object, "timeline",
				    make_reals(analysis->sites[i].slices, analysis->timeline.count));
		json_object_set_new(object, "labels", make_label_parts(&analysis->sites[i]));
		json_array_append_new(array, object);
	}
	free(ranks);
	return array;
}

/* The answer to OPTIONS' question; null where nothing is asked. */
static json_t *make_what_if(const struct analysis *analysis, const struct report_what_if *what_if)
{
	json_t *object = json_object(), *sites = json_array();
	const struct gc_wish *wish = &what_if->wish;
	struct removal removal = {0};
	struct saving saving;

	for (size_t i = 0; i < what_if->count; i++) {
		removal_add(&removal, &analysis->sites[what_if->ranks[i] - 1], 1);
		json_array_append_new(sites, make_integer(what_if->ranks[i]));
	}
	saving = analysis_saving(analysis, &removal, wish);
	json_object_set_new(object, "sites", sites);
	json_object_set_new(object, "gogc", wish->set_gogc ? json_integer(wish->gogc) : json_null());
	json_object_set_new(object, "memory_limit", make_real(wish->set_memory_limit ? wish->memory_limit : NAN));
	set_saving(object, &saving);
	json_object_set_new(object, "goal_bytes", make_real(saving.goal_bytes));
	json_object_set_new(object, "fits", json_boolean(!saving.does_not_fit));
	json_object_set_new(object, "alloc_bytes", make_real(removal.alloc_bytes));
	json_object_set_new(object, "alloc_objects", make_real(removal.alloc_objects));
	json_object_set_new(object, "alloc_cpu_seconds", make_real(removal.alloc_cpu_seconds));
	json_object_set_new(object, "miss_cpu_seconds", make_real(removal.miss_cpu_seconds));
	return object;
}

enum status report_json(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			struct error *error)
{
	json_t *report = json_object();

	json_object_set_new(report, "schema", json_integer(SCHEMA));
	json_object_set_new(report, "trace", make_trace(analysis));
	json_object_set_new(report, "gc", make_gc(analysis));
	json_object_set_new(report, "totals", make_totals(analysis));
	json_object_set_new(report, "selection", make_selection(&analysis->selection));
	json_object_set_new(report, "timeline", make_timeline(&analysis->timeline));
	json_object_set_new(report, "classes", make_classes(analysis));
	json_object_set_new(report, "sites", make_sites(analysis));
	json_object_set_new(report, "c", report_json_c(analysis));
	json_object_set_new(report, "roots", report_json_roots(analysis));
	json_object_set_new(report, "labels", report_json_labels(analysis));
	json_object_set_new(report, "what_if",
			    options && report_what_if_asks(&options->what_if)
				? make_what_if(analysis, &options->what_if)
				: json_null());
	json_object_set_new(report, "groups", report_json_groups(analysis, options));
	json_object_set_new(report, "notes", make_strings(analysis->notes, analysis->nnotes));
	return write_json(stream, report, error);
}
