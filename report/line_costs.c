/* In: stacks. Out: sums by the files and lines that they pass. */
#include "report/line_costs.h"

#include "base/memory.h"
#include "base/strtab.h"
#include "report/stack_values.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Files while their lines come, in any order. */
struct growing {
	struct line_costs *out;
	struct strtab *files, *lines; /* lines by file's number and line */
	size_t *places;               /* of each line in its file's, by its number in LINES */
	size_t nplaces, place_capacity, file_capacity;
	size_t *line_capacities; /* by file */
	size_t line_capacity;
};

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static bool same_place(const struct analysis_frame *a, const struct analysis_frame *b, bool lines)
{
	return (!lines || a->line == b->line) && strcmp(text_of(a->file), text_of(b->file)) == 0;
}

/* Whether a frame further in is at the same place as FRAMES[AT]. */
static bool was_passed(const struct analysis_frame *frames, size_t at, bool lines)
{
	for (size_t i = 0; i < at; i++) {
		if (same_place(&frames[i], &frames[at], lines))
			return true;
	}
	return false;
}

static void add_sums(struct cost_sums *sums, const struct analysis_stack *stack, bool is_c)
{
	if (is_c) {
		sums->c_alloc_bytes += stack->alloc_bytes;
		sums->c_kept_bytes += stack->kept_bytes;
		return;
	}
	sums->gc_saved_share += stack->gc_saved_share;
	sums->alloc_bytes += stack->alloc_bytes;
	sums->alloc_objects += stack->alloc_objects;
}

/* The number of FILE among the files, made when it is new. */
static size_t file_at(struct growing *growing, const char *file)
{
	struct line_costs *out = growing->out;
	size_t at = strtab_add(growing->files, file) - 1;

	if (at == out->count) {
		out->files = memory_reserve(out->files, at, &growing->file_capacity, sizeof(*out->files));
		growing->line_capacities = memory_reserve(growing->line_capacities, at, &growing->line_capacity,
							  sizeof(*growing->line_capacities));
		out->files[at] = (struct file_cost){.file = file};
		growing->line_capacities[at] = 0;
		out->count++;
	}
	return at;
}

static struct line_cost *line_at(struct growing *growing, size_t file, const struct analysis_frame *frame)
{
	struct file_cost *cost = &growing->out->files[file];
	size_t key[2] = {file, frame->line};
	size_t number = strtab_add_bytes(growing->lines, (const char *)key, sizeof(key)) - 1;

	assert(number <= growing->nplaces); /* lines are numbered from 1 as they come, and each has a place */
	if (number == growing->nplaces) {
		growing->places = memory_reserve(growing->places, growing->nplaces++, &growing->place_capacity,
						 sizeof(*growing->places));
		growing->places[number] = cost->nlines;
		cost->lines =
		    memory_reserve(cost->lines, cost->nlines, &growing->line_capacities[file], sizeof(*cost->lines));
		cost->lines[cost->nlines++] = (struct line_cost){.line = frame->line, .function = frame->function};
	}
	assert(growing->places && cost->lines);
	return &cost->lines[growing->places[number]];
}

static void add_stack(struct growing *growing, const struct analysis_stack *stack, bool is_c)
{
	for (size_t i = 0; i < stack->nframes; i++) {
		const struct analysis_frame *frame = &stack->frames[i];
		size_t file;

		if (!*text_of(frame->file))
			continue;
		file = file_at(growing, frame->file);
		if (!was_passed(stack->frames, i, false))
			add_sums(&growing->out->files[file].sums, stack, is_c);
		if (!was_passed(stack->frames, i, true))
			add_sums(&line_at(growing, file, frame)->sums, stack, is_c);
	}
}

/* Sites come by rank, so the first of a line are the best. */
static void add_site(struct growing *growing, const struct site *site)
{
	const struct analysis_frame own = {site->function, site->file, site->line};
	struct line_cost *line;

	if (site->shown_is_own && *text_of(site->shown.file))
		growing->out->files[file_at(growing, site->shown.file)].own = true;
	if (!*text_of(site->file))
		return;
	line = line_at(growing, file_at(growing, site->file), &own);
	line->sites = memory_resize(line->sites, line->nsites + 1, sizeof(*line->sites));
	line->sites[line->nsites++] = site;
}

static int compare_lines(const void *left, const void *right)
{
	const struct line_cost *a = left, *b = right;

	return (a->line > b->line) - (a->line < b->line);
}

static int compare_files(const void *left, const void *right)
{
	const struct file_cost *a = left, *b = right;

	if (a->own != b->own)
		return a->own ? -1 : 1;
	if (a->sums.gc_saved_share != b->sums.gc_saved_share)
		return a->sums.gc_saved_share > b->sums.gc_saved_share ? -1 : 1;
	if (a->sums.alloc_bytes != b->sums.alloc_bytes)
		return a->sums.alloc_bytes > b->sums.alloc_bytes ? -1 : 1;
	if (a->sums.c_alloc_bytes != b->sums.c_alloc_bytes)
		return a->sums.c_alloc_bytes > b->sums.c_alloc_bytes ? -1 : 1;
	return strcmp(a->file, b->file);
}

void line_costs_make(struct line_costs *costs, const struct analysis *analysis)
{
	struct growing growing = {.out = costs, .files = strtab_new(), .lines = strtab_new()};

	*costs = (struct line_costs){0};
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		for (size_t j = 0; j < stack_values_count(site); j++) {
			struct analysis_stack stack = stack_values_at(site, j);

			add_stack(&growing, &stack, site->class_ == CLASS_C);
		}
		add_site(&growing, site);
	}
	for (size_t i = 0; i < costs->count; i++)
		if (costs->files[i].nlines)
			qsort(costs->files[i].lines, costs->files[i].nlines, sizeof(*costs->files[i].lines),
			      compare_lines);
	if (costs->count)
		qsort(costs->files, costs->count, sizeof(*costs->files), compare_files);
	free(growing.places);
	free(growing.line_capacities);
	strtab_free(growing.files);
	strtab_free(growing.lines);
}

void line_costs_free(struct line_costs *costs)
{
	for (size_t i = 0; i < costs->count; i++) {
		for (size_t k = 0; k < costs->files[i].nlines; k++)
			free(costs->files[i].lines[k].sites);
		free(costs->files[i].lines);
	}
	free(costs->files);
	*costs = (struct line_costs){0};
}
