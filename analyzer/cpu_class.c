/*
 * In: names of functions. Out: kinds of work. Work lies within work (an allocation assists the GC, which marks a
 * stack): the kinds stand in the order in which the inner one is believed, and a stack is of the last that it holds.
 */
#include "analyzer/cpu_class.h"

#include <stddef.h>
#include <string.h>

#define BIT_ASSIST (1u << CPU_WORK_COUNT)

/* Beginnings of names, without "runtime.". */
static const struct {
	const char *prefix;
	unsigned bits;
} names[] = {
    {"mallocgc", 1u << CPU_ALLOCATING},
    /* memclrNoHeapPointers has no frame, so that its caller's is passed over: mallocgc's own caller is enough. */
    {"newobject", 1u << CPU_ALLOCATING},
    {"newarray", 1u << CPU_ALLOCATING},
    {"makeslice", 1u << CPU_ALLOCATING},
    {"growslice", 1u << CPU_ALLOCATING},
    {"rawstring", 1u << CPU_ALLOCATING},
    {"rawbyteslice", 1u << CPU_ALLOCATING},
    {"rawruneslice", 1u << CPU_ALLOCATING},
    {"persistentalloc", 1u << CPU_ALLOCATING},
    {"(*mcache).nextFree", 1u << CPU_ALLOCATING},
    {"(*mcache).refill", 1u << CPU_ALLOCATING},
    {"(*mcache).allocLarge", 1u << CPU_ALLOCATING},
    {"gcStart", 1u << CPU_GC_REST},
    {"gcMarkDone", 1u << CPU_GC_REST},
    {"gcMarkTermination", 1u << CPU_GC_REST},
    {"gcResetMarkState", 1u << CPU_GC_REST},
    {"gcParkAssist", 1u << CPU_GC_REST | BIT_ASSIST},
    {"bgsweep", 1u << CPU_SWEEPING},
    {"sweepone", 1u << CPU_SWEEPING},
    {"gcSweep", 1u << CPU_SWEEPING},
    {"deductSweepCredit", 1u << CPU_SWEEPING},
    {"(*sweepLocked).sweep", 1u << CPU_SWEEPING},
    {"(*mspan).sweep", 1u << CPU_SWEEPING},
    {"(*mspan).ensureSwept", 1u << CPU_SWEEPING},
    {"(*mheap).reclaim", 1u << CPU_SWEEPING},
    {"gcBgMarkWorker", 1u << CPU_MARKING_HEAP},
    {"gcDrain", 1u << CPU_MARKING_HEAP},
    {"gcAssistAlloc", 1u << CPU_MARKING_HEAP | BIT_ASSIST},
    {"gcWriteBarrier", 1u << CPU_BARRIERS},
    {"wbBufFlush", 1u << CPU_BARRIERS},
    {"bulkBarrier", 1u << CPU_BARRIERS},
    {"typeBitsBulkBarrier", 1u << CPU_BARRIERS},
    {"markroot", 1u << CPU_MARKING_ROOTS},
};

bool cpu_work_is_gc(enum cpu_work work)
{
	return work >= CPU_GC_REST;
}

unsigned cpu_class_bits(const char *name)
{
	static const char package[] = "runtime.";

	if (strncmp(name, package, sizeof(package) - 1) != 0)
		return 0;
	name += sizeof(package) - 1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(name, names[i].prefix, strlen(names[i].prefix)) == 0)
			return names[i].bits;
	}
	return 0;
}

enum cpu_work cpu_class_of(unsigned bits)
{
	enum cpu_work work = CPU_WORK_COUNT - 1;

	while (work > CPU_PROGRAM && !(bits & 1u << work))
		work--;
	return work;
}

bool cpu_class_is_assist(unsigned bits)
{
	return (bits & BIT_ASSIST) && cpu_work_is_gc(cpu_class_of(bits));
}
