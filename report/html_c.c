/* In: the part of an analysis that is of C. Out: JSON, as compact as that of Go's sites (html_data.c). */
#include "report/html_c.h"

#include "base/strtab.h"
#include "report/gather_c.h"
#include "report/html_frames.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define SITES_MAX    1500
#define LINES_MAX    200
#define STACKS_MAX   12 /* of a site */
#define FRAMES_DEPTH 64
#define FRAMES_MAX   40000 /* of all sites */
#define DIGITS       6
#define PARTS        4095.0

struct writing {
	struct html_json *json;
	const struct c_part *c;
	struct strtab *strings, *frames;
	size_t nsites;
};

#define COLUMN(field) offsetof(struct c_site, field)

/* Columns of what stands at OFFSET in struct c_site. */
static void put_reals(struct writing *writing, const char *key, size_t offset)
{
	html_json_open(writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++) {
		double value;

		memcpy(&value, (const char *)&writing->c->sites[i] + offset, sizeof(value));
		html_json_real(writing->json, NULL, value, DIGITS);
	}
	html_json_close(writing->json, ']');
}

static void put_names(struct writing *writing, const char *key, size_t offset)
{
	html_json_open(writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++)
		html_json_integer(
		    writing->json, NULL,
		    strtab_add(writing->strings, *(const char *const *)((const char *)&writing->c->sites[i] + offset)));
	html_json_close(writing->json, ']');
}

static void put_numbers(struct writing *writing, const char *key, int64_t (*number)(const struct c_site *site))
{
	html_json_open(writing->json, key, '[');
	for (size_t i = 0; i < writing->nsites; i++)
		html_json_integer(writing->json, NULL, number(&writing->c->sites[i]));
	html_json_close(writing->json, ']');
}

static int64_t line_of(const struct c_site *site)
{
	return site->line;
}

static int64_t caller_line_of(const struct c_site *site)
{
	return site->go_caller.line;
}

static int64_t samples_of(const struct c_site *site)
{
	return (int64_t)site->samples;
}

static int64_t stacks_of(const struct c_site *site)
{
	return (int64_t)site->nstacks;
}

static void put_lives(struct writing *writing)
{
	html_json_open(writing->json, "lives", '[');
	for (size_t i = 0; i < writing->nsites; i++) {
		html_json_open(writing->json, NULL, '[');
		for (size_t k = 0; k < C_LIFE_CLASSES; k++)
			html_json_real(writing->json, NULL, writing->c->sites[i].lives[k], 3);
		html_json_close(writing->json, ']');
	}
	html_json_close(writing->json, ']');
}

static void put_part(struct buf *out, double part, double all)
{
	buf_append_uleb(out, part > 0 && all > 0 ? (uint64_t)llround(fmin(1, part / all) * PARTS) : 0);
}

static void put_stacks(struct writing *writing)
{
	size_t room = FRAMES_MAX;
	struct buf out = {0};

	for (size_t i = 0; i < writing->nsites; i++) {
		const struct c_site *site = &writing->c->sites[i];
		size_t stacks = site->nstacks < STACKS_MAX ? site->nstacks : STACKS_MAX;

		if (room < STACKS_MAX * FRAMES_DEPTH)
			stacks = 0;
		buf_append_uleb(&out, stacks);
		for (size_t k = 0; k < stacks; k++) {
			const struct analysis_stack *stack = &site->stacks[k];

			put_part(&out, stack->alloc_bytes, site->alloc_bytes);
			put_part(&out, stack->live_bytes, site->live_bytes);
			put_part(&out, stack->kept_bytes, site->kept_bytes);
			room -= html_frames_append(&out, writing->frames, writing->strings, stack, FRAMES_DEPTH);
		}
	}
	html_json_bytes(writing->json, "stacks", &out);
	buf_free(&out);
}

static void put_lines(struct writing *writing, const struct analysis *analysis)
{
	struct html_json *json = writing->json;
	struct c_gathering lines;

	gather_c(&lines, analysis, false);
	html_json_open(json, "lines", '[');
	for (size_t i = 0; i < lines.count && i < LINES_MAX; i++) {
		const struct c_gathered *row = &lines.rows[i];

		html_json_open(json, NULL, '[');
		html_json_integer(json, NULL, strtab_add(writing->strings, row->frame.function));
		html_json_integer(json, NULL, strtab_add(writing->strings, row->frame.file));
		html_json_integer(json, NULL, row->frame.line);
		html_json_integer(json, NULL, (int64_t)row->sites);
		html_json_real(json, NULL, row->alloc_bytes, DIGITS);
		html_json_real(json, NULL, row->alloc_objects, DIGITS);
		html_json_real(json, NULL, row->live_bytes, DIGITS);
		html_json_real(json, NULL, row->kept_bytes, DIGITS);
		html_json_close(json, ']');
	}
	html_json_close(json, ']');
	html_json_integer(json, "all_lines", (int64_t)lines.count);
	gather_c_free(&lines);
}

static void put_totals(struct writing *writing)
{
	const struct c_part *c = writing->c;
	struct html_json *json = writing->json;

	html_json_real(json, "rate", c->rate, DIGITS);
	html_json_integer(json, "all_samples", (int64_t)c->samples);
	html_json_real(json, "all_bytes", c->alloc_bytes, DIGITS);
	html_json_real(json, "all_objects", c->alloc_objects, DIGITS);
	html_json_real(json, "all_live", c->live_bytes, DIGITS);
	html_json_real(json, "all_kept", c->kept_bytes, DIGITS);
	html_json_real(json, "all_kept_objects", c->kept_objects, DIGITS);
	html_json_real(json, "peak", c->peak_bytes, DIGITS);
	html_json_real(json, "peak_seconds", c->peak_seconds, DIGITS);
	html_json_boolean(json, "of_moments", c->of_moments);
	html_json_integer(json, "count", (int64_t)writing->nsites);
	html_json_integer(json, "all", (int64_t)c->nsites);
}

void html_c_write(struct html_json *json, const struct analysis *analysis, struct strtab *strings,
		  struct strtab *frames)
{
	struct writing writing = {.json = json, .c = &analysis->c, .strings = strings, .frames = frames};

	if (!analysis->c.known) {
		html_json_real(json, "c", NAN, 1);
		return;
	}
	writing.nsites = analysis->c.nsites < SITES_MAX ? analysis->c.nsites : SITES_MAX;
	html_json_open(json, "c", '{');
	put_totals(&writing);
	put_names(&writing, "function", COLUMN(function));
	put_names(&writing, "file", COLUMN(file));
	put_numbers(&writing, "line", line_of);
	put_names(&writing, "through", COLUMN(through));
	put_names(&writing, "caller_function", COLUMN(go_caller.function));
	put_names(&writing, "caller_file", COLUMN(go_caller.file));
	put_numbers(&writing, "caller_line", caller_line_of);
	put_numbers(&writing, "samples", samples_of);
	put_numbers(&writing, "stack_count", stacks_of);
	put_reals(&writing, "bytes", COLUMN(alloc_bytes));
	put_reals(&writing, "bytes_low", COLUMN(alloc_bytes_ci.low));
	put_reals(&writing, "bytes_high", COLUMN(alloc_bytes_ci.high));
	put_reals(&writing, "objects", COLUMN(alloc_objects));
	put_reals(&writing, "live", COLUMN(live_bytes));
	put_reals(&writing, "kept", COLUMN(kept_bytes));
	put_reals(&writing, "kept_objects", COLUMN(kept_objects));
	put_lives(&writing);
	put_stacks(&writing);
	put_lines(&writing, analysis);
	html_json_close(json, '}');
}
