/*
 * More about the first sites: where in the user's code, what the compiler says and why, what to do, what it costs, and
 * the stack that most of it comes from.
 */
#include "report/clean_text.h"
#include "report/report_text_parts.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INDENT        REPORT_TEXT_INDENT
#define LABEL_COLUMNS REPORT_TEXT_LABEL
#define TELLS_APART   0.01 /* of the GC CPU, between two figures of one site that are both worth to be told */

void report_text_label(struct page *page, const char *label)
{
	page_pad(page, INDENT);
	page_left(page, PAGE_FAINT, label, LABEL_COLUMNS);
}

static void put_text(struct page *page, const char *label, const char *text)
{
	report_text_label(page, label);
	page_wrap(page, PAGE_PLAIN, text, INDENT + LABEL_COLUMNS);
}

static void put_words(struct page *page, const char *label, struct buf *words)
{
	put_text(page, label, buf_string(words));
	buf_free(words);
}

static void append_place(struct buf *words, const char *file, uint32_t line)
{
	if (file && *file)
		buf_append_format(words, "%s:%u", file, line);
}

static void put_title(struct page *page, const struct site *site, size_t number)
{
	struct buf words = {0};

	page_put(page, "\n");
	page_printf(page, "%2zu  ", number);
	words_append_function(&words, site->function);
	page_short(page, PAGE_TITLE, buf_string(&words), page->width - INDENT);
	page_put(page, "\n");
	buf_free(&words);
	append_place(&words, site->file, site->line);
	if (words.size > 0)
		put_words(page, "At", &words);
	if (words_is_own(site))
		return;
	words_append_function(&words, site->shown.function);
	if (site->shown.file && *site->shown.file)
		buf_append_string(&words, ", ");
	append_place(&words, site->shown.file, site->shown.line);
	put_words(page, "In your code", &words);
}

/* Whether the site's type is that of a slice's elements. */
static bool makes_slice(const struct site *site)
{
	return site->entry && (strncmp(site->entry, "runtime.makeslice", 17) == 0 ||
			       strncmp(site->entry, "runtime.growslice", 17) == 0);
}

/* What is allocated: the type, a mean size, the runtime's function. */
static void put_object(struct page *page, const struct site *site)
{
	char text[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	if (site->type && *site->type)
		buf_append_format(&words, "%s%s, ", makes_slice(site) ? "elements of " : "", site->type);
	buf_append_format(&words, "%s each", words_bytes(text, site->object_size));
	if (site->entry && *site->entry)
		buf_append_format(&words, ", made by %s", site->entry);
	put_words(page, "Object", &words);
}

static void append_verdict(struct buf *words, const struct site_verdict *verdict)
{
	buf_append_string(words, verdict->message ? verdict->message : "");
	if (!verdict->file || !*verdict->file)
		return;
	buf_append_format(words, " (%s:%u", words_base_name(verdict->file), verdict->line);
	if (verdict->column > 0)
		buf_append_format(words, ":%u", verdict->column);
	buf_append_string(words, ")");
}

static void put_candidates(struct page *page, const struct site *site)
{
	struct buf words = {0};

	for (size_t i = 0; i < site->ncandidates && i < 5; i++) {
		buf_append_string(&words, i > 0 ? "\n" : "");
		append_verdict(&words, &site->candidates[i]);
	}
	if (site->ncandidates > 5)
		buf_append_format(&words, "\nand %zu more", site->ncandidates - 5);
	put_words(page, site->verdict.message ? "All of" : "One of", &words);
}

/* The flow, step after step; a long one is cut in its middle, since its ends tell most. */
static void put_reason(struct page *page, const struct site_verdict *verdict)
{
	struct buf words = {0};
	size_t count = verdict->nreason;

	for (size_t i = 0; i < count; i++) {
		if (count > 7 && i == 3) {
			buf_append_format(&words, "\n… %zu more steps", count - 6);
			i = count - 3;
		}
		buf_append_format(&words, "%s%s", i > 0 ? "\n" : "", verdict->reason[i] ? verdict->reason[i] : "");
	}
	put_words(page, "Because", &words);
}

/* How the callees, one after the other, let the value out. */
static void put_root(struct page *page, const struct site *site)
{
	struct buf words = {0};

	for (size_t i = 0; i < site->nroot_path; i++)
		buf_append_format(&words, "%s%s", i > 0 ? "\n" : "", site->root_path[i]);
	put_words(page, "Root", &words);
}

static void put_verdict(struct page *page, const struct analysis *analysis, const struct site *site)
{
	struct buf words = {0};

	if (site->ncandidates > 0) {
		put_candidates(page, site);
	} else if (site->verdict.message) {
		append_verdict(&words, &site->verdict);
		put_words(page, "Verdict", &words);
	} else if (site->refused) {
		put_text(page, "Verdict", "refused: the source at hand makes other code of this function");
	} else if (analysis->verdicts != VERDICTS_MISSING) { /* else the summary has said it for all */
		put_text(page, "Verdict",
			 site->class_ == CLASS_UNMATCHED ? "none was found for this place"
							 : "none; the compiler says nothing of such allocations");
	}
	if (site->verdict.message && site->verdict.nreason > 0)
		put_reason(page, &site->verdict);
	if (site->difference && *site->difference)
		put_text(page, "How so", site->difference);
	if (site->nroot_path > 0)
		put_root(page, site);
}

/* "12 % less (95 %: 3–21 %)"; WHAT stands behind "less". */
static void append_change(struct buf *words, double saved, const char *what, const struct interval *interval)
{
	struct interval told = words_told_interval(saved, interval);
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];

	buf_append_format(words, "%s %% %s%s (95 %%: %s %%)", words_percent(a, fabs(saved)),
			  saved < 0 ? "more" : "less", what, words_percent_interval(b, &told));
}

static void append_saving(struct buf *words, const struct site *site)
{
	const struct interval *ci = &site->saving.share_ci;
	bool may_be_nothing = ci->low <= 0 && ci->high >= 0;

	buf_append_string(words, "Without it the GC would take about ");
	append_change(words, site->saving.share, may_be_nothing ? " CPU, which can't be told from nothing" : " CPU",
		      ci);
	if (isfinite(site->saving.share_equal_memory)) {
		buf_append_string(words, "; at equal peak memory, ");
		append_change(words, site->saving.share_equal_memory, "", &site->saving.share_equal_memory_ci);
	}
	buf_append_string(words, ". ");
}

/* What a pool would save: as much stays alive, so that it is another figure where something lives. */
static void append_reused(struct buf *words, const struct site *site)
{
	double share = site->saving.share_reused;
	char a[WORDS_NUMBER_SIZE];

	if (fabs(share - site->saving.share) >= TELLS_APART)
		buf_append_format(words, "With its objects used again (a pool, a buffer that is kept) about %s %% %s. ",
				  words_percent(a, fabs(share)), share < 0 ? "more" : "less");
}

/* How often the GC would run, and what goes with that. */
static void append_cycles(struct buf *words, const struct site *site)
{
	struct interval change = {-site->saving.cycles_ci.high, -site->saving.cycles_ci.low};
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];

	if (!isfinite(site->saving.cycles))
		return;
	buf_append_format(words, "Cycles %s %% (%s %%), pauses with them", words_change(a, site->saving.cycles),
			  words_percent_interval(b, &change));
	if (isfinite(site->saving.assists))
		buf_append_format(words, "; assists %s %%", words_change(a, site->saving.assists));
	buf_append_string(words, ". ");
}

static void append_tiny(struct buf *words, const struct site *site)
{
	char share[WORDS_NUMBER_SIZE];

	if (!site->tiny)
		return;
	buf_append_string(words,
			  ". Tiny objects share blocks of 16 bytes, so other sites may have a part in these figures");
	for (size_t i = 0; i < site->ntiny_with; i++)
		buf_append_format(words, "%s #%u (%s %%%s)", i ? "," : ", first of all", site->tiny_with[i].rank,
				  words_percent(share, site->tiny_with[i].share),
				  i ? "" : " of the others' tiny objects");
}

static void put_cost(struct page *page, const struct analysis *analysis, const struct site *site)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	if (analysis_knows_savings(analysis)) {
		append_saving(&words, site);
		append_reused(&words, site);
		append_cycles(&words, site);
	}
	buf_append_format(&words, "%s in %s objects", words_bytes(a, site->alloc_bytes),
			  words_count(b, site->alloc_objects));
	if (site->alloc_cpu_seconds > 0)
		buf_append_format(&words, ", about %s of CPU to allocate", words_seconds(a, site->alloc_cpu_seconds));
	if (isfinite(site->lifetime_cycles) && site->lifetimes > 0)
		buf_append_format(&words, ", surviving %s GC cycles on average", words_count(a, site->lifetime_cycles));
	append_tiny(&words, site);
	if (site->samples < 20 && !analysis->is_heap_profile)
		buf_append_format(&words, ". Few samples: %s", words_integer(a, (double)site->samples));
	buf_append_string(&words, ".");
	put_words(page, "Cost", &words);
}

/* What is alive of it sets the goal: why the GC would take more without it. */
static void put_why_more(struct page *page, const struct analysis *analysis, const struct site *site)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE], c[WORDS_NUMBER_SIZE];
	double more = -site->saving.cycles, goal = analysis->gc.goal_bytes, dearer;
	struct buf words = {0};

	if (!analysis_knows_savings(analysis) || !(site->saving.share < 0) || !(more > 0) ||
	    !(site->saving.goal_bytes < goal))
		return;
	dearer = (1 - site->saving.share) / (1 + more) - 1;
	buf_append_format(&words, "Its %s alive hold the heap's goal up: without them it would be %s instead of %s, ",
			  words_bytes(a, site->live_bytes), words_bytes(b, site->saving.goal_bytes),
			  words_bytes(c, goal));
	buf_append_format(&words, "so the GC would run %s %% more often, each time for %s %% %s CPU.",
			  words_percent(a, more), words_percent(b, fabs(dearer)), dearer > 0 ? "more" : "less");
	put_words(page, "Why more", &words);
}

static void put_time(struct page *page, const struct analysis *analysis, const struct site *site)
{
	if (!analysis->timeline.count || !site->slices)
		return;
	report_text_label(page, "Over time");
	report_text_site_time(page, analysis, site, INDENT + LABEL_COLUMNS);
}

static void put_frame(struct page *page, const struct analysis_frame *frame, int name_columns)
{
	int room = page->width - INDENT - LABEL_COLUMNS - name_columns - 2;
	struct buf name = {0};
	char place[128];

	snprintf(place, sizeof(place), "%s:%u", words_base_name(frame->file), frame->line);
	words_append_function(&name, frame->function);
	if (frame->file && *frame->file) {
		page_left(page, PAGE_NAME, buf_string(&name), name_columns);
		page_put(page, "  ");
		page_short(page, PAGE_FAINT, place, room);
	} else {
		page_short(page, PAGE_NAME, buf_string(&name), name_columns);
	}
	buf_free(&name);
	page_put(page, "\n");
}

static void put_folded(struct page *page, size_t count, const char *what)
{
	char text[80];

	snprintf(text, sizeof(text), "… %zu %s%s%s", count, what, *what ? " " : "", count == 1 ? "frame" : "frames");
	page_put_styled(page, PAGE_FAINT, text);
	page_put(page, "\n");
}

/* How many frames from FRAMES[0] on belong to the runtime. */
static size_t count_runtime(const struct analysis_frame *frames, size_t count)
{
	size_t run = 0;

	while (run < count && words_is_runtime(&frames[run]))
		run++;
	return run;
}

/* The columns that the names of the first frames of STACK take, but no more than three fifths of the room. */
static int choose_name_columns(const struct page *page, const struct analysis_stack *stack, size_t depth)
{
	int most = (page->width - INDENT - LABEL_COLUMNS) * 3 / 5, columns = 0, width;

	for (size_t i = 0; i < stack->nframes && i < depth; i++) {
		struct buf name = {0};

		words_append_function(&name, stack->frames[i].function);
		width = clean_text_columns(buf_string(&name));
		buf_free(&name);
		if (!words_is_runtime(&stack->frames[i]) && width > columns)
			columns = width;
	}
	return columns < most ? columns : most;
}

/* The innermost DEPTH frames, those of the runtime in a row as one line. */
static void put_frames(struct page *page, const struct analysis_stack *stack, size_t depth)
{
	int name_columns = choose_name_columns(page, stack, depth);
	size_t shown = 0, i = 0, run;

	while (i < stack->nframes) {
		if (i > 0)
			page_pad(page, INDENT + LABEL_COLUMNS);
		run = count_runtime(&stack->frames[i], stack->nframes - i);
		if (shown == depth && i + run < stack->nframes) {
			put_folded(page, stack->nframes - i, "more");
			return;
		}
		if (run > 0)
			put_folded(page, run, "runtime");
		else
			put_frame(page, &stack->frames[i], name_columns);
		i += run > 0 ? run : 1;
		shown++;
	}
}

void report_text_other_stacks(struct page *page, const struct analysis_stack *stack, size_t nstacks, double alloc_bytes)
{
	char text[WORDS_NUMBER_SIZE], label[96];

	if (nstacks < 2 || !(alloc_bytes > 0))
		return;
	page_pad(page, INDENT + LABEL_COLUMNS);
	snprintf(label, sizeof(label), "%s %% of its bytes come this way, the rest on %zu other stack%s",
		 words_percent(text, fmin(1, stack->alloc_bytes / alloc_bytes)), nstacks - 1, nstacks == 2 ? "" : "s");
	page_put_styled(page, PAGE_FAINT, label);
	page_put(page, "\n");
}

static void put_stack(struct page *page, const struct site *site, size_t depth)
{
	const struct analysis_stack *stack = site->nstacks > 0 ? &site->stacks[0] : NULL;

	if (!stack || stack->nframes < 2)
		return;
	report_text_label(page, "Called by");
	put_frames(page, stack, depth);
	report_text_other_stacks(page, stack, site->nstacks, site->alloc_bytes);
}

void report_text_site(struct page *page, const struct analysis *analysis, const struct site *site, size_t number,
		      size_t depth)
{
	put_title(page, site, number);
	put_object(page, site);
	put_verdict(page, analysis, site);
	if (site->advice && *site->advice)
		put_text(page, "What to do", site->advice);
	put_cost(page, analysis, site);
	put_why_more(page, analysis, site);
	put_time(page, analysis, site);
	put_stack(page, site, depth);
}

void report_text_details(struct page *page, const struct analysis *analysis, const struct report_options *options)
{
	size_t count = options->details < options->top ? options->details : options->top;
	char title[80];

	if (count > analysis->nsites)
		count = analysis->nsites;
	if (count == 0)
		return;
	snprintf(title, sizeof(title), count == 1 ? "A closer look at the first" : "A closer look at the first %zu",
		 count);
	page_heading(page, title);
	for (size_t i = 0; i < count; i++)
		report_text_site(page, analysis, &analysis->sites[i], i + 1, options->depth);
}
