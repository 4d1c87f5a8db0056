/*
 * From stacks of C allocations to sites. A site is the innermost place that is not an allocator's or a library's that
 * allocates for its caller, together with the Go function that called C, where one did. In: contexts and their sums.
 * Out: sites by what they allocate, with what is alive and what is never freed.
 */
#include "analyzer/c_sites.h"

#include "analyzer/arena.h"
#include "analyzer/c_accumulate.h"
#include "analyzer/entry_table.h"
#include "analyzer/stack_filter.h"
#include "analyzer/symbols.h"
#include "analyzer/weights.h"
#include "base/memory.h"
#include "trace/trace_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

/* What tells one site from another: texts of the arena, which compare by pointer. */
struct site_key {
	const char *function, *file, *go_function;
	uint32_t line, go_line;
};

/* Where a stack's site is. */
struct place {
	const struct analysis_frame *chain;
	size_t nchain;
	size_t depth, skip; /* the frame of the stack, and levels of its chain that are an allocator's */
	const char *through;
	struct analysis_frame go_caller;
};

struct c_group {
	struct site_key key;
	struct place place; /* of its first context */
	struct weighted_sum objects, bytes, kept_bytes;
	double kept_objects, held_objects, held_bytes, lives[C_LIFE_CLASSES], freed;
	double squared_bytes, sample_bytes; /* as in struct c_site */
	struct analysis_stack *stacks;
	size_t nstacks, capacity;
	UT_hash_handle hh;
};

static bool begins_with(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static bool is_go_stub(const char *name)
{
	return strstr(name, "._Cfunc_") || strstr(name, "._C2func_") || strstr(name, "._cgo_cmalloc");
}

/* What lies between Go and the C that it calls; in front of all else it is C.malloc or C.CString that was called. */
static bool leads_from_go(const char *name)
{
	return is_go_stub(name) || begins_with(name, "runtime.asmcgocall") || begins_with(name, "runtime.cgocall") ||
	       (begins_with(name, "_cgo_") && strstr(name, "_Cfunc__Cmalloc"));
}

/* Functions of C libraries and of often-used programs that allocate what their caller asked for. */
static bool allocates_for_caller(const char *name)
{
	static const char *const prefixes[] = {
	    "std::",           "void std::",       "__gnu_cxx::",       "g_malloc",        "g_realloc",
	    "g_strdup",        "PyMem_",           "_PyMem_",           "PyObject_Malloc", "PyObject_Realloc",
	    "PyObject_Calloc", "zmalloc",          "zcalloc",           "zrealloc",        "ztrymalloc",
	    "ztrycalloc",      "ztryrealloc",      "sqlite3_malloc",    "sqlite3_realloc", "sqlite3Malloc",
	    "sqlite3Realloc",  "sqlite3MemMalloc", "sqlite3MemRealloc", "sqlite3DbMalloc", "sqlite3DbRealloc",
	    "sqlite3DbStrDup", "mallocWithAlarm",  "dbMallocRaw",       "dbReallocFinish", "__asprintf",
	    "__vasprintf",
	};
	static const char *const names[] = {
	    "strdup",   "__strdup",   "strndup", "__strndup", "wcsdup",   "asprintf", "vasprintf", "getline",
	    "getdelim", "__getdelim", "xmalloc", "xcalloc",   "xrealloc", "xstrdup",  "xzalloc",
	};
	size_t i;

	if (entry_is_c_allocator(name) || leads_from_go(name))
		return true;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (begins_with(name, prefixes[i]))
			return true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The Go function that called C: the first behind the runtime's way there and the stub that cgo has made. */
static struct analysis_frame find_go_caller(struct symbols *symbols, const struct trace_c_context *context)
{
	struct analysis_frame none = {.function = "", .file = ""};
	bool in_go = false;
	uint32_t i;
	size_t k;

	for (i = 0; context->flags & TRACE_C_GO && i < context->stack_depth; i++) {
		const struct symbol *symbol = symbols_find(symbols, context->stack[i]);

		for (k = 0; k < symbol->nframes; k++) {
			const struct analysis_frame *frame = &symbol->frames[k];

			if (begins_with(frame->function, "runtime."))
				in_go = true;
			else if (in_go && !is_go_stub(frame->function))
				return *frame;
		}
	}
	return none;
}

/* The first place that is nobody's who allocates for others; where all are, the innermost of all. */
static struct place find_place(struct symbols *symbols, const struct trace_c_context *context)
{
	const struct symbol *first = symbols_find(symbols, context->stack[0]);
	struct place place = {.chain = first->frames, .nchain = first->nframes, .through = ""};
	const char *through = "";
	uint32_t i;
	size_t k;

	place.go_caller = find_go_caller(symbols, context);
	for (i = 0; i < context->stack_depth; i++) {
		const struct symbol *symbol = symbols_find(symbols, context->stack[i]);

		for (k = 0; k < symbol->nframes; k++) {
			if (allocates_for_caller(symbol->frames[k].function)) {
				through = symbol->frames[k].function;
				continue;
			}
			place.chain = symbol->frames + k;
			place.nchain = symbol->nframes - k;
			place.depth = i;
			place.skip = k;
			place.through = through;
			return place;
		}
	}
	return place;
}

static struct c_group *group_of(struct c_group **groups, const struct place *place)
{
	struct site_key key;
	struct c_group *group;

	memset(&key, 0, sizeof(key)); /* padding too: it is hashed */
	key.function = place->chain[0].function;
	key.file = place->chain[0].file;
	key.line = place->chain[0].line;
	key.go_function = place->go_caller.function;
	key.go_line = place->go_caller.line;
	HASH_FIND(hh, *groups, &key, sizeof(key), group);
	if (group)
		return group;
	group = memory_alloc(1, sizeof(*group));
	group->key = key;
	group->place = *place;
	HASH_ADD(hh, *groups, key, sizeof(group->key), group);
	return group;
}

static bool is_same_stack(const struct analysis_stack *stack, const struct analysis_frame *frames, size_t count)
{
	size_t i;

	for (i = 0; stack->nframes == count && i < count; i++)
		if (stack->frames[i].function != frames[i].function || stack->frames[i].file != frames[i].file ||
		    stack->frames[i].line != frames[i].line)
			return false;
	return stack->nframes == count;
}

/* The frames of CONTEXT's stack from PLACE on, all levels opened; ROOM has room for them. Returns their number. */
static size_t open_frames(struct symbols *symbols, const struct trace_c_context *context, const struct place *place,
			  struct analysis_frame **room, size_t *capacity)
{
	size_t count = 0, skip = place->skip, i, k;

	for (i = place->depth; i < context->stack_depth; i++) {
		const struct symbol *symbol = symbols_find(symbols, context->stack[i]);

		for (k = skip; k < symbol->nframes; k++) {
			*room = memory_reserve(*room, count, capacity, sizeof(**room));
			(*room)[count++] = symbol->frames[k];
		}
		skip = 0;
	}
	return count;
}

/* Room for one stack, used again and again. */
struct scratch {
	struct analysis_frame *frames;
	size_t capacity;
};

static void add_stack(struct c_group *group, struct arena *arena, struct symbols *symbols, struct scratch *scratch,
		      const struct trace_c_context *context, const struct place *place,
		      const struct analysis_stack *amounts)
{
	size_t count = open_frames(symbols, context, place, &scratch->frames, &scratch->capacity), i;
	struct analysis_frame *frames;
	struct analysis_stack *stack;

	for (i = 0; i < group->nstacks && !is_same_stack(&group->stacks[i], scratch->frames, count); i++)
		;
	if (i == group->nstacks) {
		frames = arena_alloc(arena, count + 1, sizeof(*frames));
		if (count)
			memcpy(frames, scratch->frames, count * sizeof(*frames));
		group->stacks = memory_reserve(group->stacks, group->nstacks, &group->capacity, sizeof(*stack));
		group->stacks[group->nstacks++] = (struct analysis_stack){
		    .frames = frames, .nframes = count, .creator = {.function = "", .file = ""}};
	}
	stack = &group->stacks[i];
	stack->alloc_bytes += amounts->alloc_bytes;
	stack->alloc_objects += amounts->alloc_objects;
	stack->live_bytes += amounts->live_bytes;
	stack->kept_bytes += amounts->kept_bytes;
}

/* What TOTALS stand for, at a mean of RATE bytes, in a trace of END_NS. */
static struct analysis_stack amounts_of(const struct c_totals *totals, double rate, double end_ns)
{
	double weight = c_totals_weight(totals, rate), kept = weight * (double)c_totals_alive_bytes(totals);

	return (struct analysis_stack){
	    .alloc_bytes = weight * (double)totals->bytes,
	    .alloc_objects = weight * (double)totals->allocs,
	    .live_bytes = end_ns > 0 ? weight * totals->held_bytes / end_ns : kept,
	    .kept_bytes = kept,
	};
}

static void add_context(struct c_group *group, const struct c_totals *totals, double rate)
{
	uint64_t alive = c_totals_alive(totals), alive_bytes = c_totals_alive_bytes(totals);
	double weight = c_totals_weight(totals, rate), size = (double)totals->bytes / (double)totals->allocs;
	size_t i;

	weights_add(&group->objects, 1, weight, totals->allocs);
	weights_add(&group->bytes, size, weight, totals->allocs);
	group->squared_bytes += weight * (double)totals->allocs * size * size;
	group->sample_bytes = fmax(group->sample_bytes, weight * size);
	if (alive)
		weights_add(&group->kept_bytes, (double)alive_bytes / (double)alive, weight, alive);
	group->kept_objects += weight * (double)alive;
	group->held_objects += weight * totals->held_objects;
	group->held_bytes += weight * totals->held_bytes;
	for (i = 0; i < C_LIFE_CLASSES; i++)
		group->lives[i] += weight * (double)totals->lives[i];
	group->freed += weight * (double)totals->frees;
}

static int compare_stacks(const void *left, const void *right)
{
	const struct analysis_stack *a = left, *b = right;

	return a->alloc_bytes > b->alloc_bytes ? -1 : a->alloc_bytes < b->alloc_bytes;
}

static void fill_site(struct c_site *site, struct arena *arena, struct c_group *group, double end_ns)
{
	size_t i;

	site->inline_chain = group->place.chain;
	site->ninline = group->place.nchain;
	site->function = group->place.chain[0].function;
	site->file = group->place.chain[0].file;
	site->line = group->place.chain[0].line;
	site->through = group->place.through;
	site->go_caller = group->place.go_caller;
	site->samples = group->objects.count;
	site->alloc_bytes = group->bytes.total;
	site->alloc_objects = group->objects.total;
	site->alloc_bytes_ci = weights_interval(&group->bytes);
	site->alloc_objects_ci = weights_interval(&group->objects);
	site->sampling_variance = group->bytes.variance;
	site->squared_bytes = group->squared_bytes;
	site->sample_bytes = group->sample_bytes;
	site->kept_bytes = group->kept_bytes.total;
	site->kept_objects = group->kept_objects;
	site->kept_bytes_ci = weights_interval(&group->kept_bytes);
	site->live_bytes = end_ns > 0 ? group->held_bytes / end_ns : site->kept_bytes;
	site->live_objects = end_ns > 0 ? group->held_objects / end_ns : site->kept_objects;
	for (i = 0; i < C_LIFE_CLASSES; i++)
		site->lives[i] = group->objects.total > 0 ? group->lives[i] / group->objects.total : 0;
	if (group->nstacks)
		qsort(group->stacks, group->nstacks, sizeof(*group->stacks), compare_stacks);
	site->nstacks = group->nstacks;
	site->stacks = arena_alloc(arena, group->nstacks + 1, sizeof(*site->stacks));
	if (group->nstacks)
		memcpy(site->stacks, group->stacks, group->nstacks * sizeof(*site->stacks));
}

static int compare_sites(const void *left, const void *right)
{
	const struct c_site *a = left, *b = right;
	int order;

	if (a->alloc_bytes != b->alloc_bytes)
		return a->alloc_bytes > b->alloc_bytes ? -1 : 1;
	order = strcmp(a->function, b->function);
	if (!order)
		order = (a->line > b->line) - (a->line < b->line);
	return order ? order : strcmp(a->go_caller.function, b->go_caller.function);
}

static void add_up(struct c_part *out, const struct c_site *site)
{
	out->alloc_bytes += site->alloc_bytes;
	out->alloc_objects += site->alloc_objects;
	out->live_bytes += site->live_bytes;
	out->kept_bytes += site->kept_bytes;
	out->kept_objects += site->kept_objects;
	out->samples += site->samples;
}

/* Turn GROUPS, which are freed, into sites. */
static void make_sites(struct c_part *out, struct arena *arena, struct c_group *groups, double end_ns)
{
	struct c_group *group = groups, *next;
	size_t i;

	out->sites = arena_alloc(arena, HASH_COUNT(groups) + 1, sizeof(*out->sites));
	HASH_CLEAR(hh, groups); /* the table alone: what was in it is still a list */
	for (; group; group = next) {
		next = group->hh.next;
		fill_site(&out->sites[out->nsites], arena, group, end_ns);
		add_up(out, &out->sites[out->nsites++]);
		free(group->stacks);
		free(group);
	}
	qsort(out->sites, out->nsites, sizeof(*out->sites), compare_sites);
	for (i = 0; i < out->nsites; i++)
		out->sites[i].rank = (uint32_t)i + 1;
}

static bool is_kept(struct stack_filter *filter, struct symbols *symbols, const struct trace_c_context *context)
{
	struct trace_context plain = {.stack = context->stack, .stack_depth = context->stack_depth};

	return !filter || stack_filter_keeps(filter, symbols, &plain);
}

/* Of moments alone, what was alive or freed is not known. */
static void forget_lives(struct c_part *out)
{
	size_t i, k;

	out->of_moments = true;
	out->live_bytes = out->kept_bytes = out->kept_objects = NAN;
	out->untracked_objects = 0;
	out->peak_bytes = NAN;
	for (i = 0; i < out->nsites; i++) {
		struct c_site *site = &out->sites[i];

		site->live_bytes = site->live_objects = site->kept_bytes = site->kept_objects = NAN;
		site->kept_bytes_ci = (struct interval){NAN, NAN};
		for (k = 0; k < C_LIFE_CLASSES; k++)
			site->lives[k] = NAN;
	}
}

void c_sites_fill(struct c_part *out, struct arena *arena, struct symbols *symbols, const struct trace *trace,
		  const struct c_accumulation *sums, struct stack_filter *filter, bool of_moments)
{
	struct c_group *groups = NULL;
	struct scratch scratch = {0};
	size_t i;

	for (i = 0; i < trace->nc_contexts && i < sums->ncontexts; i++) {
		const struct trace_c_context *context = &trace->c_contexts[i];
		const struct c_totals *totals = &sums->contexts[i];
		struct analysis_stack amounts;
		struct c_group *group;
		struct place place;

		if (!totals->allocs || !context->stack_depth)
			continue;
		out->known = true;
		if (!is_kept(filter, symbols, context))
			continue;
		place = find_place(symbols, context);
		group = group_of(&groups, &place);
		add_context(group, totals, sums->rate);
		amounts = amounts_of(totals, sums->rate, (double)trace->end_ns);
		add_stack(group, arena, symbols, &scratch, context, &place, &amounts);
		out->untracked_objects += c_totals_weight(totals, sums->rate) * (double)totals->untracked;
		out->is_guessed |= (context->flags & TRACE_C_GUESSED) != 0;
	}
	free(scratch.frames);
	make_sites(out, arena, groups, (double)trace->end_ns);
	out->was_looked_for = trace_fact(trace, "c_rate", NULL) != NULL;
	out->rate = sums->rate;
	out->peak_bytes = filter ? NAN : sums->peak;
	out->peak_seconds = (double)sums->peak_ns * 1e-9;
	out->has_own_malloc = trace_fact(trace, "c_malloc", NULL) != NULL;
	if (of_moments)
		forget_lives(out);
}
