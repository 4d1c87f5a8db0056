/* Which sites' objects share blocks with each other. */
#ifndef ANALYZER_TINY_SITES_H
#define ANALYZER_TINY_SITES_H

struct analysis;
struct arena;

/*
 * Set tiny_with of each tiny site of ANALYSIS, whose ranks must be set: objects under 16 bytes without pointers are put
 * one behind the other into blocks of 16 bytes, whoever makes them (Go 1.18 to 1.27, runtime/malloc.go, mcache.tiny),
 * so any other tiny site may have a part, and those that make most have it most often.
 */
void tiny_sites_fill(struct analysis *analysis, struct arena *arena);

#endif
