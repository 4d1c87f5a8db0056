/* An analysis made by hand, as the demo service's could be, for the tests of the formats. */
#ifndef TESTS_SAMPLE_ANALYSIS_H
#define TESTS_SAMPLE_ANALYSIS_H

#include "analyzer/analysis.h"
#include "report/report.h"

/* Six sites of several classes, GC figures, notes. Static memory: neither change nor free it. */
const struct analysis *sample_analysis(void);

/* The same with nothing known of the GC, as from a Go heap profile. A copy by value, of the same sites. */
struct analysis sample_analysis_heap_profile(void);

/* One site whose names hold terminal escapes, markup, newlines, semicolons and bytes that are no UTF-8. */
const struct analysis *sample_analysis_hostile(void);

/* No sites at all. */
struct analysis sample_analysis_empty(void);

/*
 * What FORMAT writes of ANALYSIS, NUL-terminated, to be freed with free(); *SIZE (may be NULL) its bytes. Fails the
 * test that calls it when the format fails.
 */
char *sample_analysis_write(enum status (*format)(FILE *, const struct analysis *, const struct report_options *,
						  struct error *),
			    const struct analysis *analysis, const struct report_options *options, size_t *size);

#endif
