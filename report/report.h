/*
 * An analysis in the formats that people and tools read: one function, and one file, a format.
 *
 * All of them write the whole of ANALYSIS (not changed) to STREAM, leave STREAM open, and keep nothing. They return
 * STATUS_OK, or STATUS_ERROR when STREAM could not be written (the disk is full, the pipe closed) or, where said, for
 * another reason. Names that come from a trace are data that nobody vouches for: every format makes them harmless in
 * its own way, whatever bytes they hold. NULL strings count as "". No global state: usable from several threads at
 * once.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "analyzer/analysis.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What the width of a flame graph's frame, or the number after a folded stack, stands for. */
enum report_value {
	REPORT_VALUE_GC,      /* GC CPU that would be saved: nanoseconds; negative ones count as 0 */
	REPORT_VALUE_ALLOC,   /* allocated bytes */
	REPORT_VALUE_OBJECTS, /* allocated objects */
	REPORT_VALUE_LIVE,    /* live bytes, mean over the cycles; C's, over the time */
	REPORT_VALUE_KEPT,    /* bytes of C that were not freed when the trace ended */
};

/* What the text report's table, and JSON's groups, have a line for. */
enum report_by {
	REPORT_BY_SITE,
	REPORT_BY_ROOT,       /* where the escape begins */
	REPORT_BY_CATEGORY,   /* why it is on the heap */
	REPORT_BY_TYPE,       /* what is allocated */
	REPORT_BY_GOROUTINE,  /* the go statement that made the goroutine */
	REPORT_BY_PACKAGE,    /* where the allocation stands */
	REPORT_BY_GOROUTINES, /* how many goroutines there were at the time */
	REPORT_BY_PROCS,      /* how many Ps were running */
	REPORT_BY_LABEL,      /* the goroutine's profiler labels, or one of them */
};

/* A question to the model: sites that are gone, each once, and another setting of the GC. Neither: nothing is asked. */
struct report_what_if {
	const uint32_t *ranks; /* borrowed; each from 1 to the analysis' nsites */
	size_t count;
	struct gc_wish wish;
};

struct report_options {
	enum report_by by;              /* text and JSON */
	const char *label;              /* of these, by label: the key of the one that is meant; NULL: all together */
	size_t top;                     /* text: lines of the table */
	size_t details;                 /* text: of these, how many to tell more about */
	size_t depth;                   /* text: frames of a stack that are shown there */
	bool colour;                    /* text: with terminal colours */
	int width;                      /* text: columns; taken as 80 when less */
	enum report_value value;        /* folded, svg, speedscope */
	struct report_what_if what_if;  /* text and JSON; HTML begins with it */
	bool embed_source;              /* HTML: the program's own sources go into it */
	const char *const *directories; /* HTML: where they may lie (report/source_text.h) */
	size_t ndirectories;
};

/* Whether WHAT_IF asks anything. */
bool report_what_if_asks(const struct report_what_if *what_if);

/* 20 sites, 5 of them in detail, no colour, 100 columns, GC CPU. */
struct report_options report_options_default(void);

/*
 * The value that TEXT ("gc", "alloc", "objects", "live", "kept") names, in *VALUE. STATUS_ERROR, with the names in
 * ERROR, when it names none.
 */
enum status report_value_parse(enum report_value *value, const char *text, struct error *error);

/*
 * The same for what a table's lines stand for: "site", "root", "category", "type", "goroutine", "package",
 * "goroutines", "procs", "label", or "label:KEY", whose KEY is borrowed from TEXT. Sets OPTIONS' by and label.
 */
enum status report_by_parse(struct report_options *options, const char *text, struct error *error);

/* The word that report_by_parse takes for BY: a static string. */
const char *report_by_name(enum report_by by);

/* The ranked report, for a terminal or a file; UTF-8. OPTIONS may be NULL: the default ones. */
enum status report_text(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			struct error *error);

/*
 * The contract of docs/REPORT_JSON.md, schema 1; all sites, whatever OPTIONS say (they may be NULL) but for the
 * what-if and what else sites are gathered by. Numbers that are not known are null.
 */
enum status report_json(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			struct error *error);

/*
 * A page for a browser, in one file that asks nobody for anything: table, flame graphs, timeline, what-if, and with
 * OPTIONS' embed_source the sources. docs/HTML_REPORT.md tells what it holds. OPTIONS may be NULL.
 */
enum status report_html(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			struct error *error);

/* What an annotated source shows. */
struct annotate_options {
	const char *files;              /* a POSIX extended regular expression on their names; NULL: the user's own */
	size_t top;                     /* files, at most */
	size_t context;                 /* lines around those that cost anything */
	const char *const *directories; /* where sources may lie (report/source_text.h) */
	size_t ndirectories;
	bool colour;
	int width; /* columns; taken as 80 when less */
};

/*
 * The program's source with what each line costs beside it, in Go's heap and, where ANALYSIS is a view that has C's
 * sites (analyzer/heap_sites.h), in C's; and the verdicts below theirs; UTF-8. A source that is not found is said to be
 * missing, its lines stand without text. STATUS_ERROR also when OPTIONS' FILES is no regular expression, or nothing
 * that was allocated has a name that matches.
 */
enum status report_annotate(FILE *stream, const struct analysis *analysis, const struct annotate_options *options,
			    struct error *error);

/*
 * Folded stacks, "outermost;…;innermost value" a line, for flame graph tools; stacks that round to 0 are left out.
 * STATUS_ERROR also when the value asked for is gc and the analysis (a heap profile's, C's) knows nothing of the GC, or
 * kept and it knows nothing of C. OPTIONS may be NULL. These formats take C's sites for any of ANALYSIS' own, where it
 * is a view that has them (analyzer/heap_sites.h).
 */
enum status report_folded(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			  struct error *error);

/*
 * A flame graph as one SVG file that needs nothing from anywhere: zoom, search and titles by its own script. Colours
 * tell the verdict. Errors as report_folded's. OPTIONS may be NULL.
 */
enum status report_svg(FILE *stream, const struct analysis *analysis, const struct report_options *options,
		       struct error *error);

/*
 * What speedscope reads: a sampled profile for each value, on shared frames of function, file and line; OPTIONS' value
 * (they may be NULL) is shown first. Stacks that round to 0 are left out, and so are the profiles of the GC's CPU and
 * of what was not freed where nothing is known of that. Written as it is made.
 */
enum status report_speedscope(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			      struct error *error);

/*
 * What `go tool pprof` reads: gzip-compressed protobuf with alloc_objects, alloc_space, inuse_objects, inuse_space and
 * gc_cpu (savings below 0 too), with C's allocations kept_objects and kept_space, the labels class, category and
 * verdict, and the goroutines' own: a stack's values are divided among those as its bytes are. STREAM must be
 * binary-safe. OPTIONS are not used; may be NULL.
 */
enum status report_pprof(FILE *stream, const struct analysis *analysis, const struct report_options *options,
			 struct error *error);

#endif
