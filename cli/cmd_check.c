/* escprof check: a gate for CI. Exit status 3 when a limit is breached. */
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/compare_input.h"
#include "cli/output.h"
#include "cli/source_root.h"
#include "cli/terminal.h"
#include "report/report_compare.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BREACHED    3
#define PERCENT_MAX 1e6 /* growth may be more than 100 */

enum check_key {
	KEY_BASELINE = 0x100,
	KEY_GC_SHARE,
	KEY_RATE,
	KEY_BYTES_PER,
	KEY_SITE_GC,
	KEY_C_RATE,
	KEY_C_LIVE,
	KEY_C_KEPT,
	KEY_GROW,
	KEY_FORMAT,
	KEY_ROOT
};

enum check_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_JUNIT, FORMATS };

static const char *const format_names[FORMATS] = {"text", "json", "sarif", "junit"};

struct check_arguments {
	struct report_request request;
	struct compare_request compare;
	struct gate_limits limits;
	enum check_format format;
	const char *root;
	bool grow;
};

static const struct argp_option check_argp_options[] = {
    {"max-gc-share", KEY_GC_SHARE, "PCT", 0, "the GC's share of the CPU, at most", 0},
    {"max-alloc-rate", KEY_RATE, "BYTES", 0, "bytes a second, at most; K, M and G may follow", 0},
    {"max-bytes-per", KEY_BYTES_PER, "BYTES", 0, "bytes for one of --count, at most", 0},
    {"max-site-gc", KEY_SITE_GC, "PCT", 0, "of the GC's CPU, what a single site may cost", 0},
    {"baseline", KEY_BASELINE, "TRACE", 0, "sites may neither be new nor have grown since this trace, nor all of it",
     0},
    {"max-c-alloc-rate", KEY_C_RATE, "BYTES", 0, "bytes of C a second, at most", 0},
    {"max-c-live", KEY_C_LIVE, "BYTES", 0, "bytes of C that are alive, in the mean, at most", 0},
    {"max-c-kept", KEY_C_KEPT, "BYTES", 0, "bytes of C that are not freed at the end, at most", 0},
    {"max-grow", KEY_GROW, "PCT", 0, "how much they may have grown for certain (default 0)", 0},
    {"format", KEY_FORMAT, "text|json|sarif|junit", 0, "default text", 0},
    {"source-root", KEY_ROOT, "DIR", 0,
     "sarif: the folder that files are named relative to (default: of the git work tree here, else this one)", 0},
    {0},
};

static void check_set_format(struct check_arguments *arguments, struct argp_state *state, const char *value)
{
	for (int format = 0; format < FORMATS; format++) {
		if (strcmp(format_names[format], value) == 0) {
			arguments->format = (enum check_format)format;
			return;
		}
	}
	argp_error(state, "--format: text, json, sarif or junit, not %s", value);
}

/* What is asked for must be possible, and something must be. */
static void check_complete(struct check_arguments *arguments, struct argp_state *state)
{
	struct gate_limits *limits = &arguments->limits;

	if (arguments->compare.counted)
		limits->count = arguments->compare.options.counts[0];
	if (!isnan(limits->bytes_per) && !arguments->compare.counted)
		argp_error(state, "--max-bytes-per: add --count N, of what was done in the run");
	if (arguments->grow && !arguments->compare.before)
		argp_error(state, "--max-grow: add --baseline TRACE, since which it may grow");
	if (!arguments->compare.before && !gate_limits_any(limits))
		argp_error(state, "give a limit, or --baseline TRACE");
	/* The counts are told for the trace first, then for the baseline. */
	if (arguments->compare.counted) {
		double *counts = arguments->compare.options.counts, own = counts[0];

		counts[0] = counts[1];
		counts[1] = own;
	}
}

static error_t check_parse(int key, char *value, struct argp_state *state)
{
	struct check_arguments *arguments = state->input;

	switch (key) {
	case KEY_BASELINE:
		arguments->compare.before = value;
		break;
	case KEY_GC_SHARE:
		arguments->limits.gc_share = argument_share(state, "--max-gc-share", value, PERCENT_MAX);
		break;
	case KEY_RATE:
		arguments->limits.alloc_rate = (double)argument_bytes(state, "--max-alloc-rate", value);
		break;
	case KEY_BYTES_PER:
		arguments->limits.bytes_per = (double)argument_bytes(state, "--max-bytes-per", value);
		break;
	case KEY_SITE_GC:
		arguments->limits.site_gc = argument_share(state, "--max-site-gc", value, PERCENT_MAX);
		break;
	case KEY_C_RATE:
		arguments->limits.c_alloc_rate = (double)argument_bytes(state, "--max-c-alloc-rate", value);
		break;
	case KEY_C_LIVE:
		arguments->limits.c_live = (double)argument_bytes(state, "--max-c-live", value);
		break;
	case KEY_C_KEPT:
		arguments->limits.c_kept = (double)argument_bytes(state, "--max-c-kept", value);
		break;
	case KEY_GROW:
		arguments->limits.growth = argument_share(state, "--max-grow", value, PERCENT_MAX);
		arguments->grow = true;
		break;
	case KEY_FORMAT:
		check_set_format(arguments, state, value);
		break;
	case KEY_ROOT:
		arguments->root = value;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->compare;
		state->child_inputs[1] = &arguments->request;
		break;
	case ARGP_KEY_END:
		check_complete(arguments, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child check_children[] = {
    {&compare_request_argp, 0, NULL, 0}, {&report_request_argp, 0, NULL, 0}, {0}};

static const struct argp check_argp = {
    .options = check_argp_options,
    .parser = check_parse,
    .children = check_children,
    .args_doc = "TRACE",
    .doc =
	"Hold a trace against limits, and against the trace of an earlier build: exit status 3 when one is breached, and "
	"a sentence for each breach.\v"
	"Counts are those of TRACE, then of the baseline (if they differ). Against the baseline only what two runs of the "
	"same program do not explain counts.",
};

static enum status check_format_gate(const struct check_arguments *arguments, FILE *stream, const struct gate *gate,
				     struct error *error)
{
	struct sarif_source source;
	char *root;
	enum status status;

	switch (arguments->format) {
	case FORMAT_JSON:
		return report_check_json(stream, gate, error);
	case FORMAT_JUNIT:
		return report_check_junit(stream, gate, error);
	case FORMAT_SARIF:
		root = source_root_find(arguments->root);
		source.root = root;
		status = report_check_sarif(stream, gate, &source, error);
		free(root);
		return status;
	default:
		return report_check_text(stream, gate, error);
	}
}

/* Write what the gate found; when that goes to a file, its sentences go to standard output all the same. */
static int check_write(const struct check_arguments *arguments, const struct gate *gate)
{
	struct error error = {""};
	struct output output;
	enum status status;

	if (!output_open(&output, arguments->request.output))
		return 1;
	status = check_format_gate(arguments, output.stream, gate, &error);
	if (output_close(&output, status, &error))
		return 1;
	if (output.path && (!output_open(&output, NULL) ||
			    output_close(&output, report_check_text(output.stream, gate, &error), &error)))
		return 1;
	return gate->breaches ? BREACHED : 0;
}

static int check_run(const struct check_arguments *arguments, const struct compare_input *input)
{
	const struct comparison *comparison = arguments->compare.before ? &input->comparison : NULL;
	struct analysis judged = input->views[1].analysis;
	struct gate gate;
	int status;

	if (arguments->compare.heap != HEAP_GO)
		judged.c = input->after.c; /* limits are of the trace itself, also where the baseline has no C */
	gate_judge(&gate, &judged, comparison, &arguments->limits);
	status = check_write(arguments, &gate);
	gate_free(&gate);
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct check_arguments arguments = {.compare = compare_request_default(), .limits = gate_limits_none()};
	struct compare_input input = {0};
	struct error error;
	enum status got;
	int status = 1;

	argp_err_exit_status = 2;
	argp_parse(&check_argp, argc, argv, 0, NULL, &arguments);
	got = compare_input_analyze(&input, &arguments.request, &arguments.compare, &error);
	if (got == STATUS_OK)
		status = check_run(&arguments, &input);
	else
		terminal_error("%s", error.text);
	compare_input_free(&input);
	return status;
}
