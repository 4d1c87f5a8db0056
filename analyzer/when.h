/*
 * Which moments a report is about: `goroutines>1000 and gc-share>=0.2`. Pure functions.
 */
#ifndef ANALYZER_WHEN_H
#define ANALYZER_WHEN_H

#include "base/error.h"

#include <stdbool.h>

struct moment;
struct moments;
struct when;

/*
 * Parse TEXT: conditions NAME OPERATOR NUMBER, joined by "and". Names: goroutines, running, gc-share, alloc-rate (bytes
 * a second; K, M and G may follow, binary), time (seconds from the start). Operators: > >= < <= = !=. STATUS_ERROR,
 * with what is wrong and what there is in ERROR, for anything else. Free with when_free, which ignores NULL.
 */
enum status when_parse(struct when **when, const char *text, struct error *error);
void when_free(struct when *when);

/* The text that it was made of; borrowed. */
const char *when_text(const struct when *when);

/* Whether MOMENT fulfils all of it; what is not known fulfils nothing. */
bool when_holds(const struct when *when, const struct moment *moment);

/* Of the time of MOMENTS, the share that fulfils it, from 0 to 1. */
double when_share(const struct when *when, const struct moments *moments);

/* The first name in it of which nothing is known at any of MOMENTS; NULL: all are. A static string. */
const char *when_unknown(const struct when *when, const struct moments *moments);

#endif
