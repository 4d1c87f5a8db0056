/*
 * The last minute or so of a trace that is still being written. Its records are summed up as they come, so that an
 * analysis costs by the program's sites and not by its samples, and memory is bounded however long the program runs.
 *
 * The window is in panes. An analysis is the very one of a trace that holds the records of the panes alone, as if the
 * program had been attached to when the oldest began: lives are followed from births in the window on. Not thread-safe.
 */
#ifndef ANALYZER_LIVE_WINDOW_H
#define ANALYZER_LIVE_WINDOW_H

#include "analyzer/analysis.h"

#include <stdint.h>

struct analyze_options;
struct live_window;
struct trace;
struct trace_callbacks;

#define LIVE_WINDOW_PANES 6 /* besides the one that is being filled */

/* A window of LENGTH_NS, at least a second; up to a sixth more is in it. Free with live_window_free. */
struct live_window *live_window_new(uint64_t length_ns);

/* Free; NULL is ignored. */
void live_window_free(struct live_window *window);

/* Callbacks for the reader, in the order of which records are to be told; WINDOW must outlive them. */
struct trace_callbacks live_window_callbacks(struct live_window *window);

/* When the oldest pane began, from the trace's start. */
uint64_t live_window_start(const struct live_window *window);

/*
 * Analyse what is in WINDOW into OUT, which need not be initialised; free it with analysis_free. TRACE is what was read
 * so far, of whose records the callbacks have told. OPTIONS may be NULL. Of each site's bytes it is known when they
 * were allocated, but not among how many goroutines, on how many Ps, or under which labels.
 */
void live_window_analyze(struct analysis *out, const struct live_window *window, const struct trace *trace,
			 const struct analyze_options *options);

#endif
