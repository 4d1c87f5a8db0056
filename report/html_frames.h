/* The frames of the HTML report's stacks, each written once and then known by its number. */
#ifndef REPORT_HTML_FRAMES_H
#define REPORT_HTML_FRAMES_H

#include "analyzer/analysis.h"
#include "report/html_json.h"

#include <stddef.h>
#include <stdint.h>

struct strtab;

/* The number of FRAME, from 0, among FRAMES; its texts go to STRINGS. */
uint64_t html_frames_number(struct strtab *frames, struct strtab *strings, const struct analysis_frame *frame);

/*
 * Append STACK to OUT: how many frames it has, how many of them follow (the innermost, MOST of them at most), and the
 * numbers of these. Returns how many follow.
 */
size_t html_frames_append(struct buf *out, struct strtab *frames, struct strtab *strings,
			  const struct analysis_stack *stack, size_t most);

/* Write all FRAMES under the key "frames": function, file and line of each, LEB128 in base64. */
void html_frames_write(struct html_json *json, const struct strtab *frames);

#endif
