/*
 * What a stack of CPU was spent on: the GC's marking, sweeping, allocating, or the program itself. By the names of the
 * runtime's functions, Go 1.18 to 1.27 (runtime/mgc.go, mgcmark.go, mgcsweep.go, malloc.go). Pure functions.
 */
#ifndef ANALYZER_CPU_CLASS_H
#define ANALYZER_CPU_CLASS_H

#include <stdbool.h>

enum cpu_work {
	CPU_PROGRAM,    /* none of the others */
	CPU_ALLOCATING, /* without what the GC does meanwhile */
	CPU_GC_REST,    /* starting and ending cycles, stopping the world */
	CPU_SWEEPING,
	CPU_BARRIERS, /* the program's writes of pointers while the GC marks */
	CPU_MARKING_HEAP,
	CPU_MARKING_ROOTS,
	CPU_WORK_COUNT,
};

/* Whether WORK is the GC's. */
bool cpu_work_is_gc(enum cpu_work work);

/* The bits that the function NAME gives to each stack that it stands in. */
unsigned cpu_class_bits(const char *name);

/* What a stack is about, by the bits of all its functions put together. */
enum cpu_work cpu_class_of(unsigned bits);

/* Whether the GC's work is done on behalf of an allocation, by BITS as above. */
bool cpu_class_is_assist(unsigned bits);

#endif
