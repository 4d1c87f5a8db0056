/*
 * In: sites. Out: rows, each the sum of those of one name.
 */
#include "report/gather.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"
#include "report/words.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A gathering while it grows. */
struct gatherer {
	struct gathering *out;
	size_t capacity, last_capacity;
	const struct site **last; /* by row: the site that was added last, to count each once */
};

/* The row of NAME. Names are numbered from 1 as they come, and each has a row: row N belongs to name N + 1. */
static size_t gather_row(struct gatherer *gatherer, const char *name)
{
	struct gathering *out = gatherer->out;
	size_t row = strtab_add(out->names, name) - 1;

	if (row == out->count) {
		out->rows = memory_reserve(out->rows, row, &gatherer->capacity, sizeof(*out->rows));
		gatherer->last = memory_reserve(gatherer->last, row, &gatherer->last_capacity, sizeof(*gatherer->last));
		gatherer->last[row] = NULL;
		out->rows[row] = (struct gathered){.name = strtab_get(out->names, (uint32_t)row + 1)};
		out->count++;
	}
	return row;
}

/* Add SHARE (of 1) of SITE to the row NAME. */
static void gather_add(struct gatherer *gatherer, const char *name, const struct site *site, double share)
{
	struct gathered *row;
	size_t at;

	if (!name || !*name)
		return;
	at = gather_row(gatherer, name);
	assert(gatherer->last); /* a name of the table has a row */
	row = &gatherer->out->rows[at];
	row->sites += gatherer->last[at] != site;
	gatherer->last[at] = site;
	row->alloc_bytes += share * site->alloc_bytes;
	row->alloc_objects += share * site->alloc_objects;
	row->live_bytes += share * site->live_bytes;
	removal_add(&row->removal, site, share);
}

static void place_of(char *out, size_t size, const struct analysis_frame *frame)
{
	if (!frame->function || !*frame->function)
		snprintf(out, size, "not started by a go statement that is known");
	else
		snprintf(out, size, "%s %s:%u", words_short_function(frame->function), words_base_name(frame->file),
			 frame->line);
}

static void gather_stacks(struct gatherer *gatherer, const struct site *site)
{
	char name[512];

	for (size_t i = 0; i < site->nstacks; i++) {
		double share = site->alloc_bytes > 0 ? site->stacks[i].alloc_bytes / site->alloc_bytes : 0;

		place_of(name, sizeof(name), &site->stacks[i].creator);
		gather_add(gatherer, name, site, share);
	}
}

/* Divide SITE among BUCKETS as its BYTES are. */
static void gather_buckets(struct gatherer *gatherer, const struct site *site, const struct buckets *buckets,
			   const double *bytes)
{
	for (size_t i = 0; bytes && i < buckets->count; i++) {
		if (bytes[i] <= 0 || site->alloc_bytes <= 0)
			continue;
		gather_add(gatherer, buckets->names[i], site, bytes[i] / site->alloc_bytes);
		gatherer->out->rows[gather_row(gatherer, buckets->names[i])].order = i + 1;
	}
}

/* The name of SET's row: KEY's value in it, or all its labels. */
static void name_set(struct buf *name, const struct label_set *set, const char *key)
{
	name->size = 0;
	for (size_t i = 0; i < set->count; i++) {
		if (!key)
			buf_append_format(name, "%s%s=%s", i ? ", " : "", set->labels[i].key, set->labels[i].value);
		else if (strcmp(set->labels[i].key, key) == 0)
			buf_append_format(name, "%s=%s", key, set->labels[i].value);
	}
	if (name->size)
		return;
	if (set->unknown)
		buf_append_string(name, "not known");
	else if (key)
		buf_append_format(name, "no label %s", key);
	else
		buf_append_string(name, "no labels");
}

static void gather_site_labels(struct gatherer *gatherer, const struct analysis *analysis, const struct site *site,
			       const char *key)
{
	struct buf name = {0};

	for (size_t i = 0; i < site->nlabels && site->alloc_bytes > 0; i++) {
		const struct label_part *part = &site->by_labels[i];

		if (part->set >= analysis->nlabel_sets)
			continue;
		name_set(&name, &analysis->label_sets[part->set], key);
		gather_add(gatherer, buf_string(&name), site, part->bytes / site->alloc_bytes);
	}
	buf_free(&name);
}

static void gather_site(struct gatherer *gatherer, const struct analysis *analysis, const struct site *site,
			enum report_by by)
{
	struct analysis_frame place = {site->function, site->file, site->line};
	struct buf package = {0};
	char name[512] = "";

	switch (by) {
	case REPORT_BY_ROOT:
		gather_add(gatherer, words_root(site), site, 1);
		return;
	case REPORT_BY_CATEGORY:
		gather_add(gatherer, words_site(site), site, 1);
		return;
	case REPORT_BY_TYPE:
		gather_add(gatherer, site->type, site, 1);
		return;
	case REPORT_BY_GOROUTINE:
		gather_stacks(gatherer, site);
		return;
	case REPORT_BY_GOROUTINES:
		gather_buckets(gatherer, site, &analysis->goroutine_buckets, site->by_goroutines);
		return;
	case REPORT_BY_PROCS:
		gather_buckets(gatherer, site, &analysis->proc_buckets, site->by_procs);
		return;
	case REPORT_BY_LABEL:
		gather_site_labels(gatherer, analysis, site, NULL);
		return;
	case REPORT_BY_PACKAGE:
		if (site->function)
			analysis_append_package(&package, site->function);
		snprintf(name, sizeof(name), "%s", buf_string(&package));
		buf_free(&package);
		break;
	case REPORT_BY_SITE:
		place_of(name, sizeof(name), &place);
		break;
	}
	gather_add(gatherer, name, site, 1);
}

static int compare_rows(const void *a, const void *b)
{
	const struct gathered *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (isfinite(x->saving.share) && isfinite(y->saving.share) && x->saving.share != y->saving.share)
		return x->saving.share < y->saving.share ? 1 : -1;
	if (x->alloc_bytes != y->alloc_bytes)
		return x->alloc_bytes < y->alloc_bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* All sites are in: what each row saves, and their order. */
static void gather_end(struct gatherer *gatherer, const struct analysis *analysis)
{
	struct gathering *gathering = gatherer->out;

	for (size_t i = 0; i < gathering->count; i++)
		gathering->rows[i].saving = analysis_saving(analysis, &gathering->rows[i].removal, NULL);
	if (gathering->count)
		qsort(gathering->rows, gathering->count, sizeof(*gathering->rows), compare_rows);
	free(gatherer->last);
}

void gather(struct gathering *gathering, const struct analysis *analysis, enum report_by by)
{
	struct gatherer gatherer = {.out = gathering};

	*gathering = (struct gathering){.names = strtab_new()};
	for (size_t i = 0; i < analysis->nsites; i++)
		gather_site(&gatherer, analysis, &analysis->sites[i], by);
	gather_end(&gatherer, analysis);
}

void gather_labels(struct gathering *gathering, const struct analysis *analysis, const char *key)
{
	struct gatherer gatherer = {.out = gathering};

	*gathering = (struct gathering){.names = strtab_new()};
	for (size_t i = 0; i < analysis->nsites; i++)
		gather_site_labels(&gatherer, analysis, &analysis->sites[i], key);
	gather_end(&gatherer, analysis);
}

void gather_as_asked(struct gathering *gathering, const struct analysis *analysis, const struct report_options *options)
{
	if (options->by == REPORT_BY_LABEL)
		gather_labels(gathering, analysis, options->label);
	else
		gather(gathering, analysis, options->by);
}

void gather_free(struct gathering *gathering)
{
	free(gathering->rows);
	strtab_free(gathering->names);
	*gathering = (struct gathering){0};
}
