/* C allocations in the JSON report. */
#ifndef REPORT_REPORT_JSON_C_H
#define REPORT_REPORT_JSON_C_H

#include "analyzer/analysis.h"

#include <jansson.h>

/* ANALYSIS' part that is of C: a new reference; null where no C allocations were sampled. */
json_t *report_json_c(const struct analysis *analysis);

#endif
