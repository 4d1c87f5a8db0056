/*
 * The report as one HTML file that needs nothing from anywhere. The page is made at build time of what report/html/
 * holds; here the data is put into it.
 */
#include "report/html_data.h"
#include "report/report.h"
#include "report/report_write.h"

#include <assert.h>
#include <string.h>

extern const char report_page[]; /* report/html/page_blob.S */

/* Where the data goes; the page has it once. */
static const char place[] = "@DATA@";

enum status report_html(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			struct error *error)
{
	struct report_options defaults = report_options_default();
	const char *at = strstr(report_page, place);
	struct buf out = {0};
	enum status status;

	assert(at);
	buf_append(&out, report_page, (size_t)(at - report_page));
	html_data_append(&out, analysis, options ? options : &defaults);
	buf_append_string(&out, at + strlen(place));
	status = report_write(stream, &out, error);
	buf_free(&out);
	return status;
}
