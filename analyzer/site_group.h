/*
 * Contexts put together into sites: those with the same inline chain at the call, the same entry and the same type.
 * Sums are made here; what they mean for the GC is site_cost's, what the compiler says of them the join's.
 */
#ifndef ANALYZER_SITE_GROUP_H
#define ANALYZER_SITE_GROUP_H

#include "analyzer/accumulate.h"
#include "analyzer/call_site.h"
#include "analyzer/gc_model.h"
#include "analyzer/weights.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct stack_filter;
struct symbols;
struct trace;

struct site_group {
	struct call_site call;
	const char *type;   /* "" when unknown; a text of the arena */
	uint32_t *contexts; /* numbers of those in it, owned by the groups */
	size_t ncontexts, capacity;
	struct weighted_sum objects, bytes;
	struct life_totals object_lives, byte_lives; /* the latter with every weight times the size */
	double spans;                                /* allocated */
	double squared_bytes;                        /* Σ size² over all that was allocated */
	double scan_bytes;                           /* allocated, scannable, in objects over 512 bytes */
	double alloc_seconds;                        /* CPU of allocating itself */
	double alloc_samples, assist_samples;        /* of CPU: allocating, and helping the GC while at it */
	double barrier_samples;                      /* of CPU: write barriers that go with it */
	double small_bytes[GC_MODEL_SMALL];          /* allocated, with pointers and small, by size in steps of 8 */
	double free_marks;                           /* objects that hold none, by gc_model_free_weight */
	double pointer_objects;                      /* allocated, that can hold pointers */
	double live_objects, live_bytes;             /* as a heap profile has them; 0 from a trace */
	uint64_t rate_high;                          /* the largest mean among its samples */
	uint64_t smallest, largest;                  /* bytes of its slots */
	uint64_t type_size;                          /* bytes of TYPE, of a slice an element's; 0 unknown */
	unsigned self_links;                         /* pointers to their own type in its objects: 0, 1, 2 for more */
	bool chained;  /* … and nothing but themselves holds many of them: a list, a tree */
	bool one_call; /* all come from one return address */
	bool tiny;     /* some of it may share blocks with other sites */
};

struct site_groups {
	struct site_group **groups; /* the structs are the arena's */
	size_t count, capacity;
};

/* Group the contexts of TRACE that have samples in TOTALS and that FILTER keeps (NULL: all). Free with
 * site_groups_free; the groups use ARENA's texts. */
void site_groups_make(struct site_groups *groups, struct arena *arena, struct symbols *symbols,
		      const struct trace *trace, const struct context_totals *totals, struct stack_filter *filter);
void site_groups_free(struct site_groups *groups);

/* What all of them allocated. */
double site_groups_bytes(const struct site_groups *groups);

/*
 * Give PART, groups of some moments' totals, their barrier_samples: those of WHOLE, of all moments' totals, in the
 * proportion of the bytes. Both are of the same stacks, of NCONTEXTS contexts.
 */
void site_groups_take_barriers(struct site_groups *part, const struct site_groups *whole, size_t ncontexts);

#endif
