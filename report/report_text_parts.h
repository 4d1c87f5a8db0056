/* The parts of the text report, in the order they stand in it. Each appends to the page; ANALYSIS is not changed. */
#ifndef REPORT_TEXT_PARTS_H
#define REPORT_TEXT_PARTS_H

#include "analyzer/analysis.h"
#include "report/page.h"
#include "report/report.h"

/* The command and what it did, line by line. */
void report_text_summary(struct page *page, const struct analysis *analysis);

/* The run in slices of time, a line of blocks for each figure that is known; nothing where there is no time. */
void report_text_timeline(struct page *page, const struct analysis *analysis);

/* SITE's bytes over time, behind LEFT columns that are taken already: ANALYSIS has a timeline and SITE its slices. */
void report_text_site_time(struct page *page, const struct analysis *analysis, const struct site *site, int left);

/* The ranked table of the first TOP sites, and what its marks mean. */
void report_text_table(struct page *page, const struct analysis *analysis, size_t top);

/* Widths of the table's columns; 0: not shown. A space follows each of those before `why`, a mark of three columns
 * that. */
struct table_columns {
	int rank, saved, interval, bytes, share, objects, live, why, where;
	bool rates; /* a second's bytes and objects, not all of them */
};

/* Those for a table of ANALYSIS in WIDTH columns, 80 or more. */
struct table_columns report_text_table_columns(const struct analysis *analysis, int width);

/* Give `where` what the others leave of WIDTH; it may be none, or less. */
void report_text_table_widen(struct table_columns *columns, int width);

/* The table's heading, and the line of SITE with the ranks that it may have. */
struct rank_range;
void report_text_table_header(struct page *page, const struct table_columns *columns);
void report_text_table_row(struct page *page, const struct analysis *analysis, const struct table_columns *columns,
			   const struct site *site, const struct rank_range *rank);

/* The same for what sites have in common: OPTIONS' BY is not REPORT_BY_SITE. */
void report_text_groups(struct page *page, const struct analysis *analysis, const struct report_options *options);

/* What would be without some sites, or with the GC set otherwise. WHAT_IF's ranks are ANALYSIS'. */
void report_text_what_if(struct page *page, const struct analysis *analysis, const struct report_what_if *what_if);

/* More about the first of OPTIONS' sites: where, why, what to do, the hottest stack. */
void report_text_details(struct page *page, const struct analysis *analysis, const struct report_options *options);

/* Columns before what is said of a site below its title: an indent, and a label in a column of its own. */
#define REPORT_TEXT_INDENT 4
#define REPORT_TEXT_LABEL  14

/* Put that indent and LABEL. */
void report_text_label(struct page *page, const char *label);

/* That STACK, the hottest of NSTACKS, has not all of the site's ALLOC_BYTES; nothing where it has, or may have. */
void report_text_other_stacks(struct page *page, const struct analysis_stack *stack, size_t nstacks,
			      double alloc_bytes);

/* What the compiler says of SITE, in one column: a static string. */
const char *report_text_mark(const struct site *site);

/* Append where SITE is in at most COLUMNS: its function and place, or the user's function that leads there first. */
void report_text_where(struct page *page, const struct site *site, int columns);
/* All of SITE's: its title with NUMBER before it, and DEPTH frames of its hottest stack. */
void report_text_site(struct page *page, const struct analysis *analysis, const struct site *site, size_t number,
		      size_t depth);

/* C allocations: the table, what in Go pays for them, what lives and what is kept, more about the first; nothing where
 * none were sampled. */
void report_text_c(struct page *page, const struct analysis *analysis, const struct report_options *options);

/* Whether the program has no Go: what speaks of Go is left out then. */
bool report_text_is_c_alone(const struct analysis *analysis);

/* "go1.26.8", "C or C++"; a static string or ANALYSIS'. */
const char *report_text_language(const struct analysis *analysis);

/* The ranks that a site may have. */
struct rank_range {
	size_t first, last; /* from 1 */
};

/*
 * For each site the ranks that its interval leaves possible: after all those that are surely better, before all those
 * that are surely worse. An array of analysis->nsites, to be freed with free(); NULL when there are none.
 */
struct rank_range *report_text_ranks(const struct analysis *analysis);

#endif
