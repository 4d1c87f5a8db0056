/*
 * A comparison for programs: docs/REPORT_JSON.md, "The diff", which is a contract.
 */
#include "report/json_values.h"
#include "report/report_compare.h"

#define SCHEMA 1

static json_t *make_side(const struct analysis *analysis, double work)
{
	json_t *object = json_object();

	json_object_set_new(object, "command", make_strings(analysis->command, analysis->ncommand));
	json_object_set_new(object, "binary_build_id", make_string(analysis->build_id));
	json_object_set_new(object, "go_version", make_string(analysis->go_version));
	json_object_set_new(object, "duration_seconds", make_real(analysis->duration_seconds));
	json_object_set_new(object, "complete", json_boolean(analysis->complete));
	json_object_set_new(object, "alloc_bytes", make_real(analysis->alloc_bytes));
	json_object_set_new(object, "samples", make_integer(analysis->samples));
	json_object_set_new(object, "work", make_real(work));
	return object;
}

static void set_change(json_t *object, const struct change *change)
{
	json_object_set_new(object, "change", json_string(change_kind_name(change->kind)));
	json_object_set_new(object, "before", make_real(change->before));
	json_object_set_new(object, "after", make_real(change->after));
	json_object_set_new(object, "difference", make_real(change->after - change->before));
	json_object_set_new(object, "difference_ci", make_interval(&change->difference));
	json_object_set_new(object, "difference_certain", make_interval(&change->certain));
}

static json_t *make_totals(const struct comparison *comparison)
{
	json_t *array = json_array();

	for (int total = 0; total < TOTAL_COUNT; total++) {
		json_t *object;

		if (!comparison->totals[total].known)
			continue;
		object = json_object();
		json_object_set_new(object, "total", json_string(total_kind_name((enum total_kind)total)));
		set_change(object, &comparison->totals[total].change);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *make_side_of_site(const struct site *site)
{
	json_t *object = make_place(site);

	if (site)
		json_object_set_new(object, "inline", make_frames(site->inline_chain, site->ninline));
	return object;
}

static json_t *make_site(const struct site_change *change)
{
	const struct site *site = change->after ? change->after : change->before;
	json_t *object = json_object();

	set_change(object, &change->bytes);
	json_object_set_new(object, "tested", json_boolean(change->tested));
	json_object_set_new(object, "reshaped", json_boolean(change->reshaped));
	json_object_set_new(object, "share_before", make_real(change->share_before));
	json_object_set_new(object, "share_after", make_real(change->share_after));
	json_object_set_new(object, "objects_before", make_real(change->objects_before));
	json_object_set_new(object, "objects_after", make_real(change->objects_after));
	json_object_set_new(object, "entry", make_string(site->entry));
	json_object_set_new(object, "type", make_string(site->type));
	json_object_set_new(object, "class", json_string(site_class_name(site->class_)));
	json_object_set_new(object, "category", json_string(site_category_name(site->category)));
	json_object_set_new(object, "verdict", make_verdict(&site->verdict));
	json_object_set_new(object, "advice", make_string(site->advice));
	json_object_set_new(object, "site_before", make_side_of_site(change->before));
	json_object_set_new(object, "site_after", make_side_of_site(change->after));
	return object;
}

static json_t *make_sites(const struct comparison *comparison, bool all)
{
	json_t *array = json_array();

	for (size_t i = 0; i < (all ? comparison->nsites : comparison->nchanged); i++)
		json_array_append_new(array, make_site(&comparison->sites[i]));
	return array;
}

enum status report_diff_json(FILE *stream, const struct comparison *comparison, const struct diff_options *options,
			     struct error *error)
{
	static const char *const per[] = {
	    [COMPARE_PER_SECOND] = "time", [COMPARE_PER_BYTE] = "bytes", [COMPARE_PER_UNIT] = "count"};
	json_t *report = json_object();

	json_object_set_new(report, "schema", json_integer(SCHEMA));
	json_object_set_new(report, "per", json_string(per[comparison->options.per]));
	json_object_set_new(report, "before", make_side(comparison->before, comparison->work[0]));
	json_object_set_new(report, "after", make_side(comparison->after, comparison->work[1]));
	json_object_set_new(report, "common_factor", make_real(comparison->common_middle));
	json_object_set_new(report, "common_factor_range", make_interval(&comparison->common));
	json_object_set_new(report, "min_share", make_real(comparison->options.least_share));
	json_object_set_new(report, "tested", make_integer(comparison->tested));
	json_object_set_new(report, "changed", make_integer(comparison->nchanged));
	json_object_set_new(report, "totals", make_totals(comparison));
	json_object_set_new(report, "sites", make_sites(comparison, options->all));
	return write_json(stream, report, error);
}
