/*
 * Comparisons and gates in the formats that people and CI servers read. As in report/report.h: all of it goes to
 * STREAM, which stays open; names are made harmless; STATUS_ERROR when STREAM could not be written.
 */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include "analyzer/compare.h"
#include "analyzer/gate.h"
#include "base/error.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct diff_options {
	size_t top; /* sites, at most; text */
	bool all;   /* those too that have not changed */
	bool colour;
	int width; /* columns; taken as 80 when less */
};

/* What changed, for a terminal or a file; UTF-8. */
enum status report_diff_text(FILE *stream, const struct comparison *comparison, const struct diff_options *options,
			     struct error *error);

/* The contract of docs/REPORT_JSON.md, "The diff"; without ALL only sites that changed. */
enum status report_diff_json(FILE *stream, const struct comparison *comparison, const struct diff_options *options,
			     struct error *error);

/* A sentence for each breach, or one that all is well. */
enum status report_check_text(FILE *stream, const struct gate *gate, struct error *error);

/* The contract of docs/REPORT_JSON.md, "The check". */
enum status report_check_json(FILE *stream, const struct gate *gate, struct error *error);

/* Where the source lies, for SARIF: files below ROOT, and of the module there, are named relative to it. */
struct sarif_source {
	const char *root; /* an absolute path without a slash at its end; NULL: none */
};

/* SARIF 2.1.0: a result for each breach, at the site in the user's own code. */
enum status report_check_sarif(FILE *stream, const struct gate *gate, const struct sarif_source *source,
			       struct error *error);

/* SARIF 2.1.0: a note for each of the TOP sites. */
enum status report_sarif(FILE *stream, const struct analysis *analysis, const struct sarif_source *source, size_t top,
			 struct error *error);

/* JUnit's XML, as CI servers read it: a testcase for each limit that holds, and for each breach a failed one. */
enum status report_check_junit(FILE *stream, const struct gate *gate, struct error *error);

/* Flame graph and folded stacks of what changed from COMPARISON's before to its after; OPTIONS' value says of what. The
 * former's widths are those after, of before scaled to as much work; red grew, blue shrank. The latter has two numbers
 * a line. Errors as report_folded's. */
enum status report_svg_difference(FILE *stream, const struct comparison *comparison,
				  const struct report_options *options, struct error *error);
enum status report_folded_difference(FILE *stream, const struct comparison *comparison,
				     const struct report_options *options, struct error *error);

#endif
