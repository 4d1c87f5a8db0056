/*
 * In: an analysis. Out: JSON, as compact as JSON gets: sites by column, texts and frames once and then by number, the
 * stacks as one tree (html_tree.c). The numbers that the page asks the cost model with have ten digits, those that are
 * only shown fewer.
 */
#include "report/html_data.h"

#include "base/strtab.h"
#include "report/html_c.h"
#include "report/html_frames.h"
#include "report/html_json.h"
#include "report/html_sites.h"
#include "report/html_source.h"
#include "report/html_tree.h"
#include "report/words.h"

#include <math.h>
#include <string.h>

#define SITES_MAX 3000    /* in the table; of more, the stacks stay in the flame graph */
#define PAGE_MAX  2950000 /* bytes, the sources not counted */

static void put_run(struct html_writing *writing)
{
	static const char *const states[] = {[VERDICTS_MISSING] = "missing",
					     [VERDICTS_MATCHED] = "matched",
					     [VERDICTS_PROVEN] = "proven",
					     [VERDICTS_UNPROVEN] = "unproven"};
	const struct analysis *analysis = writing->analysis;
	const struct selection *selection = &analysis->selection;
	struct html_json *json = &writing->json;

	html_json_open(json, "run", '{');
	html_put_texts(writing, "command", analysis->command, analysis->ncommand);
	html_put_text(writing, "binary", analysis->binary);
	html_put_text(writing, "go", analysis->go_version);
	html_json_real(json, "seconds", analysis->duration_seconds, HTML_SHOWN);
	html_json_real(json, "selected_seconds", analysis_seconds(analysis), HTML_SHOWN);
	html_json_boolean(json, "complete", analysis->complete);
	html_json_boolean(json, "heap_profile", analysis->is_heap_profile);
	html_put_text(writing, "damage", analysis->damage);
	html_json_text(json, "verdicts", states[analysis->verdicts], HTML_TEXT_MAX);
	html_put_text(writing, "calibrated", analysis->calibrated);
	html_json_real(json, "alloc_bytes", analysis->alloc_bytes, HTML_EXACT);
	html_json_real(json, "alloc_objects", analysis->alloc_objects, HTML_EXACT);
	html_json_real(json, "alloc_cpu", analysis->alloc_cpu_seconds, HTML_SHOWN);
	html_json_integer(json, "samples", (int64_t)analysis->samples);
	html_json_integer(json, "lost", (int64_t)analysis->lost_samples);
	html_json_integer(json, "all_samples", (int64_t)selection->all_samples);
	html_json_real(json, "rate_low", analysis->rate_low, HTML_SHOWN);
	html_json_real(json, "rate_high", analysis->rate_high, HTML_SHOWN);
	html_put_text(writing, "focus", selection->focus);
	html_put_text(writing, "ignore", selection->ignore);
	html_put_text(writing, "when", selection->when);
	html_json_real(json, "bytes_share", selection->bytes_share, HTML_SHOWN);
	html_json_real(json, "time_share", selection->time_share, HTML_SHOWN);
	html_put_texts(writing, "notes", analysis->notes, analysis->nnotes);
	html_json_close(json, '}');
}

static void put_gc(struct html_writing *writing)
{
	const struct gc_summary *gc = &writing->analysis->gc;
	struct html_json *json = &writing->json;

	html_json_open(json, "gc", '{');
	html_json_boolean(json, "known", gc->known);
	html_json_real(json, "cpu_seconds", gc->cpu_seconds, 10);
	html_json_real(json, "cpu_share", gc->cpu_share, HTML_SHOWN);
	html_json_boolean(json, "sampled", gc->sampled);
	html_json_real(json, "process_cpu_seconds", gc->process_cpu_seconds, HTML_SHOWN);
	html_json_real(json, "assist_seconds", gc->assist_seconds, HTML_SHOWN);
	html_json_real(json, "pause_seconds", gc->pause_seconds, HTML_SHOWN);
	html_json_integer(json, "cycles", (int64_t)gc->cycles);
	html_json_real(json, "forced_cycles", gc->forced_cycles, HTML_SHOWN);
	html_json_integer(json, "gogc", gc->gogc);
	html_json_real(json, "memory_limit", gc->memory_limit < INT64_MAX ? (double)gc->memory_limit : NAN, HTML_SHOWN);
	html_json_real(json, "live_bytes", gc->live_bytes, HTML_SHOWN);
	html_json_real(json, "goal_bytes", gc->goal_bytes, HTML_SHOWN);
	html_json_integer(json, "goroutines",
			  (int64_t)(gc->goroutines_live_max ? gc->goroutines_live_max : gc->goroutines_max));
	html_json_close(json, '}');
}

static void put_numbers(struct html_json *json, const char *key, const double *values, size_t count, int digits)
{
	html_json_open(json, key, '[');
	for (size_t i = 0; values && i < count; i++)
		html_json_real(json, NULL, values[i], digits);
	html_json_close(json, ']');
}

static void put_timeline(struct html_writing *writing)
{
	const struct timeline *timeline = &writing->analysis->timeline;
	struct html_json *json = &writing->json;
	size_t count = timeline->count;

	html_json_open(json, "timeline", '{');
	html_json_integer(json, "count", (int64_t)count);
	html_json_real(json, "slice_seconds", timeline->slice_seconds, 9);
	put_numbers(json, "bytes", timeline->alloc_bytes, count, HTML_SHOWN);
	put_numbers(json, "gc_share", timeline->gc_share, count, HTML_SHOWN);
	put_numbers(json, "goroutines", timeline->goroutines, count, HTML_SHOWN);
	put_numbers(json, "procs", timeline->procs, count, HTML_SHOWN);
	put_numbers(json, "live", timeline->heap_live, count, HTML_SHOWN);
	put_numbers(json, "goal", timeline->heap_goal, count, HTML_SHOWN);
	html_json_open(json, "cycles", '[');
	for (size_t i = 0; i < count; i++)
		html_json_integer(json, NULL, (int64_t)timeline->gc_cycles[i]);
	html_json_close(json, ']');
	html_json_close(json, '}');
}

/* Words of classes and categories, by their numbers. */
static void put_words(struct html_writing *writing)
{
	struct html_json *json = &writing->json;

	html_json_open(json, "classes", '[');
	for (int i = 0; i < CLASS_COUNT; i++) {
		html_json_open(json, NULL, '{');
		html_json_text(json, "name", site_class_name((enum site_class)i), HTML_TEXT_MAX);
		html_json_text(json, "words", words_class((enum site_class)i), HTML_TEXT_MAX);
		html_json_close(json, '}');
	}
	html_json_close(json, ']');
	html_json_open(json, "categories", '[');
	for (int i = 0; i < CATEGORY_COUNT; i++)
		html_json_text(json, NULL, site_category_name((enum site_category)i), HTML_TEXT_MAX);
	html_json_close(json, ']');
}

static void put_model_numbers(void *user, const char *name, const double *values, size_t count)
{
	struct html_writing *writing = user;

	if (count == 1)
		html_json_real(&writing->json, name, *values, 17);
	else
		put_numbers(&writing->json, name, values, count, HTML_EXACT);
}

static void put_model(struct html_writing *writing)
{
	html_json_open(&writing->json, "model", '{');
	analysis_model_each(writing->analysis, put_model_numbers, writing);
	html_json_close(&writing->json, '}');
}

/* What the page begins with being asked. */
static void put_asked(struct html_writing *writing, const struct report_what_if *what_if)
{
	struct html_json *json = &writing->json;

	html_json_open(json, "asked", '{');
	html_json_open(json, "sites", '[');
	for (size_t i = 0; i < what_if->count; i++)
		if (what_if->ranks[i] <= writing->nsites)
			html_json_integer(json, NULL, what_if->ranks[i] - 1);
	html_json_close(json, ']');
	html_json_real(json, "gogc", what_if->wish.set_gogc ? what_if->wish.gogc : NAN, HTML_SHOWN);
	html_json_close(json, '}');
}

static void put_strings(struct html_writing *writing)
{
	html_json_open(&writing->json, "strings", '[');
	for (uint32_t i = 0; i < strtab_count(writing->strings); i++)
		html_json_text(&writing->json, NULL, strtab_get(writing->strings, i), HTML_TEXT_MAX);
	html_json_close(&writing->json, ']');
}

/* What is left for the tree of PAGE_MAX when the page has SIZE bytes, the rest of the data and its texts. */
static size_t room_for_tree(const struct html_writing *writing, size_t size)
{
	size_t taken = size + writing->json.out.size;

	for (uint32_t i = 0; i < strtab_count(writing->strings); i++)
		taken += strlen(strtab_get(writing->strings, i)) + 3;
	return taken < PAGE_MAX ? (PAGE_MAX - taken) * 3 / 4 : 0; /* base64 */
}

void html_data_append(struct buf *out, const struct analysis *analysis, const struct report_options *options)
{
	struct html_writing writing = {.analysis = analysis, .strings = strtab_new(), .frames = strtab_new()};

	writing.nsites = analysis->nsites < SITES_MAX ? analysis->nsites : SITES_MAX;
	html_json_open(&writing.json, NULL, '{');
	html_json_text(&writing.json, "escprof", ESCPROF_VERSION, HTML_TEXT_MAX);
	put_run(&writing);
	put_gc(&writing);
	put_timeline(&writing);
	put_words(&writing);
	html_sites_write(&writing);
	put_model(&writing);
	put_asked(&writing, &options->what_if);
	html_c_write(&writing.json, analysis, writing.strings, writing.frames);
	html_frames_write(&writing.json, writing.frames);
	html_tree_write(&writing.json, analysis, writing.strings, writing.nsites, room_for_tree(&writing, out->size));
	html_source_write(&writing.json, analysis, options, writing.strings);
	put_strings(&writing);
	html_json_close(&writing.json, '}');
	buf_append(out, writing.json.out.data, writing.json.out.size);
	buf_free(&writing.json.out);
	strtab_free(writing.strings);
	strtab_free(writing.frames);
}
