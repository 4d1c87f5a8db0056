/* The program's source for the HTML report: whole files, with what their lines cost. */
#ifndef REPORT_HTML_SOURCE_H
#define REPORT_HTML_SOURCE_H

#include "analyzer/analysis.h"
#include "report/html_json.h"
#include "report/report.h"

struct strtab;

/*
 * Write under the key "source" the program's own files that cost anything, the costliest first, as far as OPTIONS'
 * directories have them and there is room; none when OPTIONS do not ask for it. Names go to STRINGS.
 *
 * A file: {"file": its name's number, "state": "here", "changed" (since the program was built), "missing" or "left out"
 * (too large), "text", "line": [numbers of lines that cost anything], "gc": [shares], "bytes", "objects", "sites": [for
 * each of these lines the sites that stand on it]}
 */
void html_source_write(struct html_json *json, const struct analysis *analysis, const struct report_options *options,
		       struct strtab *strings);

#endif
