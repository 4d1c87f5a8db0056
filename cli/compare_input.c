/* Two traces for a comparison, each with the verdicts that belong to it. */
#include "cli/compare_input.h"

#include "cli/argument.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum compare_key { KEY_PER = 0x300, KEY_COUNT, KEY_MIN_SHARE, KEY_HEAP };

static const struct argp_option compare_argp_options[] = {
    {"per", KEY_PER, "time|bytes|A,B", 0,
     "divide by the time (the default), by all bytes, or by what was done: A before, B after (requests, operations)",
     0},
    {"count", KEY_COUNT, "A,B", 0, "the same as --per A,B", 0},
    {"min-share", KEY_MIN_SHARE, "PCT", 0, "say nothing of sites with less of the bytes (default 0.1)", 0},
    {"heap", KEY_HEAP, "all|go|c", 0,
     "whose memory: of both heaps (the default), of Go's alone, or what C and C++ allocate", 0},
    {0},
};

struct compare_request compare_request_default(void)
{
	return (struct compare_request){.options = compare_options_default()};
}

/* "120000,118500"; a single number is for both. */
static bool parse_counts(double *counts, const char *text)
{
	char *end;

	counts[0] = counts[1] = strtod(text, &end);
	if (end != text && *end == ',') {
		text = end + 1;
		counts[1] = strtod(text, &end);
	}
	return end != text && !*end && counts[0] > 0 && counts[1] > 0 && isfinite(counts[0]) && isfinite(counts[1]);
}

static void take_counts(struct compare_request *request, struct argp_state *state, const char *option,
			const char *value)
{
	if (!parse_counts(request->options.counts, value))
		argp_error(state, "%s: not counts above 0, as 120000,118500: %s", option, value);
	request->options.per = COMPARE_PER_UNIT;
	request->counted = true;
}

static void take_heap(struct compare_request *request, struct argp_state *state, const char *name)
{
	static const char *const names[] = {[HEAP_ALL] = "all", [HEAP_GO] = "go", [HEAP_C] = "c"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		request->heap = (enum heap_choice)i;
		return;
	}
	argp_error(state, "--heap: all, go or c, not %s", name);
}

static error_t compare_parse(int key, char *value, struct argp_state *state)
{
	struct compare_request *request = state->input;

	switch (key) {
	case KEY_PER:
		request->only_compare = "--per";
		if (strcmp(value, "time") == 0)
			request->options.per = COMPARE_PER_SECOND;
		else if (strcmp(value, "bytes") == 0)
			request->options.per = COMPARE_PER_BYTE;
		else
			take_counts(request, state, "--per", value);
		break;
	case KEY_COUNT:
		request->only_compare = "--count";
		take_counts(request, state, "--count", value);
		break;
	case KEY_MIN_SHARE:
		request->only_compare = "--min-share";
		request->options.least_share = argument_share(state, "--min-share", value, 100);
		break;
	case KEY_HEAP:
		take_heap(request, state, value);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

const struct argp compare_request_argp = {.options = compare_argp_options, .parser = compare_parse};

enum status compare_input_analyze(struct compare_input *input, const struct report_request *request,
				  const struct compare_request *compare_with, struct error *error)
{
	struct report_request before = *request;
	enum heap_choice heap = compare_with->heap;

	*input = (struct compare_input){0};
	before.input = compare_with->before;
	before.binary = before.verdicts = before.source = NULL;
	if ((before.input && report_input_analyze(&input->before, &before, error) != STATUS_OK) ||
	    report_input_analyze(&input->after, request, error) != STATUS_OK)
		return STATUS_ERROR;
	if (heap == HEAP_C && !input->after.c.known)
		return error_set(error, "--heap c: no C allocations are in the trace: %s", request->input);
	if (!before.input) {
		heap_sites_make(&input->views[1], &input->after, heap);
		return STATUS_OK;
	}
	if (heap == HEAP_C && !input->before.c.known)
		return error_set(error, "--heap c: no C allocations are in the trace: %s", before.input);
	if (!input->before.c.known || !input->after.c.known)
		heap = HEAP_GO;
	heap_sites_make(&input->views[0], &input->before, heap);
	heap_sites_make(&input->views[1], &input->after, heap);
	return compare(&input->comparison, &input->views[0].analysis, &input->views[1].analysis, &compare_with->options,
		       error);
}

void compare_input_free(struct compare_input *input)
{
	compare_free(&input->comparison);
	heap_sites_free(&input->views[0]);
	heap_sites_free(&input->views[1]);
	analysis_free(&input->before);
	analysis_free(&input->after);
}
