/* In: C's sites, each with the place in Go that called. Out: sums by that place, or by its package. */
#include "report/gather_c.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/strtab.h"

#include <stdlib.h>
#include <string.h>

/* The number of the row of SITE, from 1. */
static uint32_t key_of(struct c_gathering *gathering, const struct c_site *site, bool by_package)
{
	const struct analysis_frame *caller = &site->go_caller;
	struct buf key = {0};
	uint32_t number;

	if (by_package)
		analysis_append_package(&key, caller->function);
	else
		buf_append_format(&key, "%s\n%s\n%u", caller->function, caller->file ? caller->file : "", caller->line);
	number = strtab_add(gathering->names, buf_string(&key));
	buf_free(&key);
	return number;
}

static void add(struct c_gathered *row, const struct c_site *site)
{
	row->sites++;
	row->alloc_bytes += site->alloc_bytes;
	row->alloc_objects += site->alloc_objects;
	row->live_bytes += site->live_bytes;
	row->kept_bytes += site->kept_bytes;
}

static int compare_rows(const void *left, const void *right)
{
	const struct c_gathered *a = left, *b = right;

	if (a->alloc_bytes != b->alloc_bytes)
		return a->alloc_bytes > b->alloc_bytes ? -1 : 1;
	if (strcmp(a->name, b->name) != 0)
		return strcmp(a->name, b->name);
	return (a->frame.line > b->frame.line) - (a->frame.line < b->frame.line);
}

void gather_c(struct c_gathering *gathering, const struct analysis *analysis, bool by_package)
{
	size_t capacity = 0;

	*gathering = (struct c_gathering){.names = strtab_new()};
	for (size_t i = 0; i < analysis->c.nsites; i++) {
		const struct c_site *site = &analysis->c.sites[i];
		struct c_gathered *row;
		uint32_t number;

		if (!*site->go_caller.function) {
			gathering->own_bytes += site->alloc_bytes;
			continue;
		}
		number = key_of(gathering, site, by_package);
		if (!number) /* no package: a name that Go does not give */
			continue;
		if (number > gathering->count) {
			gathering->rows =
			    memory_reserve(gathering->rows, gathering->count, &capacity, sizeof(*gathering->rows));
			gathering->rows[gathering->count++] = (struct c_gathered){
			    .name = site->go_caller.function,
			    .frame = by_package ? (struct analysis_frame){"", "", 0} : site->go_caller};
		}
		row = &gathering->rows[number - 1];
		add(row, site);
	}
	for (size_t i = 0; by_package && i < gathering->count; i++)
		gathering->rows[i].name = strtab_get(gathering->names, (uint32_t)i + 1);
	if (gathering->count)
		qsort(gathering->rows, gathering->count, sizeof(*gathering->rows), compare_rows);
}

void gather_c_free(struct c_gathering *gathering)
{
	free(gathering->rows);
	strtab_free(gathering->names);
	*gathering = (struct c_gathering){.rows = NULL};
}
