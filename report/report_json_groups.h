/* Sites taken together in the JSON report. All are new references. */
#ifndef REPORT_REPORT_JSON_GROUPS_H
#define REPORT_REPORT_JSON_GROUPS_H

#include "analyzer/analysis.h"
#include "report/report.h"

#include <jansson.h>

/* ANALYSIS' sites by root, an array: most saved first. */
json_t *report_json_roots(const struct analysis *analysis);

/* All sets of labels, an array in the order of their numbers: what they are, and what was allocated under each. */
json_t *report_json_labels(const struct analysis *analysis);

/* By what OPTIONS (NULL: nothing) ask for; null where that is sites. */
json_t *report_json_groups(const struct analysis *analysis, const struct report_options *options);

#endif
