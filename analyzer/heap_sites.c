/*
 * In: an analysis. Out: the same with C's sites among the others. What the compiler or the garbage collector would say
 * of them is nothing: no verdict, no saving. Their entry is what the program called to get the memory.
 */
#include "analyzer/heap_sites.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Debug information of a distribution's libraries names files below /usr, or relative ones. */
static bool is_own_file(const char *file)
{
	return *file == '/' && strncmp(file, "/usr/", 5) != 0;
}

static bool is_own_function(const char *function, const char *module)
{
	size_t length = module ? strlen(module) : 0;

	if (!strncmp(function, "main.", 5))
		return true;
	return length && !strncmp(function, module, length) && (function[length] == '.' || function[length] == '/');
}

/* The user's own place of SITE: what in Go called it, else where it stands itself. */
static void choose_shown(struct site *site, const struct c_site *from, const char *module)
{
	site->shown = (struct analysis_frame){from->function, from->file, from->line};
	site->shown_is_own = from->file && is_own_file(from->file);
	if (!*from->go_caller.function)
		return;
	site->shown = from->go_caller;
	site->shown_is_own = is_own_function(from->go_caller.function, module);
}

static struct site site_of(const struct c_site *from, const char *module)
{
	static const struct interval nothing = {0, 0};
	struct site site = {
	    .rank = from->rank,
	    .function = from->function,
	    .file = from->file,
	    .line = from->line,
	    .inline_chain = from->inline_chain,
	    .ninline = from->ninline,
	    .entry = from->through && *from->through ? from->through : "malloc",
	    .type = "",
	    .class_ = CLASS_C,
	    .category = CATEGORY_NONE,
	    .samples = from->samples,
	    .object_size = from->alloc_objects > 0 ? from->alloc_bytes / from->alloc_objects : 0,
	    .alloc_bytes = from->alloc_bytes,
	    .alloc_objects = from->alloc_objects,
	    .alloc_bytes_ci = from->alloc_bytes_ci,
	    .alloc_objects_ci = from->alloc_objects_ci,
	    .sampling_variance = from->sampling_variance,
	    .squared_bytes = from->squared_bytes,
	    .sample_bytes = from->sample_bytes,
	    .live_bytes = from->live_bytes,
	    .live_objects = from->live_objects,
	    .live_bytes_ci = {from->live_bytes, from->live_bytes},
	    .kept_bytes = from->kept_bytes,
	    .kept_objects = from->kept_objects,
	    .lifetime_cycles = NAN,
	    .saving.share_ci = nothing,
	    .alloc_cpu_seconds = 0,
	    .assist_cpu_seconds = NAN,
	    .advice = "",
	    .stacks = from->stacks,
	    .nstacks = from->nstacks,
	    .difference = "",
	    .root = "",
	};

	choose_shown(&site, from, module);
	return site;
}

/* Without Go, what its heap was asked to tell is not there either. */
static void leave_go_out(struct analysis *analysis)
{
	analysis->alloc_bytes = analysis->alloc_objects = analysis->alloc_cpu_seconds = 0;
	analysis->samples = 0;
	analysis->nsites = 0;
	analysis->gc = (struct gc_summary){.known = false};
	analysis->gc_run = NULL;
	analysis->timeline.count = 0;
	analysis->nlabel_sets = 0;
}

void heap_sites_make(struct heap_sites *view, const struct analysis *analysis, enum heap_choice choice)
{
	const struct c_part *c = &analysis->c;

	*view = (struct heap_sites){.analysis = *analysis};
	if (choice == HEAP_C)
		leave_go_out(&view->analysis);
	if (choice == HEAP_GO || !c->known) {
		view->analysis.c = (struct c_part){.known = false};
		return;
	}
	view->sites = memory_alloc(view->analysis.nsites + c->nsites + 1, sizeof(*view->sites));
	if (view->analysis.nsites)
		memcpy(view->sites, analysis->sites, view->analysis.nsites * sizeof(*view->sites));
	for (size_t i = 0; i < c->nsites; i++)
		view->sites[view->analysis.nsites++] = site_of(&c->sites[i], analysis->main_module);
	view->analysis.sites = view->sites;
	if (!(view->analysis.rate_high > 0) || choice == HEAP_C)
		view->analysis.rate_low = view->analysis.rate_high = c->rate;
}

void heap_sites_free(struct heap_sites *view)
{
	free(view->sites);
	*view = (struct heap_sites){.sites = NULL};
}
