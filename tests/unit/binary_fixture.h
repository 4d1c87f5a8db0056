/* What the tests of binary/ share: a folder of their own, and the programs that are built and opened there. */
#ifndef TESTS_UNIT_BINARY_FIXTURE_H
#define TESTS_UNIT_BINARY_FIXTURE_H

#include "binary/elf_image.h"
#include "binary/go_buildinfo.h"

#include <stddef.h>
#include <stdint.h>

struct go_pclntab;

/* A Go program, opened in all ways that binary/ has. */
struct binary_fixture {
	struct elf_image *image;
	struct go_buildinfo info;
	struct go_pclntab *table;
};

/* Set a group of tests up: the folder, and a go command ($ESCPROF_GO, else what tests/find-go.sh finds). */
int binary_fixture_set_up(void **state);

/* The same, with programs/frames.go built as "plain" and, without its symbols, as "stripped". */
int binary_fixture_set_up_frames(void **state);

/*
 * The same as binary_fixture_set_up, with programs/many_symbols.c built as "pie" (with debug information and a build
 * ID), "stripped" (of that) and "fixed" (without either), and programs/frames.go as "go", with a build ID of its own.
 */
int binary_fixture_set_up_symbols(void **state);

/* Remove the folder. */
int binary_fixture_tear_down(void **state);

/* Write SIZE bytes at DATA into the file NAME of the folder, whose folders are made. */
void binary_fixture_write(const char *name, const void *data, size_t size);

/*
 * Run a shell command in the folder, where $GO is the go command and $PROGRAMS the folder tests/unit/programs. A status
 * other than 0 fails the test, with what the command said. What it printed: free(); SIZE may be NULL.
 */
char *binary_fixture_run(size_t *size, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Run such a command and drop what it prints. */
void binary_fixture_do(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The bytes of the folder's file NAME: free(). */
uint8_t *binary_fixture_read(const char *name, size_t *size);

/* Open the folder's file NAME; the test fails when that fails. Close with elf_image_close. */
struct elf_image *binary_fixture_image(const char *name);

/* Open the Go program NAME, of the folder unless it begins with '/'; the test fails when anything of it fails. */
void binary_fixture_open(struct binary_fixture *fixture, const char *name);

/* Close what binary_fixture_open opened. */
void binary_fixture_close(struct binary_fixture *fixture);

/* A section of an ELF file that is made here. */
struct binary_fixture_section {
	const char *name;
	uint32_t type, link;     /* sh_type, sh_link */
	uint64_t flags, address; /* with SHF_ALLOC it gets a segment of its own */
	const void *data;
	size_t size;
};

/*
 * The bytes of an ELF file for MACHINE with COUNT sections, behind the empty one and with .shstrtab as the last:
 * free().
 */
uint8_t *binary_fixture_elf(const struct binary_fixture_section *sections, size_t count, uint16_t machine,
			    size_t *size);

#endif
