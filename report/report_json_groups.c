/*
 * What the JSON report says of sites together: by root and by set of labels always, by what --by asks for too. In come
 * sites, out go rows of sums and of what the GC would save without all of a row.
 */
#include "report/report_json_groups.h"

#include "base/memory.h"
#include "report/gather.h"
#include "report/json_values.h"

#include <stdlib.h>

json_t *report_json_roots(const struct analysis *analysis)
{
	struct gathering roots;
	json_t *array = json_array();

	gather(&roots, analysis, REPORT_BY_ROOT);
	for (size_t i = 0; i < roots.count; i++) {
		const struct gathered *root = &roots.rows[i];
		json_t *object = json_object();

		json_object_set_new(object, "root", make_string(root->name));
		json_object_set_new(object, "sites", make_integer(root->sites));
		json_object_set_new(object, "alloc_bytes", make_real(root->alloc_bytes));
		set_saving(object, &root->saving);
		json_array_append_new(array, object);
	}
	gather_free(&roots);
	return array;
}

static json_t *make_label_set(const struct label_set *set)
{
	json_t *object = json_object();

	for (size_t i = 0; i < set->count; i++) {
		struct buf key = {0};

		clean_text_append_utf8(&key, set->labels[i].key);
		json_object_set_new(object, buf_string(&key), make_string(set->labels[i].value));
		buf_free(&key);
	}
	return object;
}

json_t *report_json_labels(const struct analysis *analysis)
{
	struct removal *removals = memory_alloc(analysis->nlabel_sets + 1, sizeof(*removals));
	json_t *array = json_array();

	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		for (size_t k = 0; k < site->nlabels && site->alloc_bytes > 0; k++) {
			const struct label_part *part = &site->by_labels[k];

			if (part->set < analysis->nlabel_sets)
				removal_add(&removals[part->set], site, part->bytes / site->alloc_bytes);
		}
	}
	for (size_t i = 0; i < analysis->nlabel_sets; i++) {
		struct saving saving = analysis_saving(analysis, &removals[i], NULL);
		json_t *object = json_object();

		json_object_set_new(object, "known", json_boolean(!analysis->label_sets[i].unknown));
		json_object_set_new(object, "labels", make_label_set(&analysis->label_sets[i]));
		json_object_set_new(object, "alloc_bytes", make_real(removals[i].alloc_bytes));
		json_object_set_new(object, "alloc_objects", make_real(removals[i].alloc_objects));
		set_saving(object, &saving);
		json_array_append_new(array, object);
	}
	free(removals);
	return array;
}

static json_t *make_row(const struct gathered *row)
{
	struct interval cpu = removal_cpu_interval(&row->removal);
	json_t *object = json_object();

	json_object_set_new(object, "name", make_string(row->name));
	json_object_set_new(object, "sites", make_integer(row->sites));
	json_object_set_new(object, "alloc_bytes", make_real(row->alloc_bytes));
	json_object_set_new(object, "alloc_objects", make_real(row->alloc_objects));
	json_object_set_new(object, "live_bytes", make_real(row->live_bytes));
	set_saving(object, &row->saving);
	json_object_set_new(object, "alloc_cpu_seconds", make_real(row->removal.alloc_cpu_seconds));
	json_object_set_new(object, "alloc_cpu_seconds_ci", make_interval(&cpu));
	json_object_set_new(object, "miss_cpu_seconds", make_real(row->removal.miss_cpu_seconds));
	return object;
}

json_t *report_json_groups(const struct analysis *analysis, const struct report_options *options)
{
	struct gathering gathering;
	json_t *object, *rows;

	if (!options || options->by == REPORT_BY_SITE)
		return json_null();
	object = json_object();
	rows = json_array();
	gather_as_asked(&gathering, analysis, options);
	for (size_t i = 0; i < gathering.count; i++)
		json_array_append_new(rows, make_row(&gathering.rows[i]));
	gather_free(&gathering);
	json_object_set_new(object, "by", json_string(report_by_name(options->by)));
	json_object_set_new(object, "label", options->label ? make_string(options->label) : json_null());
	json_object_set_new(object, "rows", rows);
	return object;
}
