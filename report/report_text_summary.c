/*
 * The head of the text report: which program, how long, what the collector took of the CPU, and how good the sample is.
 * A line each, and none for what is not known.
 */
#include "report/clean_text.h"
#include "report/report_text_parts.h"
#include "report/words.h"

#include <math.h>
#include <stdlib.h>

#define LABEL_COLUMNS 14

static void put_line(struct page *page, const char *label, struct buf *sentence)
{
	page_left(page, PAGE_FAINT, label, LABEL_COLUMNS);
	page_wrap(page, PAGE_PLAIN, buf_string(sentence), LABEL_COLUMNS);
	buf_free(sentence);
}

static void put_command(struct page *page, const struct analysis *analysis)
{
	struct buf words = {0};

	/* Made harmless here: a newline in an argument must not begin a line of the report. */
	for (size_t i = 0; i < analysis->ncommand; i++) {
		buf_append_string(&words, i > 0 ? " " : "");
		clean_text_append(&words, analysis->command[i]);
	}
	if (words.size == 0)
		clean_text_append(&words, analysis->binary);
	if (words.size == 0)
		buf_append_string(&words, "a Go program");
	page_wrap(page, PAGE_TITLE, buf_string(&words), 0);
	buf_free(&words);
}

static void put_run(struct page *page, const struct analysis *analysis)
{
	const struct gc_summary *gc = &analysis->gc;
	uint64_t goroutines = gc->goroutines_live_max ? gc->goroutines_live_max : gc->goroutines_max;
	char text[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s, %s",
			  analysis->go_version && *analysis->go_version ? analysis->go_version : "Go version unknown",
			  analysis->is_heap_profile ? "from a heap profile"
						    : words_seconds(text, analysis->duration_seconds));
	if (gc->known) {
		buf_append_format(&words, ", %s GC cycle%s", words_integer(text, (double)gc->cycles),
				  gc->cycles == 1 ? "" : "s");
		if (gc->forced_cycles > 0)
			buf_append_format(&words, ", of which the program asked for %s",
					  words_integer(text, gc->forced_cycles));
		if (gc->gogc < 0)
			buf_append_string(&words, ", GOGC=off");
		else
			buf_append_format(&words, ", GOGC=%d", gc->gogc);
		if (gc->memory_limit > 0 && gc->memory_limit < INT64_MAX)
			buf_append_format(&words, ", memory limit %s", words_bytes(text, (double)gc->memory_limit));
		if (goroutines > 0)
			buf_append_format(&words, ", up to %s goroutine%s", words_integer(text, (double)goroutines),
					  goroutines == 1 ? "" : "s");
	}
	if (!analysis->complete && !analysis->is_heap_profile)
		buf_append_format(&words, "; the trace was cut%s%s", analysis->damage && *analysis->damage ? ": " : "",
				  analysis->damage ? analysis->damage : "");
	put_line(page, "Run", &words);
}

static void put_gc(struct page *page, const struct analysis *analysis)
{
	const struct gc_summary *gc = &analysis->gc;
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE], c[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s", words_seconds(a, gc->cpu_seconds));
	if (gc->process_cpu_seconds > 0)
		buf_append_format(&words, ", %s %% of the %s the process used", words_percent(b, gc->cpu_share),
				  words_seconds(c, gc->process_cpu_seconds));
	buf_append_format(&words, "; assists, which requests pay, %s; pauses %s", words_seconds(a, gc->assist_seconds),
			  words_seconds(b, gc->pause_seconds));
	put_line(page, "GC CPU", &words);
	if (!isfinite(gc->live_bytes))
		return;
	buf_append_format(&words, "%s at a cycle's end, goal %s", words_bytes(a, gc->live_bytes),
			  words_bytes(b, gc->goal_bytes));
	put_line(page, "Live heap", &words);
}

/* What the GC would save without all that is shown. */
static void append_saving(struct buf *words, const struct saving *saving)
{
	struct interval told = words_told_interval(saving->share, &saving->share_ci);
	char share[WORDS_NUMBER_SIZE], low[WORDS_NUMBER_SIZE], high[WORDS_NUMBER_SIZE];

	if (isfinite(saving->share))
		buf_append_format(words, ". Without any of it the GC would take %s %% %s CPU (95 %%: %s to %s %%)",
				  words_percent(share, fabs(saving->share)), saving->share < 0 ? "more" : "less",
				  words_percent(low, told.low), words_percent(high, told.high));
}

/* What the figures from here on are of, when it is not everything. */
static void put_selection(struct page *page, const struct analysis *analysis)
{
	const struct selection *selection = &analysis->selection;
	char share[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	if (!selection->focus[0] && !selection->ignore[0])
		return;
	buf_append_string(&words, "stacks");
	if (selection->focus[0])
		buf_append_format(&words, " with “%s”", selection->focus);
	if (selection->ignore[0])
		buf_append_format(&words, "%s without “%s”", selection->focus[0] ? "," : "", selection->ignore);
	buf_append_format(&words, " only: %s %% of the bytes; the GC's figures are the whole program's",
			  words_percent(share, selection->bytes_share));
	append_saving(&words, &selection->saving);
	put_line(page, "Shown", &words);
}

/* The same of the moments that the figures are of. */
static void put_moments(struct page *page, const struct analysis *analysis)
{
	const struct selection *selection = &analysis->selection;
	char time[WORDS_NUMBER_SIZE], bytes[WORDS_NUMBER_SIZE];
	bool stacks = selection->focus[0] || selection->ignore[0];
	struct buf words = {0};

	if (!selection->when || !selection->when[0])
		return;
	buf_append_format(&words,
			  "“%s” only: %s %% of the time, %s %% of the bytes%s; savings are of the whole run's GC",
			  selection->when, words_percent(time, selection->time_share),
			  words_percent(bytes, selection->bytes_share), stacks ? " with these stacks" : "");
	if (!stacks)
		append_saving(&words, &selection->saving);
	put_line(page, "When", &words);
}

static void put_allocation(struct page *page, const struct analysis *analysis)
{
	double seconds = analysis_seconds(analysis);
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s in %s objects", words_bytes(a, analysis->alloc_bytes),
			  words_count(b, analysis->alloc_objects));
	if (seconds > 0 && !analysis->is_heap_profile)
		buf_append_format(&words, " (%s/s, %s/s)", words_bytes(a, analysis->alloc_bytes / seconds),
				  words_count(b, analysis->alloc_objects / seconds));
	if (analysis->alloc_cpu_seconds > 0) {
		buf_append_format(&words, "; allocating took about %s of CPU",
				  words_seconds(a, analysis->alloc_cpu_seconds));
		if (analysis->gc.known && analysis->gc.process_cpu_seconds > 0)
			buf_append_format(
			    &words, ", %s %%",
			    words_percent(b, analysis->alloc_cpu_seconds / analysis->gc.process_cpu_seconds));
	}
	put_line(page, "Allocated", &words);
}

static void put_sample(struct page *page, const struct analysis *analysis)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s allocation%s", words_integer(a, (double)analysis->samples),
			  analysis->samples == 1 ? "" : "s");
	if (analysis->rate_high > 0 && analysis->rate_high <= 1)
		buf_append_string(&words, ", every one that was made");
	else if (analysis->rate_high > analysis->rate_low * 1.01 && analysis->rate_low > 0)
		buf_append_format(&words, ", one every %s to %s", words_bytes(a, analysis->rate_low),
				  words_bytes(b, analysis->rate_high));
	else if (analysis->rate_high > 0)
		buf_append_format(&words, ", one every %s", words_bytes(a, analysis->rate_high));
	if (analysis->lost_samples > 0)
		buf_append_format(
		    &words, "; %s more were lost (%s %%)", words_integer(a, (double)analysis->lost_samples),
		    words_percent(b, (double)analysis->lost_samples /
					 (double)(analysis->selection.all_samples + analysis->lost_samples)));
	else if (!analysis->is_heap_profile)
		buf_append_string(&words, "; none lost");
	put_line(page, "Sampled", &words);
}

static void put_verdicts(struct page *page, const struct analysis *analysis)
{
	struct buf words = {0};

	switch (analysis->verdicts) {
	case VERDICTS_MATCHED:
		buf_append_string(&words, "the compiler's own, of this very binary");
		break;
	case VERDICTS_PROVEN:
		buf_append_string(&words, "made from the source, and compared with this binary function by function");
		break;
	case VERDICTS_UNPROVEN:
		buf_append_string(&words, "as you gave them; nothing proves that they are of this binary");
		break;
	case VERDICTS_MISSING:
	default:
		buf_append_string(&words, "none at hand for this binary; `escprof build` keeps them");
		break;
	}
	put_line(page, "Verdicts", &words);
}

static void put_c_run(struct page *page, const struct analysis *analysis)
{
	char text[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s, %s", report_text_language(analysis),
			  words_seconds(text, analysis->duration_seconds));
	if (!analysis->complete)
		buf_append_format(&words, "; the trace was cut%s%s", analysis->damage && *analysis->damage ? ": " : "",
				  analysis->damage ? analysis->damage : "");
	put_line(page, "Run", &words);
}

/* What C and C++ allocate, in a line or two. */
static void put_c(struct page *page, const struct analysis *analysis)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	const struct c_part *c = &analysis->c;
	double seconds = analysis_seconds(analysis);
	struct buf words = {0};

	buf_append_format(&words, "%s in %s objects by malloc and its like", words_bytes(a, c->alloc_bytes),
			  words_count(b, c->alloc_objects));
	if (seconds >= 1)
		buf_append_format(&words, " (%s/s, %s/s)", words_bytes(a, c->alloc_bytes / seconds),
				  words_count(b, c->alloc_objects / seconds));
	if (!c->of_moments)
		buf_append_format(&words, "; %s alive on average", words_bytes(a, c->live_bytes));
	if (isfinite(c->peak_bytes))
		buf_append_format(&words, ", %s at most, after %s", words_bytes(a, c->peak_bytes),
				  words_seconds(b, c->peak_seconds));
	if (!c->of_moments)
		buf_append_format(&words, "; %s in %s objects not freed at the end", words_bytes(a, c->kept_bytes),
				  words_count(b, c->kept_objects));
	put_line(page, "C memory", &words);
	buf_append_format(&words, "%s allocation%s%s%s", words_integer(a, (double)c->samples),
			  c->samples == 1 ? "" : "s", c->rate > 1 ? ", one every " : ", every one that was made",
			  c->rate > 1 ? words_bytes(b, c->rate) : "");
	put_line(page, "C sampled", &words);
}

void report_text_summary(struct page *page, const struct analysis *analysis)
{
	put_command(page, analysis);
	if (report_text_is_c_alone(analysis)) {
		put_c_run(page, analysis);
		put_selection(page, analysis);
		put_c(page, analysis);
		return;
	}
	put_run(page, analysis);
	if (analysis->gc.known)
		put_gc(page, analysis);
	put_selection(page, analysis);
	put_moments(page, analysis);
	put_allocation(page, analysis);
	put_sample(page, analysis);
	if (analysis->c.known)
		put_c(page, analysis);
	put_verdicts(page, analysis);
}
