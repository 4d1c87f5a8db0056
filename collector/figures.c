/*
 * The GC's figures. They lie in runtime.gcController, runtime.memstats and runtime.work; this is the one place that
 * knows their order in a record of the agent.
 */
#include "collector/figures.h"

#include "binary/go_layout.h"

enum figure {
	FIGURE_GC_PERCENT, /* int32 */
	FIGURE_MEMORY_LIMIT,
	FIGURE_HEAP_MINIMUM,
	FIGURE_HEAP_LIVE,
	FIGURE_HEAP_MARKED,
	FIGURE_HEAP_GOAL,
	FIGURE_HEAP_SCAN,
	FIGURE_STACK_SCAN,
	FIGURE_GLOBALS_SCAN,
	FIGURE_TOTAL_ALLOC,
	FIGURE_TOTAL_FREE,
	FIGURE_PAUSE_TOTAL,
	FIGURE_GOROUTINES,
	FIGURE_PROFILE_RATE,
	FIGURE_CYCLES, /* memstats.numgc, and behind it numforcedgc, each 32 bits (runtime/mstats.go, Go 1.18 to 1.27)
			*/
	FIGURE_CPU,    /* the words of cpuStats from here on */
	FIGURE_COUNT = FIGURE_CPU + 11,
};

/* Words of runtime.cpuStats (runtime/mstats.go, Go 1.20 to 1.27). */
enum cpu_word {
	CPU_GC_ASSIST,
	CPU_GC_DEDICATED,
	CPU_GC_IDLE,
	CPU_GC_PAUSE,
	CPU_GC_TOTAL,
	CPU_SCAVENGE_ASSIST,
	CPU_SCAVENGE_BACKGROUND,
	CPU_SCAVENGE_TOTAL,
	CPU_IDLE,
	CPU_USER,
	CPU_TOTAL,
};

static uint64_t figures_field(uint64_t variable, uint32_t offset, uint64_t bias)
{
	return variable && offset != GO_LAYOUT_NONE ? variable + offset + bias : 0;
}

size_t figures_addresses(const struct go_layout *layout, uint64_t bias, uint64_t *addresses)
{
	const struct {
		enum figure figure;
		uint32_t offset;
	} controller[] = {
	    {FIGURE_GC_PERCENT, layout->gcc_gc_percent},     {FIGURE_MEMORY_LIMIT, layout->gcc_memory_limit},
	    {FIGURE_HEAP_MINIMUM, layout->gcc_heap_minimum}, {FIGURE_HEAP_LIVE, layout->gcc_heap_live},
	    {FIGURE_HEAP_MARKED, layout->gcc_heap_marked},   {FIGURE_HEAP_GOAL, layout->gcc_gc_percent_heap_goal},
	    {FIGURE_HEAP_SCAN, layout->gcc_last_heap_scan},  {FIGURE_STACK_SCAN, layout->gcc_last_stack_scan},
	    {FIGURE_GLOBALS_SCAN, layout->gcc_globals_scan}, {FIGURE_TOTAL_ALLOC, layout->gcc_total_alloc},
	    {FIGURE_TOTAL_FREE, layout->gcc_total_free},
	};
	uint64_t cpu = figures_field(layout->work, layout->work_cpu_stats, bias);
	size_t i;

	for (i = 0; i < sizeof(controller) / sizeof(controller[0]); i++)
		addresses[controller[i].figure] = figures_field(layout->gc_controller, controller[i].offset, bias);
	addresses[FIGURE_PAUSE_TOTAL] = figures_field(layout->memstats, layout->memstats_pause_total_ns, bias);
	addresses[FIGURE_GOROUTINES] = figures_field(layout->allglen, 0, bias);
	addresses[FIGURE_PROFILE_RATE] = figures_field(layout->mem_profile_rate, 0, bias);
	addresses[FIGURE_CYCLES] = figures_field(layout->memstats, layout->memstats_numgc, bias);
	for (i = 0; i < FIGURE_COUNT - FIGURE_CPU; i++)
		addresses[FIGURE_CPU + i] = cpu ? cpu + 8 * i : 0;
	return FIGURE_COUNT;
}

void figures_decode(const uint64_t *words, size_t count, struct trace_gc *gc)
{
	const uint64_t *cpu = words + FIGURE_CPU;

	if (count < FIGURE_COUNT)
		return;
	gc->gc_percent = words[FIGURE_GC_PERCENT] == UINT64_MAX ? 100 : (int32_t)words[FIGURE_GC_PERCENT];
	gc->memory_limit = words[FIGURE_MEMORY_LIMIT];
	if (gc->memory_limit == INT64_MAX) /* what the runtime calls no limit */
		gc->memory_limit = UINT64_MAX;
	gc->heap_minimum = words[FIGURE_HEAP_MINIMUM];
	gc->heap_live = words[FIGURE_HEAP_LIVE];
	gc->heap_marked = words[FIGURE_HEAP_MARKED];
	gc->heap_goal = words[FIGURE_HEAP_GOAL];
	gc->heap_scan = words[FIGURE_HEAP_SCAN];
	gc->stack_scan = words[FIGURE_STACK_SCAN];
	gc->globals_scan = words[FIGURE_GLOBALS_SCAN];
	gc->total_alloc = words[FIGURE_TOTAL_ALLOC];
	gc->total_free = words[FIGURE_TOTAL_FREE];
	gc->pause_total_ns = words[FIGURE_PAUSE_TOTAL];
	gc->goroutines = words[FIGURE_GOROUTINES];
	gc->mem_profile_rate = words[FIGURE_PROFILE_RATE];
	if (words[FIGURE_CYCLES] != UINT64_MAX)
		gc->forced_cycles = words[FIGURE_CYCLES] >> 32;
	gc->cpu_gc_assist_ns = cpu[CPU_GC_ASSIST];
	gc->cpu_gc_dedicated_ns = cpu[CPU_GC_DEDICATED];
	gc->cpu_gc_idle_ns = cpu[CPU_GC_IDLE];
	gc->cpu_gc_pause_ns = cpu[CPU_GC_PAUSE];
	gc->cpu_gc_total_ns = cpu[CPU_GC_TOTAL];
	gc->cpu_scavenge_ns = cpu[CPU_SCAVENGE_TOTAL];
	gc->cpu_idle_ns = cpu[CPU_IDLE];
	gc->cpu_user_ns = cpu[CPU_USER];
	gc->cpu_total_ns = cpu[CPU_TOTAL];
}
