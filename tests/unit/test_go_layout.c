/*
 * The runtime's layout: what is found in a stripped program by its instructions and by the table of versions must equal
 * what the debug information and the symbols of the same program say. Versions and machines that are not known are
 * refused.
 */
#include "binary/go_layout.h"

#include "binary/go_layout_table.h"
#include "binary/go_pclntab.h"
#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(field, name)                                                                                             \
	{                                                                                                              \
		name, offsetof(struct go_layout, field)                                                                \
	}

/* A member of struct go_layout, and what the runtime calls it. */
struct field {
	const char *name;
	size_t offset;
};

static const struct field offsets[] = {
    FIELD(g_m, "runtime.g m"),
    FIELD(g_goid, "runtime.g goid"),
    FIELD(g_gopc, "runtime.g gopc"),
    FIELD(g_startpc, "runtime.g startpc"),
    FIELD(g_labels, "runtime.g labels"),
    FIELD(m_g0, "runtime.m g0"),
    FIELD(m_curg, "runtime.m curg"),
    FIELD(m_p, "runtime.m p"),
    FIELD(p_id, "runtime.p id"),
    FIELD(p_mcache, "runtime.p mcache"),
    FIELD(mcache_next_sample, "runtime.mcache nextSample"),
    FIELD(special_kind, "runtime.special kind"),
    FIELD(memstats_numgc, "runtime.mstats numgc"),
    FIELD(memstats_pause_total_ns, "runtime.mstats pause_total_ns"),
    FIELD(gcc_gc_percent, "runtime.gcControllerState gcPercent"),
    FIELD(gcc_memory_limit, "runtime.gcControllerState memoryLimit"),
    FIELD(gcc_heap_minimum, "runtime.gcControllerState heapMinimum"),
    FIELD(gcc_heap_live, "runtime.gcControllerState heapLive"),
    FIELD(gcc_heap_marked, "runtime.gcControllerState heapMarked"),
    FIELD(gcc_trigger_heap, "runtime.gcControllerState triggered"),
    FIELD(gcc_gc_percent_heap_goal, "runtime.gcControllerState gcPercentHeapGoal"),
    FIELD(gcc_last_heap_goal, "runtime.gcControllerState lastHeapGoal"),
    FIELD(gcc_last_heap_scan, "runtime.gcControllerState lastHeapScan"),
    FIELD(gcc_last_stack_scan, "runtime.gcControllerState lastStackScan"),
    FIELD(gcc_globals_scan, "runtime.gcControllerState globalsScan"),
    FIELD(gcc_max_stack_scan, "runtime.gcControllerState maxStackScan"),
    FIELD(gcc_total_alloc, "runtime.gcControllerState totalAlloc"),
    FIELD(gcc_total_free, "runtime.gcControllerState totalFree"),
    FIELD(work_cpu_stats, "runtime.workType cpuStats"),
    FIELD(sched_ngsys, "runtime.schedt ngsys"),
    FIELD(sched_npidle, "runtime.schedt npidle"),
    FIELD(sched_max_m, "runtime.schedt maxmcount"),
    FIELD(sched_free, "runtime.schedt gFree"),
    FIELD(p_free, "runtime.p gFree"),
    FIELD(list_size, "runtime.gList size"),
};

static const struct field addresses[] = {
    FIELD(mem_profile_rate, "runtime.MemProfileRate"),
    FIELD(disable_memory_profiling, "runtime.disableMemoryProfiling"),
    FIELD(memstats, "runtime.memstats"),
    FIELD(gc_controller, "runtime.gcController"),
    FIELD(work, "runtime.work"),
    FIELD(mcache0, "runtime.mcache0"),
    FIELD(allglen, "runtime.allglen"),
    FIELD(sched, "runtime.sched"),
    FIELD(allp, "runtime.allp"),
    FIELD(gomaxprocs, "runtime.gomaxprocs"),
};

#define CPU_STATS       28 /* columns of the table */
#define LIST_SIZE       34
#define OFFSETS         (sizeof(offsets) / sizeof(offsets[0]))
#define ADDRESSES       (sizeof(addresses) / sizeof(addresses[0]))
#define FOUND_ADDRESSES (ADDRESSES - 1) /* in stripped programs: the last has a symbol or is not known */

/*
 * From readelf's dump of debug information: a line "STRUCT MEMBER OFFSET" for each member of a struct, "NAME VALUE" for
 * each constant.
 */
#define MEMBERS                                                                                                        \
	"readelf --debug-dump=info plain | awk '"                                                                      \
	"/Abbrev Number/ { tag = $NF }"                                                                                \
	" /DW_AT_name/ { name = $NF; if (tag ~ /structure_type/) outer = name }"                                       \
	" /DW_AT_data_member_location/ { print outer, name, $NF }"                                                     \
	" /DW_AT_const_value/ { print name, $NF }'"

static uint32_t offset_of(const struct go_layout *layout, size_t i)
{
	return *(const uint32_t *)((const char *)layout + offsets[i].offset);
}

static uint64_t address_of(const struct go_layout *layout, size_t i)
{
	return *(const uint64_t *)((const char *)layout + addresses[i].offset);
}

static struct go_layout find(const char *name)
{
	struct go_layout layout;
	struct binary_fixture program;
	struct error error = {""};

	binary_fixture_open(&program, name);
	if (go_layout_find(&layout, program.image, &program.info, program.table, &error) != STATUS_OK)
		fail_msg("%s: %s", name, error.text);
	binary_fixture_close(&program);
	return layout;
}

/* Compare what is found in the stripped program NAME with PLAIN, which its own debug information gave. */
static void compare(const struct go_layout *plain, const char *name)
{
	struct go_layout stripped = find(name);
	size_t i;

	assert_true(plain->from_dwarf);
	assert_false(stripped.from_dwarf);
	assert_int_equal(stripped.special_kind_profile, plain->special_kind_profile);
	for (i = 0; i < OFFSETS; i++)
		if (offset_of(&stripped, i) != offset_of(plain, i))
			fail_msg("%s: %s is %#x, not %#x", name, offsets[i].name, offset_of(&stripped, i),
				 offset_of(plain, i));
	for (i = 0; i < FOUND_ADDRESSES; i++)
		if (address_of(&stripped, i) != address_of(plain, i) || !address_of(plain, i))
			fail_msg("%s: %s is at %#lx, not %#lx", name, addresses[i].name, address_of(&stripped, i),
				 address_of(plain, i));
	print_message("%s: %zu offsets and %zu addresses are the same\n", name, OFFSETS, FOUND_ADDRESSES);
}

static void test_stripped(void **state)
{
	struct go_layout plain = find("plain");

	(void)state;
	compare(&plain, "stripped");
}

static void test_stripped_pie(void **state)
{
	struct go_layout plain;

	(void)state;
	binary_fixture_do("\"$GO\" build -buildmode=pie -o pie \"$PROGRAMS/frames.go\"");
	binary_fixture_do("\"$GO\" build -buildmode=pie -ldflags='-s -w' -o pie.stripped \"$PROGRAMS/frames.go\"");
	plain = find("pie");
	compare(&plain, "pie.stripped");
}

/* The number behind NAME and a space in LINES; fails the test when it is not there. */
static uint64_t number_of(const char *lines, const char *name, int base)
{
	char wanted[128];
	const char *line;

	snprintf(wanted, sizeof(wanted), "\n%s ", name);
	line = strstr(lines, wanted);
	if (!line)
		fail_msg("%s is not said", name);
	return strtoull(line + strlen(wanted), NULL, base);
}

/* A member's offset; GO_LAYOUT_NONE for the one that Go has from 1.25 on, where it is not there. */
static uint64_t member_offset(const char *members, const char *name)
{
	if (!strcmp(name, "runtime.gList size") && !strstr(members, "\nruntime.gList size "))
		return GO_LAYOUT_NONE;
	return number_of(members, name, 10);
}

/* What readelf and nm say of the same program. */
static void test_debug_information(void **state)
{
	struct go_layout layout = find("plain");
	char *members = binary_fixture_run(NULL, "%s", MEMBERS);
	char *symbols = binary_fixture_run(NULL, "echo; nm plain | awk '{ print $3, $1 }'");
	size_t i;

	(void)state;
	assert_int_equal(layout.special_kind_profile, number_of(members, "runtime._KindSpecialProfile", 10));
	for (i = 0; i < OFFSETS; i++)
		if (offset_of(&layout, i) != member_offset(members, offsets[i].name))
			fail_msg("%s is %#x", offsets[i].name, offset_of(&layout, i));
	for (i = 0; i < ADDRESSES; i++)
		if (address_of(&layout, i) != number_of(symbols, addresses[i].name, 16))
			fail_msg("%s is at %#lx", addresses[i].name, address_of(&layout, i));
	free(members);
	free(symbols);
}

/* The message that refuses PROGRAM when it is built with VERSION, minor MINOR of MAJOR; a static. */
static const char *refusal(struct binary_fixture *program, char *version, unsigned major, unsigned minor)
{
	struct go_buildinfo info = {.go_version = version, .major = major, .minor = minor, .patch = 1};
	static struct error error;
	struct go_layout layout;

	error.text[0] = '\0';
	assert_int_equal(go_layout_find(&layout, program->image, &info, program->table, &error), STATUS_ERROR);
	return error.text;
}

static void expect(const char *message, const char *part)
{
	if (!strstr(message, part))
		fail_msg("\"%s\" has no \"%s\"", message, part);
}

static void test_unknown_versions(void **state)
{
	static const unsigned unknown[][2] = {{0, 0}, {1, 0}, {1, 17}, {2, 26}};
	struct binary_fixture program;
	char version[32];
	size_t i;

	(void)state;
	binary_fixture_open(&program, "stripped");
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		const char *message;

		snprintf(version, sizeof(version), "go%u.%u.1", unknown[i][0], unknown[i][1]);
		message = refusal(&program, version, unknown[i][0], unknown[i][1]);
		expect(message, "/stripped: ");
		expect(message, version);
		expect(message, "Go 1.18 to 1.27");
		expect(message, "build it with one of these");
	}
	binary_fixture_close(&program);
}

static void test_other_machine(void **state)
{
	struct binary_fixture program;
	struct error error = {""};
	struct go_layout layout;
	size_t size;
	uint8_t *file = binary_fixture_read("plain", &size);

	(void)state;
	((Elf64_Ehdr *)file)->e_machine = EM_AARCH64;
	binary_fixture_write("arm64", file, size);
	binary_fixture_open(&program, "arm64");
	assert_int_equal(go_layout_find(&layout, program.image, &program.info, program.table, &error), STATUS_ERROR);
	expect(error.text, "/arm64: ");
	expect(error.text, "amd64");
	binary_fixture_close(&program);
	free(file);
}

/* NAME as it would be if Go 1.MINOR had built it: the version's name, of as many bytes, is in the file only as text. */
static void pretend(const char *name, unsigned minor)
{
	binary_fixture_do("v=$(\"$GO\" env GOVERSION) && p=$(printf %%s \"$v\" | sed 's/[.]/[.]/g') && "
			  "sed \"s/$p/go1.%u${v#go1.??}/g\" %s >%s.%u && ! cmp -s %s %s.%u",
			  minor, name, name, minor, name, name, minor);
}

/* The inline chain in the middle of each function, and the range of types, in the file NEWER as in NAME. */
static void compare_tables(const char *name, const char *newer)
{
	struct binary_fixture programs[2];
	struct go_frame frames[2][64];
	uint64_t start[2], end[2];
	size_t count[2], deepest = 0, k;
	struct go_func func;
	uint32_t i;

	binary_fixture_open(&programs[0], name);
	binary_fixture_open(&programs[1], newer);
	for (k = 0; k < 2; k++)
		go_pclntab_types(programs[k].table, &start[k], &end[k]);
	assert_true(start[0] == start[1] && end[0] == end[1] && end[0] > start[0]);
	for (i = 0; go_pclntab_func(programs[0].table, i, &func); i++) {
		for (k = 0; k < 2; k++)
			count[k] = go_pclntab_frames(programs[k].table, func.entry + (func.end - func.entry) / 2,
						     frames[k], 64);
		assert_int_equal(count[0], count[1]);
		for (k = 0; k < count[0]; k++) {
			assert_string_equal(frames[0][k].function, frames[1][k].function);
			assert_int_equal(frames[0][k].line, frames[1][k].line);
		}
		deepest = count[0] > deepest ? count[0] : deepest;
	}
	assert_true(deepest > 2);
	binary_fixture_close(&programs[0]);
	binary_fixture_close(&programs[1]);
}

/* What is found in the file NAME.MINOR, against what NAME's own debug information, or the table, says. */
static void compare_newer(const char *name, unsigned minor, bool is_stripped)
{
	struct go_layout real = find(name), newer;
	char path[64];
	size_t i, known = 0;

	pretend(name, minor);
	snprintf(path, sizeof(path), "%s.%u", name, minor);
	newer = find(path);
	compare_tables(name, path);
	assert_int_equal(newer.from_dwarf, !is_stripped);
	assert_int_equal(newer.special_kind_profile, real.special_kind_profile);
	for (i = 0; i < OFFSETS; i++) {
		if (offset_of(&newer, i) == offset_of(&real, i))
			known++;
		else if (offset_of(&newer, i) != GO_LAYOUT_NONE)
			fail_msg("%s: %s is %#x, not %#x", path, offsets[i].name, offset_of(&newer, i),
				 offset_of(&real, i));
	}
	for (i = 0; i < ADDRESSES; i++)
		if (address_of(&newer, i) && address_of(&newer, i) != address_of(&real, i))
			fail_msg("%s: %s is at %#lx, not %#lx", path, addresses[i].name, address_of(&newer, i),
				 address_of(&real, i));
	print_message("%s: %zu of %zu offsets are known\n", path, known, OFFSETS);
	/* Without debug information what is needed; DWARF gives all but the lists of dead goroutines. */
	assert_int_equal(known, is_stripped ? 11 : OFFSETS - 2);
	assert_true(newer.mem_profile_rate && newer.disable_memory_profiling);
}

static void test_newer_versions(void **state)
{
	(void)state;
	compare_newer("plain", 28, false);
	compare_newer("plain", 30, false);
	compare_newer("stripped", 28, true);
	compare_newer("stripped", 30, true);
	compare_newer("pie.stripped", 28, true);
}

/* The first of PATTERN's SIZE bytes in FILE from FROM on; the test fails when there are none. */
static uint8_t *bytes_in(uint8_t *file, size_t size, size_t from, const char *pattern, size_t length)
{
	uint8_t *found = memmem(file + from, size - from, pattern, length);

	if (!found)
		fail_msg("the pattern is not there");
	return found;
}

/* Where in the file FUNCTION of PROGRAM begins. */
static size_t place_of(const struct binary_fixture *program, const char *function)
{
	struct elf_segment segment;
	struct go_func func;
	size_t i;

	assert_true(go_pclntab_by_name(program->table, function, &func));
	for (i = 0; elf_image_segment_at(program->image, i, &segment) == STATUS_OK; i++)
		if (func.entry >= segment.address && func.entry - segment.address < segment.file_size)
			return segment.offset + (func.entry - segment.address);
	fail_msg("%s is nowhere", function);
	return 0;
}

/* What refuses the file "broken". */
static const char *refusal_of_broken(void)
{
	static struct error error;
	struct binary_fixture program;
	struct go_layout layout;

	error.text[0] = '\0';
	binary_fixture_open(&program, "broken");
	assert_int_equal(go_layout_find(&layout, program.image, &program.info, program.table, &error), STATUS_ERROR);
	binary_fixture_close(&program);
	return error.text;
}

/* A displacement that differs in the machine code: each is seen, with debug information and without. */
static void test_newer_with_another_layout(void **state)
{
	static const struct {
		const char *function, *pattern;
		size_t length, at;
		const char *named;
	} breaks[] = {
	    {"runtime.systemstack", "\x48\x8b\x58\x30\x48\x3b\x43", 7, 3, "g.m at 0x38"},
	    {"runtime.systemstack", "\x48\x3b\x83\xb8\x00\x00\x00", 7, 3, "m.curg at 0xc0"},
	    {"runtime.profilealloc", "\x48\x8b\x90\xd0\x00\x00\x00", 7, 3, "m.p at 0xd8"},
	    {"runtime.profilealloc", "\x48\x8b\x52\x38", 4, 3, "p.mcache at 0x40"},
	    {"runtime.profilealloc", "\x48\x89\x72\x08", 4, 3, "mcache.memProfRate at 0x10"},
	    {"runtime.setprofilebucket", "\xc6\x43\x10\x04", 4, 2, "special.kind at 0x18"},
	    {"runtime.setprofilebucket", "\xc6\x43\x10\x04", 4, 3, "_KindSpecialProfile at 0xc"},
	    {"runtime.newproc1", "\x48\x8b\x88\x98\x00\x00\x00", 7, 3, "g.goid at 0xa0"},
	    {"runtime.newproc1", "\x48\x89\x8a\x20\x01\x00\x00", 7, 3, "g.gopc at 0x128"},
	};
	static const char *const names[] = {"plain", "stripped"};
	struct binary_fixture program;
	size_t i, k, size;

	(void)state;
	for (k = 0; k < 2; k++) {
		uint8_t *file;
		char path[64];

		pretend(names[k], 28);
		snprintf(path, sizeof(path), "%s.28", names[k]);
		binary_fixture_open(&program, path);
		file = binary_fixture_read(path, &size);
		for (i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
			uint8_t *byte = bytes_in(file, size, place_of(&program, breaks[i].function), breaks[i].pattern,
						 breaks[i].length) +
					breaks[i].at;

			*byte += 8;
			binary_fixture_write("broken", file, size);
			expect(refusal_of_broken(), breaks[i].named);
			expect(refusal_of_broken(), "newer than the Go 1.18 to 1.27");
			*byte -= 8;
		}
		free(file);
		binary_fixture_close(&program);
	}
}

/* Set the byte AT in all of what is PATTERN's 7 bytes. */
static void set_in_all(uint8_t *file, size_t size, const char *pattern, size_t at, uint8_t value)
{
	uint8_t *found = bytes_in(file, size, 0, pattern, 7);

	for (; found; found = memmem(found + 1, size - (size_t)(found + 1 - file), pattern, 7))
		found[at] = value;
}

/* Debug information that says something else than the code; and some without a name that is needed. */
static void test_newer_with_other_debug_information(void **state)
{
	uint8_t *file;
	size_t size;

	(void)state;
	binary_fixture_do("\"$GO\" build -ldflags=-compressdwarf=false -o big \"$PROGRAMS/frames.go\"");
	pretend("big", 28);
	file = binary_fixture_read("big.28", &size);
	set_in_all(file, size, "gopc\0\xa0\x02", 5, 0xa8); /* the offset: 0x120 as a LEB128 */
	binary_fixture_write("broken", file, size);
	expect(refusal_of_broken(), "g.gopc at 0x120, where its debug information says 0x128");
	set_in_all(file, size, "gopc\0\xa8\x02", 5, 0xa0);
	bytes_in(file, size, 0, "nextSample\0", 12)[5]++; /* the member, at 0 */
	binary_fixture_write("broken", file, size);
	expect(refusal_of_broken(), "mcache.nextSample at 0, where its debug information says 0xffffffff");
	free(file);
}

/* Each version that is known has a row, and its patch releases have the latest one that is not newer. */
static void test_table(void **state)
{
	unsigned minor;

	(void)state;
	assert_null(go_layout_table_find(17, 5));
	assert_null(go_layout_table_find(28, 0));
	for (minor = GO_LAYOUT_MINOR_MIN; minor <= GO_LAYOUT_MINOR_MAX; minor++) {
		assert_non_null(go_layout_table_find(minor, 0));
		assert_int_equal(go_layout_table_find(minor, 0)[0], 0x30);
		assert_ptr_equal(go_layout_table_find(minor, 90), go_layout_table_find(minor, 50));
	}
	assert_int_equal(go_layout_table_find(18, 10)[CPU_STATS], GO_LAYOUT_NONE);
	assert_int_equal(go_layout_table_find(23, 2)[CPU_STATS], 0x1d8);
	assert_int_equal(go_layout_table_find(23, 3)[CPU_STATS], 0x1f8);
	assert_int_equal(go_layout_table_find(24, 0)[LIST_SIZE], GO_LAYOUT_NONE);
	assert_int_equal(go_layout_table_find(25, 0)[LIST_SIZE], 8);
}

/* What changed in a version counts from there on, for newer ones too; an older one is as the oldest. */
static void test_version_table(void **state)
{
	const struct go_version *newest = go_layout_table_version(GO_LAYOUT_MINOR_MAX);

	(void)state;
	assert_ptr_equal(go_layout_table_version(0), go_layout_table_version(GO_LAYOUT_MINOR_MIN));
	assert_ptr_equal(go_layout_table_version(UINT_MAX), newest);
	assert_ptr_equal(go_layout_table_version(21), go_layout_table_version(20));
	assert_int_equal(newest->type_hops, UINT32_MAX);
	assert_int_equal(go_layout_table_version(22)->special_kind_profile, 2);
	assert_int_equal(go_layout_table_version(23)->special_kind_profile, 3);
	assert_int_equal(go_layout_table_version(25)->special_kind_profile, 4);
	assert_true(go_layout_table_version(19)->init_sets_rate);
	assert_false(go_layout_table_version(20)->init_sets_rate);
	assert_false(go_layout_table_version(22)->malloc_gets_m);
	assert_true(go_layout_table_version(23)->malloc_gets_m);
	assert_true(go_layout_table_version(23)->counts_down);
	assert_false(go_layout_table_version(24)->counts_down);
	assert_int_equal(go_layout_table_version(24)->g_sched_bp, 0x68);
	assert_int_equal(go_layout_table_version(25)->g_sched_bp, 0x60);
	assert_int_equal(go_layout_table_version(26)->module_gofunc, 40);
	assert_int_equal(newest->module_gofunc, 43);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_debug_information),
	    cmocka_unit_test(test_stripped),
	    cmocka_unit_test(test_stripped_pie),
	    cmocka_unit_test(test_unknown_versions),
	    cmocka_unit_test(test_other_machine),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_version_table),
	    cmocka_unit_test(test_newer_versions),
	    cmocka_unit_test(test_newer_with_another_layout),
	    cmocka_unit_test(test_newer_with_other_debug_information),
	};

	return cmocka_run_group_tests(tests, binary_fixture_set_up_frames, binary_fixture_tear_down);
}
