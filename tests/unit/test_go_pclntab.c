/*
 * The function table against the runtime: a program prints what runtime.CallersFrames says of PCs throughout itself,
 * and each frame of each must be what is read here from its file. CallersFrames takes return addresses and looks one
 * byte before them, so a PC is what stands before the address that the program gave it.
 */
#include "binary/go_pclntab.h"

#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY 64

/* What was compared. */
struct tally {
	size_t pcs, frames, inlined, deepest;
	const char *nameless; /* the function that the runtime cannot name */
	bool expands;         /* the runtime gives the whole chain: from Go 1.23 on, before that its innermost frame */
};

/* Cut the runtime's frames of one PC, up to the line of the next, off REST; returns how many there are. */
static size_t take_frames(char **rest, struct go_frame *frames)
{
	size_t count = 0;
	char *line;

	while (**rest && **rest != '=') {
		struct go_frame *frame = &frames[count++];

		assert_true(count <= CAPACITY);
		line = strsep(rest, "\n");
		frame->function = strsep(&line, "\t");
		frame->file = strsep(&line, "\t");
		frame->line = (int32_t)strtol(strsep(&line, "\t"), NULL, 10);
		frame->start_line = (int32_t)strtol(line, NULL, 10);
		frame->is_wrapper = false;
	}
	return count;
}

/* The runtime prints "..." for what stands in a name's brackets, first to last: type arguments, but arrays' too. */
static bool is_printed_as(const char *name, const char *printed)
{
	const char *open = strchr(name, '['), *close = strrchr(name, ']');
	size_t head = open ? (size_t)(open - name) : 0;

	if (!open || !close || close < open)
		return !strcmp(name, printed);
	return !strncmp(name, printed, head) && !strncmp(printed + head, "[...]", 5) &&
	       !strcmp(printed + head + 5, close + 1);
}

/* The runtime takes the name at offset 0 of its table for none: one function's. */
static bool is_same_name(const char *ours, const char *theirs, struct tally *tally)
{
	if (*theirs)
		return is_printed_as(ours, theirs);
	if (!tally->nameless)
		tally->nameless = ours;
	return tally->nameless == ours;
}

/* The runtime says "?" and line 0 where it knows none. */
static bool is_same(const struct go_frame *ours, const struct go_frame *theirs, struct tally *tally)
{
	const char *file = *ours->file ? ours->file : "?";

	return is_same_name(ours->function, theirs->function, tally) && !strcmp(file, theirs->file) &&
	       (ours->line > 0 ? ours->line : 0) == theirs->line && ours->start_line == theirs->start_line;
}

static void show(const char *who, const struct go_frame *frames, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		print_error("  %s: %s, line %d on, %s:%d%s\n", who, frames[i].function, frames[i].start_line,
			    frames[i].file, frames[i].line, frames[i].is_wrapper ? " (wrapper)" : "");
}

/*
 * Leave out of FRAMES what the runtime leaves out: an inlined call's wrapper, unless it is the innermost
 * (runtime.Frames.Next). Returns how many remain.
 */
static size_t elide_wrappers(struct go_frame *frames, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++)
		if (!i || !frames[i].is_wrapper)
			frames[kept++] = frames[i];
	return kept;
}

static void compare_pc(const struct go_pclntab *table, uint64_t pc, char **rest, struct tally *tally)
{
	struct go_frame ours[CAPACITY], theirs[CAPACITY];
	size_t expected = take_frames(rest, theirs);
	size_t count = elide_wrappers(ours, go_pclntab_frames(table, pc, ours, CAPACITY));
	size_t i;

	tally->inlined += count > 1;
	tally->deepest = count > tally->deepest ? count : tally->deepest;
	if (!tally->expands && count > 1)
		count = 1;
	for (i = 0; i < count && i < expected && is_same(&ours[i], &theirs[i], tally); i++)
		continue;
	if (i < count || i < expected) {
		show("we", ours, count);
		show("the runtime", theirs, expected);
		fail_msg("other frames at %#lx", pc);
	}
	tally->pcs++;
	tally->frames += count;
}

/* What the program says main.main's address is, less what its file says. */
static uint64_t bias(const struct go_pclntab *table, char **rest)
{
	struct go_func func;

	assert_true(go_pclntab_by_name(table, "main.main", &func));
	return strtoull(strsep(rest, "\n"), NULL, 16) - func.entry;
}

/* Compare all that the program NAME prints. */
static void compare_program(const char *name)
{
	char *output = binary_fixture_run(NULL, "./%s", name), *rest = output;
	struct tally tally = {0};
	struct binary_fixture program;
	uint64_t shift;

	binary_fixture_open(&program, name);
	tally.expands = program.info.minor >= 23;
	shift = bias(program.table, &rest);
	while (*rest) {
		char *line = strsep(&rest, "\n");

		assert_true(line[0] == '=');
		compare_pc(program.table, strtoull(line + 2, NULL, 16) - shift, &rest, &tally);
	}
	binary_fixture_close(&program);
	free(output);
	print_message("%s: %zu PCs, %zu of them inlined, %zu frames, at most %zu a PC\n", name, tally.pcs,
		      tally.inlined, tally.frames, tally.deepest);
	assert_true(tally.pcs > 20000 && tally.inlined > 2000 && tally.deepest > 3);
}

static void test_frames(void **state)
{
	(void)state;
	compare_program("plain");
}

static void test_frames_of_stripped(void **state)
{
	(void)state;
	compare_program("stripped");
}

static void test_frames_of_pie(void **state)
{
	(void)state;
	binary_fixture_do("\"$GO\" build -buildmode=pie -o pie \"$PROGRAMS/frames.go\"");
	compare_program("pie");
}

/*
 * Every function of the symbol table that lies in Go's text stands in ours, by its address and by its name; the linker
 * spells types in names in its own way.
 */
static void test_functions(void **state)
{
	char *lines = binary_fixture_run(NULL, "nm plain | grep -i ' t ' | sed 's/\\.abi0$//'"), *rest = lines, *line;
	struct binary_fixture program;
	struct go_func func, named;
	uint64_t start, end;
	size_t count = 0;

	(void)state;
	binary_fixture_open(&program, "plain");
	go_pclntab_text(program.table, &start, &end);
	while ((line = strsep(&rest, "\n")) && *line) {
		uint64_t address = strtoull(line, &line, 16);
		const char *name = line + 3;

		if (!strcmp(name, "runtime.text") || !strcmp(name, "runtime.etext"))
			continue;
		if (!go_pclntab_find(program.table, address, &func) || func.entry != address ||
		    (strncmp(name, "type:.", 6) != 0 && strcmp(func.name, name) != 0))
			fail_msg("%s at %#lx is not found", name, address);
		assert_true(go_pclntab_by_name(program.table, func.name, &named));
		assert_true(named.end - named.entry >= func.end - func.entry);
		assert_true(address >= start && func.end <= end);
		count++;
	}
	print_message("%zu functions\n", count);
	assert_int_equal(count, go_pclntab_count(program.table));
	free(lines);
	binary_fixture_close(&program);
}

static void test_outside(void **state)
{
	struct binary_fixture program;
	struct go_frame frames[2];
	struct go_func func;
	uint64_t start, end, pc;

	(void)state;
	binary_fixture_open(&program, "plain");
	go_pclntab_text(program.table, &start, &end);
	for (pc = 0; pc < 3; pc++) {
		const uint64_t outside[] = {0, start - 1 - pc, end + pc, UINT64_MAX - pc};
		size_t i;

		for (i = 0; i < 4; i++) {
			assert_false(go_pclntab_find(program.table, outside[i], &func));
			assert_int_equal(go_pclntab_frames(program.table, outside[i], frames, 2), 0);
		}
	}
	assert_true(go_pclntab_find(program.table, start, &func) && func.entry == start && func.index == 0);
	assert_int_equal(go_pclntab_frames(program.table, start, frames, 0), 0);
	assert_false(go_pclntab_func(program.table, go_pclntab_count(program.table), &func));
	assert_false(go_pclntab_by_name(program.table, "main.nobody", &func));
	binary_fixture_close(&program);
}

/* A program's bytes, and where its function table begins in them. */
struct damage {
	uint8_t *file, *table;
	size_t size, table_size;
};

static void find_table(struct damage *damage)
{
	struct elf_image *image = NULL;
	struct elf_section section;

	damage->file = binary_fixture_read("stripped", &damage->size);
	assert_int_equal(elf_image_open_memory(&image, damage->file, damage->size, "a.out", NULL), STATUS_OK);
	assert_int_equal(elf_image_section(image, ".gopclntab", &section, NULL), STATUS_OK);
	damage->table = (uint8_t *)section.data;
	damage->table_size = section.size;
	elf_image_close(image);
}

/* Open the damaged program's table, and use all of it when that still goes. */
static enum status use_damaged(const struct damage *damage, struct error *error)
{
	struct elf_image *image = NULL;
	struct go_frame frames[CAPACITY];
	struct go_pclntab *table;
	struct go_func func;
	uint64_t start, end;
	enum status status;

	assert_int_equal(elf_image_open_memory(&image, damage->file, damage->size, "a.out", NULL), STATUS_OK);
	status = go_pclntab_open(&table, image, 26, error);
	if (status == STATUS_OK) {
		go_pclntab_text(table, &start, &end);
		for (; start < end; start += 997)
			assert_true(go_pclntab_frames(table, start, frames, CAPACITY) <= CAPACITY);
		go_pclntab_by_name(table, "main.main", &func);
		go_pclntab_close(table);
	}
	elf_image_close(image);
	return status;
}

static void expect_refusal(const struct damage *damage, size_t offset, uint8_t value, const char *message)
{
	struct error error = {""};
	uint8_t kept = damage->table[offset];

	damage->table[offset] = value;
	assert_int_equal(use_damaged(damage, &error), STATUS_ERROR);
	assert_string_equal(error.text, message);
	damage->table[offset] = kept;
}

static void test_damaged(void **state)
{
	struct damage damage;
	size_t offset, i;

	(void)state;
	find_table(&damage);
	assert_int_equal(use_damaged(&damage, NULL), STATUS_OK);
	expect_refusal(&damage, 0, 0xf2, "the function table of a.out has the unknown magic 0xfffffff2");
	for (offset = 0x08; offset < 0x48;
	     offset += 8) /* the counts and offsets that are read; not nfiles, textStart */
		if (offset != 0x10 && offset != 0x18)
			expect_refusal(&damage, offset + 7, 1,
				       "damaged: the function table of a.out points outside itself");
	srand(1);
	for (i = 0; i < 20; i++) {
		for (offset = 0x48; offset < damage.table_size; offset += 1 + (size_t)rand() % 3000)
			damage.table[offset] ^= (uint8_t)rand();
		use_damaged(&damage, NULL);
	}
	free(damage.file);
}

static void test_no_table(void **state)
{
	struct go_pclntab *table = NULL;
	struct elf_image *image;
	struct error error = {""};

	(void)state;
	binary_fixture_do("gcc -o c \"$PROGRAMS/many_symbols.c\"");
	image = binary_fixture_image("c");
	assert_int_equal(go_pclntab_open(&table, image, 26, &error), STATUS_NO_ENTRY);
	elf_image_close(image);
	/* All of a program but its modules' data, which point to the table. */
	binary_fixture_do("objcopy -R .go.module -R .noptrdata -R .data stripped nowhere");
	image = binary_fixture_image("nowhere");
	assert_int_equal(go_pclntab_open(&table, image, 26, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "cannot find the runtime's moduledata in "));
	elf_image_close(image);
	go_pclntab_close(NULL);
}

/* As the C linker leaves it of Go up to 1.25 in a position-independent program: among other read-only data. */
static void test_merged_section(void **state)
{
	struct binary_fixture program;
	struct go_func func;
	uint64_t start, end;

	(void)state;
	binary_fixture_do("objcopy --rename-section .gopclntab=.data.rel.ro plain merged");
	binary_fixture_open(&program, "merged");
	assert_true(go_pclntab_by_name(program.table, "main.main", &func));
	go_pclntab_text(program.table, &start, &end); /* from moduledata */
	assert_true(start <= func.entry && func.entry < end);
	binary_fixture_close(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frames),        cmocka_unit_test(test_frames_of_stripped),
	    cmocka_unit_test(test_frames_of_pie), cmocka_unit_test(test_functions),
	    cmocka_unit_test(test_outside),       cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_no_table),      cmocka_unit_test(test_merged_section),
	};

	return cmocka_run_group_tests(tests, binary_fixture_set_up_frames, binary_fixture_tear_down);
}
