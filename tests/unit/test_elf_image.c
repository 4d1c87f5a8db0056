/*
 * The ELF layer against the binutils: what nm, readelf and objcopy say of programs that are made here is what it must
 * say. Compressed, damaged and cut files are made from them or by hand, since no tool writes wrong ones.
 */
#include "binary/elf_image.h"

#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define COMPRESS_ZSTD 2 /* ELFCOMPRESS_ZSTD, which older elf.h lack */

static int set_up(void **state)
{
	if (binary_fixture_set_up_symbols(state))
		return -1;
	binary_fixture_do("gcc -O1 -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 -o musl \"$PROGRAMS/many_symbols.c\"");
	return 0;
}

static void test_sections(void **state)
{
	struct elf_image *image = binary_fixture_image("pie");
	char *lines = binary_fixture_run(NULL, "readelf -SW pie | sed -n 's/^ *\\[ *[0-9]*\\] //p' | grep '^\\.'");
	char *rest = lines, *line, name[100], type[100];
	uint64_t address, offset, size;
	struct elf_section section;
	size_t count = 0, file_size;
	uint8_t *file = binary_fixture_read("pie", &file_size);

	(void)state;
	while ((line = strsep(&rest, "\n")) && *line) {
		assert_int_equal(sscanf(line, "%99s %99s %lx %lx %lx", name, type, &address, &offset, &size), 5);
		assert_int_equal(elf_image_section_at(image, ++count, &section), STATUS_OK);
		assert_string_equal(section.name, name);
		assert_int_equal(elf_image_section(image, name, &section, NULL), STATUS_OK);
		assert_int_equal(section.address, address);
		assert_int_equal(section.size, size);
		if (!strcmp(type, "NOBITS"))
			assert_null(section.data);
		else
			assert_memory_equal(section.data, file + offset, size);
	}
	assert_true(count > 20);
	assert_int_equal(elf_image_section_at(image, count + 1, &section), STATUS_NO_ENTRY);
	assert_int_equal(elf_image_section(image, ".none", &section, NULL), STATUS_NO_ENTRY);
	free(lines);
	free(file);
	elf_image_close(image);
}

/* The debug sections of PROGRAM against those of "plain"; returns how many of them are compressed in the file. */
static size_t compare_debug_sections(const char *program)
{
	struct elf_image *plain = binary_fixture_image("plain"), *image = binary_fixture_image(program);
	struct elf_section expected, section, raw;
	struct error error = {""};
	size_t i, compressed = 0;

	for (i = 0; elf_image_section_at(plain, i, &expected) == STATUS_OK; i++) {
		if (strncmp(expected.name, ".debug_", 7) != 0)
			continue;
		assert_int_equal(elf_image_section_at(image, i, &raw), STATUS_OK);
		assert_string_equal(raw.name, expected.name);
		if (elf_image_section(image, expected.name, &section, &error) != STATUS_OK)
			fail_msg("%s", error.text);
		assert_int_equal(section.size, expected.size);
		assert_memory_equal(section.data, expected.data, expected.size);
		compressed += raw.data != section.data;
	}
	elf_image_close(plain);
	elf_image_close(image);
	return compressed;
}

static void test_compressed_sections(void **state)
{
	(void)state;
	binary_fixture_do("objcopy --decompress-debug-sections pie plain");
	assert_int_equal(compare_debug_sections("plain"), 0);
	binary_fixture_do("objcopy --compress-debug-sections=zlib-gabi plain packed");
	assert_true(compare_debug_sections("packed") > 2);
	binary_fixture_do("objcopy --compress-debug-sections=zlib-gnu plain zdebug");
	assert_true(compare_debug_sections("zdebug") > 2);
	/* Go packs them itself. */
	binary_fixture_do("objcopy --decompress-debug-sections go plain");
	assert_true(compare_debug_sections("go") > 2);
}

enum packing { PACKING_ZLIB, PACKING_ZSTD, PACKING_ZDEBUG };

/* Pack TEXT into BLOCK behind a header that claims CLAIMED bytes; returns the size. */
static size_t pack(uint8_t block[1024], enum packing packing, const char *text, uint64_t claimed)
{
	Elf64_Chdr header = {.ch_type = packing == PACKING_ZSTD ? COMPRESS_ZSTD : ELFCOMPRESS_ZLIB, .ch_size = claimed};
	size_t head = packing == PACKING_ZDEBUG ? 12 : sizeof(header), size = strlen(text);
	uint64_t swapped = __builtin_bswap64(claimed);
	uLongf packed = 900;

	if (packing == PACKING_ZDEBUG) {
		memcpy(block, "ZLIB", 4);
		memcpy(block + 4, &swapped, sizeof(swapped));
	} else {
		memcpy(block, &header, sizeof(header));
	}
	if (packing == PACKING_ZSTD)
		packed = ZSTD_compress(block + head, 900, text, size, 3);
	else
		assert_int_equal(compress(block + head, &packed, (const uint8_t *)text, size), Z_OK);
	return head + packed;
}

/* A file whose .debug_str is PACKING of TEXT, said to be CLAIMED bytes, and CUT bytes too short. */
static enum status read_packed(enum packing packing, const char *text, uint64_t claimed, size_t cut,
			       struct error *error)
{
	struct elf_section section;
	struct elf_image *image = NULL;
	uint8_t block[1024], *file;
	struct binary_fixture_section packed = {
	    .name = packing == PACKING_ZDEBUG ? ".zdebug_str" : ".debug_str",
	    .type = SHT_PROGBITS,
	    .flags = packing == PACKING_ZDEBUG ? 0 : SHF_COMPRESSED,
	    .data = block,
	    .size = pack(block, packing, text, claimed) - cut,
	};
	enum status status;
	size_t size;

	file = binary_fixture_elf(&packed, 1, EM_X86_64, &size);
	assert_int_equal(elf_image_open_memory(&image, file, size, "a.out", NULL), STATUS_OK);
	status = elf_image_section(image, ".debug_str", &section, error);
	if (status == STATUS_OK) {
		assert_int_equal(section.size, strlen(text));
		assert_memory_equal(section.data, text, strlen(text));
	}
	elf_image_close(image);
	free(file);
	return status;
}

static void test_packings(void **state)
{
	static const char text[] = "one two three one two three one two three one two three one two three";
	const uint64_t size = sizeof(text) - 1, lies[] = {0, 1, size - 1, size + 1, 100000, UINT64_MAX};
	enum packing packing;
	struct error error;
	size_t i;

	(void)state;
	for (packing = PACKING_ZLIB; packing <= PACKING_ZDEBUG; packing++) {
		assert_int_equal(read_packed(packing, text, size, 0, NULL), STATUS_OK);
		for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
			assert_int_equal(read_packed(packing, text, lies[i], 0, &error), STATUS_ERROR);
			assert_non_null(strstr(error.text, ".debug_str of a.out"));
		}
		for (i = 1; i < 20; i++)
			assert_int_equal(read_packed(packing, text, size, i, NULL), STATUS_ERROR);
	}
}

static void test_build_ids(void **state)
{
	struct elf_image *image = binary_fixture_image("pie");

	(void)state;
	assert_string_equal(elf_image_build_id(image), "0123456789abcdef");
	assert_string_equal(elf_image_go_build_id(image), "");
	elf_image_close(image);
	image = binary_fixture_image("fixed");
	assert_string_equal(elf_image_build_id(image), "");
	elf_image_close(image);
	image = binary_fixture_image("go");
	assert_string_equal(elf_image_go_build_id(image), "left/mid/right");
	elf_image_close(image);
}

static void test_kinds(void **state)
{
	struct elf_image *pie = binary_fixture_image("pie"), *fixed = binary_fixture_image("fixed");
	struct elf_image *go = binary_fixture_image("go"), *musl = binary_fixture_image("musl");

	(void)state;
	assert_true(elf_image_is_pie(pie) && elf_image_is_dynamic(pie));
	assert_true(!elf_image_is_pie(fixed) && elf_image_is_dynamic(fixed));
	assert_true(!elf_image_is_pie(go) && !elf_image_is_dynamic(go));
	assert_string_equal(elf_image_interpreter(fixed), "/lib64/ld-linux-x86-64.so.2");
	assert_string_equal(elf_image_interpreter(go), "");
	assert_string_equal(elf_image_interpreter(musl), "/lib/ld-musl-x86_64.so.1");
	assert_true(elf_image_is_glibc(pie) && elf_image_is_glibc(fixed));
	assert_true(!elf_image_is_glibc(go) && !elf_image_is_glibc(musl) && elf_image_is_dynamic(musl));
	assert_int_equal(elf_image_machine(go), EM_X86_64);
	elf_image_close(pie);
	elf_image_close(fixed);
	elf_image_close(go);
	elf_image_close(musl);
}

/* The address of NAME in PROGRAM as nm says. */
static uint64_t address_of(const char *program, const char *name)
{
	char *line = binary_fixture_run(NULL, "nm %s | grep ' %s$'", program, name);
	uint64_t address = strtoull(line, NULL, 16);

	free(line);
	assert_true(address);
	return address;
}

/* The three pointers of "table", which lies in the image of PROGRAM. */
static void check_table(struct elf_image *image, const char *program)
{
	static const char *const targets[] = {"twice", "hidden", "twice"};
	uint64_t table = address_of(program, "table"), value;
	size_t i;

	for (i = 0; i < 3; i++) {
		assert_true(elf_image_pointer(image, table + 8 * i, &value));
		assert_int_equal(value, address_of(program, targets[i]));
	}
}

/* Not every linker writes into the file of a PIE what its relocations say: they alone must do. */
static void check_relocated_table(void)
{
	struct elf_image *image = binary_fixture_image("pie"), *copy = NULL;
	size_t size, available;
	uint8_t *file = binary_fixture_read("pie", &size);
	uint64_t table = address_of("pie", "table");
	struct elf_segment segment;
	size_t i;

	assert_non_null(elf_image_at(image, table, &available));
	for (i = 0; elf_image_segment_at(image, i, &segment) == STATUS_OK; i++)
		if (table >= segment.address && table - segment.address < segment.file_size)
			memset(file + segment.offset + (table - segment.address), 0, 24);
	assert_int_equal(elf_image_open_memory(&copy, file, size, "copy", NULL), STATUS_OK);
	check_table(copy, "pie");
	elf_image_close(copy);
	elf_image_close(image);
	free(file);
}

static void check_pointers(const char *program)
{
	struct elf_image *image = binary_fixture_image(program);
	uint64_t value, empty = address_of(program, "empty");
	size_t available;

	check_table(image, program);
	assert_true(elf_image_pointer(image, address_of(program, "counter"), &value));
	assert_int_equal(value, 7);
	assert_null(elf_image_at(image, empty + 10000, &available));
	assert_false(elf_image_pointer(image, empty + 10000, &value));
	assert_false(elf_image_pointer(image, UINT64_MAX - 3, &value));
	elf_image_close(image);
}

static void test_pointers(void **state)
{
	(void)state;
	check_pointers("fixed");
	check_pointers("pie");
	check_relocated_table();
}

static void test_segments(void **state)
{
	struct elf_image *image = binary_fixture_image("go");
	char *lines = binary_fixture_run(NULL, "readelf -lW go | grep '^  LOAD'"), *rest = lines, *line, flags[8];
	uint64_t offset, address, physical, size, memory, found, found_size;
	size_t count = 0, file_size, available;
	uint8_t *file = binary_fixture_read("go", &file_size);
	struct elf_segment segment;

	(void)state;
	while ((line = strsep(&rest, "\n")) && *line) {
		assert_int_equal(sscanf(line, " LOAD %lx %lx %lx %lx %lx %7[RWE ]", &offset, &address, &physical, &size,
					&memory, flags),
				 6);
		assert_int_equal(elf_image_segment_at(image, count++, &segment), STATUS_OK);
		assert_true(segment.offset == offset && segment.address == address && segment.file_size == size);
		assert_memory_equal(elf_image_at(image, address + 5, &available), file + offset + 5, size - 5);
		assert_int_equal(available, size - 5);
		if (strchr(flags, 'E')) {
			assert_true(elf_image_executable(image, &found, &found_size));
			assert_true(found == address && found_size == memory);
		}
	}
	assert_true(count > 1);
	assert_int_equal(elf_image_segment_at(image, count, &segment), STATUS_NO_ENTRY);
	assert_null(elf_image_at(image, 0, &available));
	free(lines);
	free(file);
	elf_image_close(image);
}

/* SIZE bytes of FILE right before a page that must not be read. */
static uint8_t *fence(const uint8_t *file, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
	uint8_t *block = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(block != MAP_FAILED);
	assert_int_equal(mprotect(block + room, page, PROT_NONE), 0);
	memcpy(block + room - size, file, size);
	return block;
}

static void unfence(uint8_t *block, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	munmap(block, (size + page - 1) / page * page + page);
}

/* Cut the file NAME at many offsets: it must be refused, as what is cut, damaged or too short for an ELF file. */
static void cut_everywhere(const char *name, size_t step)
{
	size_t file_size, size, page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *file = binary_fixture_read(name, &file_size);

	for (size = 0; size < file_size; size += size < 1200 || size + 1200 > file_size ? 1 : step) {
		uint8_t *block = fence(file, size);
		struct elf_image *image = NULL;
		struct error error = {""};

		if (elf_image_open_memory(&image, block + (page - size % page) % page, size, "a.out", &error) !=
		    STATUS_ERROR)
			fail_msg("%s opens when cut to %zu of %zu bytes", name, size, file_size);
		if (!strstr(error.text, "a.out") || !strstr(error.text, size < sizeof(Elf64_Ehdr) ? "not an ELF file"
									: size < 1200             ? ""
												  : "cut: "))
			fail_msg("%s cut to %zu of %zu bytes: %s", name, size, file_size, error.text);
		unfence(block, size);
	}
	free(file);
}

static void test_cut(void **state)
{
	(void)state;
	/* The linker of C puts the section headers last; Go's puts them first, and their names last. */
	cut_everywhere("fixed", 37);
	cut_everywhere("go", 9973);
}

/* One section that the file no longer has to its end: it is refused, the others are read. */
static void test_cut_sections(void **state)
{
	static const char text[] = "0123456789abcdef";
	struct binary_fixture_section sections[] = {
	    {.name = "first", .type = SHT_PROGBITS, .data = text, .size = 16},
	    {.name = "second", .type = SHT_PROGBITS, .data = text, .size = 16},
	};
	struct elf_section section;
	struct elf_image *image;
	size_t size, cut;
	uint8_t *file = binary_fixture_elf(sections, 2, EM_X86_64, &size);
	Elf64_Shdr *headers = (Elf64_Shdr *)(file + ((Elf64_Ehdr *)file)->e_shoff);
	struct error error;

	(void)state;
	headers[2].sh_offset = size - 8; /* as if the file had gone on */
	for (cut = 0; cut < 8; cut++) {
		headers[2].sh_size = 8 + cut;
		assert_int_equal(elf_image_open_memory(&image, file, size, "a.out", NULL), STATUS_OK);
		assert_int_equal(elf_image_section(image, "first", &section, NULL), STATUS_OK);
		assert_memory_equal(section.data, text, 16);
		assert_int_equal(elf_image_section(image, "second", &section, &error), cut ? STATUS_ERROR : STATUS_OK);
		elf_image_close(image);
	}
	assert_string_equal(error.text, "cut: the section second of a.out points outside the file");
	free(file);
}

static void test_cut_segment(void **state)
{
	const struct binary_fixture_section data = {.name = ".data",
						    .type = SHT_PROGBITS,
						    .flags = SHF_ALLOC,
						    .address = 0x1000,
						    .data = "12345678",
						    .size = 8};
	struct elf_image *image = NULL;
	size_t size;
	uint8_t *file = binary_fixture_elf(&data, 1, EM_X86_64, &size);
	Elf64_Phdr *segment = (Elf64_Phdr *)(file + sizeof(Elf64_Ehdr));
	struct error error;

	(void)state;
	segment->p_filesz = size - segment->p_offset;
	assert_int_equal(elf_image_open_memory(&image, file, size, "a.out", &error), STATUS_OK);
	elf_image_close(image);
	segment->p_filesz++;
	assert_int_equal(elf_image_open_memory(&image, file, size, "a.out", &error), STATUS_ERROR);
	assert_string_equal(error.text, "cut: a.out: a segment points outside the file");
	segment->p_filesz = UINT64_MAX - 7;
	assert_int_equal(elf_image_open_memory(&image, file, size, "a.out", &error), STATUS_ERROR);
	free(file);
}

static void expect_refusal(const char *name, const char *message)
{
	struct elf_image *image = NULL;
	struct error error = {""};
	char *path = binary_fixture_run(NULL, "printf %%s \"$PWD/%s\"", name);

	assert_int_equal(elf_image_open(&image, path, &error), STATUS_ERROR);
	assert_null(image);
	if (!strstr(error.text, message) || !strstr(error.text, path))
		fail_msg("%s: \"%s\" has no \"%s\"", path, error.text, message);
	free(path);
}

static void test_no_elf(void **state)
{
	size_t size;
	uint8_t *file = binary_fixture_read("fixed", &size);

	(void)state;
	binary_fixture_write("text", "#!/bin/sh\n", 10);
	binary_fixture_do("cp \"$PROGRAMS/many_symbols.c\" long");
	binary_fixture_write("empty", "", 0);
	file[EI_CLASS] = ELFCLASS32;
	binary_fixture_write("narrow", file, size);
	file[EI_CLASS] = ELFCLASS64;
	file[EI_DATA] = ELFDATA2MSB;
	binary_fixture_write("big", file, size);
	free(file);
	expect_refusal("text", "not an ELF file");
	expect_refusal("long", "not an ELF file");
	expect_refusal("empty", "not an ELF file");
	expect_refusal("narrow", "not a 64-bit little-endian ELF file");
	expect_refusal("big", "not a 64-bit little-endian ELF file");
	expect_refusal(".", "");
	expect_refusal("missing", "");
	elf_image_close(NULL);
}

static void test_arm64(void **state)
{
	const uint32_t code[] = {0xd503201f, 0xd65f03c0}; /* nop; ret */
	const struct binary_fixture_section text = {
	    .name = ".text",
	    .type = SHT_PROGBITS,
	    .flags = SHF_ALLOC | SHF_EXECINSTR,
	    .address = 0x10000,
	    .data = code,
	    .size = sizeof(code),
	};
	struct elf_image *image = NULL;
	size_t size, available;
	uint8_t *file = binary_fixture_elf(&text, 1, EM_AARCH64, &size);
	uint64_t address, length;

	(void)state;
	assert_int_equal(elf_image_open_memory(&image, file, size, "arm64", NULL), STATUS_OK);
	assert_int_equal(elf_image_machine(image), EM_AARCH64);
	assert_true(elf_image_executable(image, &address, &length));
	assert_true(address == 0x10000 && length == sizeof(code));
	assert_memory_equal(elf_image_at(image, 0x10004, &available), code + 1, 4);
	assert_int_equal(available, 4);
	assert_null(elf_image_at(image, 0x10008, &available));
	assert_null(elf_image_at(image, 0xffff, &available));
	assert_string_equal(elf_image_path(image), "arm64");
	elf_image_close(image);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sections),     cmocka_unit_test(test_compressed_sections),
	    cmocka_unit_test(test_packings),     cmocka_unit_test(test_build_ids),
	    cmocka_unit_test(test_kinds),        cmocka_unit_test(test_pointers),
	    cmocka_unit_test(test_segments),     cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_cut_sections), cmocka_unit_test(test_cut_segment),
	    cmocka_unit_test(test_no_elf),       cmocka_unit_test(test_arm64),
	};

	return cmocka_run_group_tests(tests, set_up, binary_fixture_tear_down);
}
