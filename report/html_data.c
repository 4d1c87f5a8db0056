/*
 * In: an analysis. Out: JSON, as compact as JSON gets: sites by column, texts and frames once and then by number, the
 * stacks as one tree (html_tree.c). The numbers that the page asks the cost model with have ten digits, those that are
 * only shown fewer.
 */
#include "report/html_data.h"

#include "base/strtab.h"
#include "report/html_json.h"
#include "report/html_source.h"
#include "report/html_tree.h"
#include "report/report_text_parts.h"
#include "report/words.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SITES_MAX    3000 /* in the table; of more, the stacks stay in the flame graph */
#define STACKS_MAX   3    /* of a site, frame by frame */
#define FRAMES_DEPTH 48
#define FRAMES_MAX   60000 /* of all sites: the best come first */
#define LIST_MAX     40    /* reasons, candidates */
#define TEXT_MAX     2000
#define SHOWN        5  /* digits */
#define EXACT        11 /* … of what the model is asked with */
#define SLICE_PARTS  4095.0
#define PAGE_MAX     2950000 /* bytes, the sources not counted */

struct writing {
	struct html_json json;
	const struct analysis *analysis;
	struct strtab *strings, *frames;
	size_t nsites;
};

static int64_t text_number(struct writing *writing, const char *text)
{
	return strtab_add(writing->strings, text);
}

static void put_text(struct writing *writing, const char *key, const char *text)
{
	html_json_integer(&writing->json, key, text_number(writing, text));
}

static void put_texts(struct writing *writing, const char *key, const char *const *texts, size_t count)
{
	html_json_open(&writing->json, key, '[');
	for (size_t i = 0; i < count && i < LIST_MAX; i++)
		put_text(writing, NULL, texts[i]);
	html_json_close(&writing->json, ']');
}

static void put_run(struct writing *writing)
{
	static const char *const states[] = {[VERDICTS_MISSING] = "missing",
					     [VERDICTS_MATCHED] = "matched",
					     [VERDICTS_PROVEN] = "proven",
					     [VERDICTS_UNPROVEN] = "unproven"};
	const struct analysis *analysis = writing->analysis;
	const struct selection *selection = &analysis->selection;
	struct html_json *json = &writing->json;

	html_json_open(json, "run", '{');
	put_texts(writing, "command", analysis->command, analysis->ncommand);
	put_text(writing, "binary", analysis->binary);
	put_text(writing, "go", analysis->go_version);
	html_json_real(json, "seconds", analysis->duration_seconds, SHOWN);
	html_json_real(json, "selected_seconds", analysis_seconds(analysis), SHOWN);
	html_json_boolean(json, "complete", analysis->complete);
	html_json_boolean(json, "heap_profile", analysis->is_heap_profile);
	put_text(writing, "damage", analysis->damage);
	html_json_text(json, "verdicts", states[analysis->verdicts], TEXT_MAX);
	put_text(writing, "calibrated", analysis->calibrated);
	html_json_real(json, "alloc_bytes", analysis->alloc_bytes, EXACT);
	html_json_real(json, "alloc_objects", analysis->alloc_objects, EXACT);
	html_json_real(json, "alloc_cpu", analysis->alloc_cpu_seconds, SHOWN);
	html_json_integer(json, "samples", (int64_t)analysis->samples);
	html_json_integer(json, "lost", (int64_t)analysis->lost_samples);
	html_json_integer(json, "all_samples", (int64_t)selection->all_samples);
	html_json_real(json, "rate_low", analysis->rate_low, SHOWN);
	html_json_real(json, "rate_high", analysis->rate_high, SHOWN);
	put_text(writing, "focus", selection->focus);
	put_text(writing, "ignore", selection->ignore);
	put_text(writing, "when", selection->when);
	html_json_real(json, "bytes_share", selection->bytes_share, SHOWN);
	html_json_real(json, "time_share", selection->time_share, SHOWN);
	put_texts(writing, "notes", analysis->notes, analysis->nnotes);
	html_json_close(json, '}');
}

static void put_gc(struct writing *writing)
{
	const struct gc_summary *gc = &writing->analysis->gc;
	struct html_json *json = &writing->json;

	html_json_open(json, "gc", '{');
	html_json_boolean(json, "known", gc->known);
	html_json_real(json, "cpu_seconds", gc->cpu_seconds, 10);
	html_json_real(json, "cpu_share", gc->cpu_share, SHOWN);
	html_json_boolean(json, "sampled", gc->sampled);
	html_json_real(json, "process_cpu_seconds", gc->process_cpu_seconds, SHOWN);
	html_json_real(json, "assist_seconds", gc->assist_seconds, SHOWN);
	html_json_real(json, "pause_seconds", gc->pause_seconds, SHOWN);
	html_json_integer(json, "cycles", (int64_t)gc->cycles);
	html_json_integer(json, "gogc", gc->gogc);
	html_json_real(json, "memory_limit", gc->memory_limit < INT64_MAX ? (double)gc->memory_limit : NAN, SHOWN);
	html_json_real(json, "live_bytes", gc->live_bytes, SHOWN);
	html_json_real(json, "goal_bytes", gc->goal_bytes, SHOWN);
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

static void put_timeline(struct writing *writing)
{
	const struct timeline *timeline = &writing->analysis->timeline;
	struct html_json *json = &writing->json;
	size_t count = timeline->count;

	html_json_open(json, "timeline", '{');
	html_json_integer(json, "count", (int64_t)count);
	html_json_real(json, "slice_seconds", timeline->slice_seconds, 9);
	put_numbers(json, "bytes", timeline->alloc_bytes, count, SHOWN);
	put_numbers(json, "gc_share", timeline->gc_share, count, SHOWN);
	put_numbers(json, "goroutines", timeline->goroutines, count, SHOWN);
	put_numbers(json, "procs", timeline->procs, count, SHOWN);
	put_numbers(json, "live", timeline->heap_live, count, SHOWN);
	put_numbers(json, "goal", timeline->heap_goal, count, SHOWN);
	html_json_open(json, "cycles", '[');
	for (size_t i = 0; i < count; i++)
		html_json_integer(json, NULL, (int64_t)timeline->gc_cycles[i]);
	html_json_close(json, ']');
	html_json_close(json, '}');
}

/* Words of classes and categories, by their numbers. */
static void put_words(struct writing *writing)
{
	struct html_json *json = &writing->json;

	html_json_open(json, "classes", '[');
	for (int i = 0; i < CLASS_COUNT; i++) {
		html_json_open(json, NULL, '{');
		html_json_text(json, "name", site_class_name((enum site_class)i), TEXT_MAX);
		html_json_text(json, "words", words_class((enum site_class)i), TEXT_MAX);
		html_json_close(json, '}');
	}
	html_json_close(json, ']');
	html_json_open(json, "categories", '[');
	for (int i = 0; i < CATEGORY_COUNT; i++)
		html_json_text(json, NULL, site_category_name((enum site_category)i), TEXT_MAX);
	html_json_close(json, ']');
}

/* A column of numbers that stand at OFFSET in struct site. */
static void put_reals(struct writing *writing, const char *key, size_t offset, int digits)
{
	html_json_open(&writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++) {
		double value;

		memcpy(&value, (const char *)&writing->analysis->sites[i] + offset, sizeof(value));
		html_json_real(&writing->json, NULL, value, digits);
	}
	html_json_close(&writing->json, ']');
}

/* The same of texts. */
static void put_names(struct writing *writing, const char *key, size_t offset)
{
	html_json_open(&writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++)
		put_text(writing, NULL, *(const char *const *)((const char *)&writing->analysis->sites[i] + offset));
	html_json_close(&writing->json, ']');
}

/* The same of anything that a function can tell of a site. */
static void put_column(struct writing *writing, const char *key,
		       void (*put)(struct writing *writing, const struct site *site))
{
	html_json_open(&writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++)
		put(writing, &writing->analysis->sites[i]);
	html_json_close(&writing->json, ']');
}

static void put_line(struct writing *writing, const struct site *site)
{
	html_json_integer(&writing->json, NULL, site->line);
}

static void put_shown_line(struct writing *writing, const struct site *site)
{
	html_json_integer(&writing->json, NULL, site->shown.line);
}

static void put_class(struct writing *writing, const struct site *site)
{
	bool known = (unsigned)site->class_ < CLASS_COUNT;

	html_json_integer(&writing->json, NULL, known ? site->class_ : CLASS_UNMATCHED);
}

static void put_category(struct writing *writing, const struct site *site)
{
	bool known = (unsigned)site->category < CATEGORY_COUNT;

	html_json_integer(&writing->json, NULL, known ? site->category : CATEGORY_NONE);
}

static void put_why(struct writing *writing, const struct site *site)
{
	put_text(writing, NULL, words_site(site));
}

static void put_package(struct writing *writing, const struct site *site)
{
	const char *function = site->function ? site->function : "";

	html_json_integer(&writing->json, NULL,
			  strtab_add_bytes(writing->strings, function, analysis_package_length(function)));
}

/* 1: an own place; 2: refused; 4: tiny; 8: elements of a slice. */
static void put_flags(struct writing *writing, const struct site *site)
{
	const char *entry = site->entry ? site->entry : "";
	bool slice = strncmp(entry, "runtime.makeslice", 17) == 0 || strncmp(entry, "runtime.growslice", 17) == 0;

	html_json_integer(&writing->json, NULL,
			  (words_is_own(site) ? 1 : 0) | (site->refused ? 2 : 0) | (site->tiny ? 4 : 0) |
			      (slice ? 8 : 0));
}

/* [message, file, line, column, reason…]; [] for none. */
static void put_one_verdict(struct writing *writing, const struct site_verdict *verdict)
{
	struct html_json *json = &writing->json;

	html_json_open(json, NULL, '[');
	if (verdict->message) {
		put_text(writing, NULL, verdict->message);
		put_text(writing, NULL, verdict->file);
		html_json_integer(json, NULL, verdict->line);
		html_json_integer(json, NULL, verdict->column);
		for (size_t i = 0; i < verdict->nreason && i < LIST_MAX; i++)
			put_text(writing, NULL, verdict->reason[i]);
	}
	html_json_close(json, ']');
}

static void put_verdict(struct writing *writing, const struct site *site)
{
	put_one_verdict(writing, &site->verdict);
}

static void put_candidates(struct writing *writing, const struct site *site)
{
	html_json_open(&writing->json, NULL, '[');
	for (size_t i = 0; i < site->ncandidates && i < LIST_MAX; i++)
		put_one_verdict(writing, &site->candidates[i]);
	html_json_close(&writing->json, ']');
}

static void put_root_path(struct writing *writing, const struct site *site)
{
	put_texts(writing, NULL, site->root_path, site->nroot_path);
}

static void put_tiny_with(struct writing *writing, const struct site *site)
{
	html_json_open(&writing->json, NULL, '[');
	for (size_t i = 0; i < site->ntiny_with; i++) {
		html_json_integer(&writing->json, NULL, site->tiny_with[i].rank);
		html_json_real(&writing->json, NULL, site->tiny_with[i].share, SHOWN);
	}
	html_json_close(&writing->json, ']');
}

static void put_samples(struct writing *writing, const struct site *site)
{
	html_json_integer(&writing->json, NULL, (int64_t)site->samples);
}

static void put_lifetime(struct writing *writing, const struct site *site)
{
	html_json_real(&writing->json, NULL, site->lifetimes > 0 ? site->lifetime_cycles : NAN, SHOWN);
}

/* [size's number, bytes, …] of its small objects. */
static void put_small(struct writing *writing, const struct site *site)
{
	html_json_open(&writing->json, NULL, '[');
	for (int i = 0; site->small_bytes && i < SMALL_SIZES; i++) {
		if (site->small_bytes[i] == 0)
			continue;
		html_json_integer(&writing->json, NULL, i);
		html_json_real(&writing->json, NULL, site->small_bytes[i], EXACT);
	}
	html_json_close(&writing->json, ']');
}

static void put_ranks(struct writing *writing)
{
	struct rank_range *ranks = report_text_ranks(writing->analysis);

	html_json_open(&writing->json, "first", '[');
	for (size_t i = 0; i < writing->nsites; i++)
		html_json_integer(&writing->json, NULL, (int64_t)ranks[i].first);
	html_json_close(&writing->json, ']');
	html_json_open(&writing->json, "last", '[');
	for (size_t i = 0; i < writing->nsites; i++)
		html_json_integer(&writing->json, NULL, (int64_t)ranks[i].last);
	html_json_close(&writing->json, ']');
	free(ranks);
}

/* A site's bytes by slice, in 4095ths of all of them; what is not known is nothing here. */
static void append_slices(struct buf *out, const double *slices, size_t count)
{
	double all = 0;

	for (size_t i = 0; i < count; i++)
		all += fmax(0, slices[i]);
	for (size_t i = 0; i < count; i++)
		buf_append_uleb(out, slices[i] > 0 ? (uint64_t)llround(fmin(1, slices[i] / all) * SLICE_PARTS) : 0);
}

static void put_slices(struct writing *writing)
{
	static const double nothing[1];
	size_t count = writing->analysis->timeline.count;
	struct buf out = {0};

	for (size_t i = 0; i < writing->nsites; i++) {
		const double *slices = writing->analysis->sites[i].slices;

		if (slices)
			append_slices(&out, slices, count);
		for (size_t k = 0; !slices && k < count; k++)
			append_slices(&out, nothing, 1);
	}
	html_json_bytes(&writing->json, "slices", &out);
	buf_free(&out);
}

static uint64_t frame_number(struct writing *writing, const struct analysis_frame *frame)
{
	uint32_t key[3] = {(uint32_t)text_number(writing, frame->function), (uint32_t)text_number(writing, frame->file),
			   frame->line};

	return strtab_add_bytes(writing->frames, (const char *)key, sizeof(key)) - 1;
}

/* Each site's first stacks: how many, then of each its share of the bytes in 4095ths, its frames, their numbers. */
static void put_stacks(struct writing *writing)
{
	size_t room = FRAMES_MAX;
	struct buf out = {0};

	for (size_t i = 0; i < writing->nsites; i++) {
		const struct site *site = &writing->analysis->sites[i];
		size_t stacks = site->nstacks < STACKS_MAX ? site->nstacks : STACKS_MAX;

		if (room < STACKS_MAX * FRAMES_DEPTH)
			stacks = 0;
		buf_append_uleb(&out, stacks);
		for (size_t k = 0; k < stacks; k++) {
			const struct analysis_stack *stack = &site->stacks[k];
			size_t frames = stack->nframes < FRAMES_DEPTH ? stack->nframes : FRAMES_DEPTH;
			double share = site->alloc_bytes > 0 ? stack->alloc_bytes / site->alloc_bytes : 0;

			buf_append_uleb(&out, share > 0 ? (uint64_t)llround(fmin(1, share) * SLICE_PARTS) : 0);
			buf_append_uleb(&out, stack->nframes);
			buf_append_uleb(&out, frames);
			for (size_t j = 0; j < frames; j++)
				buf_append_uleb(&out, frame_number(writing, &stack->frames[j]));
			room -= frames;
		}
	}
	html_json_bytes(&writing->json, "stacks", &out);
	html_json_open(&writing->json, "stack_count", '[');
	for (size_t i = 0; i < writing->nsites; i++)
		html_json_integer(&writing->json, NULL, (int64_t)writing->analysis->sites[i].nstacks);
	html_json_close(&writing->json, ']');
	buf_free(&out);
}

#define COLUMN(field) offsetof(struct site, field)

static void put_identities(struct writing *writing)
{
	put_names(writing, "function", COLUMN(function));
	put_names(writing, "file", COLUMN(file));
	put_column(writing, "line", put_line);
	put_names(writing, "shown_function", COLUMN(shown.function));
	put_names(writing, "shown_file", COLUMN(shown.file));
	put_column(writing, "shown_line", put_shown_line);
	put_column(writing, "package", put_package);
	put_names(writing, "entry", COLUMN(entry));
	put_names(writing, "type", COLUMN(type));
	put_column(writing, "class", put_class);
	put_column(writing, "category", put_category);
	put_column(writing, "why", put_why);
	put_column(writing, "flags", put_flags);
	put_column(writing, "verdict", put_verdict);
	put_column(writing, "candidates", put_candidates);
	put_column(writing, "root_path", put_root_path);
	put_column(writing, "tiny_with", put_tiny_with);
	put_names(writing, "root", COLUMN(root));
	put_names(writing, "difference", COLUMN(difference));
	put_names(writing, "advice", COLUMN(advice));
}

static void put_figures(struct writing *writing)
{
	put_ranks(writing);
	put_column(writing, "samples", put_samples);
	put_reals(writing, "size", COLUMN(object_size), SHOWN);
	put_reals(writing, "bytes", COLUMN(alloc_bytes), EXACT);
	put_reals(writing, "bytes_low", COLUMN(alloc_bytes_ci.low), SHOWN);
	put_reals(writing, "bytes_high", COLUMN(alloc_bytes_ci.high), SHOWN);
	put_reals(writing, "objects", COLUMN(alloc_objects), EXACT);
	put_reals(writing, "live", COLUMN(live_bytes), EXACT);
	put_column(writing, "lifetime", put_lifetime);
	put_reals(writing, "gc", COLUMN(gc_saved_share), 9);
	put_reals(writing, "gc_low", COLUMN(gc_saved_share_ci.low), SHOWN);
	put_reals(writing, "gc_high", COLUMN(gc_saved_share_ci.high), SHOWN);
	put_reals(writing, "gc_equal_memory", COLUMN(gc_saved_share_equal_memory), SHOWN);
	put_reals(writing, "gc_reused", COLUMN(gc_saved_share_reused), SHOWN);
	put_reals(writing, "alloc_cpu", COLUMN(alloc_cpu_seconds), SHOWN);
	put_reals(writing, "assist_cpu", COLUMN(assist_cpu_seconds), SHOWN);
}

/* What removal_add takes of a site, beyond its bytes. */
static void put_removals(struct writing *writing)
{
	put_reals(writing, "mark_objects", COLUMN(mark_objects), EXACT);
	put_reals(writing, "scan_bytes", COLUMN(scan_bytes), EXACT);
	put_reals(writing, "barrier_share", COLUMN(barrier_share), EXACT);
	put_reals(writing, "spans", COLUMN(spans), EXACT);
	put_reals(writing, "scattered", COLUMN(scattered), EXACT);
	put_column(writing, "small", put_small);
}

static void put_sites(struct writing *writing)
{
	const struct analysis *analysis = writing->analysis;
	struct html_json *json = &writing->json;
	double rest = 0;

	for (size_t i = writing->nsites; i < analysis->nsites; i++)
		rest += analysis->sites[i].alloc_bytes;
	html_json_open(json, "sites", '{');
	html_json_integer(json, "count", (int64_t)writing->nsites);
	html_json_integer(json, "all", (int64_t)analysis->nsites);
	html_json_real(json, "rest_bytes", rest, SHOWN);
	put_identities(writing);
	put_figures(writing);
	put_removals(writing);
	put_slices(writing);
	put_stacks(writing);
	html_json_close(json, '}');
}

static void put_model_numbers(void *user, const char *name, const double *values, size_t count)
{
	struct writing *writing = user;

	if (count == 1)
		html_json_real(&writing->json, name, *values, 17);
	else
		put_numbers(&writing->json, name, values, count, EXACT);
}

static void put_model(struct writing *writing)
{
	html_json_open(&writing->json, "model", '{');
	analysis_model_each(writing->analysis, put_model_numbers, writing);
	html_json_close(&writing->json, '}');
}

/* What the page begins with being asked. */
static void put_asked(struct writing *writing, const struct report_what_if *what_if)
{
	struct html_json *json = &writing->json;

	html_json_open(json, "asked", '{');
	html_json_open(json, "sites", '[');
	for (size_t i = 0; i < what_if->count; i++)
		if (what_if->ranks[i] <= writing->nsites)
			html_json_integer(json, NULL, what_if->ranks[i] - 1);
	html_json_close(json, ']');
	html_json_real(json, "gogc", what_if->wish.set_gogc ? what_if->wish.gogc : NAN, SHOWN);
	html_json_close(json, '}');
}

/* Function, file and line of each frame. */
static void put_frames(struct writing *writing)
{
	struct buf out = {0};

	for (uint32_t i = 1; i < strtab_count(writing->frames); i++) {
		uint32_t key[3];

		memcpy(key, strtab_get(writing->frames, i), sizeof(key));
		for (int k = 0; k < 3; k++)
			buf_append_uleb(&out, key[k]);
	}
	html_json_bytes(&writing->json, "frames", &out);
	buf_free(&out);
}

static void put_strings(struct writing *writing)
{
	html_json_open(&writing->json, "strings", '[');
	for (uint32_t i = 0; i < strtab_count(writing->strings); i++)
		html_json_text(&writing->json, NULL, strtab_get(writing->strings, i), TEXT_MAX);
	html_json_close(&writing->json, ']');
}

/* What is left for the tree of PAGE_MAX when the page has SIZE bytes, the rest of the data and its texts. */
static size_t room_for_tree(const struct writing *writing, size_t size)
{
	size_t taken = size + writing->json.out.size;

	for (uint32_t i = 0; i < strtab_count(writing->strings); i++)
		taken += strlen(strtab_get(writing->strings, i)) + 3;
	return taken < PAGE_MAX ? (PAGE_MAX - taken) * 3 / 4 : 0; /* base64 */
}

void html_data_append(struct buf *out, const struct analysis *analysis, const struct report_options *options)
{
	struct writing writing = {.analysis = analysis, .strings = strtab_new(), .frames = strtab_new()};

	writing.nsites = analysis->nsites < SITES_MAX ? analysis->nsites : SITES_MAX;
	html_json_open(&writing.json, NULL, '{');
	html_json_text(&writing.json, "escprof", ESCPROF_VERSION, TEXT_MAX);
	put_run(&writing);
	put_gc(&writing);
	put_timeline(&writing);
	put_words(&writing);
	put_sites(&writing);
	put_model(&writing);
	put_asked(&writing, &options->what_if);
	put_frames(&writing);
	html_tree_write(&writing.json, analysis, writing.strings, writing.nsites, room_for_tree(&writing, out->size));
	html_source_write(&writing.json, analysis, options, writing.strings);
	put_strings(&writing);
	html_json_close(&writing.json, '}');
	buf_append(out, writing.json.out.data, writing.json.out.size);
	buf_free(&writing.json.out);
	strtab_free(writing.strings);
	strtab_free(writing.frames);
}
