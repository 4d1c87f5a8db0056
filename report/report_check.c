/*
 * What a gate found, for people and for programs: docs/REPORT_JSON.md, "The check", has the latter.
 */
#include "report/compare_words.h"
#include "report/json_values.h"
#include "report/report_compare.h"

#define SCHEMA 1

/* The sentence of FINDING, made harmless. */
static void append_sentence(struct buf *out, const struct gate *gate, const struct gate_finding *finding)
{
	struct buf words = {0};

	compare_words_finding(&words, gate, finding);
	clean_text_append(out, buf_string(&words));
	buf_free(&words);
}

enum status report_check_text(FILE *stream, const struct gate *gate, struct error *error)
{
	struct buf out = {0};
	enum status status;

	for (size_t i = 0; i < gate->count; i++) {
		if (!gate->findings[i].breached)
			continue;
		append_sentence(&out, gate, &gate->findings[i]);
		buf_append_u8(&out, '\n');
	}
	if (!gate->breaches && gate->count == 1)
		buf_append_string(&out, "The limit holds.\n");
	else if (!gate->breaches)
		buf_append_format(&out, "All %zu limits hold.\n", gate->count);
	status = report_write(stream, &out, error);
	buf_free(&out);
	return status;
}

static json_t *make_site(const struct site *site)
{
	json_t *object = make_place(site);

	if (!site)
		return object;
	json_object_set_new(object, "class", json_string(site_class_name(site->class_)));
	json_object_set_new(object, "category", json_string(site_category_name(site->category)));
	json_object_set_new(object, "type", make_string(site->type));
	json_object_set_new(object, "verdict", make_verdict(&site->verdict));
	json_object_set_new(object, "advice", make_string(site->advice));
	return object;
}

static json_t *make_finding(const struct gate *gate, const struct gate_finding *finding)
{
	json_t *object = json_object();
	struct buf words = {0};
	bool is_total = finding->rule == GATE_GROWN_TOTAL && finding->breached;

	compare_words_finding(&words, gate, finding);
	json_object_set_new(object, "rule", json_string(gate_rule_name(finding->rule)));
	json_object_set_new(object, "breached", json_boolean(finding->breached));
	json_object_set_new(object, "message", make_string(buf_string(&words)));
	json_object_set_new(object, "figure",
			    make_real(finding->breached || gate_rule_is_figure(finding->rule) ? finding->figure : NAN));
	json_object_set_new(object, "limit", make_real(finding->limit));
	json_object_set_new(object, "total", is_total ? json_string(total_kind_name(finding->total)) : json_null());
	json_object_set_new(object, "site", make_site(finding->site));
	buf_free(&words);
	return object;
}

enum status report_check_json(FILE *stream, const struct gate *gate, struct error *error)
{
	json_t *report = json_object(), *findings = json_array();

	for (size_t i = 0; i < gate->count; i++)
		json_array_append_new(findings, make_finding(gate, &gate->findings[i]));
	json_object_set_new(report, "schema", json_integer(SCHEMA));
	json_object_set_new(report, "command", make_strings(gate->analysis->command, gate->analysis->ncommand));
	json_object_set_new(report, "passed", json_boolean(!gate->breaches));
	json_object_set_new(report, "breaches", make_integer(gate->breaches));
	json_object_set_new(report, "findings", findings);
	return write_json(stream, report, error);
}
