/*
 * In: changes and findings. Out: short texts and sentences, the same in every format.
 */
#include "report/compare_words.h"

#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* From here on growth is told as a factor. */
#define TIMES_FROM 3.0

const char *compare_words_per(enum compare_per per)
{
	static const char *const words[] = {
	    [COMPARE_PER_SECOND] = "a second", [COMPARE_PER_BYTE] = "of all bytes", [COMPARE_PER_UNIT] = "each"};

	return words[per];
}

const char *compare_words_unit(enum compare_per per)
{
	static const char *const words[] = {[COMPARE_PER_SECOND] = "bytes a second",
					    [COMPARE_PER_BYTE] = "shares of all bytes",
					    [COMPARE_PER_UNIT] = "bytes for each of what was counted"};

	return words[per];
}

static const char *append(char *text, const char *unit)
{
	size_t length = strlen(text);

	snprintf(text + length, WORDS_NUMBER_SIZE - length, "%s", unit);
	return text;
}

static const char *slash_second(enum compare_per per)
{
	return per == COMPARE_PER_SECOND ? "/s" : "";
}

const char *compare_words_bytes(char *text, enum compare_per per, double bytes)
{
	if (per == COMPARE_PER_BYTE) {
		words_percent(text, bytes);
		return append(text, " %");
	}
	words_bytes(text, bytes);
	return append(text, slash_second(per));
}

const char *compare_words_total_name(enum total_kind total)
{
	static const char *const names[TOTAL_COUNT] = {
	    [TOTAL_BYTES] = "allocated bytes", [TOTAL_OBJECTS] = "allocated objects",
	    [TOTAL_GC_CPU] = "the GC's CPU",   [TOTAL_GC_SHARE] = "the GC's share of the CPU",
	    [TOTAL_CYCLES] = "GC cycles",      [TOTAL_LIVE] = "live bytes",
	    [TOTAL_C_BYTES] = "C: allocated",  [TOTAL_C_LIVE] = "C: live bytes",
	    [TOTAL_C_KEPT] = "C: not freed"};

	return names[total];
}

/* By the byte a figure is of so little that it is told for a million of them. */
static const char *of_bytes(char *text, enum compare_per per, double figure, const char *(*words)(char *, double))
{
	words(text, per == COMPARE_PER_BYTE ? figure * 1e6 : figure);
	return append(text, per == COMPARE_PER_BYTE ? "/MB" : slash_second(per));
}

const char *compare_words_total(char *text, enum compare_per per, enum total_kind total, double figure)
{
	switch (total) {
	case TOTAL_BYTES:
	case TOTAL_C_BYTES:
		return compare_words_bytes(text, per, figure);
	case TOTAL_OBJECTS:
	case TOTAL_CYCLES:
		return of_bytes(text, per, figure, words_count);
	case TOTAL_GC_CPU:
		return of_bytes(text, per, figure, words_seconds);
	case TOTAL_GC_SHARE:
		words_percent(text, figure);
		return append(text, " %");
	case TOTAL_LIVE:
	case TOTAL_C_LIVE:
	case TOTAL_C_KEPT:
	case TOTAL_COUNT:
		break;
	}
	return words_bytes(text, figure);
}

const char *compare_words_ratio(char *text, const struct change *change)
{
	double ratio = change->before > 0 ? change->after / change->before : NAN;
	char number[WORDS_NUMBER_SIZE];

	if (!(change->before > 0))
		strcpy(text, change->after > 0 ? "new" : "0 %");
	else if (!(change->after > 0))
		strcpy(text, "gone");
	else if (ratio >= TIMES_FROM)
		snprintf(text, WORDS_NUMBER_SIZE, "× %.24s", words_count(number, ratio));
	else
		snprintf(text, WORDS_NUMBER_SIZE, "%s%.24s %%", ratio >= 1.0005 ? "+" : "",
			 words_percent(number, ratio - 1));
	return text;
}

/* "4.2 MB a second", "3.4 % of all bytes", "812 B each". */
static void append_amount(struct buf *out, enum compare_per per, double bytes)
{
	char text[WORDS_NUMBER_SIZE];

	buf_append_format(out, "%s %s",
			  per == COMPARE_PER_BYTE ? compare_words_bytes(text, per, bytes) : words_bytes(text, bytes),
			  compare_words_per(per));
}

static void append_site(struct buf *out, const struct site *site)
{
	const struct analysis_frame *shown = &site->shown;

	buf_append_format(out, "%s at %s:%u", words_short_function(site->function), words_base_name(site->file),
			  site->line);
	if (!words_is_own(site))
		buf_append_format(out, ", below %s at %s:%u,", words_short_function(shown->function),
				  words_base_name(shown->file), shown->line);
	if (site->type && *site->type)
		buf_append_format(out, " (%s)", site->type);
}

static void append_change(struct buf *out, const struct gate *gate, const struct gate_finding *finding)
{
	enum compare_per per = gate->comparison->options.per;
	const struct change *change = &finding->change->bytes;
	char a[WORDS_NUMBER_SIZE];

	buf_append_string(out, finding->rule == GATE_NEW_SITE ? "New: " : "Grown: ");
	append_site(out, finding->site);
	buf_append_string(out, " allocates ");
	append_amount(out, per, change->after);
	if (finding->rule == GATE_NEW_SITE) {
		buf_append_string(out, ", and nothing in the baseline");
	} else {
		buf_append_string(out, ", and ");
		append_amount(out, per, change->before);
		buf_append_format(out, " in the baseline: at least %s %% more", words_percent(a, finding->figure));
		if (finding->limit > 0)
			buf_append_format(out, "; the limit is %s %%", words_percent(a, finding->limit));
	}
	buf_append_format(out, ": %s",
			  finding->site->verdict.message ? finding->site->verdict.message
							 : words_class(finding->site->class_));
}

static void append_total(struct buf *out, const struct gate *gate, const struct gate_finding *finding)
{
	enum compare_per per = gate->comparison->options.per;
	const struct change *change = &gate->comparison->totals[finding->total].change;
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE], c[WORDS_NUMBER_SIZE];

	buf_append_format(out, "In all: %s grew from %s to %s%s%s, at least by %s %%",
			  compare_words_total_name(finding->total),
			  compare_words_total(a, per, finding->total, change->before),
			  compare_words_total(b, per, finding->total, change->after),
			  per == COMPARE_PER_UNIT && finding->total != TOTAL_GC_SHARE ? " " : "",
			  per == COMPARE_PER_UNIT && finding->total != TOTAL_GC_SHARE ? compare_words_per(per) : "",
			  words_percent(c, finding->figure));
	if (finding->limit > 0)
		buf_append_format(out, "; the limit is %s %%", words_percent(a, finding->limit));
}

static void append_limit(struct buf *out, const struct gate_finding *finding)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];

	switch (finding->rule) {
	case GATE_GC_SHARE:
		buf_append_format(out, "The GC takes %s %% of the CPU; the limit is %s %%",
				  words_percent(a, finding->figure), words_percent(b, finding->limit));
		break;
	case GATE_ALLOC_RATE:
		buf_append_format(out, "%s a second are allocated; the limit is %s", words_bytes(a, finding->figure),
				  words_bytes(b, finding->limit));
		break;
	case GATE_C_RATE:
		buf_append_format(out, "%s a second are allocated by C; the limit is %s",
				  words_bytes(a, finding->figure), words_bytes(b, finding->limit));
		break;
	case GATE_C_LIVE:
		buf_append_format(out, "%s of C are alive in the mean; the limit is %s",
				  words_bytes(a, finding->figure), words_bytes(b, finding->limit));
		break;
	case GATE_C_KEPT:
		buf_append_format(out, "%s of C are not freed at the end; the limit is %s",
				  words_bytes(a, finding->figure), words_bytes(b, finding->limit));
		break;
	default:
		buf_append_format(out, "%s are allocated for each of what was counted; the limit is %s",
				  words_bytes(a, finding->figure), words_bytes(b, finding->limit));
		break;
	}
}

static void append_site_gc(struct buf *out, const struct gate_finding *finding)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];

	if (!finding->site) {
		buf_append_format(out, "What a site costs of the GC's CPU is not known here; the limit is %s %%",
				  words_percent(b, finding->limit));
		return;
	}
	append_site(out, finding->site);
	buf_append_format(out, " costs %s %% of the GC's CPU; the limit is %s %%", words_percent(a, finding->figure),
			  words_percent(b, finding->limit));
	if (finding->site->verdict.message)
		buf_append_format(out, ": %s", finding->site->verdict.message);
}

/* What is said of a rule that holds and is not about one figure. */
static const char *words_for_none(enum gate_rule rule)
{
	switch (rule) {
	case GATE_SITE_GC:
		return "No site costs more of the GC's CPU than it may";
	case GATE_NEW_SITE:
		return "No site is new";
	case GATE_GROWN_SITE:
		return "No site has grown";
	default:
		return "What is allocated in all has not grown";
	}
}

void compare_words_finding(struct buf *out, const struct gate *gate, const struct gate_finding *finding)
{
	if (gate_rule_is_figure(finding->rule))
		append_limit(out, finding);
	else if (!finding->breached)
		buf_append_string(out, words_for_none(finding->rule));
	else if (finding->rule == GATE_SITE_GC)
		append_site_gc(out, finding);
	else if (finding->change)
		append_change(out, gate, finding);
	else
		append_total(out, gate, finding);
	buf_append_u8(out, '.');
}
