/* Which programs are looked through; and that only the command itself is a C program to profile. */
#include "collector/c_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_names(void **state)
{
	(void)state;
	assert_true(c_target_is_launcher("sh") && c_target_is_launcher("tini") && c_target_is_launcher("env"));
	assert_false(c_target_is_launcher("redis-server") || c_target_is_launcher("shell") || c_target_is_launcher(""));
	assert_true(c_target_is_interpreter("python3.11") && c_target_is_interpreter("perl"));
	assert_false(c_target_is_interpreter("pythonic") || c_target_is_interpreter("3") ||
		     c_target_is_interpreter(""));
	assert_false(c_target_is_interpreter("a-name-that-is-far-too-long-for-any-interpreter"));
}

static void test_look(void **state)
{
	struct c_target target;
	struct error error;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	assert_int_equal(c_target_look(&target, getpid(), getpid(), false, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "it has the runtime of a sanitizer"));
#else
	assert_int_equal(c_target_look(&target, getpid(), getpid(), false, &error), STATUS_OK);
	assert_non_null(strstr(target.path, "test_c_target"));
#endif
	c_target_free(&target);
	assert_int_equal(c_target_look(&target, getpid(), getppid(), false, &error), STATUS_NO_ENTRY);
	c_target_free(&target);
	assert_int_equal(c_target_look(&target, 0x7ffffff0, 0x7ffffff0, false, &error), STATUS_NO_ENTRY);
	c_target_free(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_look)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
