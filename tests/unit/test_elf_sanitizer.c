/* Sanitizers' runtimes in programs that are made here by the compiler's own options, and in what LD_PRELOAD names. */
#include "binary/elf_sanitizer.h"

#include "binary/elf_image.h"
#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static bool is_in(const char *name)
{
	struct elf_image *image = binary_fixture_image(name);
	bool is = elf_sanitizer_is_in(image);

	elf_image_close(image);
	return is;
}

static int set_up(void **state)
{
	if (binary_fixture_set_up(state))
		return -1;
	binary_fixture_do("gcc -O1 -o plain \"$PROGRAMS/many_symbols.c\"");
	binary_fixture_do("gcc -O1 -fsanitize=address -o linked \"$PROGRAMS/many_symbols.c\"");
	binary_fixture_do("strip -o stripped linked");
	binary_fixture_do("gcc -O1 -fsanitize=address -static-libasan -o linked_in \"$PROGRAMS/many_symbols.c\"");
	binary_fixture_do("gcc -O1 -fsanitize=thread -o threads \"$PROGRAMS/many_symbols.c\"");
	binary_fixture_do("gcc -O1 -fsanitize=thread -static-libtsan -o threads_in \"$PROGRAMS/many_symbols.c\"");
	binary_fixture_do("gcc -O1 -fsanitize=undefined -o undefined \"$PROGRAMS/many_symbols.c\"");
	/* What go build -race links in has these of ThreadSanitizer's, and no malloc. */
	binary_fixture_do(
	    "echo 'void __tsan_init(void) {} void __tsan_func_enter(void) {} void __tsan_go_start(void) {} "
	    "int main(void) { return 0; }' >race.c && gcc -o race race.c");
	return 0;
}

static void test_programs(void **state)
{
	(void)state;
	assert_true(is_in("linked") && is_in("stripped") && is_in("linked_in") && is_in("threads") &&
		    is_in("threads_in"));
	assert_false(is_in("plain"));
	assert_false(is_in("race"));
	assert_false(is_in("undefined")); /* that one has no malloc */
}

static void test_preloaded(void **state)
{
	(void)state;
	assert_true(elf_sanitizer_is_among("libasan.so.8"));
	assert_true(elf_sanitizer_is_among("/lib/libjemalloc.so.2:/usr/lib/gcc/x86_64-linux-gnu/12/libtsan.so"));
	assert_true(elf_sanitizer_is_among(":/a/libclang_rt.asan-x86_64.so /b/libother.so"));
	assert_true(elf_sanitizer_is_among("/b/libother.so  liblsan.so.0"));
	assert_false(elf_sanitizer_is_among(NULL) || elf_sanitizer_is_among("") || elf_sanitizer_is_among(": :"));
	assert_false(elf_sanitizer_is_among("/libasan.so.8/libother.so:libubsan.so.1:libasan:mylibasan.so"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs), cmocka_unit_test(test_preloaded)};

	return cmocka_run_group_tests(tests, set_up, binary_fixture_tear_down);
}
