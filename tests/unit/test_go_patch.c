/*
 * The places in the machine code against objdump's disassembly; the types at calls of the allocator against the source
 * of a program that allocates one type a function, and their number in the go command itself.
 */
#include "binary/go_patch.h"

#include "binary/go_pclntab.h"
#include "binary/go_types.h"
#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_SIZE 5 /* E8 rel32 */

static int set_up(void **state)
{
	if (binary_fixture_set_up(state))
		return -1;
	binary_fixture_do("\"$GO\" build -o calls \"$PROGRAMS/calls.go\"");
	binary_fixture_do("objdump -d --no-show-raw-insn calls | sed -n "
			  "'s/^ *\\([0-9a-f]*\\):.*\\tcall *\\([0-9a-f]*\\) <\\(.*\\)>$/\\1 \\2 \\3/p' > calls.txt");
	return 0;
}

/* The addresses of the calls of NAME, as objdump says; returns how many there are. */
static size_t calls_of(const char *name, uint64_t *calls, size_t capacity)
{
	char *lines = binary_fixture_run(NULL, "awk '$3 == \"%s\" { print $1 }' calls.txt", name);
	char *rest = lines, *line;
	size_t count = 0;

	while ((line = strsep(&rest, "\n")) && *line) {
		assert_true(count < capacity);
		calls[count++] = strtoull(line, NULL, 16);
	}
	free(lines);
	return count;
}

static uint64_t entry_of(const struct binary_fixture *program, const char *name)
{
	struct go_func func;

	if (!go_pclntab_by_name(program->table, name, &func))
		fail_msg("no function %s", name);
	return func.entry;
}

static void test_places(void **state)
{
	uint64_t calls[GO_PATCH_MAX_FREE_SITES];
	struct binary_fixture program;
	struct error error = {""};
	struct go_patch patch;
	struct go_func func;

	(void)state;
	binary_fixture_open(&program, "calls");
	if (go_patch_find(&patch, program.image, &program.info, program.table, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	assert_int_equal(calls_of("runtime.mProf_Malloc", calls, GO_PATCH_MAX_FREE_SITES), 1);
	assert_int_equal(patch.malloc_call, calls[0]);
	assert_int_equal(patch.malloc_target, entry_of(&program, "runtime.mProf_Malloc"));
	assert_int_equal(calls_of("runtime.freeSpecial", calls, GO_PATCH_MAX_FREE_SITES), patch.nfree_calls);
	assert_int_equal(patch.nfree_calls, program.info.minor <= 22 ? 2 : 3);
	assert_memory_equal(patch.free_calls, calls, patch.nfree_calls * sizeof(calls[0]));
	assert_int_equal(patch.free_target, entry_of(&program, "runtime.freeSpecial"));
	assert_int_equal(calls_of("syscall.runtime_AfterForkInChild", calls, GO_PATCH_MAX_FREE_SITES), 1);
	assert_int_equal(patch.fork_call, calls[0]);
	assert_int_equal(patch.fork_target, entry_of(&program, "syscall.runtime_AfterForkInChild"));
	assert_int_equal(calls_of("syscall.runtime_BeforeExec", calls, GO_PATCH_MAX_FREE_SITES), 1);
	assert_int_equal(patch.exec_call, calls[0]);
	assert_int_equal(patch.exec_target, entry_of(&program, "syscall.runtime_BeforeExec"));
	assert_true(go_pclntab_find(program.table, patch.stub_space, &func));
	assert_int_equal(func.entry, patch.stub_space);
	assert_int_equal(func.end - func.entry, patch.stub_space_size);
	assert_true(patch.stub_space_size >= 256);
	binary_fixture_close(&program);
}

/* Every direct call that objdump lists leads where it says. */
static void test_call_targets(void **state)
{
	char *lines = binary_fixture_run(NULL, "cat calls.txt"), *rest = lines, *line;
	struct binary_fixture program;
	size_t count = 0;

	(void)state;
	binary_fixture_open(&program, "calls");
	for (; (line = strsep(&rest, "\n")) && *line; count++) {
		uint64_t call = strtoull(line, &line, 16), target = strtoull(line, NULL, 16);

		assert_int_equal(go_patch_call_target(program.image, call + CALL_SIZE), target);
	}
	print_message("%zu calls\n", count);
	assert_true(count > 5000);
	/* An entry is behind padding or a jump. */
	assert_int_equal(go_patch_call_target(program.image, entry_of(&program, "main.main")), 0);
	assert_int_equal(go_patch_call_target(program.image, 2), 0);
	binary_fixture_close(&program);
	free(lines);
}

/* The type at the COUNTth call, from 1 on, that FUNCTION makes of an allocator whose name begins with ENTRY. */
static char *type_in(const struct binary_fixture *program, const char *function, const char *entry, size_t count)
{
	struct go_func func, callee;
	uint64_t pc, type;

	assert_true(go_pclntab_by_name(program->table, function, &func));
	for (pc = func.entry + CALL_SIZE; pc < func.end; pc++) {
		uint64_t target = go_patch_call_target(program->image, pc);

		if (!target || !go_pclntab_find(program->table, target, &callee) || callee.entry != target ||
		    strncmp(callee.name, entry, strlen(entry)) != 0 || --count)
			continue;
		type = go_patch_call_type(program->image, program->table, pc, callee.name);
		return type ? go_type_name(program->image, program->table, type) : NULL;
	}
	return NULL;
}

static void test_types(void **state)
{
	static const struct {
		const char *function, *entry;
		size_t count;
		const char *type;
	} cases[] = {
	    {"main.newNode", "runtime.newobject", 1, "main.Node"},
	    {"main.newBytes", "runtime.newobject", 1, "main.Bytes"},
	    {"main.newNested", "runtime.newobject", 1, "main.Nested"},
	    {"main.newNested", "runtime.newobject", 2, "main.Nested"},
	    {"main.makeslicePair", "runtime.makeslice", 1, "main.Pair"},
	    {"main.makechanNested", "runtime.makechan", 1, "chan main.Nested"},
	    {"main.growsliceint", "runtime.growslice", 1, "int"},
	    {"main.growsliceBytes", "runtime.growslice", 1, "main.Bytes"},
	    {"main.convTPair", "runtime.convT", 1, "main.Pair"},
	    {"main.mapassignstring", "runtime.mapassign", 1, "map[string]*main.Pair"},
	};
	struct binary_fixture program;
	size_t i;

	(void)state;
	binary_fixture_open(&program, "calls");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *type = type_in(&program, cases[i].function, cases[i].entry, cases[i].count);

		/* From Go 1.27 on small objects are asked for by size. */
		if (!type && !strcmp(cases[i].entry, "runtime.newobject"))
			type = type_in(&program, cases[i].function, "runtime.mallocgc", cases[i].count);
		if (!type || strcmp(type, cases[i].type) != 0)
			fail_msg("%s: %s, not %s", cases[i].function, type ? type : "no type", cases[i].type);
		free(type);
	}
	assert_int_equal(go_patch_call_type(program.image, program.table, entry_of(&program, "main.newNode") + 26,
					    "runtime.morestack"),
			 0);
	binary_fixture_close(&program);
}

/* Whether NAME is what the compiler calls for a new object: newobject, from Go 1.27 on also an allocator of one size.
 */
static bool makes_object(const char *name)
{
	return !strcmp(name, "runtime.newobject") ||
	       (!strncmp(name, "runtime.mallocgc", 16) && strstr(name + 16, "SC"));
}

/* Of the calls for a new object in the go command nearly all tell their type; generic code loads some from elsewhere.
 */
static void test_types_of_go_command(void **state)
{
	char *path = binary_fixture_run(NULL, "printf %%s \"$(\"$GO\" env GOROOT)/bin/go\"");
	char *lines = binary_fixture_run(NULL, "objdump -d --no-show-raw-insn %s | sed -n %s", path,
					 "'s/^ *\\([0-9a-f]*\\):.*\tcall *\\([0-9a-f][0-9a-f]*\\).*/\\1 \\2/p'");
	char *rest = lines, *line;
	size_t count = 0, typed = 0;
	struct binary_fixture program;

	(void)state;
	binary_fixture_open(&program, path);
	while ((line = strsep(&rest, "\n")) && *line) {
		uint64_t call = strtoull(line, &line, 16), target = strtoull(line, NULL, 16);
		struct go_func callee;

		if (!go_pclntab_find(program.table, target, &callee) || callee.entry != target ||
		    !makes_object(callee.name))
			continue;
		typed += go_patch_call_type(program.image, program.table, call + CALL_SIZE, callee.name) != 0;
		count++;
	}
	print_message("%zu of %zu calls for a new object have a type\n", typed, count);
	assert_true(count > 1000);
	assert_true(100 * typed >= 98 * count);
	free(lines);
	free(path);
	binary_fixture_close(&program);
}

/* The message that refuses the program once the byte at CALL, an E8, is something else. */
static void expect_refusal(uint64_t call, const char *format, const char *version)
{
	struct binary_fixture program;
	struct elf_image *copy = NULL;
	struct elf_segment segment;
	struct error error = {""};
	struct go_patch patch;
	char expected[256];
	size_t size, i;
	uint8_t *file = binary_fixture_read("calls", &size);

	binary_fixture_open(&program, "calls");
	for (i = 0; elf_image_segment_at(program.image, i, &segment) == STATUS_OK; i++)
		if (call >= segment.address && call - segment.address < segment.file_size) {
			assert_int_equal(file[segment.offset + (call - segment.address)], 0xe8);
			file[segment.offset + (call - segment.address)] = 0xe9;
		}
	assert_int_equal(elf_image_open_memory(&copy, file, size, "a.out", NULL), STATUS_OK);
	go_pclntab_close(program.table);
	assert_int_equal(go_pclntab_open(&program.table, copy, program.info.minor, NULL), STATUS_OK);
	assert_int_equal(go_patch_find(&patch, copy, &program.info, program.table, &error), STATUS_ERROR);
	snprintf(expected, sizeof(expected), "cannot profile a.out: %s%s", format, version);
	assert_string_equal(error.text, expected);
	binary_fixture_close(&program);
	elf_image_close(copy);
	free(file);
}

static void test_missing_calls(void **state)
{
	struct binary_fixture program;
	struct go_patch patch;

	(void)state;
	binary_fixture_open(&program, "calls");
	assert_int_equal(go_patch_find(&patch, program.image, &program.info, program.table, NULL), STATUS_OK);
	expect_refusal(patch.malloc_call, "runtime.profilealloc calls runtime.mProf_Malloc 0 times instead of once",
		       "");
	expect_refusal(patch.free_calls[patch.nfree_calls - 1],
		       patch.nfree_calls == 2 ? "runtime.freeSpecial is called from 1 places instead of the 2 of "
					      : "runtime.freeSpecial is called from 2 places instead of the 3 of ",
		       program.info.go_version);
	binary_fixture_close(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),        cmocka_unit_test(test_call_targets),
	    cmocka_unit_test(test_types),         cmocka_unit_test(test_types_of_go_command),
	    cmocka_unit_test(test_missing_calls),
	};

	return cmocka_run_group_tests(tests, set_up, binary_fixture_tear_down);
}
