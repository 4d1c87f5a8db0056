/*
 * write_html hostile|profile|idle|large|empty [STACKS]: the HTML report of an analysis that no trace would give, to
 * standard output: names that are markup and script wherever there is a name; or so many STACKS (100000) in 2,000
 * sites; or nothing. With profile the hostile one knows nothing of the GC, with idle that it had nothing to do.
 */
#include "analyzer/analysis.h"
#include "analyzer/gc_model.h"
#include "base/memory.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTILE                                                                                                        \
	"</script><img src=x onerror=\"hacked('img')\"><script>hacked('script')</script><!-- '\\u003c\\ \xe2\x80\xa8"  \
	"\xe2\x80\xa9\xe2\x80\xae\xff\xc0\x80\x1b[2J\n]]>&lt;${hacked('template')}"

#define SITES  2000
#define DEPTH  24
#define SLICES 60

static const struct analysis_frame hostile_frames[] = {
    {"main." HOSTILE, "/src/" HOSTILE ".go", 7}, {HOSTILE, HOSTILE, 8}, {"__proto__", "constructor", 9}};
static const char *hostile_words[] = {HOSTILE, "javascript:hacked('url')"};
static struct site_verdict hostile_candidates[] = {{HOSTILE, HOSTILE, 1, 2, hostile_words, 2},
						   {HOSTILE, HOSTILE, 3, 4, NULL, 0}};
static struct analysis_stack hostile_stacks[] = {{.frames = hostile_frames,
						  .nframes = 3,
						  .alloc_bytes = 1e6,
						  .alloc_objects = 1e3,
						  .live_bytes = 1e5,
						  .gc_saved_share = 0.3}};
static const double slices[SLICES] = {1e5, 2e5, 3e5, NAN};
static const uint64_t cycles[SLICES] = {1, 2, 3};

static const struct gc_model_run run = {.gogc = 100,
					.heap_minimum = 4 << 20,
					.live = 26e6,
					.goal = 47.9e6,
					.roots = 1e5,
					.allocated = 5e9,
					.sites_live = 24.4e6,
					.sites_objects = 3e5,
					.costs = {100000, 35, 0.6, 0.87, 0.2}};

static const struct gc_summary gc = {.known = true,
				     .cpu_seconds = 2,
				     .cpu_share = 0.2,
				     .process_cpu_seconds = 10,
				     .cycles = 60,
				     .gogc = 100,
				     .memory_limit = UINT64_MAX,
				     .live_bytes = 26e6,
				     .goal_bytes = 47.9e6};

static struct analysis common(void)
{
	return (struct analysis){
	    .go_version = "go1.26.8",
	    .binary = "",
	    .build_id = "",
	    .damage = "",
	    .calibrated = "",
	    .duration_seconds = 30,
	    .complete = true,
	    .verdicts = VERDICTS_MATCHED,
	    .gc = gc,
	    .gc_run = &run,
	    .alloc_bytes = 5e9,
	    .alloc_objects = 5e7,
	    .samples = 1000000,
	    .rate_low = 4096,
	    .rate_high = 4096,
	    .selection = {.focus = "", .ignore = "", .when = "", .bytes_share = 1, .time_share = 1},
	    .timeline = {SLICES, 0.5, slices, slices, slices, slices, cycles, slices, slices}};
}

static struct site site_of(uint32_t rank, const struct analysis_frame *frame)
{
	return (struct site){.rank = rank,
			     .function = frame->function,
			     .file = frame->file,
			     .line = frame->line,
			     .inline_chain = frame,
			     .ninline = 1,
			     .shown = *frame,
			     .shown_is_own = true,
			     .entry = "runtime.newobject",
			     .type = "main.T",
			     .samples = 500,
			     .object_size = 64,
			     .alloc_bytes = 1e6,
			     .alloc_objects = 1e3,
			     .alloc_bytes_ci = {0.9e6, 1.1e6},
			     .live_bytes = 1e5,
			     .live_objects = 100,
			     .mark_objects = 100,
			     .slices = slices,
			     .lifetime_cycles = NAN,
			     .saving.share = 0.3 / rank,
			     .saving.share_ci = {0.2 / rank, 0.4 / rank},
			     .saving.share_equal_memory = NAN,
			     .assist_cpu_seconds = NAN,
			     .difference = "",
			     .advice = "Reuse it."};
}

/* C memory with such names: as in any program, what Go calls and what it does not. */
static struct c_part hostile_c(void)
{
	static struct c_site sites[2];

	for (uint32_t i = 0; i < 2; i++)
		sites[i] = (struct c_site){.rank = i + 1,
					   .function = HOSTILE,
					   .file = HOSTILE,
					   .line = 3,
					   .inline_chain = hostile_frames,
					   .ninline = 1,
					   .through = HOSTILE,
					   .go_caller = hostile_frames[i],
					   .samples = 7,
					   .alloc_bytes = 2e6 / (i + 1),
					   .alloc_objects = 1e4,
					   .live_bytes = i ? NAN : 3e5,
					   .kept_bytes = i ? INFINITY : 2e5,
					   .kept_objects = 100,
					   .lives = {0.5, NAN},
					   .stacks = hostile_stacks,
					   .nstacks = 1};
	return (struct c_part){.known = true,
			       .rate = 524288,
			       .alloc_bytes = 3e6,
			       .alloc_objects = 2e4,
			       .peak_bytes = NAN,
			       .sites = sites,
			       .nsites = 2};
}

static struct analysis make_hostile(void)
{
	static struct site sites[2];
	struct analysis analysis = common();

	for (uint32_t i = 0; i < 2; i++) {
		sites[i] = site_of(i + 1, hostile_frames);
		sites[i].shown = (struct analysis_frame){HOSTILE, HOSTILE, 9};
		sites[i].entry = sites[i].type = sites[i].difference = sites[i].advice = sites[i].root = HOSTILE;
		sites[i].root_path = hostile_words;
		sites[i].nroot_path = 2;
		sites[i].stacks = hostile_stacks;
		sites[i].nstacks = 1;
	}
	sites[0].verdict = hostile_candidates[0];
	sites[1].class_ = CLASS_AMBIGUOUS;
	sites[1].candidates = hostile_candidates;
	sites[1].ncandidates = 2;
	sites[1].saving.share = NAN;
	sites[1].live_bytes = INFINITY;
	analysis.sites = sites;
	analysis.nsites = 2;
	analysis.command = analysis.notes = hostile_words;
	analysis.ncommand = analysis.nnotes = 2;
	analysis.go_version = analysis.damage = analysis.binary = analysis.build_id = analysis.calibrated = HOSTILE;
	analysis.selection.focus = analysis.selection.ignore = analysis.selection.when = HOSTILE;
	analysis.complete = false;
	analysis.c = hostile_c();
	return analysis;
}

/* The hostile one as a heap profile would give it: nothing is known of the GC, nor of time. */
static struct analysis make_profile(void)
{
	struct analysis analysis = make_hostile();

	analysis.gc = (struct gc_summary){.known = false};
	analysis.gc_run = NULL;
	analysis.is_heap_profile = true;
	analysis.duration_seconds = 0;
	analysis.timeline = (struct timeline){0};
	return analysis;
}

/* A run in which the GC had nothing to do: it is known, but no cycle was seen. */
static struct analysis make_idle(void)
{
	static struct site site;
	struct analysis analysis = make_hostile();

	site = analysis.sites[0];
	site.saving.share = 0;
	site.saving.share_ci = (struct interval){0, 0};
	site.live_bytes = 0;
	hostile_stacks[0].gc_saved_share = hostile_stacks[0].live_bytes = 0;
	analysis.sites = &site;
	analysis.nsites = 1;
	analysis.gc.cycles = 0;
	analysis.gc_run = NULL;
	return analysis;
}

/* A stack of SITE: its outer half is shared by many, the inner by few. */
static void fill_stack(struct analysis_stack *stack, struct analysis_frame *frames, size_t number,
		       const struct analysis_frame *own, const char *const *names)
{
	frames[0] = *own;
	for (size_t i = 1; i < DEPTH; i++) {
		size_t way = number * 2654435761u >> (i > DEPTH / 2 ? 12 : 4);

		frames[i] = (struct analysis_frame){names[(way * (i + 7) / (i > DEPTH / 2 ? 64 : 3)) % SITES],
						    "/src/x.go", (uint32_t)i};
	}
	*stack = (struct analysis_stack){.frames = frames,
					 .nframes = DEPTH,
					 .alloc_bytes = 1e3 + 1e9 / (double)(number * 7919 % 100000 + 1),
					 .alloc_objects = 10,
					 .live_bytes = 100,
					 .gc_saved_share = 1e-5 / (double)(number % 997 + 1)};
}

/* Everything here lives until the end of the program. */
static struct analysis make_large(size_t count)
{
	static struct analysis_frame own[SITES];
	static const char *names[SITES];
	static struct site sites[SITES];
	struct analysis analysis = common();
	struct analysis_stack *stacks = memory_alloc(count, sizeof(*stacks));
	struct analysis_frame *frames = memory_alloc(count * DEPTH, sizeof(*frames));
	size_t each = count / SITES, at = 0;

	for (size_t i = 0; i < SITES; i++)
		names[i] = memory_format("example.com/module/package%zu.(*Type%zu).method", i / 20, i);
	for (uint32_t i = 0; i < SITES; i++) {
		own[i] = (struct analysis_frame){names[i], "/src/file.go", i};
		sites[i] = site_of(i + 1, &own[i]);
		sites[i].class_ = (enum site_class)(i % CLASS_COUNT);
		sites[i].stacks = stacks + at;
		sites[i].nstacks = each;
		sites[i].alloc_bytes = 0;
		for (size_t k = 0; k < each; k++, at++) {
			fill_stack(&stacks[at], frames + at * DEPTH, at, &own[i], names);
			sites[i].alloc_bytes += stacks[at].alloc_bytes;
		}
	}
	analysis.sites = sites;
	analysis.nsites = SITES;
	return analysis;
}

int main(int argc, char **argv)
{
	struct report_options options = report_options_default();
	struct analysis analysis;
	struct error error;

	if (argc < 2) {
		fprintf(stderr, "usage: write_html hostile|profile|idle|large|empty [STACKS]\n");
		return 2;
	}
	if (!strcmp(argv[1], "hostile"))
		analysis = make_hostile();
	else if (!strcmp(argv[1], "large"))
		analysis = make_large(argc > 2 ? strtoul(argv[2], NULL, 10) : 100000);
	else
		analysis = common();
	if (!strcmp(argv[1], "idle"))
		analysis = make_idle();
	if (!strcmp(argv[1], "profile"))
		analysis = make_profile();
	if (report_html(stdout, &analysis, &options, &error) != STATUS_OK) {
		fprintf(stderr, "write_html: %s\n", error.text);
		return 1;
	}
	return 0;
}
