/* Why an allocation is on the heap, as one of a few categories that each have a remedy. */
#ifndef ANALYZER_CATEGORY_H
#define ANALYZER_CATEGORY_H

#include "analyzer/analysis.h"
#include "analyzer/entry_table.h"

#include <stdbool.h>

struct verdict;

/* Bytes that make, new and &T{} may put on the stack (Go 1.26, cmd/compile: ir.MaxImplicitStackVarSize). */
#define CATEGORY_STACK_MAX 65536

/* What category and advice look at; texts are borrowed. */
struct site_facts {
	enum site_class class_;
	enum entry_operation operation;
	const struct verdict *verdict; /* NULL: none, or several are open */
	const char *function;          /* of the site's innermost level */
	const char *type;              /* "" when unknown */
	double object_size;            /* mean bytes of a slot */
	bool uses_structpb;            /* the program calls google.golang.org/protobuf/types/known/structpb */
	uint64_t type_size;            /* bytes of TYPE, of a slice an element's; 0 unknown */
	uint64_t smallest, largest;    /* bytes of the slots seen; 0 unknown */
	double lifetime_cycles;        /* GC cycles survived, the mean; NAN unknown */
};

/* The category that FACTS speak for; CATEGORY_NONE when they say nothing. */
enum site_category category_of(const struct site_facts *facts);

/* Whether FACTS are of a map[string]interface{} on its way into a structpb.Struct, or of what takes it apart there. */
bool category_is_structpb(const struct site_facts *facts);

/* The word in parentheses of the last step of VERDICT's flow ("return", "call parameter"); "" when there is none. */
const char *category_last_step(const struct verdict *verdict);

#endif
