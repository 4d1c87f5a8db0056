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
#include "binary/go_layout_variables.h"
#include "binary/go_pclntab.h"

#include <libdwarf/dwarf.h>
#include <elf.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(field) offsetof(struct go_layout, field)

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

static uint32_t *layout_offset(struct go_layout *layout, size_t field)
{
	return (uint32_t *)((uint8_t *)layout + field);
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
	layout->special_kind_profile = go_layout_table_version(info->minor)->special_kind_profile;
	layout->from_dwarf = layout_from_dwarf(&visit, image);
	if (is_newer && layout_check_newer(layout, &visit, image, info, table, error) != STATUS_OK)
		return STATUS_ERROR;
	if (!layout->from_dwarf && !is_newer)
		layout_from_table(layout, info);
	go_layout_variables_find(layout, image, table);
	return layout_check(layout, image, info, error);
}
