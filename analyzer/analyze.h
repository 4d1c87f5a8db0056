/*
 * From a trace (and the compiler's verdicts, when there are any) to the ranked result: the one door into analyzer/.
 */
#ifndef ANALYZER_ANALYZE_H
#define ANALYZER_ANALYZE_H

#include "analyzer/analysis.h"
#include "base/error.h"
#include "trace/trace_model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace;
struct stack_filter;
struct verdict_set;
struct gc_model_costs;
struct c_accumulation;
struct context_totals;
struct dissection;
struct gc_totals;

/* What a resolver says of one PC of a stack; all borrowed until its next call. */
struct analyze_symbol {
	const struct analysis_frame *frames; /* innermost first, at least 1 */
	size_t nframes;
	const char *entry;  /* the function its direct call goes to; NULL or "" when unknown */
	uint64_t call_type; /* link-time address of the type that the call loads, 0 when unknown */
	/* It is the ORDER-th, from 0, of so many like calls; ORDER is their number where it tells nothing. */
	uint32_t order, like_calls;
};

/* What a resolver says of one Go type; borrowed until its next call. */
struct analyze_type {
	const char *name;
	uint8_t kind; /* abi.Kind */
	uint64_t size, ptr_bytes;
	uint8_t self_links; /* pointers to its own type that a struct holds: 0, 1, or 2 for more */
};

struct analyze_options {
	const struct verdict_set *verdicts; /* borrowed during the call; NULL: there are none */
	enum verdicts_state verdicts_state; /* taken as VERDICTS_MISSING when verdicts is NULL */
	struct stack_filter *filter; /* borrowed; NULL: all stacks. The GC's cost is still that of the whole program */

	/* Whether the verdicts of FUNCTION, which holds the call that returns to RETURN_PC, are not this program's;
	 * NULL: all are. */
	bool (*is_refused)(void *user, uint64_t return_pc, const char *function);

	/* The cost model's constants as they were measured on the program's kind of machine, on the day CALIBRATED;
	 * borrowed during the call. NULL: the usual ones. */
	const struct gc_model_costs *costs;
	const char *calibrated;

	/* For PCs (return addresses, link-time) and types that the trace has no symbols of. Both may be NULL. */
	bool (*resolve_symbol)(void *user, uint64_t return_pc, struct analyze_symbol *symbol);
	bool (*resolve_type)(void *user, uint64_t address, struct analyze_type *type);
	void *user;

	/* What analyze_input_run adds by itself: totals of the moments asked for, and bytes by time. NULL: there are
	 * none. */
	const struct dissection *dissection;

	/* The same of C allocations; NULL: there are none. */
	const struct c_accumulation *c;
};

/*
 * Read the trace TRACE_PATH and fill OUT, which need not be initialised and owns all that it holds: free it with
 * analysis_free, also after an error. OPTIONS may be NULL. STATUS_ERROR only when nothing could be read; a cut trace is
 * STATUS_OK with `complete` false, `damage` set and a note.
 */
enum status analyze_trace(struct analysis *out, const char *trace_path, const struct analyze_options *options,
			  struct error *error);

/*
 * The same in two steps, for a caller who must see the facts (binary, go_build_id, …) before knowing where the verdicts
 * are: read, look at the trace, run (as often as wanted), free.
 */
struct analyze_input;
struct when;
enum status analyze_input_read(struct analyze_input **input, const char *trace_path, struct error *error);

/*
 * The same, of the moments that WHEN (borrowed until INPUT is freed) holds for alone: sites, classes and totals are
 * those of what was allocated then; the GC's figures and its model stay the whole run's. STATUS_ERROR also where the
 * trace does not tell what WHEN asks of it.
 */
enum status analyze_input_read_when(struct analyze_input **input, const char *trace_path, const struct when *when,
				    struct error *error);

/* The trace that was read, its symbols and types sorted; borrowed from INPUT. */
const struct trace *analyze_input_trace(const struct analyze_input *input);

/* Analyse INPUT into OUT; OPTIONS may be NULL. OUT does not depend on INPUT afterwards. */
void analyze_input_run(struct analysis *out, const struct analyze_input *input, const struct analyze_options *options);

/* Free; NULL is ignored. */
void analyze_input_free(struct analyze_input *input);

/*
 * The same for totals that somebody else made, e.g. from an ordinary Go heap profile: TRACE holds contexts, symbols,
 * types and facts (no samples); TOTALS has one entry for each of its contexts (analyzer/accumulate.h). GC may be NULL:
 * then no GC figures are known and sites are ranked by bytes. CPU_COUNTS has the samples of each of TRACE's CPU stacks,
 * or is NULL.
 */
void analyze_totals(struct analysis *out, const struct trace *trace, const struct context_totals *totals,
		    const struct gc_totals *gc, const uint64_t *cpu_counts, const struct analyze_options *options);

#endif
