/*
 * What a gate found, as JUnit's XML, which CI servers show as tests: https://github.com/testmoapp/junitxml has what
 * they agree on. A limit that holds is a test that passes, each breach one that fails.
 */
#include "report/clean_text.h"
#include "report/compare_words.h"
#include "report/report_compare.h"
#include "report/report_write.h"
#include "report/words.h"

#include <stdio.h>

/* ' name="…"'. */
static void put_attribute(struct buf *out, const char *name, const char *value)
{
	buf_append_format(out, " %s=\"", name);
	clean_text_append_xml(out, value);
	buf_append_u8(out, '"');
}

/* A test's name may not change from run to run, so it has no figures. */
static void put_name(struct buf *out, const struct gate_finding *finding)
{
	struct buf name = {0};

	buf_append_string(&name, gate_rule_name(finding->rule));
	if (finding->breached && finding->site)
		buf_append_format(&name, ": %s (%s)", words_short_function(finding->site->function),
				  words_site(finding->site));
	else if (finding->breached && finding->rule == GATE_GROWN_TOTAL)
		buf_append_format(&name, ": %s", compare_words_total_name(finding->total));
	put_attribute(out, "name", buf_string(&name));
	buf_free(&name);
}

static void put_failure(struct buf *out, const struct gate *gate, const struct gate_finding *finding)
{
	const struct site *site = finding->site;
	struct buf words = {0};

	compare_words_finding(&words, gate, finding);
	buf_append_string(out, "    <failure");
	put_attribute(out, "message", buf_string(&words));
	put_attribute(out, "type", gate_rule_name(finding->rule));
	buf_append_u8(out, '>');
	if (site) {
		words.size = 0;
		buf_append_format(&words, "%s:%u", site->file ? site->file : "", site->line);
		clean_text_append_xml(out, buf_string(&words));
		buf_append_u8(out, '\n');
		clean_text_append_xml(out, site->advice);
	}
	buf_append_string(out, "</failure>\n");
	buf_free(&words);
}

static void put_case(struct buf *out, const struct gate *gate, const struct gate_finding *finding)
{
	buf_append_string(out, "  <testcase");
	put_name(out, finding);
	put_attribute(out, "classname", "escprof.check");
	if (finding->site)
		put_attribute(out, "file", finding->site->file);
	if (!finding->breached) {
		buf_append_string(out, "/>\n");
		return;
	}
	buf_append_string(out, ">\n");
	put_failure(out, gate, finding);
	buf_append_string(out, "  </testcase>\n");
}

enum status report_check_junit(FILE *stream, const struct gate *gate, struct error *error)
{
	struct buf out = {0};
	enum status status;

	buf_append_format(
	    &out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuites name=\"escprof\" tests=\"%zu\" failures=\"%zu\">\n"
	    "<testsuite name=\"escprof check\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n",
	    gate->count, gate->breaches, gate->count, gate->breaches);
	for (size_t i = 0; i < gate->count; i++)
		put_case(&out, gate, &gate->findings[i]);
	buf_append_string(&out, "</testsuite>\n</testsuites>\n");
	status = report_write(stream, &out, error);
	buf_free(&out);
	return status;
}
