/*
 * From a PC of a program to names: the whole chain of inlined calls, innermost first; and for a call into the Go
 * runtime's allocator, which entry it goes to and which type it asks for. Go frames from pclntab, C and C++ frames
 * from DWARF (libdwarf), else from the ELF symbol table. Knows nothing of traces or profiles.
 */
#ifndef SYMBOLIZER_SYMBOLIZER_H
#define SYMBOLIZER_SYMBOLIZER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbolizer;
struct elf_image;
struct go_pclntab;

struct symbol_frame {
	const char *function; /* "?" when unknown; borrowed from the symbolizer */
	const char *file;     /* "" when unknown */
	int32_t line;         /* 0 when unknown */
	int32_t start_line;   /* of the function, 0 when unknown */
};

struct symbol_type {
	char *name;         /* owned by the caller: free() */
	uint64_t size;      /* bytes */
	uint64_t ptr_bytes; /* scannable prefix; 0: no pointers */
	uint8_t kind;       /* abi.Kind */
	uint8_t self_links; /* pointers to its own type that a struct holds: 0, 1, or 2 for more */
};

/* Open the program PATH. A Go program gets pclntab; any program DWARF when it has some. Close with symbolizer_close. */
enum status symbolizer_open(struct symbolizer **symbolizer, const char *path, struct error *error);

/* Free; NULL is ignored. */
void symbolizer_close(struct symbolizer *symbolizer);

/* The image and the Go function table (NULL when it is no Go program), borrowed. */
struct elf_image *symbolizer_image(struct symbolizer *symbolizer);
struct go_pclntab *symbolizer_pclntab(struct symbolizer *symbolizer);

/*
 * The inline chain at the link-time PC (a return address minus 1, or the PC itself for an innermost frame), innermost
 * first, at most CAPACITY. Returns the number of levels: at least 1, with function "?" for unknown memory.
 */
size_t symbolizer_frames(struct symbolizer *symbolizer, uint64_t pc, struct symbol_frame *frames, size_t capacity);

/*
 * The call whose return address is RETURN_PC: *ENTRY the callee's name, borrowed, NULL when the call is not direct;
 * *TYPE_ADDRESS what go_patch_call_type says, 0 when unknown.
 */
void symbolizer_call_site(struct symbolizer *symbolizer, uint64_t return_pc, const char **entry,
			  uint64_t *type_address);

/* The Go type at the link-time ADDRESS; false when there is none. */
bool symbolizer_type(struct symbolizer *symbolizer, uint64_t address, struct symbol_type *type);

#endif
