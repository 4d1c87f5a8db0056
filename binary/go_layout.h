/*
 * Where the Go runtime keeps what a profiler reads: offsets of struct fields and addresses of variables, of one
 * program. DWARF first; then the instructions; then a table by minor version, which the version matrix checks.
 */
#ifndef BINARY_GO_LAYOUT_H
#define BINARY_GO_LAYOUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct elf_image;
struct go_buildinfo;
struct go_pclntab;

/* The minor versions of Go that are known. Newer ones are tried: where a check fails they are refused. */
#define GO_LAYOUT_MINOR_MIN 18
#define GO_LAYOUT_MINOR_MAX 27

/* A field that the program does not have is GO_LAYOUT_NONE. */
#define GO_LAYOUT_NONE UINT32_MAX

/* Byte offsets within runtime structs. */
struct go_layout {
	bool from_dwarf; /* else from the table of minor versions, or of a newer one from the machine code */

	uint32_t g_m, g_goid, g_gopc, g_startpc, g_labels;
	uint32_t m_g0, m_curg, m_p;
	uint32_t p_id, p_mcache, mcache_next_sample;
	uint32_t special_kind;        /* of struct special */
	uint8_t special_kind_profile; /* the value that marks a heap profile's special */

	/* Addresses of variables, link-time; 0 when not found. */
	uint64_t mem_profile_rate;              /* runtime.MemProfileRate, an int */
	uint64_t disable_memory_profiling;      /* runtime.disableMemoryProfiling, a bool */
	uint64_t memstats, gc_controller, work; /* the variables' starts */
	uint64_t allglen, gomaxprocs;
	uint64_t sched, allp; /* runtime.sched; runtime.allp, a slice of pointers to all Ps */
	uint64_t mcache0;     /* runtime.mcache0, a pointer: the mcache before there is a P */

	/* Offsets in memstats (mstats). */
	uint32_t memstats_numgc, memstats_pause_total_ns;

	/* Offsets in gcController (gcControllerState); all 64-bit words but gc_percent (int32). */
	uint32_t gcc_gc_percent, gcc_memory_limit, gcc_heap_minimum, gcc_heap_live, gcc_heap_marked, gcc_trigger_heap;
	uint32_t gcc_gc_percent_heap_goal, gcc_last_heap_goal, gcc_last_heap_scan, gcc_last_stack_scan,
	    gcc_globals_scan;
	uint32_t gcc_max_stack_scan, gcc_total_alloc, gcc_total_free;

	/* Offset in work (workType) of cpuStats: int64 ns; order of its fields as in Go 1.20 to 1.27
	 * (runtime/mstats.go). */
	uint32_t work_cpu_stats;

	/*
	 * What runtime.gcount counts with: offsets in sched (schedt) and in a P, and that of a gList's own count, which
	 * Go has from 1.25 on. Before, the counts stand behind the lists (runtime/runtime2.go).
	 */
	uint32_t sched_ngsys, sched_npidle, sched_max_m, sched_free, p_free, list_size;
};

/* Whether a program of this machine and Go version is to be tried at all; STATUS_ERROR says which ones are. */
enum status go_layout_check_version(const struct elf_image *image, const struct go_buildinfo *info,
				    struct error *error);

/*
 * Find the layout of the Go program IMAGE. Errors: those of go_layout_check_version; a variable or field that is needed
 * and not found; of a version newer than GO_LAYOUT_MINOR_MAX also any that the machine code has elsewhere than the
 * debug information says, or, without that, than it was in GO_LAYOUT_MINOR_MAX. Figures whose place nothing proves are
 * left unknown then.
 */
enum status go_layout_find(struct go_layout *layout, struct elf_image *image, const struct go_buildinfo *info,
			   const struct go_pclntab *table, struct error *error);

#endif
