/*
 * Inside Go's function table: what binary/go_pclntab*.c share. Offsets found in it are untrusted: each read is bounded
 * by the section, and each chain by a limit.
 */
#ifndef BINARY_GO_PCLNTAB_RECORDS_H
#define BINARY_GO_PCLNTAB_RECORDS_H

#include "binary/go_pclntab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct go_pclntab {
	struct elf_image *image;
	const uint8_t *data;
	size_t size;
	uint64_t address;
	unsigned minor;
	bool is_118; /* layout of Go 1.18 and 1.19: no start lines, inline tree entries of 20 bytes */
	uint32_t nfuncs;
	uint64_t text_start, text_end;
	uint64_t names, cus, files, pcs, funcs; /* offsets in data */
	uint64_t moduledata, types_start, types_end;
	uint64_t gofunc;   /* address that funcdata offsets are relative to; 0 unknown */
	uint32_t *by_name; /* open addressing over names, index + 1; built on first use */
	size_t nby_name;
};

/* One _func record (runtime/runtime2.go), with what is needed of it. */
struct pclntab_record {
	uint64_t entry;
	uint32_t name, pcfile, pcline, npcdata, cu;
	int32_t start_line;
	uint8_t func_id, nfuncdata;
	uint64_t tables; /* offset in data of pcdata[], then funcdata[] */
};

/* An entry of an inline tree. */
struct pclntab_inlined {
	uint32_t name;
	int32_t parent_pc, start_line;
	uint8_t func_id;
};

/* The 32 bits at OFFSET of the table's data, in *VALUE; false when that is behind its end. */
bool pclntab_u32(const struct go_pclntab *table, uint64_t offset, uint32_t *value);

/* The text at OFFSET of the table's data, borrowed; NULL when none ends within it. */
const char *pclntab_string(const struct go_pclntab *table, uint64_t offset);

/* Where function number INDEX begins, in *ENTRY; with the count as INDEX, where the last one ends. False: damaged. */
bool pclntab_entry(const struct go_pclntab *table, uint32_t index, uint64_t *entry);

/* The record of function number INDEX, in *RECORD; false: damaged. */
bool pclntab_record_at(const struct go_pclntab *table, uint32_t index, struct pclntab_record *record);

/*
 * The value at PC of the pc-value table at OFFSET of a function that begins at ENTRY (runtime/symtab.go, pcvalue); -1
 * when there is none.
 */
int32_t pclntab_value(const struct go_pclntab *table, uint32_t offset, uint64_t entry, uint64_t pc);

/* The value at PC of RECORD's table number WHICH (cmd/internal/objabi/funcdata.go); -1 when there is none. */
int32_t pclntab_pcdata(const struct go_pclntab *table, const struct pclntab_record *record, uint32_t which,
		       uint64_t pc);

/* The address of the function's inline tree; 0 when it has none. */
uint64_t pclntab_inline_tree(const struct go_pclntab *table, const struct pclntab_record *record);

/*
 * Entry number INDEX of the inline tree at the address TREE (runtime/symtabinl.go, inlinedCall), in *INLINED; false
 * when there is none: the PC is in the function itself.
 */
bool pclntab_inlined_at(const struct go_pclntab *table, uint64_t tree, int32_t index, struct pclntab_inlined *inlined);

#endif
