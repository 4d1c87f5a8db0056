/*
 * The places in a Go program's machine code where the runtime's heap sampling can be led elsewhere.
 *
 * In Go 1.18 to 1.27 on amd64 exactly one direct CALL (E8 rel32) to runtime.mProf_Malloc stands in
 * runtime.profilealloc, before it one to runtime.fastexprand (nextSample is inlined), and two (to 1.22) or three (from
 * 1.23) to runtime.freeSpecial elsewhere. A program that starts others calls syscall.runtime_AfterForkInChild once, in
 * the new process, and one that becomes another calls syscall.runtime_BeforeExec once.
 */
#ifndef BINARY_GO_PATCH_H
#define BINARY_GO_PATCH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct elf_image;
struct go_buildinfo;
struct go_pclntab;

#define GO_PATCH_MAX_FREE_SITES 8

struct go_patch {
	uint64_t malloc_call;   /* address of the E8 in profilealloc */
	uint64_t malloc_target; /* runtime.mProf_Malloc (what it calls now) */
	uint64_t draw_call;     /* address of the E8 in profilealloc to runtime.fastexprand; 0: not just one */
	uint64_t draw_target;   /* runtime.fastexprand */
	uint64_t free_calls[GO_PATCH_MAX_FREE_SITES]; /* addresses of the E8s to freeSpecial */
	size_t nfree_calls;
	uint64_t free_target;
	uint64_t fork_call;       /* address of the E8 in syscall.forkAndExecInChild1; 0: not just one */
	uint64_t fork_target;     /* syscall.runtime_AfterForkInChild */
	uint64_t exec_call;       /* address of the E8 in syscall.Exec; 0: not just one */
	uint64_t exec_target;     /* syscall.runtime_BeforeExec */
	uint64_t stub_space;      /* a function that runs only while the program dies, to hold an injected stub */
	uint64_t stub_space_size; /* bytes */
	uint64_t start_spaces[2]; /* functions that run only at the program's start; 0: not found */
	uint64_t start_space_sizes[2];
};

/*
 * Find them. Errors: a site is missing or there are not as many as this Go version has (PGO or another linker may
 * change that): the message says which and how many.
 */
enum status go_patch_find(struct go_patch *patch, struct elf_image *image, const struct go_buildinfo *info,
			  const struct go_pclntab *table, struct error *error);

/*
 * The target of the direct CALL whose return address is RETURN_PC; 0 when no `E8 rel32` ends there (an indirect call).
 */
uint64_t go_patch_call_target(struct elf_image *image, uint64_t return_pc);

/*
 * The type descriptor that the instructions before the CALL returning to RETURN_PC load for it: RUNTIME_FUNCTION is
 * the callee's name ("runtime.newobject" takes it in AX, growslice in SI, mallocgc in BX, …). 0 when not found; a
 * value found lies in moduledata's types..etypes.
 */
uint64_t go_patch_call_type(struct elf_image *image, const struct go_pclntab *table, uint64_t return_pc,
			    const char *runtime_function);

#endif
