/*
 * What if some sites were gone, or the GC were set otherwise: the answer of the model, in a few lines.
 */
#include "report/report_text_parts.h"
#include "report/words.h"

#include <math.h>

#define INDENT        2
#define LABEL_COLUMNS 14

static void put_line(struct page *page, const char *label, struct buf *words)
{
	page_pad(page, INDENT);
	page_left(page, PAGE_FAINT, label, LABEL_COLUMNS);
	page_wrap(page, PAGE_PLAIN, buf_string(words), INDENT + LABEL_COLUMNS);
	buf_free(words);
}

static void put_sites(struct page *page, const struct analysis *analysis, const struct report_what_if *what_if)
{
	struct buf words = {0};

	for (size_t i = 0; i < what_if->count; i++) {
		const struct site *site = &analysis->sites[what_if->ranks[i] - 1];

		buf_append_format(&words, "#%u ", site->rank);
		words_append_function(&words, site->function);
		buf_append_format(&words, " %s:%u", words_base_name(site->file), site->line);
		put_line(page, i ? "" : "Without", &words);
	}
}

static void put_setting(struct page *page, const struct gc_wish *wish)
{
	char text[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	if (wish->set_gogc)
		buf_append_format(&words, wish->gogc < 0 ? "GOGC=off" : "GOGC=%d", wish->gogc);
	if (wish->set_memory_limit)
		buf_append_format(&words, "%smemory limit %s", words.size ? ", " : "",
				  words_bytes(text, wish->memory_limit));
	if (words.size)
		put_line(page, "Set to", &words);
}

/* "12 % less (95 %: 3 to 21 %)" */
static void append_change(struct buf *words, double saved, const struct interval *interval)
{
	struct interval told = words_told_interval(saved, interval);
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE], c[WORDS_NUMBER_SIZE];

	buf_append_format(words, "%s %% %s (95 %%: %s to %s %%)", words_percent(a, fabs(saved)),
			  saved < 0 ? "more" : "less", words_percent(b, told.low), words_percent(c, told.high));
}

static void put_saving(struct page *page, const struct analysis *analysis, const struct saving *saving)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	if (saving->does_not_fit) {
		buf_append_string(&words,
				  "the heap does not fit in this limit: more is alive than it leaves for the heap");
		put_line(page, "GC CPU", &words);
		return;
	}
	if (isnan(saving->share)) {
		buf_append_string(&words, "not known: no GC cycle was seen");
		put_line(page, "GC CPU", &words);
		return;
	}
	if (isinf(saving->goal_bytes)) {
		buf_append_string(&words, "none: without a limit the heap grows for as long as the program runs");
		put_line(page, "GC CPU", &words);
		return;
	}
	append_change(&words, saving->share, &saving->share_ci);
	buf_append_format(&words, ", %s instead of %s",
			  words_seconds(a, fmax(0, 1 - saving->share) * analysis->gc.cpu_seconds),
			  words_seconds(b, analysis->gc.cpu_seconds));
	if (isfinite(saving->share_equal_memory)) {
		buf_append_string(&words, "; at equal peak memory, ");
		append_change(&words, saving->share_equal_memory, &saving->share_equal_memory_ci);
	}
	put_line(page, "GC CPU", &words);
	append_change(&words, saving->cycles, &saving->cycles_ci);
	buf_append_string(&words, ", pauses with them");
	if (isfinite(saving->assists)) {
		buf_append_string(&words, "; assists ");
		append_change(&words, saving->assists, &saving->assists_ci);
	}
	put_line(page, "GC cycles", &words);
	buf_append_format(&words, "%s instead of %s", words_bytes(a, saving->goal_bytes),
			  words_bytes(b, analysis->gc.goal_bytes));
	put_line(page, "Heap goal", &words);
}

static void put_removed(struct page *page, const struct analysis *analysis, const struct removal *removal)
{
	char a[WORDS_NUMBER_SIZE], b[WORDS_NUMBER_SIZE], c[WORDS_NUMBER_SIZE];
	struct buf words = {0};

	buf_append_format(&words, "%s less in %s objects, %s %% of all", words_bytes(a, removal->alloc_bytes),
			  words_count(b, removal->alloc_objects),
			  words_percent(c, removal->alloc_bytes / analysis->alloc_bytes));
	if (removal->alloc_cpu_seconds > 0)
		buf_append_format(&words, "; about %s of CPU to allocate them",
				  words_seconds(a, removal->alloc_cpu_seconds));
	put_line(page, "Allocated", &words);
}

void report_text_what_if(struct page *page, const struct analysis *analysis, const struct report_what_if *what_if)
{
	struct removal removal = {0};
	struct saving saving;

	for (size_t i = 0; i < what_if->count; i++)
		removal_add(&removal, &analysis->sites[what_if->ranks[i] - 1], 1);
	saving = analysis_saving(analysis, &removal, &what_if->wish);
	page_heading(page, "What if");
	put_sites(page, analysis, what_if);
	put_setting(page, &what_if->wish);
	put_saving(page, analysis, &saving);
	if (what_if->count)
		put_removed(page, analysis, &removal);
}
