/*
 * A program that is being profiled, as its trace grows: the same analysis as a report's, of the last minute or so, as
 * often as it is asked for.
 */
#ifndef CLI_LIVE_ANALYSIS_H
#define CLI_LIVE_ANALYSIS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct analysis;
struct live_analysis;
struct trace;

/*
 * Follow the trace PATH over a window of WINDOW_NS; with RELEASE what was read of it is given back to the disk.
 * STATUS_NO_ENTRY: the file is not there yet. Close with live_analysis_close.
 */
enum status live_analysis_open(struct live_analysis **live, const char *path, uint64_t window_ns, bool release,
			       struct error *error);

/* Close and free; NULL is ignored. */
void live_analysis_close(struct live_analysis *live);

/* Read what was written since; cheap. STATUS_ERROR when it can't be read on. */
enum status live_analysis_read(struct live_analysis *live, struct error *error);

/* The trace so far, borrowed until the next read. */
const struct trace *live_analysis_trace(const struct live_analysis *live);

/* The process that is profiled; 0: the trace does not tell yet. */
int live_analysis_pid(const struct live_analysis *live);

/* Whether the trace file grows for ever, since its disk can't take back what was read. */
bool live_analysis_grows(const struct live_analysis *live);

/*
 * Analyse what is in the window into ANALYSIS (free with analysis_free, also after an error). STATUS_NO_ENTRY as long
 * as there is nothing to analyse: then ANALYSIS is empty. Warnings go to standard error.
 */
enum status live_analysis_run(struct live_analysis *live, struct analysis *analysis, struct error *error);

#endif
