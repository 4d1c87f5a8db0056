/* A gate for a trace: limits, and whether they hold. Pure functions; report/ has the sentences. */
#ifndef ANALYZER_GATE_H
#define ANALYZER_GATE_H

#include "analyzer/analysis.h"
#include "analyzer/compare.h"

#include <stdbool.h>
#include <stddef.h>

enum gate_rule {
	GATE_GC_SHARE,    /* the GC's share of the CPU */
	GATE_ALLOC_RATE,  /* bytes a second */
	GATE_BYTES_PER,   /* bytes for one of the user's count */
	GATE_C_RATE,      /* bytes of C a second */
	GATE_C_LIVE,      /* bytes of C alive, mean over the time */
	GATE_C_KEPT,      /* bytes of C not freed at the end */
	GATE_SITE_GC,     /* what a single site's removal would save of the GC */
	GATE_NEW_SITE,    /* nothing there in the baseline */
	GATE_GROWN_SITE,  /* more than in the baseline */
	GATE_GROWN_TOTAL, /* the same of all bytes, all objects, the GC's share of the CPU, C's bytes */
	GATE_RULES,
};

/* "max-gc-share", …, "new-site", "grown-site", "grown-total": a static string. */
const char *gate_rule_name(enum gate_rule rule);

/* What may be, at most; NAN: anything. */
struct gate_limits {
	double gc_share, alloc_rate, bytes_per, site_gc;
	double c_alloc_rate, c_live, c_kept;
	double growth; /* beyond which growth against the baseline is one; 0: any that is certain */
	double count;  /* of what was done in the run, for bytes_per; above 0 */
};

/* A limit that holds, or one breach of one. */
struct gate_finding {
	enum gate_rule rule;
	bool breached;
	double figure, limit;
	const struct site *site;          /* of a rule about sites, when it is breached */
	const struct site_change *change; /* of a site that is new or has grown */
	enum total_kind total;            /* of GATE_GROWN_TOTAL, when it is breached */
};

struct gate {
	const struct analysis *analysis;     /* borrowed */
	const struct comparison *comparison; /* borrowed; NULL: no baseline */
	struct gate_limits limits;
	struct gate_finding *findings; /* by rule: one that holds, or its breaches, the worst first */
	size_t count, breaches;
};

/* Whether RULE is about one figure of the run, which is told when it holds too. */
bool gate_rule_is_figure(enum gate_rule rule);

/* No limits, no growth. */
struct gate_limits gate_limits_none(void);

/* Whether LIMITS has any, the growth left aside. */
bool gate_limits_any(const struct gate_limits *limits);

/* Hold ANALYSIS against LIMITS, and against its baseline where COMPARISON (not NULL) has ANALYSIS as what came after.
 * Both are borrowed until gate_free. */
void gate_judge(struct gate *gate, const struct analysis *analysis, const struct comparison *comparison,
		const struct gate_limits *limits);

/* Free; a zeroed one is fine. */
void gate_free(struct gate *gate);

#endif
