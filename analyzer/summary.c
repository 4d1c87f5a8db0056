/*
 * In: GC records summed up, sites with their classes. Out: the report's head. The notes are whole sentences, since all
 * formats print them as they are.
 */
#include "analyzer/summary.h"

#include "analyzer/accumulate.h"
#include "analyzer/arena.h"
#include "analyzer/cpu_profile.h"
#include "analyzer/site_cost.h"
#include "base/buf.h"
#include "trace/trace_reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NOTES     16
#define REFUSED_NAMED 3    /* functions that a note names */
#define FEW_LIVES     5    /* of a site: below, its live bytes are mostly a guess */
#define OPEN_SHARE    0.05 /* of the bytes: worth a note */

#define FEW_SAMPLES 100 /* of CPU: with less, a share of 10 % may be anything from 4 to 16 */

/* The growth of a cumulative figure in seconds; 0 when it is not known. */
static double seconds_between(uint64_t before, uint64_t after)
{
	if (after == UINT64_MAX)
		return 0;
	if (before == UINT64_MAX)
		before = 0;
	return after > before ? (double)(after - before) * 1e-9 : 0;
}

static uint64_t difference(uint64_t before, uint64_t after)
{
	if (after == UINT64_MAX)
		return 0;
	return before != UINT64_MAX && after > before ? after - before : before == UINT64_MAX ? after : 0;
}

/* The GC's CPU by samples, instead of by the runtime's account. */
static void take_sampled(struct gc_summary *summary, const struct cpu_profile *cpu)
{
	double gc = (double)cpu_profile_gc(cpu);

	summary->sampled = true;
	summary->sees_kernel = cpu->sees_kernel;
	summary->cpu_share = gc / (double)cpu->samples;
	summary->cpu_seconds = gc * cpu->period;
	summary->assist_seconds = (double)cpu->assists * cpu->period;
	if (gc > 0)
		summary->parts = (struct gc_parts){
		    (double)cpu->by_work[CPU_GC_REST] / gc, (double)cpu->by_work[CPU_MARKING_ROOTS] / gc,
		    (double)cpu->by_work[CPU_MARKING_HEAP] / gc, (double)cpu->by_work[CPU_BARRIERS] / gc,
		    (double)cpu->by_work[CPU_SWEEPING] / gc};
}

struct gc_summary summary_of_gc(const struct gc_totals *gc, const struct cpu_profile *cpu)
{
	struct gc_summary summary = {0};
	struct trace_gc before = {0};
	double others;

	if (!gc || gc->records == 0)
		return summary;
	if (gc_totals_begin_late(gc))
		before = gc->first;
	summary.known = true;
	summary.cpu_samples = cpu->known ? cpu->samples : 0;
	summary.cpu_seconds = seconds_between(before.cpu_gc_total_ns, gc->last.cpu_gc_total_ns);
	summary.assist_seconds = seconds_between(before.cpu_gc_assist_ns, gc->last.cpu_gc_assist_ns);
	summary.pause_seconds = seconds_between(before.pause_total_ns, gc->last.pause_total_ns);
	summary.process_cpu_seconds = seconds_between(before.process_cpu_ns, gc->last.process_cpu_ns);
	/* All by the same clock; the process's CPU is by another, and of another moment. */
	others = seconds_between(before.cpu_user_ns, gc->last.cpu_user_ns) +
		 seconds_between(before.cpu_scavenge_ns, gc->last.cpu_scavenge_ns);
	if (summary.cpu_seconds > 0 && others > 0)
		summary.cpu_share = summary.cpu_seconds / (summary.cpu_seconds + others);
	else if (summary.process_cpu_seconds > 0)
		summary.cpu_share = fmin(1, summary.cpu_seconds / summary.process_cpu_seconds);
	/* cpuStats is metered by wall clock: its share is right, its seconds are too many on a busy machine. */
	if (summary.process_cpu_seconds > 0 && summary.cpu_seconds > 0) {
		double scale = summary.cpu_share * summary.process_cpu_seconds / summary.cpu_seconds;

		summary.cpu_seconds *= scale;
		summary.assist_seconds *= scale;
	}
	/* Of a few samples none may be the GC's. */
	if (cpu->known && (cpu->samples >= FEW_SAMPLES || !(summary.cpu_seconds > 0)))
		take_sampled(&summary, cpu);
	summary.cycles = gc->cycle_high - before.cycle;
	summary.forced_cycles = gc_totals_forced(gc);
	summary.gogc = gc->last.gc_percent;
	summary.memory_limit = gc->last.memory_limit >= INT64_MAX ? UINT64_MAX : gc->last.memory_limit;
	summary.live_bytes = gc->heap_marked;
	summary.goal_bytes = gc->heap_goal;
	summary.goroutines_max = gc->goroutines_max;
	summary.goroutines_live_max = gc->goroutines_live_max;
	summary.total_alloc = difference(before.total_alloc, gc->last.total_alloc);
	return summary;
}

void summary_add_classes(struct analysis *analysis)
{
	struct class_share *classes = analysis->classes;
	double all_bytes, all_objects;

	for (int i = 0; i < CLASS_COUNT; i++)
		classes[i].class_ = i;
	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];

		classes[site->class_].bytes += site->alloc_bytes;
		classes[site->class_].objects += site->alloc_objects;
		classes[site->class_].samples += site->samples;
		analysis->alloc_bytes += site->alloc_bytes;
		analysis->alloc_objects += site->alloc_objects;
		analysis->alloc_cpu_seconds += site->alloc_cpu_seconds;
		analysis->samples += site->samples;
	}
	classes[CLASS_C].bytes += analysis->c.alloc_bytes;
	classes[CLASS_C].objects += analysis->c.alloc_objects;
	classes[CLASS_C].samples += analysis->c.samples;
	all_bytes = analysis->alloc_bytes + analysis->c.alloc_bytes;
	all_objects = analysis->alloc_objects + analysis->c.alloc_objects;
	for (int i = 0; i < CLASS_COUNT; i++) {
		if (all_bytes > 0)
			classes[i].bytes_share = classes[i].bytes / all_bytes;
		if (all_objects > 0)
			classes[i].objects_share = classes[i].objects / all_objects;
	}
}

static void add_note(struct analysis *analysis, struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_note(struct analysis *analysis, struct arena *arena, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (analysis->nnotes == MAX_NOTES)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	analysis->notes[analysis->nnotes++] = arena_string(arena, text);
}

/* Which functions the verdicts do not belong to, by name. */
static void note_refused(struct analysis *analysis, struct arena *arena)
{
	const char *names[REFUSED_NAMED] = {0};
	struct buf words = {0};
	double bytes = 0;
	size_t count = 0;

	for (size_t i = 0; i < analysis->nsites; i++) {
		const struct site *site = &analysis->sites[i];
		const char *function = site->ninline ? site->inline_chain[site->ninline - 1].function : site->function;
		bool known = false;

		if (!site->refused)
			continue;
		bytes += site->alloc_bytes;
		for (size_t j = 0; j < count && j < REFUSED_NAMED && !known; j++)
			known = strcmp(names[j], function) == 0;
		if (known)
			continue;
		if (count < REFUSED_NAMED) {
			names[count] = function;
			buf_append_format(&words, "%s%s", count ? ", " : "", function);
		}
		count++;
	}
	if (count)
		add_note(analysis, arena,
			 "The source at hand makes other code of %s%s than the program has (%.1f %% of the bytes): the "
			 "verdicts of these functions are refused. Give the source and the settings of that build.",
			 buf_string(&words), count > REFUSED_NAMED ? " and others" : "",
			 analysis->alloc_bytes > 0 ? 100 * bytes / analysis->alloc_bytes : 0);
	buf_free(&words);
}

static void note_verdicts(struct analysis *analysis, struct arena *arena)
{
	double open = analysis->classes[CLASS_AMBIGUOUS].bytes_share;
	double unmatched = analysis->classes[CLASS_UNMATCHED].bytes_share;

	if (analysis->verdicts == VERDICTS_MISSING) {
		add_note(analysis, arena,
			 "The compiler's verdicts for this binary are not at hand, so no site says why it is on "
			 "the heap: build with `escprof build`, or give a build log with --verdicts.");
		return;
	}
	note_refused(analysis, arena);
	if (analysis->verdicts == VERDICTS_UNPROVEN)
		add_note(analysis, arena,
			 "The verdicts are from a build log. It tells of an inlined body only where the outermost "
			 "call stands, so calls on one line may be mixed up; and nothing proves that it is of this "
			 "very binary: a line may be blamed for what stood there at another time.");
	if (open > OPEN_SHARE)
		add_note(analysis, arena,
			 "%.1f %% of the bytes are of sites where several verdicts stay possible; they are shown "
			 "with all of them.",
			 100 * open);
	if (unmatched > OPEN_SHARE)
		add_note(analysis, arena, "%.1f %% of the bytes are of sites that no verdict speaks of.",
			 100 * unmatched);
}

static void note_trace(struct analysis *analysis, struct arena *arena, const struct trace *trace, size_t unknown_pcs)
{
	const struct trace_losses *losses = &trace->losses;

	if (!trace->complete && !analysis->is_heap_profile)
		add_note(analysis, arena, "The trace was cut (%s): what came after is missing, and so may be symbols.",
			 trace->damage[0] ? trace->damage : "its end record is missing");
	if (losses->samples)
		add_note(analysis, arena,
			 "%llu samples (%.1f %%) found no room in the ring and are missing; a larger --rate "
			 "avoids it.",
			 (unsigned long long)losses->samples,
			 100.0 * (double)losses->samples / (double)(losses->samples + analysis->selection.all_samples));
	if (losses->deaths)
		add_note(analysis, arena,
			 "%llu deaths were not recorded: some lifetimes are longer here than they were.",
			 (unsigned long long)losses->deaths);
	if (trace->skipped)
		add_note(analysis, arena,
			 "%llu records named something that the trace does not define, and were left out.",
			 (unsigned long long)trace->skipped);
	if (unknown_pcs)
		add_note(analysis, arena, "%zu addresses have no symbol; --binary names the program's file.",
			 unknown_pcs);
}

/* Of the bytes, the share of sites whose lives were hardly followed. */
static double share_with_few_lives(const struct analysis *analysis)
{
	double bytes = 0;

	for (size_t i = 0; i < analysis->nsites; i++) {
		if (analysis->sites[i].lifetimes < FEW_LIVES)
			bytes += analysis->sites[i].alloc_bytes;
	}
	return analysis->alloc_bytes > 0 ? bytes / analysis->alloc_bytes : 0;
}

/* An attached program's heap was there before anyone looked. */
static void note_attached(struct analysis *analysis, struct arena *arena, const struct trace *trace)
{
	const char *after = trace_fact(trace, "attached_after_ns", NULL);
	double seconds = after ? strtod(after, NULL) * 1e-9 : 0;

	if (!after)
		return;
	add_note(
	    analysis, arena,
	    "The program had run for %.*f %s when escprof attached. The heap that was there by then was not seen and "
	    "belongs to no site: live bytes are of what was allocated since.",
	    seconds < 10 ? 1 : 0,
	    seconds < 120    ? seconds
	    : seconds < 7200 ? seconds / 60
			     : seconds / 3600,
	    seconds < 120    ? "s"
	    : seconds < 7200 ? "minutes"
			     : "hours");
}

static void note_gc(struct analysis *analysis, struct arena *arena, const struct trace *trace,
		    const struct site_cost_run *cost)
{
	const char *why = trace_fact(trace, "cpu_sampled", NULL);
	double few = share_with_few_lives(analysis);

	note_attached(analysis, arena, trace);
	if (analysis->is_heap_profile) {
		add_note(analysis, arena,
			 "A heap profile holds no lifetimes and no GC cycles: sites are ranked by bytes, and what "
			 "the GC would save is not known.");
		return;
	}
	if (!cost->known) {
		add_note(analysis, arena,
			 "No GC cycle ended during the trace, so there is nothing to save: sites are ranked by "
			 "bytes.");
		return;
	}
	if (few > 0.5)
		add_note(analysis, arena,
			 "Too few lifetimes were followed at sites with %.0f %% of the bytes: their intervals are "
			 "wide; a smaller --live-rate or a longer run narrows them.",
			 100 * few);
	if (cost->attached_late && !trace_fact(trace, "attached_after_ns", NULL))
		add_note(analysis, arena,
			 "The program ran before the trace began: what it had allocated by then belongs to no "
			 "site.");
	if (analysis->gc.cycles < 10)
		add_note(analysis, arena, "Only %llu GC cycles ended: the means over them are rough.",
			 (unsigned long long)analysis->gc.cycles);
	if (analysis->gc.sampled && !analysis->gc.sees_kernel)
		add_note(analysis, arena,
			 "Only what the program does outside the kernel was sampled: the GC's CPU is without the "
			 "kernel's part of it (kernel.perf_event_paranoid of 1 shows it).");
	analysis->gc.has_few_samples = !analysis->gc.sampled && why && (!strcmp(why, "all") || !strcmp(why, "user"));
	if (analysis->gc.has_few_samples)
		add_note(
		    analysis, arena,
		    "The GC's CPU is by the runtime's own account, which is metered by wall clock and without sweeping "
		    "and write barriers: the process took so little CPU that %llu samples of it are all there are. A "
		    "longer trace has more.",
		    (unsigned long long)analysis->gc.cpu_samples);
	else if (!analysis->gc.sampled && analysis->gc.cpu_seconds > 0)
		add_note(
		    analysis, arena,
		    "The GC's CPU is by the runtime's own account: metered by wall clock, so too high on a machine that "
		    "is short of CPUs, and without sweeping and write barriers. Samples of CPU would tell it: %s.",
		    why && why[0] ? why : "the trace has none");
}

static void note_c(struct analysis *analysis, struct arena *arena)
{
	const struct c_part *c = &analysis->c;

	if (c->has_own_malloc)
		add_note(analysis, arena,
			 "The program has a malloc of its own that its calls go to: of C, only what libraries allocate "
			 "by the C library's is seen.");
	if (c->is_guessed)
		add_note(
		    analysis, arena,
		    "Some stacks of C were walked by frame pointers alone, and may be short: libunwind (libunwind.so.8) "
		    "was not there, or could not tell.");
	if (c->untracked_objects > 0)
		add_note(
		    analysis, arena,
		    "The end of %.0f C objects could not be told, since too many were alive at once: they count neither "
		    "as freed nor as kept. A larger --c-rate follows fewer.",
		    c->untracked_objects);
}

/* What speaks of Go is left out where there is none. */
static bool is_c_alone(const struct analysis *analysis)
{
	return analysis->c.known && !analysis->go_version[0];
}

static void note_calibration(struct analysis *analysis, struct arena *arena)
{
	if (!analysis->gc.known || analysis->gc.cycles == 0)
		return;
	if (analysis->calibrated && analysis->calibrated[0])
		add_note(analysis, arena, "What marking takes was measured on such a machine on %s.",
			 analysis->calibrated);
	else
		add_note(analysis, arena,
			 "What marking takes was measured on another machine: `escprof calibrate` measures it on "
			 "this one, for traces that are made here.");
}

static void note_tiny(struct analysis *analysis, struct arena *arena)
{
	double bytes = 0;

	for (size_t i = 0; i < analysis->nsites; i++)
		bytes += analysis->sites[i].tiny ? analysis->sites[i].alloc_bytes : 0;
	if (bytes > OPEN_SHARE * analysis->alloc_bytes && bytes > 0)
		add_note(analysis, arena,
			 "%.1f %% of the bytes are blocks of 16 bytes that pointer-free objects share: the site "
			 "that opens a block has all of it, so counts of sites marked tiny are not exact.",
			 100 * bytes / analysis->alloc_bytes);
}

void summary_write_notes(struct analysis *analysis, struct arena *arena, const struct trace *trace,
			 const struct site_cost_run *cost, size_t unknown_pcs)
{
	analysis->notes = arena_alloc(arena, MAX_NOTES, sizeof(*analysis->notes));
	analysis->nnotes = 0;
	note_trace(analysis, arena, trace, unknown_pcs);
	note_c(analysis, arena);
	if (is_c_alone(analysis))
		return;
	note_verdicts(analysis, arena);
	note_gc(analysis, arena, trace, cost);
	note_calibration(analysis, arena);
	note_tiny(analysis, arena);
}
