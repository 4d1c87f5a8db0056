/*
 * The order of things: totals by context → names → sites → the GC's cost → the join → words → ranks → notes. Each step
 * is a module of its own; here they are only called.
 */
#include "analyzer/analyze.h"

#include "analyzer/accumulate.h"
#include "analyzer/arena.h"
#include "analyzer/c_accumulate.h"
#include "analyzer/c_sites.h"
#include "analyzer/cpu_profile.h"
#include "analyzer/dissection.h"
#include "analyzer/join.h"
#include "analyzer/moments.h"
#include "analyzer/root.h"
#include "analyzer/site_cost.h"
#include "analyzer/site_group.h"
#include "analyzer/site_stacks.h"
#include "analyzer/site_words.h"
#include "analyzer/stack_filter.h"
#include "analyzer/summary.h"
#include "analyzer/symbols.h"
#include "analyzer/timeline.h"
#include "analyzer/tiny_sites.h"
#include "analyzer/when.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct analyze_input {
	struct trace trace;
	struct accumulation sums;
	struct dissection dissection;
};

/* What one run of the analysis goes through. */
struct analysis_job {
	struct analysis *out;
	struct arena *arena;
	const struct trace *trace;
	const struct context_totals *totals;
	const uint64_t *cpu_counts;          /* NULL: none */
	const struct dissection *dissection; /* NULL: there is none */
	struct symbols *symbols;
	struct site_groups groups;
	struct cpu_profile cpu;
	double kept_barriers; /* samples of write barriers that go with what the filter and --when keep */
	size_t cpu_unknown; /* addresses without a symbol that only CPU stacks hold: of the kernel's, of C libraries */
	struct site_cost_run cost;
	struct site_words_input words;
};

static const char *copy_fact(struct analysis_job *job, const char *key)
{
	return arena_string(job->arena, trace_fact(job->trace, key, NULL));
}

static void take_command(struct analysis_job *job)
{
	size_t size = 0, count = 0;
	const char *command = trace_fact(job->trace, "command", &size);

	if (!command || size == 0)
		return;
	for (size_t i = 0; i < size; i++)
		count += command[i] == 0;
	job->out->command = arena_alloc(job->arena, count + 1, sizeof(*job->out->command));
	/* The fact has a NUL after its last byte too, so the last argument ends whether it brings its own or not. */
	for (size_t at = 0; at < size; at += strlen(command + at) + 1)
		job->out->command[job->out->ncommand++] = arena_string(job->arena, command + at);
}

/* When the run began, as Unix time; 0 for what is no such number. */
static int64_t start_of(const struct trace *trace)
{
	const char *text = trace_fact(trace, "start_time", NULL);
	char *end = NULL;
	long long start = text ? strtoll(text, &end, 10) : 0;

	return text && end > text && !*end && start > 0 && start < INT64_MAX ? start : 0;
}

static void take_facts(struct analysis_job *job)
{
	struct analysis *out = job->out;

	take_command(job);
	out->go_version = copy_fact(job, "go_version");
	out->build_id = copy_fact(job, "go_build_id");
	if (!out->build_id[0])
		out->build_id = copy_fact(job, "gnu_build_id");
	out->binary = copy_fact(job, "binary");
	out->main_module = copy_fact(job, "main_module");
	out->duration_seconds = (double)job->trace->end_ns * 1e-9;
	out->start_nanoseconds = start_of(job->trace);
	out->complete = job->trace->complete;
	out->damage = arena_string(job->arena, job->trace->damage);
	out->lost_samples = job->trace->losses.samples;
}

static bool groups_use_structpb(const struct site_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct call_site *call = &groups->groups[i]->call;

		for (size_t k = 0; k < call->nchain; k++) {
			if (strstr(call->chain[k].function, "/structpb."))
				return true;
		}
	}
	return false;
}

static void fill_place(struct site *site, const struct site_group *group)
{
	site->inline_chain = group->call.chain;
	site->ninline = group->call.nchain;
	site->function = group->call.chain[0].function;
	site->file = group->call.chain[0].file;
	site->line = group->call.chain[0].line;
	site->entry = group->call.entry;
	site->type = group->type;
	site->tiny = group->tiny;
}

static void fill_amounts(struct site *site, const struct site_group *group)
{
	site->samples = group->objects.count;
	site->alloc_bytes = group->bytes.total;
	site->alloc_objects = group->objects.total;
	site->alloc_bytes_ci = weights_interval(&group->bytes);
	site->alloc_objects_ci = weights_interval(&group->objects);
	site->sampling_variance = group->bytes.variance;
	site->squared_bytes = group->squared_bytes;
	site->sample_bytes = (double)group->largest * weights_of(group->largest, group->rate_high);
	site->object_size = site->alloc_objects > 0 ? site->alloc_bytes / site->alloc_objects : 0;
	site->lifetimes = group->object_lives.count;
}

static void fill_cost(struct site *site, const struct site_cost_run *run, const struct site_group *group,
		      bool had_assists)
{
	struct site_cost cost = site_cost_of(run, group);

	site->live_bytes = cost.live_bytes;
	site->live_objects = cost.live_objects;
	site->mark_objects = cost.mark_objects;
	site->barrier_share = cost.barriers;
	site->small_bytes = group->small_bytes;
	site->scattered = cost.scattered;
	site->spans = group->spans;
	site->scan_bytes = cost.scan_bytes;
	site->live_bytes_ci = cost.live_bytes_ci;
	site->live_by_life = cost.live_by_life;
	site->live_black = cost.live_black;
	site->scan_share = group->bytes.total > 0 ? group->scan_bytes / group->bytes.total : 0;
	site->lifetime_cycles = cost.lifetime_cycles;
	site->alloc_cpu_seconds = cost.alloc_seconds;
	site->alloc_cpu_seconds_ci = cost.alloc_seconds_ci;
	site->miss_cpu_seconds = cost.miss_seconds;
	site->assist_cpu_seconds = run->cpu_period > 0 ? group->assist_samples * run->cpu_period : NAN;
	site->saving = cost.saving;
	if (!had_assists)
		saving_forget_assists(&site->saving);
}

static void fill_site(struct analysis_job *job, struct site *site, const struct site_group *group)
{
	fill_place(site, group);
	fill_amounts(site, group);
	fill_cost(site, &job->cost, group, job->out->gc.assist_seconds > 0);
	site_words_fill(site, job->arena, &job->words, group);
	site_stacks_fill(site, job->arena, job->symbols, job->trace, job->totals, job->dissection, group);
	site_stacks_choose_shown(site, job->arena, trace_fact(job->trace, "main_module", NULL));
	if (job->dissection)
		timeline_fill_site(site, job->arena, job->dissection, group);
}

/*
 * What a site is ranked by: its saving, and the less of it the more of its interval lies beyond nothing. One that may
 * as well cost as save counts as nothing, however large its middle is.
 */
static double rank_value(const struct site *site)
{
	const struct interval *interval = &site->saving.share_ci;
	double width = interval->high - interval->low, saved = site->saving.share;
	double beyond = saved > 0 ? fmax(0, -interval->low) : fmax(0, interval->high);

	return width > 0 ? saved * fmax(0, 1 - 2 * beyond / width) : saved;
}

static int compare_sites(const void *left, const void *right)
{
	const struct site *a = left, *b = right;
	double a_value = rank_value(a), b_value = rank_value(b);

	if (a_value != b_value)
		return a_value > b_value ? -1 : 1;
	if (a->alloc_bytes != b->alloc_bytes)
		return a->alloc_bytes > b->alloc_bytes ? -1 : 1;
	/* Anything that does not depend on where the allocator put things: output must repeat. */
	if (strcmp(a->function, b->function) != 0)
		return strcmp(a->function, b->function);
	return (a->line > b->line) - (a->line < b->line);
}

static void fill_sites(struct analysis_job *job)
{
	struct analysis *out = job->out;

	out->nsites = job->groups.count;
	out->sites = arena_alloc(job->arena, out->nsites + 1, sizeof(*out->sites));
	for (size_t i = 0; i < out->nsites; i++)
		fill_site(job, &out->sites[i], job->groups.groups[i]);
	qsort(out->sites, out->nsites, sizeof(*out->sites), compare_sites);
	for (size_t i = 0; i < out->nsites; i++)
		out->sites[i].rank = (uint32_t)i + 1;
	tiny_sites_fill(out, job->arena);
}

static void take_rates(struct analysis *out, const struct trace *trace, const struct context_totals *totals)
{
	for (size_t i = 0; i < trace->ncontexts; i++) {
		double low = (double)totals[i].rate_low, high = (double)totals[i].rate_high;

		if (low > 0 && (out->rate_low == 0 || low < out->rate_low))
			out->rate_low = low;
		if (high > out->rate_high)
			out->rate_high = high;
	}
}

static void take_cpu(struct analysis_job *job)
{
	size_t unknown = symbols_unknown(job->symbols);

	job->cpu = cpu_profile_make(job->trace, job->cpu_counts, job->symbols);
	if (job->cpu.known)
		cpu_profile_share(job->trace, job->cpu_counts, job->symbols, NULL, &job->groups);
	job->cpu_unknown = symbols_unknown(job->symbols) - unknown;
}

/* Only the stacks that FILTER keeps. */
static void select_stacks(struct analysis_job *job, struct stack_filter *filter)
{
	site_groups_free(&job->groups);
	site_groups_make(&job->groups, job->arena, job->symbols, job->trace, job->totals, filter);
	if (job->cpu.known)
		job->kept_barriers = cpu_profile_share(job->trace, job->cpu_counts, job->symbols, filter, &job->groups);
}

/*
 * From here on only what was allocated at the moments asked for counts. Samples of CPU are not of some moments alone:
 * allocating is told by the sizes, and of a group's write barriers what is its bytes' part.
 */
static void select_moments(struct analysis_job *job, struct stack_filter *filter)
{
	const struct when *when = job->dissection->when;
	struct site_groups whole = job->groups;
	double all = site_groups_bytes(&whole);

	job->totals = job->dissection->part.contexts;
	job->out->selection.when = arena_string(job->arena, when_text(when));
	job->out->selection.time_share = when_share(when, job->dissection->moments);
	site_groups_make(&job->groups, job->arena, job->symbols, job->trace, job->totals, filter);
	site_groups_take_barriers(&job->groups, &whole, job->trace->ncontexts);
	if (all > 0)
		job->kept_barriers *= site_groups_bytes(&job->groups) / all;
	job->cost.cpu_period = 0;
	site_groups_free(&whole);
}

/* Keep only what FILTER and --when keep of the groups, which are all the program's until then. */
static void select_groups(struct analysis_job *job, struct stack_filter *filter)
{
	bool part = job->dissection && job->dissection->when;
	struct selection *selection = &job->out->selection;
	double all = site_groups_bytes(&job->groups);

	*selection = (struct selection){.focus = "",
					.ignore = "",
					.when = "",
					.bytes_share = 1,
					.time_share = 1,
					.saving = saving_unknown(),
					.alloc_cpu_seconds = NAN,
					.alloc_cpu_seconds_ci = {NAN, NAN},
					.miss_cpu_seconds = NAN};
	for (size_t i = 0; i < job->groups.count; i++)
		selection->all_samples += job->groups.groups[i]->objects.count;
	if (!filter && !part)
		return;
	job->kept_barriers = job->cost.barrier_samples;
	if (filter)
		select_stacks(job, filter);
	if (part)
		select_moments(job, filter);
	selection->focus = arena_string(job->arena, filter ? stack_filter_focus(filter) : "");
	selection->ignore = arena_string(job->arena, filter ? stack_filter_ignore(filter) : "");
	selection->bytes_share = all > 0 ? site_groups_bytes(&job->groups) / all : 0;
}

/* What the program would save without all that the filter and --when kept. */
static void take_selection_saving(struct analysis_job *job)
{
	struct analysis *out = job->out;
	struct selection *selection = &out->selection;
	struct removal removal = {0};

	for (size_t i = 0; i < out->nsites; i++)
		removal_add(&removal, &out->sites[i], 1);
	/* What is written below these stacks goes with them, whichever function does it. */
	if (job->cost.barrier_samples > 0)
		removal.barrier_share = fmax(removal.barrier_share, job->kept_barriers / job->cost.barrier_samples);
	selection->saving = analysis_saving(out, &removal, NULL);
	selection->alloc_cpu_seconds = removal.alloc_cpu_seconds;
	selection->alloc_cpu_seconds_ci = removal_cpu_interval(&removal);
	selection->miss_cpu_seconds = removal.miss_cpu_seconds;
}

/* The model's run, for questions that come later. */
static void keep_model(struct analysis_job *job)
{
	struct saving_doubts *doubts;
	struct gc_model_run *run;

	if (!job->cost.known)
		return;
	run = arena_alloc(job->arena, 1, sizeof(*run));
	*run = job->cost.model;
	job->out->gc_run = run;
	doubts = arena_alloc(job->arena, 1, sizeof(*doubts));
	*doubts = job->cost.doubts;
	job->out->gc_doubts = doubts;
}

static enum verdicts_state verdicts_state_of(const struct analyze_options *options)
{
	return options && options->verdicts ? options->verdicts_state : VERDICTS_MISSING;
}

void analyze_totals(struct analysis *out, const struct trace *trace, const struct context_totals *totals,
		    const struct gc_totals *gc, const uint64_t *cpu_counts, const struct analyze_options *options)
{
	struct analysis_job job = {.out = out,
				   .arena = arena_new(),
				   .trace = trace,
				   .totals = totals,
				   .cpu_counts = cpu_counts,
				   .dissection = options ? options->dissection : NULL};

	*out = (struct analysis){.arena = job.arena, .is_heap_profile = gc == NULL};
	job.symbols = symbols_new(job.arena, trace, options);
	job.words.join = join_new(options ? options->verdicts : NULL);
	job.words.roots = root_finder_new(options ? options->verdicts : NULL);
	job.words.is_refused = options && options->verdicts ? options->is_refused : NULL;
	job.words.user = options ? options->user : NULL;
	take_facts(&job);
	take_rates(out, trace, totals);
	out->verdicts = verdicts_state_of(options);
	site_groups_make(&job.groups, job.arena, job.symbols, trace, totals, NULL);
	job.words.uses_structpb = groups_use_structpb(&job.groups);
	take_cpu(&job);
	site_cost_prepare(&job.cost, &job.groups, gc, &job.cpu,
			  options && options->costs ? *options->costs : gc_model_costs_for(out->go_version));
	out->calibrated = arena_string(job.arena, options && options->costs ? options->calibrated : "");
	out->gc = summary_of_gc(gc, &job.cpu);
	out->gc.goal_bytes = job.cost.known ? job.cost.model.goal : NAN;
	if (!job.cost.known)
		out->gc.live_bytes = NAN;
	keep_model(&job);
	select_groups(&job, options ? options->filter : NULL);
	if (job.dissection)
		timeline_fill(out, job.arena, job.dissection, trace);
	fill_sites(&job);
	if ((options && options->filter) || (job.dissection && job.dissection->when))
		take_selection_saving(&job);
	if (options && options->c)
		c_sites_fill(&out->c, job.arena, job.symbols, trace, options->c, options->filter,
			     job.dissection && job.dissection->when);
	summary_add_classes(out);
	summary_write_notes(out, job.arena, trace, &job.cost, symbols_unknown(job.symbols) - job.cpu_unknown);
	site_groups_free(&job.groups);
	root_finder_free(job.words.roots);
	join_free(job.words.join);
	symbols_free(job.symbols);
}

/* Read the trace once more, now that it is known what was going on at which time. */
static enum status dissect(struct analyze_input *input, const char *trace_path, const struct when *when,
			   struct error *error)
{
	struct trace_callbacks callbacks = dissection_callbacks(&input->dissection);
	struct trace trace;
	enum status status;

	moments_finish(input->sums.moments, input->trace.end_ns);
	dissection_begin(&input->dissection, input->sums.moments, when);
	if (when && when_unknown(when, input->sums.moments))
		return error_set(error,
				 "--when: the trace does not tell %s: %s: it is of a program or an escprof that could "
				 "not see it, or of a run without a GC cycle",
				 when_unknown(when, input->sums.moments), trace_path);
	status = trace_read(&trace, trace_path, &callbacks, error);
	if (status == STATUS_OK) {
		dissection_finish(&input->dissection, input->trace.ncontexts, &input->sums.gc);
		c_accumulate_finish(&input->dissection.part.c, input->trace.nc_contexts, input->trace.end_ns);
	}
	trace_free(&trace);
	return status;
}

enum status analyze_input_read_when(struct analyze_input **input, const char *trace_path, const struct when *when,
				    struct error *error)
{
	struct analyze_input *made = memory_alloc(1, sizeof(*made));
	struct trace_callbacks callbacks = accumulate_callbacks(&made->sums);
	enum status status = trace_read(&made->trace, trace_path, &callbacks, error);

	if (status != STATUS_OK) {
		analyze_input_free(made);
		return status;
	}
	accumulate_finish(&made->sums, made->trace.ncontexts, made->trace.ncpu_stacks);
	made->sums.gc.attached = trace_fact(&made->trace, "attached_after_ns", NULL) != NULL;
	c_accumulate_finish(&made->sums.c, made->trace.nc_contexts, made->trace.end_ns);
	status = dissect(made, trace_path, when, error);
	if (status != STATUS_OK) {
		analyze_input_free(made);
		return status;
	}
	*input = made;
	return STATUS_OK;
}

enum status analyze_input_read(struct analyze_input **input, const char *trace_path, struct error *error)
{
	return analyze_input_read_when(input, trace_path, NULL, error);
}

const struct trace *analyze_input_trace(const struct analyze_input *input)
{
	return &input->trace;
}

void analyze_input_run(struct analysis *out, const struct analyze_input *input, const struct analyze_options *options)
{
	struct analyze_options all = options ? *options : (struct analyze_options){0};

	all.dissection = &input->dissection;
	all.c = input->dissection.when ? &input->dissection.part.c : &input->sums.c;
	analyze_totals(out, &input->trace, input->sums.contexts, &input->sums.gc, input->sums.cpu_counts, &all);
}

void analyze_input_free(struct analyze_input *input)
{
	if (!input)
		return;
	dissection_free(&input->dissection);
	accumulate_free(&input->sums);
	trace_free(&input->trace);
	free(input);
}

enum status analyze_trace(struct analysis *out, const char *trace_path, const struct analyze_options *options,
			  struct error *error)
{
	struct analyze_input *input;
	enum status status;

	*out = (struct analysis){0};
	status = analyze_input_read(&input, trace_path, error);
	if (status != STATUS_OK)
		return status;
	analyze_input_run(out, input, options);
	analyze_input_free(input);
	return STATUS_OK;
}
