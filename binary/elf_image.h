/*
 * A program file as the other rooms see it: an ELF64 little-endian image, read through libelf and checked on every
 * access. Addresses are link-time virtual addresses (before any load bias).
 */
#ifndef BINARY_ELF_IMAGE_H
#define BINARY_ELF_IMAGE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image;

/* A section, its bytes inflated if they were compressed (SHF_COMPRESSED zlib or zstd, or .zdebug_*). */
struct elf_section {
	const char *name;    /* borrowed from the image; .zdebug_x is named .debug_x */
	uint64_t address;    /* 0 when not loaded */
	uint64_t size;       /* bytes in memory, inflated */
	const uint8_t *data; /* NULL for SHT_NOBITS; borrowed from the image */
};

/*
 * Open the ELF64 little-endian file PATH. Errors: not readable, not ELF, another class or byte order, headers that
 * point outside the file. Close with elf_image_close.
 */
enum status elf_image_open(struct elf_image **image, const char *path, struct error *error);

/* The same over SIZE bytes at DATA, which must stay until elf_image_close; NAME is for messages. */
enum status elf_image_open_memory(struct elf_image **image, const void *data, size_t size, const char *name,
				  struct error *error);

/* Free; NULL is ignored. Everything borrowed from the image dies with it. */
void elf_image_close(struct elf_image *image);

/* The path (or name) it was opened with, borrowed. */
const char *elf_image_path(const struct elf_image *image);

/* e_machine (EM_X86_64, EM_AARCH64, …). */
unsigned elf_image_machine(const struct elf_image *image);

/* The dynamic loader that runs first (PT_INTERP), a path; "" when there is none. Borrowed. */
const char *elf_image_interpreter(const struct elf_image *image);

/* Has a PT_INTERP. */
bool elf_image_is_dynamic(const struct elf_image *image);

/* That loader is the GNU C library's: not that of musl, which other programs with C have (Alpine Linux). */
bool elf_image_is_glibc(const struct elf_image *image);

/* ET_DYN: loaded at a bias that the kernel chooses. */
bool elf_image_is_pie(const struct elf_image *image);

/* The section NAME; STATUS_NO_ENTRY when there is none, STATUS_ERROR when its bytes cannot be had. */
enum status elf_image_section(struct elf_image *image, const char *name, struct elf_section *section,
			      struct error *error);

/*
 * Section by index from 0; STATUS_NO_ENTRY past the last. Does not inflate, which costs: where the file's bytes are
 * compressed DATA is NULL, and SIZE what their header claims.
 */
enum status elf_image_section_at(struct elf_image *image, size_t index, struct elf_section *section);

/*
 * The file's bytes for the addresses from ADDRESS on, of the loaded segment it is in: *AVAILABLE becomes how many
 * follow in that segment's file part. NULL when the address is not in the file (as .bss).
 */
const uint8_t *elf_image_at(const struct elf_image *image, uint64_t address, size_t *available);

/*
 * Read a pointer-sized word at ADDRESS as the loader would leave it at bias 0: in a PIE the R_X86_64_RELATIVE addend
 * wins over the file's bytes. False when it is not in the file.
 */
bool elf_image_pointer(const struct elf_image *image, uint64_t address, uint64_t *value);

/* A loadable segment. */
struct elf_segment {
	uint64_t offset, address, file_size; /* p_offset, p_vaddr, p_filesz */
};

/* The loadable segment at INDEX, from 0; STATUS_NO_ENTRY past the last. */
enum status elf_image_segment_at(const struct elf_image *image, size_t index, struct elf_segment *segment);

/* The executable segment that holds .text: its address and size in bytes. False when there is none. */
bool elf_image_executable(const struct elf_image *image, uint64_t *address, uint64_t *size);

/* The symbol NAME of .symtab or .dynsym with a value: address and size; STATUS_NO_ENTRY when stripped or not there. */
enum status elf_image_symbol(struct elf_image *image, const char *name, uint64_t *address, uint64_t *size);

/*
 * The function symbol whose range holds ADDRESS (for C frames without debug information): its name, borrowed, and its
 * start. Of several the first of .symtab, then of .dynsym; one without a size holds one byte. STATUS_NO_ENTRY: none.
 */
enum status elf_image_symbol_at(struct elf_image *image, uint64_t address, const char **name, uint64_t *start);

/* The GNU build ID in hex, "" when there is none; borrowed. */
const char *elf_image_build_id(const struct elf_image *image);

/* The Go build ID ("action/…/content") of its note, "" when it is no Go program; borrowed. */
const char *elf_image_go_build_id(const struct elf_image *image);

#endif
