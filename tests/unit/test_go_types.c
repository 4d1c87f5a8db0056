/*
 * Type descriptors against reflect: a program prints what reflect says of types of all kinds, and where their
 * descriptors are; the same must be read from its file.
 */
#include "binary/go_types.h"

#include "binary/go_pclntab.h"
#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS 27 /* abi.Kind, 0 is none */

static int set_up(void **state)
{
	if (binary_fixture_set_up(state))
		return -1;
	binary_fixture_do("\"$GO\" build -o plain \"$PROGRAMS/types.go\"");
	return 0;
}

/* What the types of the program that hold pointers to themselves hold of them; all others none. */
static unsigned expected_links(const char *name)
{
	if (strcmp(name, "main.queue") == 0 || strcmp(name, "main.ring") == 0 || strcmp(name, "main.inside") == 0)
		return 1;
	return strcmp(name, "main.trie") == 0 || strncmp(name, "main.tree[", 10) == 0 ? 2 : 0;
}

/* Compare how many pointers to itself the type NAME at ADDRESS is said to hold, where the program says what it is. */
static void compare_links(const struct binary_fixture *program, const char *name, uint64_t address)
{
	if (strncmp(name, "main.", 5) == 0 &&
	    go_type_self_links(program->image, program->table, address) != expected_links(name))
		fail_msg("\"%s\" holds %u pointers to itself?", name,
			 go_type_self_links(program->image, program->table, address));
}

/* Compare the type that LINE tells of; returns its kind. */
static unsigned compare_type(const struct binary_fixture *program, char *line, uint64_t shift)
{
	uint64_t address, size, ptr_bytes, element;
	struct go_type type;
	unsigned kind;
	int name_at;
	char *name;

	assert_int_equal(sscanf(line, "%lx %lu %lu %u %lx %n", &address, &size, &ptr_bytes, &kind, &element, &name_at),
			 5);
	if (!go_type_read(program->image, program->table, address - shift, &type))
		fail_msg("no type: %s", line);
	name = go_type_name(program->image, program->table, address - shift);
	if (!name || strcmp(name, line + name_at) != 0 || type.size != size || type.ptr_bytes != ptr_bytes ||
	    type.kind != kind || type.elem != (element ? element - shift : 0))
		fail_msg("\"%s\" was read as: %lu %lu %u %lx %s", line, type.size, type.ptr_bytes, type.kind,
			 type.elem + shift, name ? name : "(none)");
	compare_links(program, name, address - shift);
	free(name);
	return kind;
}

/* Compare all that the program NAME prints. */
static void compare_program(const char *program_name)
{
	char *output = binary_fixture_run(NULL, "./%s", program_name), *rest = output, *line;
	size_t kinds[KINDS] = {0}, count = 0;
	struct binary_fixture program;
	struct go_func func;
	uint64_t shift;
	unsigned kind;

	binary_fixture_open(&program, program_name);
	assert_true(go_pclntab_by_name(program.table, "main.main", &func));
	shift = strtoull(strsep(&rest, "\n"), NULL, 16) - func.entry;
	for (; (line = strsep(&rest, "\n")) && *line; count++)
		kinds[compare_type(&program, line, shift) % KINDS]++;
	for (kind = 1; kind < KINDS; kind++)
		if (!kinds[kind])
			fail_msg("no type of the kind %u was compared", kind);
	print_message("%s: %zu types of all kinds\n", program_name, count);
	assert_true(count > 120);
	binary_fixture_close(&program);
	free(output);
}

static void test_types(void **state)
{
	(void)state;
	compare_program("plain");
}

static void test_types_of_stripped(void **state)
{
	(void)state;
	binary_fixture_do("\"$GO\" build -ldflags='-s -w' -o stripped \"$PROGRAMS/types.go\"");
	compare_program("stripped");
}

/* Element types are pointers that the loader has to relocate. */
static void test_types_of_pie(void **state)
{
	(void)state;
	binary_fixture_do("\"$GO\" build -buildmode=pie -o pie \"$PROGRAMS/types.go\"");
	compare_program("pie");
}

/* The address of the type of int, as the program prints it. */
static uint64_t address_of_int(void)
{
	char *line = binary_fixture_run(NULL, "./plain | grep ' int$'");
	uint64_t address = strtoull(line, NULL, 16);

	free(line);
	return address;
}

static void test_no_types(void **state)
{
	struct binary_fixture program;
	uint64_t start, end, address;
	struct go_type type;
	size_t found = 0;
	char *name;

	(void)state;
	binary_fixture_open(&program, "plain");
	go_pclntab_types(program.table, &start, &end);
	assert_true(start && start < end);
	for (address = 1; address < 4000; address++) {
		assert_false(go_type_read(program.image, program.table, start - address, &type));
		assert_false(go_type_read(program.image, program.table, end - 48 + address, &type));
		assert_false(go_type_read(program.image, program.table, UINT64_MAX - address, &type));
		assert_null(go_type_name(program.image, program.table, end - 48 + address));
	}
	/* What is no descriptor seldom looks like one, and can be asked for. */
	for (address = start; address < end; address += 3) {
		found += go_type_read(program.image, program.table, address, &type);
		name = go_type_name(program.image, program.table, address);
		free(name);
	}
	assert_true(found < (end - start) / 3 / 5);
	binary_fixture_close(&program);
}

/* The bytes of "plain", and where the descriptor of int is in them. */
struct damage {
	uint8_t *file, *descriptor;
	size_t size;
	uint64_t address;
	unsigned minor;
};

static void find_descriptor(struct damage *damage)
{
	struct elf_image *image = NULL;
	struct binary_fixture program;
	size_t available;

	binary_fixture_open(&program, "plain");
	damage->minor = program.info.minor;
	binary_fixture_close(&program);

	damage->file = binary_fixture_read("plain", &damage->size);
	damage->address = address_of_int();
	assert_int_equal(elf_image_open_memory(&image, damage->file, damage->size, "a.out", NULL), STATUS_OK);
	damage->descriptor = (uint8_t *)elf_image_at(image, damage->address, &available);
	assert_non_null(damage->descriptor);
	elf_image_close(image);
}

/* Whether the descriptor is read, and has a name, once SIZE bytes at OFFSET are VALUE's. */
static void read_damaged(const struct damage *damage, size_t offset, uint64_t value, size_t size, bool *read,
			 bool *named)
{
	struct go_pclntab *table;
	struct elf_image *image = NULL;
	struct go_type type;
	uint64_t kept;
	char *name;

	memcpy(&kept, damage->descriptor + offset, size);
	memcpy(damage->descriptor + offset, &value, size);
	assert_int_equal(elf_image_open_memory(&image, damage->file, damage->size, "a.out", NULL), STATUS_OK);
	assert_int_equal(go_pclntab_open(&table, image, damage->minor, NULL), STATUS_OK);
	*read = go_type_read(image, table, damage->address, &type);
	name = go_type_name(image, table, damage->address);
	*named = name != NULL;
	free(name);
	go_pclntab_close(table);
	elf_image_close(image);
	memcpy(damage->descriptor + offset, &kept, size);
}

static void test_damaged(void **state)
{
	static const struct {
		size_t offset, size;
		uint64_t value;
		bool read, named;
	} cases[] = {
	    {0, 8, 8, true, true},            /* as it is */
	    {0, 8, 1ull << 48, false, false}, /* no value is so big */
	    {8, 8, 9, false, false},          /* pointers past the value's end */
	    {21, 1, 0, false, false},         /* alignments */
	    {21, 1, 3, false, false},
	    {21, 1, 128, false, false},
	    {23, 1, 0, false, false}, /* kinds */
	    {23, 1, 27, false, false},
	    {40, 4, 0xfffffff0, true, false}, /* a name outside the types */
	};
	struct damage damage;
	bool read, named;
	size_t i;

	(void)state;
	find_descriptor(&damage);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_damaged(&damage, cases[i].offset, cases[i].value, cases[i].size, &read, &named);
		if (read != cases[i].read || named != cases[i].named)
			fail_msg("case %zu: read %d, named %d", i, read, named);
	}
	free(damage.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_types),        cmocka_unit_test(test_types_of_stripped),
	    cmocka_unit_test(test_types_of_pie), cmocka_unit_test(test_no_types),
	    cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, set_up, binary_fixture_tear_down);
}
