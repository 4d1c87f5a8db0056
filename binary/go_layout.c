/*
 * The runtime's layout. A program with debug information tells it itself; one without is looked up in a table made from
 * programs that have it, one row for each Go version whose layout differs.
 */
#include "binary/go_layout.h"

#include "base/memory.h"
#include "binary/dwarf_entry.h"
#include "binary/dwarf_object.h"
#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"
#include "binary/go_layout_code.h"
#include "binary/go_layout_table.h"
#include "binary/go_pclntab.h"

#include <libdwarf/dwarf.h>
#include <elf.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVER_REACH  64 /* bytes between the load of a receiver and its call */
#define CPU_STATS_ADDED 8  /* of cpuStats' words, those that are sums of their own */
#define FIELD(field)    offsetof(struct go_layout, field)

/* Which member of which struct goes where. Names as in the runtime's DWARF. */
static const struct layout_member {
	const char *structure, *member;
	size_t field;
	bool needed;
} layout_members[] = {
    {"runtime.g", "m", FIELD(g_m), true},
    {"runtime.g", "goid", FIELD(g_goid), true},
    {"runtime.g", "gopc", FIELD(g_gopc), true},
    {"runtime.g", "startpc", FIELD(g_startpc), false},
    {"runtime.g", "labels", FIELD(g_labels), true},
    {"runtime.m", "g0", FIELD(m_g0), true},
    {"runtime.m", "curg", FIELD(m_curg), true},
    {"runtime.m", "p", FIELD(m_p), true},
    {"runtime.p", "id", FIELD(p_id), true},
    {"runtime.p", "mcache", FIELD(p_mcache), true},
    {"runtime.mcache", "nextSample", FIELD(mcache_next_sample), true},
    {"runtime.special", "kind", FIELD(special_kind), true},
    {"runtime.mstats", "numgc", FIELD(memstats_numgc), false},
    {"runtime.mstats", "pause_total_ns", FIELD(memstats_pause_total_ns), false},
    {"runtime.gcControllerState", "gcPercent", FIELD(gcc_gc_percent), false},
    {"runtime.gcControllerState", "memoryLimit", FIELD(gcc_memory_limit), false},
    {"runtime.gcControllerState", "heapMinimum", FIELD(gcc_heap_minimum), false},
    {"runtime.gcControllerState", "heapLive", FIELD(gcc_heap_live), false},
    {"runtime.gcControllerState", "heapMarked", FIELD(gcc_heap_marked), false},
    {"runtime.gcControllerState", "triggered", FIELD(gcc_trigger_heap), false},
    {"runtime.gcControllerState", "gcPercentHeapGoal", FIELD(gcc_gc_percent_heap_goal), false},
    {"runtime.gcControllerState", "lastHeapGoal", FIELD(gcc_last_heap_goal), false},
    {"runtime.gcControllerState", "lastHeapScan", FIELD(gcc_last_heap_scan), false},
    {"runtime.gcControllerState", "lastStackScan", FIELD(gcc_last_stack_scan), false},
    {"runtime.gcControllerState", "globalsScan", FIELD(gcc_globals_scan), false},
    {"runtime.gcControllerState", "maxStackScan", FIELD(gcc_max_stack_scan), false},
    {"runtime.gcControllerState", "totalAlloc", FIELD(gcc_total_alloc), false},
    {"runtime.gcControllerState", "totalFree", FIELD(gcc_total_free), false},
    {"runtime.workType", "cpuStats", FIELD(work_cpu_stats), false},
    {"runtime.schedt", "ngsys", FIELD(sched_ngsys), false},
    {"runtime.schedt", "npidle", FIELD(sched_npidle), false},
    {"runtime.schedt", "maxmcount", FIELD(sched_max_m), false},
    {"runtime.schedt", "gFree", FIELD(sched_free), false},
    {"runtime.p", "gFree", FIELD(p_free), false},
    {"runtime.gList", "size", FIELD(list_size), false},
};

#define LAYOUT_MEMBERS (sizeof(layout_members) / sizeof(layout_members[0]))
_Static_assert(LAYOUT_MEMBERS == GO_LAYOUT_TABLE_FIELDS, "the table has a column for each member");

/* What Go 1.18 calls otherwise (runtime/mgcpacer.go). */
static const struct layout_member layout_former_members[] = {
    {"runtime.gcControllerState", "heapGoal", FIELD(gcc_gc_percent_heap_goal), false},
    {"runtime.gcControllerState", "stackScan", FIELD(gcc_last_stack_scan), false},
};

#define LAYOUT_FORMER_MEMBERS (sizeof(layout_former_members) / sizeof(layout_former_members[0]))

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

static uint32_t *layout_offset(struct go_layout *layout, size_t field)
{
	return (uint32_t *)((uint8_t *)layout + field);
}

static uint64_t *layout_address(struct go_layout *layout, size_t field)
{
	return (uint64_t *)((uint8_t *)layout + field);
}

/* The row of the program's Go version, when there is one. */
static void layout_from_table(struct go_layout *layout, const struct go_buildinfo *info)
{
	const uint32_t *offsets = go_layout_table_find(info->minor, info->patch);
	size_t i;

	for (i = 0; offsets && i < LAYOUT_MEMBERS; i++)
		*layout_offset(layout, layout_members[i].field) = offsets[i];
}

/* Of a version newer than all rows: what is needed, as the latest had it. The rest is not known. */
static void layout_from_needed_row(struct go_layout *layout)
{
	const uint32_t *offsets = go_layout_table_find(GO_LAYOUT_MINOR_MAX, UINT_MAX);
	size_t i;

	for (i = 0; i < LAYOUT_MEMBERS; i++)
		*layout_offset(layout, layout_members[i].field) =
		    layout_members[i].needed ? offsets[i] : GO_LAYOUT_NONE;
}

/* The one of COUNT MEMBERS with this name, or NULL. */
static const struct layout_member *layout_member_named(const struct layout_member *members, size_t count,
						       const char *structure, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(members[i].structure, structure) && !strcmp(members[i].member, name))
			return &members[i];
	return NULL;
}

static void layout_from_member(struct go_layout *layout, Dwarf_Debug debug, Dwarf_Die entry, const char *structure)
{
	const char *name = dwarf_entry_name(debug, entry);
	const struct layout_member *member;
	uint64_t offset;

	if (!name)
		return;
	member = layout_member_named(layout_members, LAYOUT_MEMBERS, structure, name);
	if (!member)
		member = layout_member_named(layout_former_members, LAYOUT_FORMER_MEMBERS, structure, name);
	if (member && dwarf_entry_number(debug, entry, DW_AT_data_member_location, &offset) && offset < UINT32_MAX)
		*layout_offset(layout, member->field) = (uint32_t)offset;
}

static bool layout_wants_structure(const char *name)
{
	size_t i;

	if (!strcmp(name, "runtime.cpuStats"))
		return true;

	for (i = 0; i < LAYOUT_MEMBERS; i++)
		if (!strcmp(layout_members[i].structure, name))
			return true;
	return false;
}

/* Call VISIT for each child of PARENT. */
static void layout_each_child(Dwarf_Debug debug, Dwarf_Die parent,
			      void (*visit)(void *user, Dwarf_Debug debug, Dwarf_Die entry), void *user)
{
	Dwarf_Die entry, next;
	bool more = dwarf_entry_child(debug, parent, &entry);

	while (more) {
		more = dwarf_entry_sibling(debug, entry, &next);
		visit(user, debug, entry);
		dwarf_entry_free(debug, entry);
		entry = next;
	}
}

struct layout_visit {
	struct go_layout *layout;
	const char *structure;
	unsigned found;
	unsigned cpu_stats; /* members of runtime.cpuStats that stand where they do in the versions that are known */
	uint64_t kind;      /* _KindSpecialProfile; 0: not told */
};

/* runtime/mstats.go, as collector/figures.c reads it. */
static const struct {
	const char *name;
	uint64_t offset;
} layout_cpu_stats[] = {
    {"GCAssistTime", 0},       {"GCDedicatedTime", 8}, {"GCIdleTime", 16}, {"GCPauseTime", 24}, {"GCTotalTime", 32},
    {"ScavengeTotalTime", 56}, {"IdleTime", 64},       {"UserTime", 72},   {"TotalTime", 80},
};

#define LAYOUT_CPU_STATS (sizeof(layout_cpu_stats) / sizeof(layout_cpu_stats[0]))

static void layout_visit_cpu_stats(void *user, Dwarf_Debug debug, Dwarf_Die entry)
{
	struct layout_visit *visit = user;
	const char *name = dwarf_entry_name(debug, entry);
	uint64_t offset;
	size_t i;

	for (i = 0; name && i < LAYOUT_CPU_STATS; i++)
		if (!strcmp(name, layout_cpu_stats[i].name) &&
		    dwarf_entry_number(debug, entry, DW_AT_data_member_location, &offset) &&
		    offset == layout_cpu_stats[i].offset)
			visit->cpu_stats++;
}

static void layout_visit_constant(struct layout_visit *visit, Dwarf_Debug debug, Dwarf_Die entry, const char *name)
{
	if (!strcmp(name, "runtime._KindSpecialProfile"))
		dwarf_entry_number(debug, entry, DW_AT_const_value, &visit->kind);
}

static void layout_visit_member(void *user, Dwarf_Debug debug, Dwarf_Die entry)
{
	struct layout_visit *visit = user;

	if (dwarf_entry_tag(debug, entry) == DW_TAG_member)
		layout_from_member(visit->layout, debug, entry, visit->structure);
}

static void layout_visit_structure(void *user, Dwarf_Debug debug, Dwarf_Die entry)
{
	struct layout_visit *visit = user;
	const char *name;

	name = dwarf_entry_name(debug, entry);
	if (name && dwarf_entry_tag(debug, entry) == DW_TAG_constant)
		layout_visit_constant(visit, debug, entry, name);
	if (!name || dwarf_entry_tag(debug, entry) != DW_TAG_structure_type || !layout_wants_structure(name))
		return;
	if (!strcmp(name, "runtime.cpuStats")) {
		layout_each_child(debug, entry, layout_visit_cpu_stats, visit);
		return;
	}
	visit->structure = name;
	visit->found++;
	layout_each_child(debug, entry, layout_visit_member, visit);
}

/* Read the structs of the compilation unit that ENTRY heads when it is the runtime's. */
static bool layout_from_unit(struct layout_visit *visit, Dwarf_Debug debug, Dwarf_Die entry)
{
	const char *name = dwarf_entry_name(debug, entry);

	if (name && !strcmp(name, "runtime"))
		layout_each_child(debug, entry, layout_visit_structure, visit);
	return visit->found > 0;
}

static bool layout_from_dwarf(struct layout_visit *visit, struct elf_image *image)
{
	struct dwarf_object *object;
	Dwarf_Debug debug;
	bool found = false;
	Dwarf_Die entry;

	if (dwarf_object_open(&object, image, NULL) != STATUS_OK)
		return false;
	debug = dwarf_object_debug(object);
	while (!found && dwarf_entry_next_unit(debug)) {
		if (!dwarf_entry_of_unit(debug, &entry))
			continue;
		found = layout_from_unit(visit, debug, entry);
		dwarf_entry_free(debug, entry);
	}
	dwarf_object_close(object);
	return found;
}

/* The needed offsets that DWARF did not give: the name of the first, or NULL. */
static const char *layout_missing(const struct go_layout *layout)
{
	size_t i;

	for (i = 0; i < LAYOUT_MEMBERS; i++)
		if (layout_members[i].needed &&
		    *layout_offset((struct go_layout *)layout, layout_members[i].field) == GO_LAYOUT_NONE)
			return layout_members[i].member;
	return NULL;
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
	size_t count = 0, i, available;
	struct go_func func;
	const uint8_t *code;
	int32_t displacement;

	if (!go_pclntab_by_name(table, "runtime.profilealloc", &func) ||
	    !(code = elf_image_at(image, func.entry, &available)))
		return;
	for (i = 0; i + 7 <= available && i + 7 <= func.end - func.entry && count < 2; i++) {
		if (code[i] != 0x48 || code[i + 1] != 0x8b || (code[i + 2] & 0xc7) != 0x05)
			continue;
		memcpy(&displacement, code + i + 3, sizeof(displacement));
		found[count++] = func.entry + i + 7 + (uint64_t)(int64_t)displacement;
	}
}

/* disableMemoryProfiling: schedinit's `cmpb $0, d(%rip)` behind which a store to MemProfileRate follows (48 c7 05). */
static uint64_t layout_disable_from_code(struct elf_image *image, const struct go_pclntab *table, uint64_t rate)
{
	size_t available, size, i, j;
	struct go_func func;
	const uint8_t *code;
	int32_t displacement;

	if (!go_pclntab_by_name(table, "runtime.schedinit", &func) ||
	    !(code = elf_image_at(image, func.entry, &available)))
		return 0;
	size = func.end - func.entry < available ? func.end - func.entry : available;
	for (i = 0; i + 32 <= size; i++) {
		if (code[i] != 0x80 || code[i + 1] != 0x3d || code[i + 6])
			continue;
		for (j = i + 7; j < i + 16; j++) {
			if (code[j] != 0x48 || code[j + 1] != 0xc7 || code[j + 2] != 0x05)
				continue;
			memcpy(&displacement, code + j + 3, sizeof(displacement));
			if (func.entry + j + 11 + (uint64_t)(int64_t)displacement != rate)
				continue;
			memcpy(&displacement, code + i + 2, sizeof(displacement));
			return func.entry + i + 7 + (uint64_t)(int64_t)displacement;
		}
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
	size_t available, i;
	struct go_func func;
	const uint8_t *code;
	int32_t displacement;

	if (!go_pclntab_by_name(table, function, &func) || !(code = elf_image_at(image, func.entry, &available)))
		return 0;
	for (i = 0; i + 6 <= available && i + 6 <= func.end - func.entry; i++) {
		if (code[i] != 0xff || code[i + 1] != 0x05)
			continue;
		memcpy(&displacement, code + i + 2, sizeof(displacement));
		address = func.entry + i + 6 + (uint64_t)(int64_t)displacement;
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
	size_t available, i, loaded = 0;
	const uint8_t *code;
	int32_t displacement;

	if (!go_pclntab_by_name(table, caller, &func) || !go_pclntab_by_name(table, method, &callee) ||
	    !(code = elf_image_at(image, func.entry, &available)))
		return 0;
	for (i = 0; i + 7 <= available && i + 7 <= func.end - func.entry; i++) {
		if (code[i] == 0x48 && code[i + 1] == 0x8d && code[i + 2] == 0x05) {
			memcpy(&displacement, code + i + 3, sizeof(displacement));
			receiver = func.entry + i + 7 + (uint64_t)(int64_t)displacement;
			loaded = i;
		}
		memcpy(&displacement, code + i + 1, sizeof(displacement));
		if (code[i] == 0xe8 && func.entry + i + 5 + (uint64_t)(int64_t)displacement == callee.entry)
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

static void layout_find_variables(struct go_layout *layout, struct elf_image *image, const struct go_pclntab *table)
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

/* runtime/mheap.go, _KindSpecialProfile: 2 to Go 1.22, 3 in 1.23 and 1.24, 4 from 1.25. */
static uint8_t layout_profile_kind(unsigned minor)
{
	if (minor <= 22)
		return 2;
	return minor <= 24 ? 3 : 4;
}

static enum status layout_refuse_newer(const struct elf_image *image, const struct go_buildinfo *info, const char *why,
				       struct error *error)
{
	return error_set(error,
			 "cannot profile %s: it is built with %s, newer than the Go 1.%d to 1.%d that this escprof "
			 "knows, and %s: get a newer escprof, or build it with one of these",
			 elf_image_path(image), info->go_version, GO_LAYOUT_MINOR_MIN, GO_LAYOUT_MINOR_MAX, why);
}

/* What the machine code tells of a newer version, beside what else is known of it. */
struct layout_witness {
	const char *name;
	uint32_t code, known; /* GO_LAYOUT_NONE: not told */
};

/*
 * Whether what the machine code has is what else is known. Without debug information (IS_ALL) that is the latest known
 * version's, and each must be found in the code.
 */
static enum status layout_check_witnesses(const struct layout_witness *witnesses, size_t count, bool is_all,
					  struct elf_image *image, const struct go_buildinfo *info, struct error *error)
{
	struct error why;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct layout_witness *witness = &witnesses[i];

		if (witness->code == witness->known || (!is_all && witness->code == GO_LAYOUT_NONE))
			continue;
		if (witness->code == GO_LAYOUT_NONE)
			error_set(&why, "without debug information its %s was not found in the machine code",
				  witness->name);
		else
			error_set(&why, "its machine code has %s at %#x, where %s %#x", witness->name, witness->code,
				  is_all ? "it was at" : "its debug information says", witness->known);
		return layout_refuse_newer(image, info, why.text, error);
	}
	return STATUS_OK;
}

/*
 * A version that nobody has seen. What cannot be done without is looked up twice, in the debug information or else as
 * of the latest version that is known, and in the machine code; figures are taken from debug information alone.
 */
static enum status layout_check_newer(struct go_layout *layout, const struct layout_visit *visit,
				      struct elf_image *image, const struct go_buildinfo *info,
				      const struct go_pclntab *table, struct error *error)
{
	bool stripped = !layout->from_dwarf;
	struct go_layout_code code;

	if (stripped)
		layout_from_needed_row(layout);
	else if (visit->kind && visit->kind <= UINT8_MAX)
		layout->special_kind_profile = (uint8_t)visit->kind;
	if (visit->cpu_stats != LAYOUT_CPU_STATS)
		layout->work_cpu_stats = GO_LAYOUT_NONE;
	layout->sched_free = layout->p_free = GO_LAYOUT_NONE; /* how their lists are counted has changed before */
	go_layout_code_read(&code, image, table);
	return layout_check_witnesses(
	    (const struct layout_witness[]){
		{"g.m", code.g_m, layout->g_m},
		{"g.goid", code.g_goid, layout->g_goid},
		{"g.gopc", code.g_gopc, layout->g_gopc},
		{"m.g0", code.m_g0, layout->m_g0},
		{"m.curg", code.m_curg, layout->m_curg},
		{"m.p", code.m_p, layout->m_p},
		{"p.id", code.p_id, layout->p_id},
		{"p.mcache", code.p_mcache, layout->p_mcache},
		{"mcache.nextSample", code.mcache_next_sample, layout->mcache_next_sample},
		{"mcache.memProfRate", code.mcache_seen_rate, layout->mcache_next_sample + 8},
		{"special.kind", code.special_kind, layout->special_kind},
		{"g.labels", code.g_labels, layout->g_labels}, /* which is found by m.curg */
		{"_KindSpecialProfile", code.special_kind_profile, layout->special_kind_profile},
	    },
	    13, stripped, image, info, error);
}

static enum status layout_check(const struct go_layout *layout, struct elf_image *image,
				const struct go_buildinfo *info, struct error *error)
{
	const char *missing = layout_missing(layout);

	if (!missing && layout->mem_profile_rate && layout->disable_memory_profiling)
		return STATUS_OK;
	return error_set(error, "cannot profile %s: the %s of its runtime (%s) was not found", elf_image_path(image),
			 missing                    ? missing
			 : layout->mem_profile_rate ? "disableMemoryProfiling"
						    : "MemProfileRate",
			 info->go_version);
}

enum status go_layout_check_version(const struct elf_image *image, const struct go_buildinfo *info, struct error *error)
{
	if (elf_image_machine(image) != EM_X86_64)
		return error_set(error,
				 "cannot profile %s: it is built for another machine than amd64 (ELF machine %u): "
				 "escprof runs on amd64 only",
				 elf_image_path(image), elf_image_machine(image));
	if (info->major == 1 && info->minor >= GO_LAYOUT_MINOR_MIN)
		return STATUS_OK;
	return error_set(error,
			 "cannot profile %s: it is built with %s; escprof knows Go 1.%d to 1.%d: build it with "
			 "one of these",
			 elf_image_path(image), info->go_version, GO_LAYOUT_MINOR_MIN, GO_LAYOUT_MINOR_MAX);
}

enum status go_layout_find(struct go_layout *layout, struct elf_image *image, const struct go_buildinfo *info,
			   const struct go_pclntab *table, struct error *error)
{
	bool is_newer = info->minor > GO_LAYOUT_MINOR_MAX;
	struct layout_visit visit = {.layout = layout};
	size_t i;

	if (go_layout_check_version(image, info, error) != STATUS_OK)
		return STATUS_ERROR;
	*layout = (struct go_layout){0};
	for (i = 0; i < LAYOUT_MEMBERS; i++)
		*layout_offset(layout, layout_members[i].field) = GO_LAYOUT_NONE;
	layout->special_kind_profile = layout_profile_kind(info->minor);
	layout->from_dwarf = layout_from_dwarf(&visit, image);
	if (is_newer && layout_check_newer(layout, &visit, image, info, table, error) != STATUS_OK)
		return STATUS_ERROR;
	if (!layout->from_dwarf && !is_newer)
		layout_from_table(layout, info);
	layout_find_variables(layout, image, table);
	return layout_check(layout, image, info, error);
}
