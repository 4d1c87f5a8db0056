/* In: an analysis' sites. Out: each of their properties as a column of JSON, and their stacks packed. */
#include "report/html_sites.h"

#include "report/html_frames.h"
#include "report/report_text_parts.h"
#include "report/words.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STACKS_MAX   3 /* of a site, frame by frame */
#define FRAMES_DEPTH 48
#define FRAMES_MAX   60000 /* of all sites: the best come first */
#define SLICE_PARTS  4095.0

/* A column of numbers that stand at OFFSET in struct site. */
static void put_reals(struct html_writing *writing, const char *key, size_t offset, int digits)
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
static void put_names(struct html_writing *writing, const char *key, size_t offset)
{
	html_json_open(&writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++)
		html_put_text(writing, NULL,
			      *(const char *const *)((const char *)&writing->analysis->sites[i] + offset));
	html_json_close(&writing->json, ']');
}

/* The same of anything that a function can tell of a site. */
static void put_column(struct html_writing *writing, const char *key,
		       void (*put)(struct html_writing *writing, const struct site *site))
{
	html_json_open(&writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++)
		put(writing, &writing->analysis->sites[i]);
	html_json_close(&writing->json, ']');
}

static void put_line(struct html_writing *writing, const struct site *site)
{
	html_json_integer(&writing->json, NULL, site->line);
}

static void put_shown_line(struct html_writing *writing, const struct site *site)
{
	html_json_integer(&writing->json, NULL, site->shown.line);
}

static void put_class(struct html_writing *writing, const struct site *site)
{
	bool known = (unsigned)site->class_ < CLASS_COUNT;

	html_json_integer(&writing->json, NULL, known ? site->class_ : CLASS_UNMATCHED);
}

static void put_category(struct html_writing *writing, const struct site *site)
{
	bool known = (unsigned)site->category < CATEGORY_COUNT;

	html_json_integer(&writing->json, NULL, known ? site->category : CATEGORY_NONE);
}

static void put_why(struct html_writing *writing, const struct site *site)
{
	html_put_text(writing, NULL, words_site(site));
}

static void put_package(struct html_writing *writing, const struct site *site)
{
	struct buf package = {0};

	analysis_append_package(&package, site->function ? site->function : "");
	html_json_integer(&writing->json, NULL, strtab_add(writing->strings, buf_string(&package)));
	buf_free(&package);
}

/* 1: an own place; 2: refused; 4: tiny; 8: elements of a slice. */
static void put_flags(struct html_writing *writing, const struct site *site)
{
	const char *entry = site->entry ? site->entry : "";
	bool slice = strncmp(entry, "runtime.makeslice", 17) == 0 || strncmp(entry, "runtime.growslice", 17) == 0;

	html_json_integer(&writing->json, NULL,
			  (words_is_own(site) ? 1 : 0) | (site->refused ? 2 : 0) | (site->tiny ? 4 : 0) |
			      (slice ? 8 : 0));
}

/* [message, file, line, column, reason…]; [] for none. */
static void put_one_verdict(struct html_writing *writing, const struct site_verdict *verdict)
{
	struct html_json *json = &writing->json;

	html_json_open(json, NULL, '[');
	if (verdict->message) {
		html_put_text(writing, NULL, verdict->message);
		html_put_text(writing, NULL, verdict->file);
		html_json_integer(json, NULL, verdict->line);
		html_json_integer(json, NULL, verdict->column);
		for (size_t i = 0; i < verdict->nreason && i < HTML_LIST_MAX; i++)
			html_put_text(writing, NULL, verdict->reason[i]);
	}
	html_json_close(json, ']');
}

static void put_verdict(struct html_writing *writing, const struct site *site)
{
	put_one_verdict(writing, &site->verdict);
}

static void put_candidates(struct html_writing *writing, const struct site *site)
{
	html_json_open(&writing->json, NULL, '[');
	for (size_t i = 0; i < site->ncandidates && i < HTML_LIST_MAX; i++)
		put_one_verdict(writing, &site->candidates[i]);
	html_json_close(&writing->json, ']');
}

static void put_root_path(struct html_writing *writing, const struct site *site)
{
	html_put_texts(writing, NULL, site->root_path, site->nroot_path);
}

static void put_tiny_with(struct html_writing *writing, const struct site *site)
{
	html_json_open(&writing->json, NULL, '[');
	for (size_t i = 0; i < site->ntiny_with; i++) {
		html_json_integer(&writing->json, NULL, site->tiny_with[i].rank);
		html_json_real(&writing->json, NULL, site->tiny_with[i].share, HTML_SHOWN);
	}
	html_json_close(&writing->json, ']');
}

static void put_samples(struct html_writing *writing, const struct site *site)
{
	html_json_integer(&writing->json, NULL, (int64_t)site->samples);
}

static void put_lifetime(struct html_writing *writing, const struct site *site)
{
	html_json_real(&writing->json, NULL, site->lifetimes > 0 ? site->lifetime_cycles : NAN, HTML_SHOWN);
}

/* [size's number, bytes, …] of its small objects. */
static void put_small(struct html_writing *writing, const struct site *site)
{
	html_json_open(&writing->json, NULL, '[');
	for (int i = 0; site->small_bytes && i < SMALL_SIZES; i++) {
		if (site->small_bytes[i] == 0)
			continue;
		html_json_integer(&writing->json, NULL, i);
		html_json_real(&writing->json, NULL, site->small_bytes[i], HTML_EXACT);
	}
	html_json_close(&writing->json, ']');
}

static void put_ranks(struct html_writing *writing)
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

static void put_slices(struct html_writing *writing)
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

/* Each site's first stacks: how many, then of each its share of the bytes in 4095ths, its frames, their numbers. */
static void put_stacks(struct html_writing *writing)
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
			double share = site->alloc_bytes > 0 ? stack->alloc_bytes / site->alloc_bytes : 0;

			buf_append_uleb(&out, share > 0 ? (uint64_t)llround(fmin(1, share) * SLICE_PARTS) : 0);
			room -= html_frames_append(&out, writing->frames, writing->strings, stack, FRAMES_DEPTH);
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

static void put_identities(struct html_writing *writing)
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

static void put_figures(struct html_writing *writing)
{
	put_ranks(writing);
	put_column(writing, "samples", put_samples);
	put_reals(writing, "size", COLUMN(object_size), HTML_SHOWN);
	put_reals(writing, "bytes", COLUMN(alloc_bytes), HTML_EXACT);
	put_reals(writing, "bytes_low", COLUMN(alloc_bytes_ci.low), HTML_SHOWN);
	put_reals(writing, "bytes_high", COLUMN(alloc_bytes_ci.high), HTML_SHOWN);
	put_reals(writing, "objects", COLUMN(alloc_objects), HTML_EXACT);
	put_reals(writing, "live", COLUMN(live_bytes), HTML_EXACT);
	put_column(writing, "lifetime", put_lifetime);
	put_reals(writing, "gc", COLUMN(saving.share), 9);
	put_reals(writing, "gc_low", COLUMN(saving.share_ci.low), HTML_SHOWN);
	put_reals(writing, "gc_high", COLUMN(saving.share_ci.high), HTML_SHOWN);
	put_reals(writing, "gc_equal_memory", COLUMN(saving.share_equal_memory), HTML_SHOWN);
	put_reals(writing, "gc_reused", COLUMN(saving.share_reused), HTML_SHOWN);
	put_reals(writing, "gc_cycles", COLUMN(saving.cycles), HTML_SHOWN);
	put_reals(writing, "goal", COLUMN(saving.goal_bytes), HTML_SHOWN);
	put_reals(writing, "alloc_cpu", COLUMN(alloc_cpu_seconds), HTML_SHOWN);
	put_reals(writing, "assist_cpu", COLUMN(assist_cpu_seconds), HTML_SHOWN);
}

/* What removal_add takes of a site, beyond its bytes. */
static void put_removals(struct html_writing *writing)
{
	put_reals(writing, "mark_objects", COLUMN(mark_objects), HTML_EXACT);
	put_reals(writing, "scan_bytes", COLUMN(scan_bytes), HTML_EXACT);
	put_reals(writing, "barrier_share", COLUMN(barrier_share), HTML_EXACT);
	put_reals(writing, "spans", COLUMN(spans), HTML_EXACT);
	put_reals(writing, "scattered", COLUMN(scattered), HTML_EXACT);
	put_column(writing, "small", put_small);
}

void html_sites_write(struct html_writing *writing)
{
	const struct analysis *analysis = writing->analysis;
	struct html_json *json = &writing->json;
	double rest = 0;

	for (size_t i = writing->nsites; i < analysis->nsites; i++)
		rest += analysis->sites[i].alloc_bytes;
	html_json_open(json, "sites", '{');
	html_json_integer(json, "count", (int64_t)writing->nsites);
	html_json_integer(json, "all", (int64_t)analysis->nsites);
	html_json_real(json, "rest_bytes", rest, HTML_SHOWN);
	put_identities(writing);
	put_figures(writing);
	put_removals(writing);
	put_slices(writing);
	put_stacks(writing);
	html_json_close(json, '}');
}
