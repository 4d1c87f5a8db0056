/* What to do about a site: a sentence or two that name the expression, the type and the size. */
#ifndef ANALYZER_ADVICE_H
#define ANALYZER_ADVICE_H

#include "analyzer/category.h"

struct arena;

/* The advice for FACTS of CATEGORY, a text of ARENA; "" when there is nothing sensible to say. */
const char *advice_for(struct arena *arena, const struct site_facts *facts, enum site_category category);

#endif
