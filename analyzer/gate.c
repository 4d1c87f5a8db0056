/*
 * In: an analysis, limits, a comparison with the baseline. Out: findings. A limit on a figure is held against the
 * figure itself; growth against a baseline counts only as far as it is certain.
 */
#include "analyzer/gate.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

const char *gate_rule_name(enum gate_rule rule)
{
	static const char *const names[GATE_RULES] = {
	    [GATE_GC_SHARE] = "max-gc-share",   [GATE_ALLOC_RATE] = "max-alloc-rate",
	    [GATE_BYTES_PER] = "max-bytes-per", [GATE_C_RATE] = "max-c-alloc-rate",
	    [GATE_C_LIVE] = "max-c-live",       [GATE_C_KEPT] = "max-c-kept",
	    [GATE_SITE_GC] = "max-site-gc",     [GATE_NEW_SITE] = "new-site",
	    [GATE_GROWN_SITE] = "grown-site",   [GATE_GROWN_TOTAL] = "grown-total"};

	return names[rule];
}

bool gate_rule_is_figure(enum gate_rule rule)
{
	return rule <= GATE_C_KEPT;
}

struct gate_limits gate_limits_none(void)
{
	return (struct gate_limits){.gc_share = NAN,
				    .alloc_rate = NAN,
				    .bytes_per = NAN,
				    .site_gc = NAN,
				    .c_alloc_rate = NAN,
				    .c_live = NAN,
				    .c_kept = NAN,
				    .growth = 0,
				    .count = NAN};
}

bool gate_limits_any(const struct gate_limits *limits)
{
	return !isnan(limits->gc_share) || !isnan(limits->alloc_rate) || !isnan(limits->bytes_per) ||
	       !isnan(limits->site_gc) || !isnan(limits->c_alloc_rate) || !isnan(limits->c_live) ||
	       !isnan(limits->c_kept);
}

struct judging {
	struct gate *gate;
	size_t capacity;
	size_t breaches; /* of the rule at hand */
};

static void add_finding(struct judging *judging, const struct gate_finding *finding)
{
	struct gate *gate = judging->gate;

	gate->findings = memory_reserve(gate->findings, gate->count, &judging->capacity, sizeof(*finding));
	gate->findings[gate->count++] = *finding;
	gate->breaches += finding->breached;
	judging->breaches += finding->breached;
}

static void judge_figure(struct judging *judging, enum gate_rule rule, double figure, double limit)
{
	if (!isnan(limit))
		add_finding(judging,
			    &(struct gate_finding){
				.rule = rule, .breached = !(figure <= limit), .figure = figure, .limit = limit});
}

/* RULE's breaches are in: when there are none, it holds. */
static void end_rule(struct judging *judging, enum gate_rule rule, double limit)
{
	if (!judging->breaches)
		add_finding(judging, &(struct gate_finding){.rule = rule, .limit = limit});
	judging->breaches = 0;
}

/* Where nothing is known of the GC, that is no reason to pass; where it made no cycle, no site costs anything. */
static void judge_sites(struct judging *judging, double limit)
{
	const struct analysis *analysis = judging->gate->analysis;

	if (isnan(limit))
		return;
	judging->breaches = 0;
	if (!analysis->gc.known)
		judge_figure(judging, GATE_SITE_GC, NAN, limit);
	for (size_t i = 0; analysis->gc.known && i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];
		struct gate_finding finding = {
		    .rule = GATE_SITE_GC, .breached = true, .figure = site->saving.share, .limit = limit, .site = site};

		if (site->saving.share > limit)
			add_finding(judging, &finding);
	}
	end_rule(judging, GATE_SITE_GC, limit);
}

/* Whether CHANGE, of a site, is a breach of RULE. */
static bool is_breach(const struct gate *gate, enum gate_rule rule, const struct site_change *change)
{
	enum change_kind kind = rule == GATE_NEW_SITE ? CHANGE_APPEARED : CHANGE_GREW;

	return change->bytes.kind == kind && change->after &&
	       change->share_after >= gate->comparison->options.least_share &&
	       change_least_growth(&change->bytes) > gate->limits.growth;
}

static void judge_changes(struct judging *judging, enum gate_rule rule)
{
	const struct gate *gate = judging->gate;
	const struct comparison *comparison = gate->comparison;

	judging->breaches = 0;
	for (size_t i = 0; i < comparison->nchanged; i++) {
		const struct site_change *change = &comparison->sites[i];
		struct gate_finding finding = {.rule = rule,
					       .breached = true,
					       .figure = change_least_growth(&change->bytes),
					       .limit = gate->limits.growth,
					       .site = change->after,
					       .change = change};

		if (is_breach(gate, rule, change))
			add_finding(judging, &finding);
	}
	end_rule(judging, rule, gate->limits.growth);
}

static void judge_totals(struct judging *judging)
{
	static const enum total_kind totals[] = {TOTAL_BYTES, TOTAL_OBJECTS, TOTAL_GC_SHARE, TOTAL_C_BYTES,
						 TOTAL_C_KEPT};
	const struct gate *gate = judging->gate;

	judging->breaches = 0;
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		const struct total_change *total = &gate->comparison->totals[totals[i]];
		struct gate_finding finding = {.rule = GATE_GROWN_TOTAL,
					       .breached = true,
					       .figure = change_least_growth(&total->change),
					       .limit = gate->limits.growth,
					       .total = totals[i]};

		if (total->known && finding.figure > finding.limit)
			add_finding(judging, &finding);
	}
	end_rule(judging, GATE_GROWN_TOTAL, gate->limits.growth);
}

/* A figure that is not known is no reason to pass; that there are no such allocations is. */
static void judge_c(struct judging *judging, double seconds)
{
	const struct gate_limits *limits = &judging->gate->limits;
	const struct c_part *c = &judging->gate->analysis->c;

	double unknown = c->known || c->was_looked_for ? 0 : NAN;

	judge_figure(judging, GATE_C_RATE, seconds > 0 ? c->alloc_bytes / seconds + unknown : NAN,
		     limits->c_alloc_rate);
	judge_figure(judging, GATE_C_LIVE, c->live_bytes + unknown, limits->c_live);
	judge_figure(judging, GATE_C_KEPT, c->kept_bytes + unknown, limits->c_kept);
}

void gate_judge(struct gate *gate, const struct analysis *analysis, const struct comparison *comparison,
		const struct gate_limits *limits)
{
	struct judging judging = {.gate = gate};
	double seconds = analysis_seconds(analysis);

	*gate = (struct gate){.analysis = analysis, .comparison = comparison, .limits = *limits};
	judge_figure(&judging, GATE_GC_SHARE, analysis->gc.known ? analysis->gc.cpu_share : NAN, limits->gc_share);
	judge_figure(&judging, GATE_ALLOC_RATE, seconds > 0 ? analysis->alloc_bytes / seconds : NAN,
		     limits->alloc_rate);
	judge_figure(&judging, GATE_BYTES_PER, limits->count > 0 ? analysis->alloc_bytes / limits->count : NAN,
		     limits->bytes_per);
	judge_c(&judging, seconds);
	judge_sites(&judging, limits->site_gc);
	if (!comparison)
		return;
	judge_changes(&judging, GATE_NEW_SITE);
	judge_changes(&judging, GATE_GROWN_SITE);
	judge_totals(&judging);
}

void gate_free(struct gate *gate)
{
	free(gate->findings);
	*gate = (struct gate){0};
}
