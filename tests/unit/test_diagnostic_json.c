/* The compiler's JSON, line by line as it was written by Go 1.26 and 1.24. */
#include "tests/unit/verdict_fixture.h"
#include "verdicts/diagnostic_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                                                         \
	"{\"version\":0,\"package\":\"main\",\"goos\":\"linux\",\"gc_version\":\"go1.26.8\",\"file\":\"/m/a.go\"}\n"
#define RANGE(line, column) "\"range\":{\"start\":{\"line\":" #line ",\"character\":" #column "}}"
#define AT(file, line, column, message)                                                                                \
	"{\"location\":{\"uri\":\"file://" file "\"," RANGE(line, column) "},\"message\":\"" message "\"}"
#define DIAGNOSTIC(line, column, code, message, related)                                                               \
	"{" RANGE(line, column) ",\"severity\":3,\"code\":\"" code                                                     \
				"\",\"source\":\"go compiler\",\"message\":\"" message                                 \
				"\",\"relatedInformation\":[" related "]}\n"

static struct verdict_set *read_text(const char *text, const struct source_names *names)
{
	struct verdict_set *set = verdict_set_new();
	struct error error = {""};

	assert_int_equal(diagnostic_json_read(set, text, strlen(text), "x.json", "", names, &error), STATUS_OK);
	return set;
}

static void expect(const char *text, const char *line)
{
	struct verdict_set *set = read_text(text, NULL);

	verdict_fixture_expect(set, &line, line ? 1 : 0);
	verdict_set_free(set);
}

static void test_escape_with_flow(void **state)
{
	(void)state;
	expect(
	    HEADER DIAGNOSTIC(
		13, 30, "escape", "\\u0026E{...} escapes to heap",
		AT("/m/a.go", 13, 30, "escflow:    flow: ~r0 ← \\u0026{storage for \\u0026E{...}}:") "," AT(
		    "/m/a.go", 13, 30,
		    "escflow:      from \\u0026E{...} (spill)") "," AT("/m/a.go", 13, 23,
								       "escflow:      from return \\u0026E{...} (return)")),
	    "escapes &E{...} escapes to heap @ /m/a.go:13:30 [~r0|spill|13] [~r0|return|13]");
}

static void test_chain(void **state)
{
	(void)state;
	/* Leading inlineLoc entries are the chain; those within the flow are not. */
	expect(
	    HEADER DIAGNOSTIC(
		43, 12, "escape", "\\u0026a.T{...} escapes to heap",
		AT("/m/b.go", 8, 7, "inlineLoc") "," AT("/m/c%20d.go", 9, 1, "inlineLoc") "," AT("/m/a.go", 43, 12, "escflow:    flow: {heap} ← \\u0026{storage for \\u0026a.T{...}}:") "," AT(
		    "/m/b.go", 8, 7,
		    "inlineLoc") "," AT("/m/a.go", 44, 1,
					"escflow:      from f(x, (1)) (call parameter)") "," AT("/m/b.go", 9, 9,
												"inlineLoc")),
	    "escapes &a.T{...} escapes to heap @ /m/a.go:43:12 > /m/b.go:8:7 > /m/c d.go:9:1 "
	    "[{heap}|call parameter|44]");
	/* Trimmed paths have no slash in front. */
	expect(HEADER DIAGNOSTIC(1, 2, "escape", "x escapes to heap", AT("example.com/m/b.go", 8, 7, "inlineLoc")),
	       "escapes x escapes to heap @ /m/a.go:1:2 > example.com/m/b.go:8:7");
}

static void test_kinds(void **state)
{
	(void)state;
	expect(
	    HEADER DIAGNOSTIC(26, 2, "escape", "n escapes to heap",
			      AT("/m/a.go", 27, 22, "escflow:    flow: {storage for func literal} ← \\u0026n:") "," AT(
				  "/m/a.go", 27, 22, "escflow:      from n (captured by a closure)")),
	    "moved moved to heap: n @ /m/a.go:26:2 [{storage for func literal}|captured by a closure|27]");
	/* As Go 1.24 and older write the flow. */
	expect(HEADER DIAGNOSTIC(26, 2, "escapes", "big escapes to heap",
				 AT("/m/a.go", 26, 2, "escflow:    flow: {heap} = \\u0026big:") "," AT(
				     "/m/a.go", 26, 2, "escflow:      from big (too large for stack)")),
	       "moved moved to heap: big @ /m/a.go:26:2 [{heap}|too large for stack|26] large");
	expect(HEADER DIAGNOSTIC(
		   26, 2, "escapes", "make([]int, n) escapes to heap",
		   AT("/m/a.go", 26, 2, "escflow:    flow: {heap} = \\u0026{storage for make([]int, n)}:") "," AT(
		       "/m/a.go", 26, 2, "escflow:      from make([]int, n) (non-constant size)")),
	       "escapes make([]int, n) escapes to heap @ /m/a.go:26:2 [{heap}|non-constant size|26] nonconst");
	expect(HEADER DIAGNOSTIC(20, 15, "escape", "append(out, f(v)) escapes to heap", ""),
	       "escapes append escapes to heap @ /m/a.go:20:15");
}

static void test_leaks(void **state)
{
	(void)state;
	expect(HEADER DIAGNOSTIC(15, 11, "leak", "parameter v leaks to {heap} with derefs=0", ""),
	       "leak leaking param: v @ /m/a.go:15:11");
	expect(HEADER DIAGNOSTIC(15, 11, "leak", "parameter v leaks to {heap} with derefs=1", ""),
	       "leak leaking param content: v @ /m/a.go:15:11");
	expect(HEADER DIAGNOSTIC(15, 11, "leak", "parameter v leaks to ~r0 with derefs=0", ""),
	       "leak leaking param: v to result ~r0 level=0 @ /m/a.go:15:11");
	expect(HEADER DIAGNOSTIC(15, 11, "leak", "parameter v leaks to {storage for func literal} with derefs=0", ""),
	       "leak leaking param: v @ /m/a.go:15:11");
}

static void test_others_are_passed_over(void **state)
{
	(void)state;
	expect(HEADER DIAGNOSTIC(1, 1, "canInlineFunction", "cost: 5", ""), NULL);
	expect(HEADER DIAGNOSTIC(1, 1, "escape", "", ""), NULL);
	expect(HEADER DIAGNOSTIC(1, 1, "nilcheck", "x escapes to heap", ""), NULL);
	expect(HEADER "{}\n\n", NULL);
	expect("", NULL);
	expect(HEADER, NULL);
}

static void test_names(void **state)
{
	static const struct source_names names = {"/m", "/m=>example.com/m;/tmp/b001=>", "/usr/go", false};
	static const char *const lines[] = {
	    "escapes x escapes to heap @ example.com/m/a.go:1:2 > /usr/go/src/a.go:8:7"};
	struct verdict_set *set = read_text(
	    HEADER DIAGNOSTIC(1, 2, "escape", "x escapes to heap", AT("$GOROOT/src/a.go", 8, 7, "inlineLoc")), &names);

	(void)state;
	verdict_fixture_expect(set, lines, 1);
	assert_string_equal(verdict_set_at(set, 0)->package, "main");
	verdict_set_free(set);
}

static void test_rewrites(void **state)
{
	static const struct source_names names = {"/m/sub", "/m=>example.com/m;/w/b001=>;/gone", "", false};
	static const struct {
		const char *from, *to;
	} cases[] = {
	    {"/m/a.go", "example.com/m/a.go"},
	    {"./a.go", "example.com/m/sub/a.go"},
	    {"../a.go", "example.com/m/a.go"},
	    {"../../x.go", "/x.go"},
	    {"/mm/a.go", "/mm/a.go"},
	    {"/w/b001/_cgo_gotypes.go", "_cgo_gotypes.go"},
	    {"/gone/a.go", "a.go"},
	    {"example.com/m/a.go", "example.com/m/a.go"},
	    {"<autogenerated>", "<autogenerated>"},
	};
	struct buf scratch = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(source_names_resolve(&names, cases[i].from, &scratch), cases[i].to);
	buf_free(&scratch);
}

static void expect_error(const char *text, const char *where, size_t kept)
{
	struct verdict_set *set = verdict_set_new();
	struct error error = {""};

	assert_int_equal(diagnostic_json_read(set, text, strlen(text), "x.json", "", NULL, &error), STATUS_ERROR);
	assert_ptr_equal(strstr(error.text, where), error.text);
	assert_int_equal(verdict_set_count(set), kept);
	verdict_set_free(set);
}

static void test_damage(void **state)
{
	(void)state;
	expect_error("nonsense\n", "x.json:1: ", 0);
	expect_error("{\"version\":1,\"file\":\"a\"}\n", "x.json:1: ", 0);
	expect_error("[]\n", "x.json:1: ", 0);
	expect_error("\n", "x.json:1: ", 0);
	expect_error(HEADER DIAGNOSTIC(1, 1, "escape", "x escapes to heap", "") "{\"code\":\"escape\",",
		     "x.json:3: ", 1);
}

/* Members of other types than the compiler's are as good as missing. */
static void test_wrong_types(void **state)
{
	(void)state;
	expect(HEADER
	       "{\"range\":3,\"code\":\"escape\",\"message\":\"x escapes to heap\",\"relatedInformation\":{\"a\":1}}\n",
	       "escapes x escapes to heap @ /m/a.go:0:0");
	expect(HEADER "{\"range\":{\"start\":{\"line\":-5,\"character\":99999999999}},\"code\":\"escape\","
		      "\"message\":\"x escapes to heap\",\"relatedInformation\":[1,{\"message\":\"inlineLoc\"}]}\n",
	       "escapes x escapes to heap @ /m/a.go:0:0 > :0:0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_escape_with_flow),
	    cmocka_unit_test(test_chain),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_leaks),
	    cmocka_unit_test(test_others_are_passed_over),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_rewrites),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_wrong_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
