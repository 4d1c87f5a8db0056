/* By Go version: offsets of the runtime's fields, for programs without debug information, and what no program tells. */
#ifndef BINARY_GO_LAYOUT_TABLE_H
#define BINARY_GO_LAYOUT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define GO_LAYOUT_TABLE_FIELDS 35 /* as go_layout.c has members */

/*
 * The offsets for go1.MINOR.PATCH, in the order of go_layout.c's members; GO_LAYOUT_NONE for a field that version does
 * not have. NULL when the version is not in the table. Measured on linux/amd64 from programs that carry DWARF.
 */
const uint32_t *go_layout_table_find(unsigned minor, unsigned patch);

/* What neither debug information nor machine code tells, or not simply, from go1.MINOR on. */
struct go_version {
	unsigned minor;
	uint8_t special_kind_profile; /* _KindSpecialProfile (runtime/mheap.go) */
	uint8_t func_id_wrapper;      /* FuncIDWrapper (cmd/internal/objabi/funcid.go, internal/abi/symtab.go) */
	uint8_t free_calls;           /* places where the runtime calls freeSpecial (runtime/mheap.go, mgcsweep.go) */
	uint8_t module_types, module_etypes, module_gofunc; /* words of moduledata (runtime/symtab.go) */
	uint32_t g_sched_bp; /* of g.sched.bp: gobuf lost its ret in Go 1.25 (runtime/runtime2.go) */
	/*
	 * How many frames lie between profilealloc's caller and mallocgc, whose frame holds the type:
	 * mallocgcSmallNoscan and the like from 1.24. 1.27 has size-specialised entries that keep no type in memory:
	 * UINT32_MAX.
	 */
	uint32_t type_hops;
	bool malloc_gets_m; /* mProf_Malloc's first argument is the m (runtime/mprof.go) */
	/*
	 * The allocator counts down the bytes itself: an object of exactly nextSample bytes is sampled, rate 1 brings
	 * all, and a P keeps its interval when the rate changes. Else mcache.memProfRate, behind nextSample, tells it
	 * of that (runtime/malloc.go, mcache.go).
	 */
	bool counts_down;
	bool init_sets_rate;  /* runtime.init writes MemProfileRate, which is no constant of the file's */
	bool labels_are_list; /* of pprof.Do: no map (runtime/pprof/label.go) */
};

/* That of MINOR: of the newest known for a newer one, of the oldest for an older. Static, never NULL. */
const struct go_version *go_layout_table_version(unsigned minor);

#endif
