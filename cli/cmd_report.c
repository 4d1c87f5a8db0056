/* escprof report: post-mortem analysis of a trace or a Go heap profile. */
#include "base/memory.h"
#include "cli/argument.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/report_input.h"
#include "cli/source_root.h"
#include "cli/terminal.h"
#include "report/report.h"
#include "report/report_compare.h"

#include <argp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum report_key {
	KEY_TOP = 0x100,
	KEY_DETAILS,
	KEY_DEPTH,
	KEY_FORMAT,
	KEY_BY,
	KEY_WHAT_IF,
	KEY_GOGC,
	KEY_MEMLIMIT,
	KEY_EMBED_SOURCE,
	KEY_SOURCE_PATH,
	KEY_COLOR,
};

#define NUMBER_MAX 1000000
#define RANK_MAX   1000000

struct report_arguments {
	struct report_request request;
	struct report_options options;
	uint32_t *ranks; /* of --what-if; owned */
	size_t nranks, rank_capacity;
	struct argument_list directories; /* of --source-path */
	bool has_top, has_lengths;        /* --top, and --details or --depth were given */
	/* How it is written. */
	enum status (*format)(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			      struct error *error);
};

static const struct argp_option report_argp_options[] = {
    {"by", KEY_BY, "site|root|category|type|package|goroutine|label|goroutines|procs", 0,
     "what the table, in JSON the groups, has a line for: each site (the default), root, category, type, package, "
     "goroutine (who started it), label (the goroutine's profiler labels; label:KEY: one of them), or how many "
     "goroutines or procs (running Ps) there were at the time",
     0},
    {"top", KEY_TOP, "N", 0, "lines in the table (default 20)", 0},
    {"details", KEY_DETAILS, "N", 0, "of these, how many to explain (default 5)", 0},
    {"depth", KEY_DEPTH, "N", 0, "frames of the stacks shown there (default 8)", 0},
    {"what-if", KEY_WHAT_IF, "RANK,...", 0, "what the GC would take without these sites, all together", 0},
    {"gogc", KEY_GOGC, "N|off", 0, "what it would take at this GOGC", 0},
    {"memlimit", KEY_MEMLIMIT, "BYTES", 0, "what it would take at this memory limit; K, M and G may follow", 0},
    {"format", KEY_FORMAT, "text|json|html|sarif", 0,
     "default text; html is one file to look at in a browser; sarif has the --top sites as notes, for code review", 0},
    {"embed-source", KEY_EMBED_SOURCE, NULL, 0, "html: with the program's own sources in it", 0},
    {"source-path", KEY_SOURCE_PATH, "DIR", 0,
     "html: where sources are that are not where the program's debug information says; may be given again", 0},
    ARGUMENT_COLOR(KEY_COLOR),
    {0},
};

static void report_take_rank(struct report_arguments *arguments, uint32_t rank)
{
	size_t i;

	for (i = 0; i < arguments->nranks; i++)
		if (arguments->ranks[i] == rank)
			return;
	arguments->ranks =
	    memory_reserve(arguments->ranks, arguments->nranks, &arguments->rank_capacity, sizeof(*arguments->ranks));
	arguments->ranks[arguments->nranks++] = rank;
}

/* "3,1,7", each once. */
static void report_parse_ranks(struct report_arguments *arguments, struct argp_state *state, const char *value)
{
	char *end;

	for (;; value = end + 1) {
		unsigned long rank = strtoul(value, &end, 10);

		if (end == value || (*end && *end != ',') || *value == '-' || !rank || rank > RANK_MAX)
			argp_error(state, "--what-if: not ranks of the table, as 1,3: %s", value);
		report_take_rank(arguments, (uint32_t)rank);
		if (!*end)
			return;
	}
}

static void report_parse_gogc(struct gc_wish *wish, struct argp_state *state, const char *value)
{
	bool off = !strcmp(value, "off");
	char *end;
	long gogc = strtol(value, &end, 10);

	if (!off && (*end || end == value || gogc < 1 || gogc > 100000))
		argp_error(state, "--gogc: not a percentage from 1 to 100000, nor off: %s", value);
	wish->set_gogc = true;
	wish->gogc = off ? -1 : (int)gogc;
}

static enum status report_write_sarif(FILE *stream, const struct analysis *analysis,
				      const struct report_options *options, struct error *error)
{
	char *root = source_root_find(NULL);
	struct sarif_source source = {.root = root};
	enum status status = report_sarif(stream, analysis, &source, options->top, error);

	free(root);
	return status;
}

static void report_parse_format(struct report_arguments *arguments, struct argp_state *state, const char *value)
{
	if (!strcmp(value, "text"))
		arguments->format = report_text;
	else if (!strcmp(value, "json"))
		arguments->format = report_json;
	else if (!strcmp(value, "html"))
		arguments->format = report_html;
	else if (!strcmp(value, "sarif"))
		arguments->format = report_write_sarif;
	else
		argp_error(state, "--format: text, json, html or sarif, not %s", value);
}

/* JSON and HTML have all sites and stacks; the table and the explanations are the text's. */
static void report_check_lengths(const struct report_arguments *arguments, struct argp_state *state)
{
	if (arguments->has_top && arguments->format != report_text && arguments->format != report_write_sarif)
		argp_error(state, "--top: only --format text and sarif leave sites out");
	if (arguments->has_lengths && arguments->format != report_text)
		argp_error(state, "--details, --depth: only --format text has such parts");
}

/* Sources go into HTML alone. */
static void report_check_sources(const struct report_arguments *arguments, struct argp_state *state)
{
	if (arguments->options.embed_source && arguments->format != report_html)
		argp_error(state, "--embed-source: only --format html has sources in it");
	if (arguments->directories.count && !arguments->options.embed_source)
		argp_error(state, "--source-path: sources are only looked for with --embed-source");
}

/* HTML has all sites, and SARIF is by place: neither has such a table. */
static void report_check_by(const struct report_arguments *arguments, struct argp_state *state)
{
	if (arguments->options.by != REPORT_BY_SITE && arguments->format != report_text &&
	    arguments->format != report_json)
		argp_error(state, "--by: only --format text and json have a table of anything but sites");
}

/* SARIF has no place for such an answer; the page's own model knows GOGC alone. */
static void report_check_what_if(const struct report_arguments *arguments, struct argp_state *state)
{
	const struct gc_wish *wish = &arguments->options.what_if.wish;

	if (arguments->format == report_write_sarif && (arguments->nranks || wish->set_gogc || wish->set_memory_limit))
		argp_error(state, "--what-if, --gogc, --memlimit: only --format text, json and html answer them");
	if (arguments->format == report_html && wish->set_memory_limit)
		argp_error(state, "--memlimit: only --format text and json answer it");
	if (arguments->format == report_html && wish->set_gogc && wish->gogc < 0)
		argp_error(state, "--gogc off: only --format text and json answer it");
}

static error_t report_parse(int key, char *value, struct argp_state *state)
{
	struct report_arguments *arguments = state->input;
	struct error error;

	switch (key) {
	case KEY_BY:
		if (report_by_parse(&arguments->options, value, &error) != STATUS_OK)
			argp_error(state, "--by: %s", error.text);
		break;
	case KEY_TOP:
		arguments->options.top = argument_number(state, "--top", value, NUMBER_MAX);
		arguments->has_top = true;
		break;
	case KEY_DETAILS:
		arguments->options.details = argument_number(state, "--details", value, NUMBER_MAX);
		arguments->has_lengths = true;
		break;
	case KEY_DEPTH:
		arguments->options.depth = argument_number(state, "--depth", value, NUMBER_MAX);
		arguments->has_lengths = true;
		break;
	case KEY_WHAT_IF:
		report_parse_ranks(arguments, state, value);
		break;
	case KEY_GOGC:
		report_parse_gogc(&arguments->options.what_if.wish, state, value);
		break;
	case KEY_MEMLIMIT:
		arguments->options.what_if.wish.set_memory_limit = true;
		arguments->options.what_if.wish.memory_limit = (double)argument_bytes(state, "--memlimit", value);
		break;
	case KEY_FORMAT:
		report_parse_format(arguments, state, value);
		break;
	case KEY_EMBED_SOURCE:
		arguments->options.embed_source = true;
		break;
	case KEY_SOURCE_PATH:
		argument_list_add(&arguments->directories, value);
		break;
	case KEY_COLOR:
		argument_color(state, value);
		break;
	case ARGP_KEY_SUCCESS:
		report_check_lengths(arguments, state);
		report_check_sources(arguments, state);
		report_check_by(arguments, state);
		report_check_what_if(arguments, state);
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->request;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child report_children[] = {{&report_request_argp, 0, NULL, 0}, {0}};

static const struct argp report_argp = {
    .options = report_argp_options,
    .parser = report_parse,
    .children = report_children,
    .args_doc = "TRACE|HEAP.pb.gz",
    .doc =
	"Rank the heap escapes in a trace of `escprof run` (or in an ordinary Go heap profile, with --binary) by the "
	"garbage collection that would be gone without them.",
};

static int report_write(const struct report_arguments *arguments, const struct analysis *analysis)
{
	struct report_options options = arguments->options;
	struct error error = {""};
	struct output output;
	enum status status;

	if (!output_open(&output, arguments->request.output))
		return 1;
	options.colour = terminal_has_colour(output.stream);
	options.width = terminal_width(output.stream);
	options.directories = arguments->directories.names;
	options.ndirectories = arguments->directories.count;
	status = arguments->format(output.stream, analysis, &options, &error);
	return output_close(&output, status, &error);
}

/* Give the report the ranks that were asked about; false when one of them is not there, and that has been said. */
static bool report_find_ranks(struct report_arguments *arguments, const struct analysis *analysis)
{
	size_t i;

	for (i = 0; i < arguments->nranks; i++) {
		if (arguments->ranks[i] <= analysis->nsites)
			continue;
		terminal_error("--what-if: there is no site %u: the report has %zu", arguments->ranks[i],
			       analysis->nsites);
		return false;
	}
	arguments->options.what_if.ranks = arguments->ranks;
	arguments->options.what_if.count = arguments->nranks;
	return true;
}

int cmd_report(int argc, char **argv)
{
	struct report_arguments arguments = {.options = report_options_default(), .format = report_text};
	struct analysis analysis;
	struct error error;
	int status;

	argp_err_exit_status = 2;
	argp_parse(&report_argp, argc, argv, 0, NULL, &arguments);
	if (report_input_analyze(&analysis, &arguments.request, &error) != STATUS_OK) {
		terminal_error("%s", error.text);
		status = 1;
	} else {
		status = report_find_ranks(&arguments, &analysis) ? report_write(&arguments, &analysis) : 1;
	}
	analysis_free(&analysis);
	free(arguments.ranks);
	argument_list_free(&arguments.directories);
	return status;
}
