/* What diff, check and export share: a second trace, what to divide both by, and whose memory is meant. */
#ifndef CLI_COMPARE_INPUT_H
#define CLI_COMPARE_INPUT_H

#include "analyzer/compare.h"
#include "analyzer/heap_sites.h"
#include "base/error.h"
#include "cli/report_input.h"

#include <argp.h>
#include <stdbool.h>

struct compare_request {
	const char *before; /* the trace to compare with; NULL: none */
	enum heap_choice heap;
	struct compare_options options;
	bool counted;             /* --count was given */
	const char *only_compare; /* an option that only a comparison heeds, as it was given; NULL: none was */
};

/* --per, --count, --min-share, --heap: an argp child whose own input is a struct compare_request, begun with
 * compare_request_default. */
extern const struct argp compare_request_argp;

/* By the second, of all memory; no trace to compare with. */
struct compare_request compare_request_default(void);

/* Both analyses, the heaps of them that were asked for, and what changed. Free with compare_input_free, also after an
 * error. */
struct compare_input {
	struct analysis before, after;
	struct heap_sites views[2];   /* before and after */
	struct comparison comparison; /* of the views */
};

/*
 * Analyse REQUEST's trace and that of COMPARE, where there is one. C's memory is compared where both traces have it.
 * What REQUEST says of stacks and moments is for both; its binary, verdicts and source are of its own trace alone.
 */
enum status compare_input_analyze(struct compare_input *input, const struct report_request *request,
				  const struct compare_request *compare, struct error *error);

/* Free; a zeroed one is fine. */
void compare_input_free(struct compare_input *input);

#endif
