/* What diff, check and export --diff share: a second trace, and what to divide both by. */
#ifndef CLI_COMPARE_INPUT_H
#define CLI_COMPARE_INPUT_H

#include "analyzer/compare.h"
#include "base/error.h"
#include "cli/report_input.h"

#include <argp.h>
#include <stdbool.h>

struct compare_request {
	const char *before; /* the trace to compare with */
	struct compare_options options;
	bool counted; /* --count was given */
};

/* --per, --count, --min-share: an argp child whose own input is a struct compare_request, begun with
 * compare_request_default. */
extern const struct argp compare_request_argp;

/* By the second; no trace to compare with. */
struct compare_request compare_request_default(void);

/* Both analyses, and what changed. Free with compare_input_free, also after an error. */
struct compare_input {
	struct analysis before, after;
	struct comparison comparison;
};

/*
 * Analyse REQUEST's trace and that of COMPARE. What REQUEST says of stacks and moments is for both; its binary,
 * verdicts and source are of its own trace alone.
 */
enum status compare_input_analyze(struct compare_input *input, const struct report_request *request,
				  const struct compare_request *compare, struct error *error);

/* Free; a zeroed one is fine. */
void compare_input_free(struct compare_input *input);

#endif
