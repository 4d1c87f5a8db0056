/* What the HTML report's page is given: the analysis as one JSON object. */
#ifndef REPORT_HTML_DATA_H
#define REPORT_HTML_DATA_H

#include "analyzer/analysis.h"
#include "base/buf.h"
#include "report/report.h"

/* Append the JSON that report/html/data.js reads to OUT: it may stand in a <script> as it is. */
void html_data_append(struct buf *out, const struct analysis *analysis, const struct report_options *options);

#endif
