/*
 * Symbols against nm, and functions by address against a scan of the whole table, through the image that has them: of
 * programs that are made here, and of functions that overlap in all ways.
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

/* The lines of nm that are functions and data, in the order of the symbol table; returns how many were compared. */
static size_t compare_symbols(const char *program)
{
	struct elf_image *image = binary_fixture_image(program);
	char *lines = binary_fixture_run(NULL, "nm -p -S --defined-only %s | awk 'NF == 4 && !seen[$4]++'", program);
	char *rest = lines, *line, letter, name[4096];
	uint64_t address, size, found_address, found_size;
	size_t count = 0;

	while ((line = strsep(&rest, "\n")) && *line) {
		assert_int_equal(sscanf(line, "%lx %lx %c %4095[^\n]", &address, &size, &letter, name), 4);
		if (!address || !strchr("TtDdBbRr", letter))
			continue;
		if (elf_image_symbol(image, name, &found_address, &found_size) != STATUS_OK)
			fail_msg("%s: no symbol %s", program, name);
		assert_int_equal(found_address, address);
		assert_int_equal(found_size, size);
		count++;
	}
	assert_int_equal(elf_image_symbol(image, "no such symbol", &address, &size), STATUS_NO_ENTRY);
	free(lines);
	elf_image_close(image);
	return count;
}

static void test_symbols(void **state)
{
	struct elf_image *image;
	uint64_t address, size;
	size_t count;

	(void)state;
	count = compare_symbols("fixed");
	assert_true(count > 10);
	print_message("%zu symbols of C\n", count);
	image = binary_fixture_image("stripped");
	assert_int_equal(elf_image_symbol(image, "twice", &address, &size), STATUS_OK); /* of .dynsym */
	assert_int_equal(elf_image_symbol(image, "hidden", &address, &size), STATUS_NO_ENTRY);
	elf_image_close(image);
}

static void test_symbols_of_go(void **state)
{
	struct elf_image *image = binary_fixture_image("go");
	char *line = binary_fixture_run(NULL, "nm -S go | grep ' runtime.memstats$'");
	uint64_t address, size, found_address, found_size;

	(void)state;
	assert_int_equal(sscanf(line, "%lx %lx", &address, &size), 2);
	assert_int_equal(elf_image_symbol(image, "runtime.memstats", &found_address, &found_size), STATUS_OK);
	assert_int_equal(found_address, address);
	assert_int_equal(found_size, size);
	free(line);
	elf_image_close(image);
}

/* The first function of the symbol table NAME that holds ADDRESS: what a linear scan says, or NULL. */
static const char *scan(struct elf_image *image, const char *name, uint64_t address, uint64_t *start)
{
	struct elf_section table, strings;
	Elf64_Sym symbol;
	size_t i;

	if (elf_image_section(image, name, &table, NULL) != STATUS_OK ||
	    elf_image_section(image, !strcmp(name, ".symtab") ? ".strtab" : ".dynstr", &strings, NULL) != STATUS_OK)
		return NULL;
	for (i = 0; i < table.size / sizeof(symbol); i++) {
		memcpy(&symbol, table.data + i * sizeof(symbol), sizeof(symbol));
		if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || !symbol.st_value || symbol.st_shndx == SHN_UNDEF ||
		    address < symbol.st_value || address - symbol.st_value >= (symbol.st_size ? symbol.st_size : 1))
			continue;
		*start = symbol.st_value;
		return (const char *)strings.data + symbol.st_name;
	}
	return NULL;
}

/* Look ADDRESS up in both ways; true when a function holds it. */
static bool compare_at(struct elf_image *image, uint64_t address)
{
	uint64_t start = 0, expected_start = 0;
	const char *name = NULL, *expected = scan(image, ".symtab", address, &expected_start);
	enum status status = elf_image_symbol_at(image, address, &name, &start);

	if (!expected)
		expected = scan(image, ".dynsym", address, &expected_start);
	if (!expected) {
		assert_int_equal(status, STATUS_NO_ENTRY);
		return false;
	}
	if (status != STATUS_OK || strcmp(name, expected) != 0 || start != expected_start)
		fail_msg("%#lx: %s from %#lx on, not %s from %#lx on", address, name ? name : "nothing", start,
			 expected, expected_start);
	return true;
}

static void test_symbol_at(void **state)
{
	static const char *const programs[] = {"fixed", "pie", "stripped"};
	struct elf_image *image;
	struct elf_section text;
	uint64_t address;
	size_t i, held;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		image = binary_fixture_image(programs[i]);
		assert_int_equal(elf_image_section(image, ".text", &text, NULL), STATUS_OK);
		held = 0;
		for (address = text.address - 200; address < text.address + text.size + 200; address++)
			held += compare_at(image, address);
		print_message("%s: %zu of %lu bytes are a function's\n", programs[i], held, text.size + 400);
		assert_true(held > 30);
		assert_false(compare_at(image, 0));
		assert_false(compare_at(image, UINT64_MAX));
		elf_image_close(image);
	}
}

static void test_symbol_at_of_go(void **state)
{
	struct elf_image *image = binary_fixture_image("go");
	size_t held = 0, step = 0;
	struct elf_section text;
	uint64_t address;

	(void)state;
	assert_int_equal(elf_image_section(image, ".text", &text, NULL), STATUS_OK);
	for (address = text.address; address < text.address + text.size; address += step) {
		held += compare_at(image, address);
		step = step % 211 + 97;
	}
	print_message("%zu addresses of Go\n", held);
	assert_true(held > 1000);
	elf_image_close(image);
}

/* An image of 300 functions that overlap in all ways, some at the very end of the addresses. */
static struct elf_image *make_overlapping(uint8_t **file)
{
	static char strings[] = "\0a\0b\0c\0d\0e\0f\0g";
	Elf64_Sym symbols[300] = {{0}};
	const struct binary_fixture_section sections[] = {
	    {.name = ".symtab", .type = SHT_SYMTAB, .link = 2, .data = symbols, .size = sizeof(symbols)},
	    {.name = ".strtab", .type = SHT_STRTAB, .data = strings, .size = sizeof(strings)},
	};
	struct elf_image *image = NULL;
	size_t i, size;

	srand(1);
	for (i = 1; i < 300; i++) {
		symbols[i].st_info = ELF64_ST_INFO(STB_GLOBAL, i % 10 ? STT_FUNC : STT_OBJECT);
		symbols[i].st_name = (Elf64_Word)(2 * (i % 7) + 1);
		symbols[i].st_shndx = i % 13 ? 1 : SHN_UNDEF;
		symbols[i].st_value = (uint64_t)rand() % 4000;
		symbols[i].st_size = (uint64_t)rand() % (i % 20 ? 30 : 400);
		if (i % 50 == 7)
			symbols[i].st_value = UINT64_MAX - symbols[i].st_value % 100;
		if (i == 107)
			symbols[i].st_size = UINT64_MAX;
	}
	*file = binary_fixture_elf(sections, 2, EM_X86_64, &size);
	assert_int_equal(elf_image_open_memory(&image, *file, size, "overlapping", NULL), STATUS_OK);
	return image;
}

static void test_symbol_at_overlapping(void **state)
{
	uint8_t *file;
	struct elf_image *image = make_overlapping(&file);
	size_t held = 0;
	uint64_t i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		held += compare_at(image, i);
		held += compare_at(image, UINT64_MAX - i);
	}
	assert_true(held > 1000);
	elf_image_close(image);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_symbols),
	    cmocka_unit_test(test_symbols_of_go),
	    cmocka_unit_test(test_symbol_at),
	    cmocka_unit_test(test_symbol_at_of_go),
	    cmocka_unit_test(test_symbol_at_overlapping),
	};

	return cmocka_run_group_tests(tests, binary_fixture_set_up_symbols, binary_fixture_tear_down);
}
