/* The join of a call site with the compiler's verdicts: on the whole inline chain, the entry, and the type. */
#ifndef ANALYZER_JOIN_H
#define ANALYZER_JOIN_H

#include "analyzer/analysis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call_site;
struct join;
struct verdict;
struct verdict_set;

struct join_result {
	enum site_class class_;
	const struct verdict *verdict;     /* the one that is meant; NULL when there is none, or several are open */
	const struct verdict **candidates; /* borrowed from the join until its next call; more than one, or none */
	size_t ncandidates;
};

/* A join over SET (borrowed; may be NULL: then there are no verdicts). Free with join_free. */
struct join *join_new(const struct verdict_set *set);
void join_free(struct join *join);

/* What was seen of a site's allocations. */
struct join_object {
	const char *type;    /* name, "" when unknown */
	uint64_t small_slot; /* each of its calls has made a block of so many bytes or fewer; 0 unknown */
};

/* The class of the allocations of SITE. Verdicts that name an operation other than the entry's are never taken. */
struct join_result join_site(struct join *join, const struct call_site *site, const struct join_object *object);

/* The same where no verdict may be taken. */
struct join_result join_without_verdicts(const struct call_site *site);

/*
 * Whether A and B (paths as the line table and the compiler wrote them) name one file: equal, or one is the other with
 * leading folders trimmed off ("errors/errors.go", "/usr/local/go/src/errors/errors.go"); a bare file name is not
 * enough.
 */
bool join_same_file(const char *a, const char *b);

#endif
