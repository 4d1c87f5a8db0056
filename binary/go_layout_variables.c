/*
 * In: the symbols and the machine code of a program. Out: addresses of variables. Each is found by a use of it that all
 * known versions have: an instruction with a displacement, at a place that tells which variable it is.
 */
#include "binary/go_layout_variables.h"

#include "binary/elf_image.h"
#include "binary/go_layout.h"
#include "binary/go_pclntab.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RECEIVER_REACH  64 /* bytes between the load of a receiver and its call */
#define CPU_STATS_ADDED 8  /* of cpuStats' words, those that are sums of their own */
#define FIELD(field)    offsetof(struct go_layout, field)

/* Variables: their symbols and where their addresses go. */
static const struct layout_variable {
	const char *name;
	size_t field;
} layout_variables[] = {
    {"runtime.MemProfileRate", FIELD(mem_profile_rate)},
    {"runtime.disableMemoryProfiling", FIELD(disable_memory_profiling)},
    {"runtime.memstats", FIELD(memstats)},
    {"runtime.gcController", FIELD(gc_controller)},
    {"runtime.work", FIELD(work)},
    {"runtime.allglen", FIELD(allglen)},
    {"runtime.gomaxprocs", FIELD(gomaxprocs)},
    {"runtime.sched", FIELD(sched)},
    {"runtime.allp", FIELD(allp)},
    {"runtime.mcache0", FIELD(mcache0)},
};

#define LAYOUT_VARIABLES (sizeof(layout_variables) / sizeof(layout_variables[0]))

static uint64_t *layout_address(struct go_layout *layout, size_t field)
{
	return (uint64_t *)((uint8_t *)layout + field);
}

/* What the 4-byte displacement at CODE + AT leads to, of an instruction that ends at CODE + END. */
static uint64_t layout_relative(const struct go_func *func, const uint8_t *code, size_t at, size_t end)
{
	int32_t displacement;

	memcpy(&displacement, code + at, sizeof(displacement));
	return func->entry + end + (uint64_t)(int64_t)displacement;
}

/* FUNCTION's machine code and its SIZE, in FUNC its place; NULL when it is not there. */
static const uint8_t *layout_code(struct elf_image *image, const struct go_pclntab *table, const char *function,
				  struct go_func *func, size_t *size)
{
	const uint8_t *code;
	size_t available;

	if (!go_pclntab_by_name(table, function, func) || !(code = elf_image_at(image, func->entry, &available)))
		return NULL;
	*size = func->end - func->entry < available ? func->end - func->entry : available;
	return code;
}

/*
 * mcache0 and MemProfileRate in a stripped program: the two variables that profilealloc loads first, each by
 * `mov d(%rip), %reg` (48 8b /r with mod 00, r/m 101). FOUND stays zero where there are none.
 */
static void layout_profilealloc_loads(struct elf_image *image, const struct go_pclntab *table, uint64_t found[2])
{
	size_t count = 0, size, i;
	struct go_func func;
	const uint8_t *code = layout_code(image, table, "runtime.profilealloc", &func, &size);

	for (i = 0; code && i + 7 <= size && count < 2; i++)
		if (code[i] == 0x48 && code[i + 1] == 0x8b && (code[i + 2] & 0xc7) == 0x05)
			found[count++] = layout_relative(&func, code, i + 3, i + 7);
}

/* disableMemoryProfiling: schedinit's `cmpb $0, d(%rip)` behind which a store to MemProfileRate follows (48 c7 05). */
static uint64_t layout_disable_from_code(struct elf_image *image, const struct go_pclntab *table, uint64_t rate)
{
	struct go_func func;
	size_t size, i, j;
	const uint8_t *code = layout_code(image, table, "runtime.schedinit", &func, &size);

	for (i = 0; code && i + 32 <= size; i++) {
		if (code[i] != 0x80 || code[i + 1] != 0x3d || code[i + 6])
			continue;
		for (j = i + 7; j < i + 16; j++)
			if (code[j] == 0x48 && code[j + 1] == 0xc7 && code[j + 2] == 0x05 &&
			    layout_relative(&func, code, j + 3, j + 11) == rate)
				return layout_relative(&func, code, i + 2, i + 7);
	}
	return 0;
}

/*
 * The same up to Go 1.19: runtime.init loads it by `movzbl d(%rip), %eax` (0f b6 05), and stores what follows from it
 * to MemProfileRate by `mov %rax, d(%rip)` (48 89 05).
 */
static uint64_t layout_disable_from_init(struct elf_image *image, const struct go_pclntab *table, uint64_t rate)
{
	struct go_func func;
	size_t size, i, j;
	const uint8_t *code = layout_code(image, table, "runtime.init", &func, &size);

	for (i = 0; code && i + 40 <= size; i++) {
		if (code[i] != 0x0f || code[i + 1] != 0xb6 || code[i + 2] != 0x05)
			continue;
		for (j = i + 7; j < i + 32; j++)
			if (code[j] == 0x48 && code[j + 1] == 0x89 && code[j + 2] == 0x05 &&
			    layout_relative(&func, code, j + 3, j + 7) == rate)
				return layout_relative(&func, code, i + 3, i + 7);
	}
	return 0;
}

/* The lowest address that FUNCTION increments by `incl d(%rip)` (ff 05); 0 when there is none. */
static uint64_t layout_lowest_increment(struct elf_image *image, const struct go_pclntab *table, const char *function)
{
	uint64_t lowest = 0, address;
	struct go_func func;
	size_t size, i;
	const uint8_t *code = layout_code(image, table, function, &func, &size);

	for (i = 0; code && i + 6 <= size; i++) {
		if (code[i] != 0xff || code[i + 1] != 0x05)
			continue;
		address = layout_relative(&func, code, i + 2, i + 6);
		if (!lowest || address < lowest)
			lowest = address;
	}
	return lowest;
}

/*
 * The receiver that CALLER passes to METHOD: what the last `lea d(%rip), %rax` (48 8d 05) before the call loads.
 * 0 when there is no such call.
 */
static uint64_t layout_receiver(struct elf_image *image, const struct go_pclntab *table, const char *caller,
				const char *method)
{
	struct go_func func, callee;
	uint64_t receiver = 0;
	size_t size, i, loaded = 0;
	const uint8_t *code = layout_code(image, table, caller, &func, &size);

	if (!go_pclntab_by_name(table, method, &callee))
		return 0;
	for (i = 0; code && i + 7 <= size; i++) {
		if (code[i] == 0x48 && code[i + 1] == 0x8d && code[i + 2] == 0x05) {
			receiver = layout_relative(&func, code, i + 3, i + 7);
			loaded = i;
		}
		if (code[i] == 0xe8 && layout_relative(&func, code, i + 1, i + 5) == callee.entry)
			return receiver && i - loaded <= RECEIVER_REACH ? receiver : 0;
	}
	return 0;
}

/*
 * work.cpuStats where gcMarkTermination adds to it itself (Go 1.20), by `add %reg, d(%rip)` (48 or 4c 01): the first of
 * eight words, each behind the one before, to which it adds in this order. 0 when they are not there.
 */
static uint64_t layout_cpu_stats_from_code(struct elf_image *image, const struct go_pclntab *table)
{
	uint64_t first = 0, target;
	size_t size, count = 0, i;
	struct go_func func;
	const uint8_t *code = layout_code(image, table, "runtime.gcMarkTermination", &func, &size);

	for (i = 0; code && i + 7 <= size && count < CPU_STATS_ADDED; i++) {
		if ((code[i] != 0x48 && code[i] != 0x4c) || code[i + 1] != 0x01 || (code[i + 2] & 0xc7) != 0x05)
			continue;
		target = layout_relative(&func, code, i + 3, i + 7);
		if (!count || target != first + 8 * count) {
			first = target;
			count = 0;
		}
		count++;
	}
	return count == CPU_STATS_ADDED ? first : 0;
}

/*
 * The GC's variables in a stripped program, each by a use of it that stands in Go 1.18 to 1.27: gcMarkTermination
 * increments memstats.numgc (and numforcedgc behind it), gcinit calls gcController.init, and gcMarkTermination
 * work.cpuStats.accumulate (1.21 on). A figure that is not found stays unknown.
 */
static void layout_gc_from_code(struct go_layout *layout, struct elf_image *image, const struct go_pclntab *table)
{
	uint64_t numgc = layout_lowest_increment(image, table, "runtime.gcMarkTermination");
	uint64_t cpu = layout_receiver(image, table, "runtime.gcMarkTermination", "runtime.(*cpuStats).accumulate");

	if (!layout->memstats && numgc && layout->memstats_numgc != GO_LAYOUT_NONE)
		layout->memstats = numgc - layout->memstats_numgc;
	if (!layout->gc_controller)
		layout->gc_controller =
		    layout_receiver(image, table, "runtime.gcinit", "runtime.(*gcControllerState).init");
	if (!layout->gc_controller) /* Go 1.18, where init is inlined */
		layout->gc_controller =
		    layout_receiver(image, table, "runtime.gcinit", "runtime.(*gcControllerState).setGCPercent");
	if (!cpu)
		cpu = layout_cpu_stats_from_code(image, table);
	if (!layout->work && cpu && layout->work_cpu_stats != GO_LAYOUT_NONE)
		layout->work = cpu - layout->work_cpu_stats;
}

/* sched: schedinit's `movl $10000, d(%rip)` (c7 05) sets sched.maxmcount. 0 when it is not found. */
static uint64_t layout_sched_from_code(struct elf_image *image, const struct go_pclntab *table, uint32_t max_m)
{
	static const uint8_t most[] = {0x10, 0x27, 0, 0};
	struct go_func func;
	size_t size, i;
	const uint8_t *code = layout_code(image, table, "runtime.schedinit", &func, &size);

	for (i = 0; code && max_m != GO_LAYOUT_NONE && i + 10 <= size; i++)
		if (code[i] == 0xc7 && code[i + 1] == 0x05 && !memcmp(code + i + 6, most, sizeof(most)))
			return layout_relative(&func, code, i + 2, i + 10) - max_m;
	return 0;
}

/* allp: preemptall loads no variable but its length and its pointer, by `mov d(%rip), %reg`, 8 bytes apart. */
static uint64_t layout_allp_from_code(struct elf_image *image, const struct go_pclntab *table)
{
	uint64_t low = 0, high = 0, address;
	struct go_func func;
	size_t size, i;
	const uint8_t *code = layout_code(image, table, "runtime.preemptall", &func, &size);

	for (i = 0; code && i + 7 <= size; i++) {
		if (code[i] != 0x48 || code[i + 1] != 0x8b || (code[i + 2] & 0xc7) != 0x05)
			continue;
		address = layout_relative(&func, code, i + 3, i + 7);
		low = !low || address < low ? address : low;
		high = address > high ? address : high;
	}
	return high == low + 8 ? low : 0;
}

/* allglen: what allgadd stores last, by `lea d(%rip), %reg` (48 8d) and at once `xchg %reg, (%reg)` (48 87). */
static uint64_t layout_allglen_from_code(struct elf_image *image, const struct go_pclntab *table)
{
	uint64_t found = 0;
	struct go_func func;
	size_t size, i;
	const uint8_t *code = layout_code(image, table, "runtime.allgadd", &func, &size);

	for (i = 0; code && i + 10 <= size; i++)
		if (code[i] == 0x48 && code[i + 1] == 0x8d && (code[i + 2] & 0xc7) == 0x05 && code[i + 7] == 0x48 &&
		    code[i + 8] == 0x87 && code[i + 9] < 0x40)
			found = layout_relative(&func, code, i + 3, i + 7);
	return found;
}

/* The scheduler's variables in a stripped program; one that is not found leaves its figures unknown. */
static void layout_sched_variables(struct go_layout *layout, struct elf_image *image, const struct go_pclntab *table)
{
	if (!layout->sched)
		layout->sched = layout_sched_from_code(image, table, layout->sched_max_m);
	if (!layout->allp)
		layout->allp = layout_allp_from_code(image, table);
	if (!layout->allglen)
		layout->allglen = layout_allglen_from_code(image, table);
}

void go_layout_variables_find(struct go_layout *layout, struct elf_image *image, const struct go_pclntab *table)
{
	uint64_t size, loads[2] = {0};
	size_t i;

	for (i = 0; i < LAYOUT_VARIABLES; i++)
		elf_image_symbol(image, layout_variables[i].name, layout_address(layout, layout_variables[i].field),
				 &size);
	layout_profilealloc_loads(image, table, loads);
	if (!layout->mcache0)
		layout->mcache0 = loads[0];
	if (!layout->mem_profile_rate)
		layout->mem_profile_rate = loads[1];
	layout_gc_from_code(layout, image, table);
	layout_sched_variables(layout, image, table);
	if (!layout->disable_memory_profiling && layout->mem_profile_rate)
		layout->disable_memory_profiling = layout_disable_from_code(image, table, layout->mem_profile_rate);
	if (!layout->disable_memory_profiling && layout->mem_profile_rate)
		layout->disable_memory_profiling = layout_disable_from_init(image, table, layout->mem_profile_rate);
}
