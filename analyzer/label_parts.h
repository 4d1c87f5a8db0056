/* What contexts allocated under each set of profiler labels. */
#ifndef ANALYZER_LABEL_PARTS_H
#define ANALYZER_LABEL_PARTS_H

#include "analyzer/analysis.h"

struct arena;
struct dissection;

/* The bytes of COUNT contexts of DISSECTION by their set of labels: *NPARTS parts by set, each once; ARENA's. */
const struct label_part *label_parts_make(struct arena *arena, const struct dissection *dissection,
					  const uint32_t *contexts, size_t count, size_t *nparts);

#endif
