/* C allocations in the HTML report: sites by column, their stacks, and the lines of Go that pay for them. */
#ifndef REPORT_HTML_C_H
#define REPORT_HTML_C_H

#include "analyzer/analysis.h"
#include "report/html_json.h"

struct strtab;

/*
 * Write what ANALYSIS has of C under the key "c"; null where it has nothing. Texts go to STRINGS, frames to FRAMES
 * (html_frames.h). The stacks, in LEB128: of each site how many, then of each its parts in 4095ths of the site's bytes,
 * live and kept bytes, how deep it is, how many frames follow, and their numbers, the innermost first.
 */
void html_c_write(struct html_json *json, const struct analysis *analysis, struct strtab *strings,
		  struct strtab *frames);

#endif
