/* In: a trace that grows. Out: analyses of its window. Joins the follower, the window, the names and the verdicts. */
#include "cli/live_analysis.h"

#include "analyzer/analyze.h"
#include "analyzer/live_window.h"
#include "base/memory.h"
#include "cli/live_symbols.h"
#include "cli/report_input.h"
#include "trace/trace_follow.h"
#include "trace/trace_reader.h"

#include <stdlib.h>

struct live_analysis {
	struct trace_follow *follow;
	struct live_window *window;
	struct report_inputs *inputs; /* NULL until the trace has its facts */
	char *program;                /* the running process' own file; NULL: not needed */
	struct live_symbols *symbols; /* NULL: the program's file is not at hand */
};

enum status live_analysis_open(struct live_analysis **out, const char *path, uint64_t window_ns, bool release,
			       struct error *error)
{
	struct live_analysis *live = memory_alloc(1, sizeof(*live));
	struct trace_callbacks callbacks;
	enum status status;

	live->window = live_window_new(window_ns);
	callbacks = live_window_callbacks(live->window);
	status = trace_follow_open(&live->follow, path, &callbacks, release, error);
	if (status != STATUS_OK) {
		live_analysis_close(live);
		return status;
	}
	*out = live;
	return STATUS_OK;
}

void live_analysis_close(struct live_analysis *live)
{
	if (!live)
		return;
	live_symbols_free(live->symbols);
	report_inputs_close(live->inputs);
	trace_follow_close(live->follow);
	live_window_free(live->window);
	free(live->program);
	free(live);
}

enum status live_analysis_read(struct live_analysis *live, struct error *error)
{
	return trace_follow_read(live->follow, error);
}

const struct trace *live_analysis_trace(const struct live_analysis *live)
{
	return trace_follow_trace(live->follow);
}

int live_analysis_pid(const struct live_analysis *live)
{
	const char *pid = trace_fact(live_analysis_trace(live), "pid", NULL);

	return pid ? atoi(pid) : 0;
}

bool live_analysis_grows(const struct live_analysis *live)
{
	return trace_follow_grows(live->follow);
}

/* The binary and the verdicts. Where another file lies at the program's path by now, the process still has its own. */
static enum status open_inputs(struct live_analysis *live, struct error *error)
{
	const struct trace *trace = live_analysis_trace(live);
	struct report_request request = {0};
	enum status status = report_inputs_open(&live->inputs, &request, trace, error);

	if (status == STATUS_OK && !report_inputs_symbolizer(live->inputs)) {
		struct report_inputs *own;

		live->program = memory_format("/proc/%d/exe", live_analysis_pid(live));
		request.binary = live->program;
		if (report_inputs_open(&own, &request, trace, NULL) == STATUS_OK) {
			report_inputs_close(live->inputs);
			live->inputs = own;
		}
	}
	if (status == STATUS_OK && report_inputs_symbolizer(live->inputs))
		live->symbols = live_symbols_new(report_inputs_symbolizer(live->inputs));
	return status;
}

enum status live_analysis_run(struct live_analysis *live, struct analysis *analysis, struct error *error)
{
	const struct trace *trace = live_analysis_trace(live);
	struct trace view = *trace;

	*analysis = (struct analysis){0};
	if (!live_analysis_pid(live) || !trace->end_ns)
		return STATUS_NO_ENTRY;
	if (!live->inputs && open_inputs(live, error) != STATUS_OK)
		return STATUS_ERROR;
	if (live->symbols) {
		live_symbols_update(live->symbols, trace);
		view = live_symbols_view(live->symbols, trace);
	}
	live_window_analyze(analysis, live->window, &view, report_inputs_options(live->inputs));
	return STATUS_OK;
}
