/* In: the part of an analysis that is of C. Out: the object `c` of docs/REPORT_JSON.md. */
#include "report/report_json_c.h"

#include "report/gather_c.h"
#include "report/json_values.h"

static json_t *make_c_site(const struct c_site *site)
{
	json_t *object = json_object();

	json_object_set_new(object, "rank", make_integer(site->rank));
	json_object_set_new(object, "function", make_string(site->function));
	json_object_set_new(object, "file", make_string(site->file));
	json_object_set_new(object, "line", make_integer(site->line));
	json_object_set_new(object, "inline", make_frames(site->inline_chain, site->ninline));
	json_object_set_new(object, "through", make_string(site->through));
	json_object_set_new(object, "go_caller",
			    *site->go_caller.function ? make_frame(&site->go_caller) : json_null());
	json_object_set_new(object, "class", json_string(site_class_name(CLASS_C)));
	json_object_set_new(object, "samples", make_integer(site->samples));
	json_object_set_new(object, "alloc_bytes", make_real(site->alloc_bytes));
	json_object_set_new(object, "alloc_bytes_ci", make_interval(&site->alloc_bytes_ci));
	json_object_set_new(object, "alloc_objects", make_real(site->alloc_objects));
	json_object_set_new(object, "alloc_objects_ci", make_interval(&site->alloc_objects_ci));
	json_object_set_new(object, "live_bytes", make_real(site->live_bytes));
	json_object_set_new(object, "live_objects", make_real(site->live_objects));
	json_object_set_new(object, "kept_bytes", make_real(site->kept_bytes));
	json_object_set_new(object, "kept_bytes_ci", make_interval(&site->kept_bytes_ci));
	json_object_set_new(object, "kept_objects", make_real(site->kept_objects));
	json_object_set_new(object, "lives", make_reals(site->lives, C_LIFE_CLASSES));
	json_object_set_new(object, "stack",
			    site->nstacks ? make_frames(site->stacks[0].frames, site->stacks[0].nframes)
					  : json_array());
	return object;
}

/* The lines of Go that pay for C's memory. */
static json_t *make_go_lines(const struct analysis *analysis)
{
	struct c_gathering callers;
	json_t *array = json_array();

	gather_c(&callers, analysis, false);
	for (size_t i = 0; i < callers.count; i++) {
		const struct c_gathered *row = &callers.rows[i];
		json_t *object = make_frame(&row->frame);

		json_object_set_new(object, "sites", make_integer(row->sites));
		json_object_set_new(object, "alloc_bytes", make_real(row->alloc_bytes));
		json_object_set_new(object, "alloc_objects", make_real(row->alloc_objects));
		json_object_set_new(object, "live_bytes", make_real(row->live_bytes));
		json_object_set_new(object, "kept_bytes", make_real(row->kept_bytes));
		json_array_append_new(array, object);
	}
	gather_c_free(&callers);
	return array;
}

json_t *report_json_c(const struct analysis *analysis)
{
	const struct c_part *c = &analysis->c;
	json_t *object, *sites = json_array();

	if (!c->known) {
		json_decref(sites);
		return json_null();
	}
	object = json_object();
	for (size_t i = 0; i < c->nsites; i++)
		json_array_append_new(sites, make_c_site(&c->sites[i]));
	json_object_set_new(object, "rate", make_real(c->rate));
	json_object_set_new(object, "samples", make_integer(c->samples));
	json_object_set_new(object, "alloc_bytes", make_real(c->alloc_bytes));
	json_object_set_new(object, "alloc_objects", make_real(c->alloc_objects));
	json_object_set_new(object, "live_bytes", make_real(c->live_bytes));
	json_object_set_new(object, "kept_bytes", make_real(c->kept_bytes));
	json_object_set_new(object, "kept_objects", make_real(c->kept_objects));
	json_object_set_new(object, "untracked_objects", make_real(c->untracked_objects));
	json_object_set_new(object, "peak_bytes", make_real(c->peak_bytes));
	json_object_set_new(object, "peak_seconds", make_real(c->peak_seconds));
	json_object_set_new(object, "sites", sites);
	json_object_set_new(object, "go_lines", make_go_lines(analysis));
	return object;
}
