/*
 * Go's function table: which function, file and line, and which chain of inlined calls, stands behind a PC.
 *
 * Reads pclntab of Go 1.18 to 1.27 (magic fffffff0 and fffffff1; runtime/symtab.go, cmd/internal/objabi/funcdata.go,
 * runtime/symtabinl.go). Present in stripped programs. Addresses are link-time.
 */
#ifndef BINARY_GO_PCLNTAB_H
#define BINARY_GO_PCLNTAB_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct go_pclntab;
struct elf_image;

/* One function of the table. Strings are borrowed from the image. */
struct go_func {
	uint64_t entry;   /* first address */
	uint64_t end;     /* one past the last: the next function's entry */
	const char *name; /* linker symbol name: "net/http.(*conn).serve", generics with "[...]" */
	uint32_t index;   /* its place in the table */
	uint8_t func_id;  /* abi.FuncID: FuncIDWrapper and the like */
};

/* One level of an inline chain. Strings are borrowed from the image. */
struct go_frame {
	const char *function;
	const char *file; /* as the compiler recorded it */
	int32_t line;
	int32_t start_line; /* of the function; 0 when unknown (before Go 1.20) */
	bool is_wrapper;    /* compiler-made (FuncIDWrapper) */
};

/*
 * Find and check the function table of IMAGE (which must outlive it). GO_MINOR is the 26 of go1.26, from the build
 * info. STATUS_NO_ENTRY: no table, so no Go program. STATUS_ERROR: a layout this does not know, or damaged. Close with
 * go_pclntab_close.
 */
enum status go_pclntab_open(struct go_pclntab **table, struct elf_image *image, unsigned go_minor, struct error *error);

/* Free; NULL is ignored. */
void go_pclntab_close(struct go_pclntab *table);

/* moduledata.text and .etext: the range of Go's machine code. */
void go_pclntab_text(const struct go_pclntab *table, uint64_t *start, uint64_t *end);

/* moduledata.types and .etypes; both 0 when unknown. */
void go_pclntab_types(const struct go_pclntab *table, uint64_t *start, uint64_t *end);

/* How many functions there are. */
uint32_t go_pclntab_count(const struct go_pclntab *table);

/* The function at INDEX; false when out of range or damaged. */
bool go_pclntab_func(const struct go_pclntab *table, uint32_t index, struct go_func *func);

/* The function that holds PC; false when none does. */
bool go_pclntab_find(const struct go_pclntab *table, uint64_t pc, struct go_func *func);

/* The biggest function named NAME (an ABI0 wrapper has the same name as what it wraps); false when there is none. */
bool go_pclntab_by_name(const struct go_pclntab *table, const char *name, struct go_func *func);

/* All functions named NAME, at most CAPACITY, into FUNCS: instances of a generic function share one. Returns how many.
 */
size_t go_pclntab_all_by_name(const struct go_pclntab *table, const char *name, struct go_func *funcs, size_t capacity);

/*
 * The inline chain at PC, innermost first, at most CAPACITY levels into FRAMES. Give a return address minus 1.
 * Returns the number of levels, 0 when PC is in no Go function.
 */
size_t go_pclntab_frames(const struct go_pclntab *table, uint64_t pc, struct go_frame *frames, size_t capacity);

#endif
