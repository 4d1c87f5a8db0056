/* The report at the end of a run. */
#include "cli/show_report.h"

#include "cli/report_input.h"
#include "cli/terminal.h"
#include "report/report.h"

int show_report_text(FILE *stream, const char *path, bool *has_few_cpu_samples)
{
	struct report_request request = {.input = path};
	struct report_options options = report_options_default();
	struct analysis analysis;
	struct error error;
	int status = 0;

	options.colour = terminal_has_colour(stream);
	options.width = terminal_width(stream);
	if (report_input_analyze(&analysis, &request, &error) != STATUS_OK ||
	    report_text(stream, &analysis, &options, &error) != STATUS_OK) {
		terminal_error("%s", error.text);
		status = 1;
	}
	if (has_few_cpu_samples)
		*has_few_cpu_samples = !status && analysis.gc.has_few_samples;
	analysis_free(&analysis);
	return status;
}
