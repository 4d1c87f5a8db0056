/*
 * Fingerprints of functions: the same where two programs share a function, wherever it lies; another where its source
 * has changed in code, in what it calls, in a type it names, or in a call's line.
 */
#include "binary/go_fingerprint.h"

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

static const char source[] = "package main\n"
			     "type pair struct{ a, b *int }\n"
			     "type other struct{ a, b *int }\n"
			     "var sink any\n"
			     "var number = 7\n"
			     "func inlined(n int) *pair { return &pair{b: &number} }\n"
			     "//go:noinline\nfunc left(n int) { sink = 5 }\n"
			     "//go:noinline\nfunc right(n int) { sink = \"5\" }\n"
			     "//go:noinline\nfunc constant() { number = 1 }\n"
			     "//go:noinline\nfunc typed() { sink = &pair{} }\n"
			     "//go:noinline\nfunc calls() { left(1) }\n"
			     "//go:noinline\nfunc moved() { left(2)\n}\n"
			     "//go:noinline\nfunc hosts() { sink = inlined(1) }\n"
			     "//go:noinline\nfunc padded() { number++ }\n"
			     "//go:noinline\nfunc same() { right(3); sink = &other{} }\n"
			     "func main() { constant(); typed(); calls(); moved(); hosts(); padded(); same() }\n";

/* Build the source, with OLD replaced by NEW (which keep the number of lines), as the program NAME. */
static void build(const char *name, const char *old, const char *new)
{
	const char *at = strstr(source, old);
	char text[sizeof(source) + 256], file[64];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - source), source, new, at + strlen(old));
	snprintf(file, sizeof(file), "%s/main.go", name);
	binary_fixture_write(file, text, strlen(text));
	binary_fixture_do("\"$GO\" build -o %s/program %s", name, file);
}

static uint64_t fingerprint_of(struct binary_fixture *program, const struct go_func *func)
{
	uint64_t fingerprint = 0;

	assert_true(go_fingerprint(program->image, program->table, func, &fingerprint));
	return fingerprint;
}

static void open_built(struct binary_fixture *program, const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "%s/program", name);
	binary_fixture_open(program, file);
}

static int set_up(void **state)
{
	if (binary_fixture_set_up(state))
		return -1;
	build("first", "sink any", "sink any");
	return 0;
}

/* The functions of package main that differ between the programs "first" and NAME, with blanks between. */
static const char *differing(const char *name)
{
	static char names[512];
	struct binary_fixture first, second;
	struct go_func func;
	size_t others = 0;

	open_built(&first, "first");
	open_built(&second, name);
	names[0] = 0;
	for (uint32_t i = 0; i < go_pclntab_count(first.table); i++) {
		enum go_fingerprint_match match;

		assert_true(go_pclntab_func(first.table, i, &func));
		match = go_fingerprint_match(second.image, second.table, func.name, fingerprint_of(&first, &func));
		others += match == FINGERPRINT_SAME && strncmp(func.name, "main.", 5) != 0;
		if (match == FINGERPRINT_SAME)
			continue;
		strncat(names, func.name, sizeof(names) - strlen(names) - 2);
		strcat(names, " ");
	}
	assert_true(others > 1000); /* the runtime's are all the same */
	binary_fixture_close(&first);
	binary_fixture_close(&second);
	return names;
}

static void test_changes(void **state)
{
	(void)state;
	build("second", "sink any", "sink any");
	assert_string_equal(differing("second"), "");
	build("second", "number = 1", "number = 2"); /* a constant in the code */
	assert_string_equal(differing("second"), "main.constant ");
	build("second", "{ sink = &pair{} }", "{ sink = &other{} }"); /* another type of the same size */
	assert_string_equal(differing("second"), "main.typed ");
	build("second", "func calls() { left(1)", "func calls() { right(1)"); /* another callee */
	assert_string_equal(differing("second"), "main.calls ");
	build("second", "{ left(2)\n}", "{\nleft(2) }"); /* another line */
	assert_string_equal(differing("second"), "main.moved ");
	build("second", "{b: &number}", "{a: &number}"); /* in a body that is inlined */
	assert_string_equal(differing("second"), "main.hosts ");
}

/* What pads a function or moves everything behind it changes no other. */
static void test_moved(void **state)
{
	(void)state;
	build("second", "number++ }", "number++; number *= 3; number ^= 99; sink = number; sink = &sink }");
	assert_string_equal(differing("second"), "main.padded ");
}

/* Two programs have the runtime in common, at other addresses; PIE has other code. */
static void test_other_program(void **state)
{
	struct binary_fixture first, second;
	size_t same = 0, different = 0;
	struct go_func func;

	(void)state;
	binary_fixture_do("\"$GO\" build -o types.program \"$PROGRAMS/types.go\"");
	open_built(&first, "first");
	binary_fixture_open(&second, "types.program");
	for (uint32_t i = 0; i < go_pclntab_count(first.table); i++) {
		assert_true(go_pclntab_func(first.table, i, &func));
		if (strncmp(func.name, "runtime.", 8) != 0)
			continue;
		switch (go_fingerprint_match(second.image, second.table, func.name, fingerprint_of(&first, &func))) {
		case FINGERPRINT_SAME:
			same++;
			break;
		case FINGERPRINT_OTHER:
			print_message("other: %s\n", func.name);
			different++;
			break;
		default:
			break;
		}
	}
	assert_true(same > 1000);
	assert_int_equal(different, 0);
	binary_fixture_close(&first);
	binary_fixture_close(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_changes),
	    cmocka_unit_test(test_moved),
	    cmocka_unit_test(test_other_program),
	};

	return cmocka_run_group_tests(tests, set_up, binary_fixture_tear_down);
}
