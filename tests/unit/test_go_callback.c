/* Where C called Go back: what is read from a program's instructions, as the assembler of several Go versions has them.
 */
#include "binary/go_callback.h"

#include "binary/elf_image.h"
#include "binary/go_pclntab.h"
#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static bool find(const char *name, struct go_callback *callback)
{
	struct binary_fixture program;
	bool found;

	binary_fixture_open(&program, name);
	found = go_callback_find(program.image, program.table, callback);
	binary_fixture_close(&program);
	return found;
}

static int build(void **state)
{
	if (binary_fixture_set_up_frames(state))
		return -1;
	binary_fixture_do("CGO_ENABLED=1 \"$GO\" build -o callback \"$PROGRAMS/callback.go\"");
	return 0;
}

/* push %rbp; mov %rsp, %rbp; sub $0x30, %rsp; …; sub $0x18, %rsp; …; call: as Go 1.21 to 1.27 have it. */
static void test_program(void **state)
{
	struct go_callback found;

	(void)state;
	assert_true(find("callback", &found));
	assert_true(found.crosscall_end > found.crosscall_start && found.crosscall_end < found.crosscall_start + 1024);
	assert_int_equal(found.frame, 32);
	assert_int_equal(found.depth, 8 + 0x30 + 0x18);
	assert_int_equal(found.saved[GO_CALLBACK_RBP], 0x30 + 0x18);
	assert_int_equal(found.saved[GO_CALLBACK_RBX], 0x18);
	assert_int_equal(found.saved[GO_CALLBACK_R12], 0x20);
	assert_int_equal(found.saved[GO_CALLBACK_R13], 0x28);
	assert_int_equal(found.saved[GO_CALLBACK_R14], 0x30);
	assert_int_equal(found.saved[GO_CALLBACK_R15], 0x38);
}

/* The program as "changed", with the first four bytes of crosscall2 replaced. */
static void change(const char *bytes)
{
	struct go_callback found;
	struct binary_fixture program;
	size_t size, available, at;
	const uint8_t *code;
	uint8_t *file = binary_fixture_read("callback", &size);

	binary_fixture_open(&program, "callback");
	assert_true(go_callback_find(program.image, program.table, &found));
	code = elf_image_at(program.image, found.crosscall_start, &available);
	assert_true(code && available > 64);
	for (at = 0; at + 64 <= size && memcmp(file + at, code, 64) != 0; at++)
		;
	assert_true(at + 64 <= size);
	memcpy(file + at, bytes, 4);
	binary_fixture_close(&program);
	binary_fixture_write("changed", file, size);
	free(file);
}

/* Go 1.18 has no frame pointer there: %rbp is saved among the others alone. */
static void test_without_frame_pointer(void **state)
{
	struct go_callback found;

	(void)state;
	change("\xfc\xfc\xfc\xfc");
	assert_true(find("changed", &found));
	assert_int_equal(found.depth, 0x30 + 0x18);
	assert_int_equal(found.saved[GO_CALLBACK_RBP], 0x28 + 0x18);
	assert_int_equal(found.saved[GO_CALLBACK_RBX], 0x18);
}

static void test_not_understood(void **state)
{
	static const struct go_callback none;
	struct go_callback found;

	(void)state;
	change("\x48\x83\xe4\xf0"); /* and $-16, %rsp: nobody knows by how much */
	assert_false(find("changed", &found));
	assert_memory_equal(&found, &none, sizeof(none));
	assert_false(find("plain", &found));
	assert_memory_equal(&found, &none, sizeof(none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_program),
	    cmocka_unit_test(test_without_frame_pointer),
	    cmocka_unit_test(test_not_understood),
	};

	return cmocka_run_group_tests(tests, build, binary_fixture_tear_down);
}
