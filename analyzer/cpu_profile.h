/*
 * Where the target's CPU went, from the samples of it: the GC's part by kind of work, and what each site spent on
 * allocating. Pure functions over a trace.
 */
#ifndef ANALYZER_CPU_PROFILE_H
#define ANALYZER_CPU_PROFILE_H

#include "analyzer/cpu_class.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct site_groups;
struct stack_filter;
struct symbols;
struct trace;

struct cpu_profile {
	bool known;       /* there were samples */
	bool sees_kernel; /* the time in the kernel is among them */
	double period;    /* seconds of CPU that a sample stands for */
	uint64_t samples; /* of the program and its runtime */
	uint64_t agent;   /* of the agent inside it, in no other count */
	uint64_t by_work[CPU_WORK_COUNT];
	uint64_t assists; /* of the GC's, those that an allocation had to do */
};

/* Count the samples of TRACE: COUNTS has one number for each of its CPU stacks, NULL is none. */
struct cpu_profile cpu_profile_make(const struct trace *trace, const uint64_t *counts, struct symbols *symbols);

/* Samples of the GC's work. */
uint64_t cpu_profile_gc(const struct cpu_profile *profile);

/*
 * Give GROUPS their alloc_samples, assist_samples and barrier_samples. Samples whose stack FILTER drops (NULL: none)
 * count for no group, nor do those of sites that are not among GROUPS. Returns how many samples of write barriers the
 * filter kept, whoever's.
 */
double cpu_profile_share(const struct trace *trace, const uint64_t *counts, struct symbols *symbols,
			 struct stack_filter *filter, struct site_groups *groups);

#endif
