/* Where a program notes that it is in the vDSO: what its instructions say is what its debug information says. */
#include "binary/go_vdso.h"

#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

/* The offset of the member NAME of runtime.m, as readelf prints the program "plain". */
static uint32_t member_offset(const char *name)
{
	char *printed = binary_fixture_run(
	    NULL,
	    "readelf --debug-dump=info plain | awk '"
	    "/Abbrev Number/ { tag = $NF }"
	    " /DW_AT_name/ { name = $NF; if (tag ~ /structure_type/) outer = name }"
	    " /DW_AT_data_member_location/ && outer == \"runtime.m\" && name == \"%s\" { print $NF; exit }'",
	    name);
	uint32_t offset = (uint32_t)atoi(printed);

	free(printed);
	return offset;
}

static uint32_t find(const char *name)
{
	struct binary_fixture program;
	uint32_t offset;

	binary_fixture_open(&program, name);
	offset = go_vdso_find(program.image, program.table);
	binary_fixture_close(&program);
	return offset;
}

static void test_debug_information(void **state)
{
	uint32_t offset = find("plain");

	(void)state;
	assert_int_not_equal(offset, 0);
	assert_int_equal(offset, member_offset("vdsoSP"));
	assert_int_equal(offset + 8, member_offset("vdsoPC"));
}

static void test_stripped(void **state)
{
	(void)state;
	binary_fixture_do("\"$GO\" build -buildmode=pie -ldflags='-s -w' -o pie.stripped \"$PROGRAMS/frames.go\"");
	assert_int_equal(find("stripped"), find("plain"));
	assert_int_equal(find("pie.stripped"), find("plain"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_debug_information),
	    cmocka_unit_test(test_stripped),
	};

	return cmocka_run_group_tests(tests, binary_fixture_set_up_frames, binary_fixture_tear_down);
}
