/* Constants of a type of their own are told from calls by the source. */
#include "verdicts/typed_constant.h"
#include "verdicts/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char source[] = "package p\n"
			     "\n"
			     "\tuse(UserKey, call(\"user\"))\n"
			     "\tuse(Level3)\n"
			     "\tlast = call(\"user\")\n"
			     "\tuse(pkg.Level)";

static void check_marked(const char *version)
{
	bool old = !strcmp(version, "go1.19.13");
	static const struct {
		const char *what, *file;
		uint32_t line, column;
		bool constant;
	} cases[] = {
	    {"Key(\"user\")", "p/a.go", 3, 6, true},    {"pkg.Key(\"user\")", "p/a.go", 3, 6, true},
	    {"call(\"user\")", "p/a.go", 3, 19, false}, /* its parenthesis */
	    {"Key(\"user\")", "p/a.go", 3, 7, false},   /* not where a name begins */
	    {"Level(3)", "p/a.go", 4, 6, true},         {"Level(-3)", "p/a.go", 4, 6, true},
	    {"Flag(true)", "p/a.go", 4, 6, true},       {"f(x)", "p/a.go", 4, 6, false},
	    {"Level3", "p/a.go", 4, 6, false},          {"Level(3)", "p/b.go", 4, 6, false}, /* no such source */
	    {"Level(3)", "p/a.go", 5, 1, false},        {"Level(3)", "p/a.go", 4, 900, false},
	    {"call(\"user\")", "p/a.go", 5, 2, false},  {"call(\"user\")", "p/a.go", 3, 2, false},
	    {"pkg.Level(3)", "p/a.go", 6, 6, true},     {"pkg.Level(3)", "p/a.go", 6, 10, true},
	    {"Level(3)", "p/a.go", 0, 6, false},        {"Level(3)", "p/a.go", 4, 0, false},
	};
	char directory[] = "/tmp/escprof-constant-XXXXXX", path[80], compiler[] = "compile", option[] = "-goversion";
	char *argv[] = {compiler, option, (char *)(uintptr_t)version, path, NULL};
	FILE *file;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/a.go", directory);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(source, file);
	fclose(file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict_position place = {"", cases[i].file, cases[i].line, cases[i].column};
		struct verdict verdict = {.kind = VERDICT_ESCAPES,
					  .package = "p",
					  .function = "",
					  .what = cases[i].what,
					  .message = "m",
					  .chain = &place,
					  .nchain = 1};
		struct verdict_set *set = verdict_set_new();

		verdict_set_add(set, &verdict);
		typed_constant_mark(set, argv);
		assert_int_equal(verdict_set_count(set), 1);
		if (verdict_set_at(set, 0)->is_constant != (cases[i].constant && !old))
			print_error("case %zu\n", i);
		assert_int_equal(verdict_set_at(set, 0)->is_constant, cases[i].constant && !old);
		verdict_set_free(set);
	}
	unlink(path);
	rmdir(directory);
}

static void test_marked(void **state)
{
	(void)state;
	check_marked("go1.26.8");
	check_marked("devel");
	check_marked("go1.19.13");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_marked)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
