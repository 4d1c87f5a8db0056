/* The compiler's text as Go 1.24 and 1.26 print it, and its merge with JSON's verdicts. */
#include "tests/unit/verdict_fixture.h"
#include "verdicts/diagnostic_text.h"
#include "verdicts/verdict_merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect(const char *text, const char *const *lines, size_t count, const char *other)
{
	struct verdict_set *set = verdict_set_new();
	struct diagnostic_text read;

	diagnostic_text_new(&read);
	diagnostic_text_read(&read, text, strlen(text), "p", NULL);
	verdict_merge(set, NULL, &read);
	verdict_fixture_expect(set, lines, count);
	assert_string_equal(buf_string(&read.other), other);
	diagnostic_text_free(&read);
	verdict_set_free(set);
}

static void test_plain_lines(void **state)
{
	static const char *const lines[] = {
	    "escapes &E{...} escapes to heap @ ./a.go:13:30",
	    "moved moved to heap: n @ ./a.go:26:2",
	    "leak leaking param: v @ ./a.go:15:11",
	    "leak leaking param: in to result ~r0 level=1 @ ./a.go:16:23",
	    "leak leaking param content: s @ ./a.go:17:2",
	    "stays ... argument does not escape @ ./a.go:15:32",
	    "escapes append escapes to heap @ ./a.go:20:15",
	    "escapes \"a: b\" escapes to heap @ ./a.go:21:15",
	    "stays x does not escape @ ./old.go:22:0",
	    "stays y does not escape @ C:/x y.go:7:2",
	};

	(void)state;
	expect("# example.com/p\n"
	       "./a.go:13:6: can inline newE\n"
	       "./a.go:13:30: &E{...} escapes to heap\n"
	       "./a.go:26:2: moved to heap: n\r\n"
	       "./a.go:15:11: leaking param: v\n"
	       "./a.go:16:23: leaking param: in to result ~r0 level=1\n"
	       "./a.go:17:2: leaking param content: s\n"
	       "./a.go:15:32: ... argument does not escape\n"
	       "./a.go:15:32: ... argument does not escape\n"
	       "./a.go:20:15: append escapes to heap\n"
	       "./a.go:21:15: \"a: b\" escapes to heap\n"
	       "./old.go:22: x does not escape\n"
	       "C:/x y.go:7:2: y does not escape\n"
	       "warning: something else\n",
	       lines, COUNT(lines), "# example.com/p\nwarning: something else\n");
}

/* Up to Go 1.24 a leak does not say of which function; that follows from where functions are declared. */
static void test_leaks_of_functions(void **state)
{
	static const char *const lines[] = {
	    "leak leaking param: t @ ./a.go:9:7 [{heap}|assign|12] in (*T).Keep",
	    "leak leaking param: q @ ./a.go:10:2 [{heap}|assign|12] in (*T).Keep",
	    "leak leaking param: a @ ./a.go:18:12 [{heap}|assign|22] in heavy",
	    "leak leaking param: z @ ./a.go:28:12 [{heap}|assign|28] in main.func1",
	    /* two instances; before any function; another file */
	    "leak leaking param: x @ ./a.go:15:18 [{heap}|assign|15]",
	    "leak leaking param: y @ ./a.go:3:1 [{heap}|assign|4]",
	    "leak leaking param: w @ ./b.go:30:1 [{heap}|assign|31]",
	};
	static const struct {
		const char *name, *place;
		unsigned line;
	} leaks[] = {{"t", "./a.go:9:7", 12},   {"q", "./a.go:10:2", 12},  {"a", "./a.go:18:12", 22},
		     {"z", "./a.go:28:12", 28}, {"x", "./a.go:15:18", 15}, {"y", "./a.go:3:1", 4},
		     {"w", "./b.go:30:1", 31}};
	struct buf text = {0};

	(void)state;
	buf_append_string(&text,
			  "./a.go:26:6: cannot inline main: function too complex: cost 124 exceeds budget 80\n"
			  "./a.go:28:7: can inline main.func1 with cost 4 as: func(*int) { sink = z }\n"
			  "./a.go:15:6: can inline leak[go.shape.int] with cost 4 as: func(*[2]uintptr) { sink = x }\n"
			  "./a.go:15:6: can inline leak[int] with cost 9 as: func(*int) { leak(x) }\n"
			  "./a.go:9:13: can inline (*T).Keep with cost 8 as: method(*T) func(*int) { t.n = p }\n"
			  "./a.go:18:6: cannot inline heavy: marked go:noinline\n");
	for (size_t i = 0; i < COUNT(leaks); i++)
		buf_append_format(&text,
				  "%s: parameter %s leaks to {heap} with derefs=0:\n%s:   flow: {heap} = %s:\n"
				  "%s:     from p = %s (assign) at ./a.go:%u:1\n%s: leaking param: %s\n",
				  leaks[i].place, leaks[i].name, leaks[i].place, leaks[i].name, leaks[i].place,
				  leaks[i].name, leaks[i].line, leaks[i].place, leaks[i].name);
	expect(buf_string(&text), lines, COUNT(lines), "");
	buf_free(&text);
}

/* Where a call was inlined, a verdict may be about the inlined body. */
static void test_inlined_places(void **state)
{
	static const char *const lines[] = {
	    "escapes &E{...} escapes to heap @ ./a.go:35:15 chain?",
	    "escapes x escapes to heap @ ./a.go:36:15",
	};

	(void)state;
	expect("./a.go:35:15: &E{...} escapes to heap\n"
	       "./a.go:35:15: inlining call to newE\n"
	       "./a.go:36:15: x escapes to heap\n",
	       lines, COUNT(lines), "");
}

static void test_blocks(void **state)
{
	static const char *const lines[] = {
	    "escapes &E{...} escapes to heap @ ./a.go:13:30 [~r0|spill|13] [~r0|return|14] in newE",
	    "moved moved to heap: big @ ./a.go:33:6 [{heap}|too large for stack|33] in main large",
	    "leak leaking param: v @ ./a.go:15:11 [{storage for ... argument}|slice-literal-element|15] "
	    "[{heap}|call parameter|15] in sink",
	    "leak leaking param: in to result ~r0 level=1 @ ./a.go:16:23 [~r0|return|17] in (*T[go.shape.int]).get",
	    "escapes append escapes to heap @ ./a.go:20:15 [out|spill|20] in Map",
	};

	(void)state;
	expect("./a.go:13:30: &E{...} escapes to heap in newE:\n"
	       "./a.go:13:30:   flow: ~r0 ← &{storage for &E{...}}:\n"
	       "./a.go:13:30:     from &E{...} (spill) at ./a.go:13:30\n"
	       "./a.go:13:30:     from return &E{...} (return) at ./a.go:14:23\n"
	       "./a.go:33:6: big escapes to heap in main:\n"
	       "./a.go:33:6:   flow: {heap} ← &big:\n"
	       "./a.go:33:6:     from big (too large for stack) at ./a.go:33:6\n"
	       "./a.go:15:11: parameter v leaks to {heap} for sink with derefs=0:\n"
	       "./a.go:15:11:   flow: {storage for ... argument} ← v:\n"
	       "./a.go:15:11:     from ... argument (slice-literal-element) at ./a.go:15:32\n"
	       "./a.go:15:11:   flow: {heap} ← {storage for ... argument}:\n"
	       "./a.go:15:11:     from fmt.Fprintln(os.Stderr, ... argument...) (call parameter) at ./a.go:15:32\n"
	       "./a.go:16:23: parameter in leaks to ~r0 for (*T[go.shape.int]).get with derefs=1:\n"
	       "./a.go:16:23:   flow: ~r0 ← *in:\n"
	       "./a.go:16:23:     from return *in (return) at ./a.go:17:2\n"
	       "./a.go:20:15: append(out, f(v)) escapes to heap in Map:\n"
	       "./a.go:20:15:   flow: out ← &{storage for append(out, f(v))}:\n"
	       "./a.go:20:15:     from append(out, f(v)) (spill) at ./a.go:20:15\n"
	       "./a.go:13:30: &E{...} escapes to heap\n"
	       "./a.go:33:6: moved to heap: big\n"
	       "./a.go:15:11: leaking param: v\n"
	       "./a.go:16:23: leaking param: in to result ~r0 level=1\n"
	       "./a.go:20:15: append escapes to heap\n",
	       lines, COUNT(lines), "");
}

static void test_blocks_up_to_1_24(void **state)
{
	static const char *const lines[] = {
	    "escapes make([]byte, n) escapes to heap @ ./a.go:41:13 [{heap}|non-constant size|41] nonconst",
	    "leak leaking param: v @ ./a.go:15:11 [{heap}|assign|15]",
	};

	(void)state;
	expect("./a.go:41:13: make([]byte, n) escapes to heap:\n"
	       "./a.go:41:13:   flow: {heap} = &{storage for make([]byte, n)}:\n"
	       "./a.go:41:13:     from make([]byte, n) (non-constant size) at ./a.go:41:13\n"
	       "./a.go:15:11: parameter v leaks to {heap} with derefs=0:\n"
	       "./a.go:15:11:   flow: {heap} = v:\n"
	       "./a.go:15:11:     from x = v (assign) at ./a.go:15:32\n"
	       "./a.go:41:13: make([]byte, n) escapes to heap\n"
	       "./a.go:15:11: leaking param: v\n",
	       lines, COUNT(lines), "");
}

/* What the compiler says of its own code has no place; it is neither a verdict nor the user's business. */
static void test_placeless(void **state)
{
	(void)state;
	expect("<unknown line number>: #next escapes to heap in Value.Comparable:\n"
	       "<unknown line number>:   flow: {storage for func literal} ← &#next:\n"
	       "Value.Comparable capturing by ref: #next (addr=false assign=true width=8)\n"
	       "moved to heap: #next\n"
	       "<autogenerated>:1: function init considered 'big'; reducing max cost of inlinees\n",
	       NULL, 0, "");
}

static void test_broken_lines(void **state)
{
	(void)state;
	expect("\n:\n: \n:1: x escapes to heap\na.go:: x\na.go:99999999999: x escapes to heap\n"
	       "./a.go:1:1:   flow: {heap} ← &x:\n./a.go:1:1: :\n./a.go:1:1:",
	       NULL, 0, "\n:\n: \na.go:: x\n./a.go:1:1:\n");
}

static void test_packages_of_a_log(void **state)
{
	static const char text[] =
	    "# example.com/a\n./a.go:1:1: x does not escape\n# example.com/b [example.com/b.test]\n"
	    "./b.go:1:1: x does not escape\n";
	struct diagnostic_text read;

	(void)state;
	diagnostic_text_new(&read);
	diagnostic_text_read(&read, text, strlen(text), "", NULL);
	assert_string_equal(verdict_set_at(read.plain, 0)->package, "example.com/a");
	assert_string_equal(verdict_set_at(read.plain, 1)->package, "example.com/b");
	diagnostic_text_free(&read);
}

/* JSON's chain and flow, -m's words, -m=2's function; and what JSON does not say or has lost. */
static void test_merge(void **state)
{
	static const char text[] = "a.go:5:2: &T{...} escapes to heap in f:\n"
				   "a.go:5:2: &T{...} escapes to heap\n"
				   "a.go:5:2: inlining call to newT\n"
				   "a.go:5:2: x does not escape\n"
				   "a.go:6:2: moved to heap: v\n"
				   "lost.go:9:1: y escapes to heap\n";
	static const struct verdict_position one[] = {{"", "a.go", 5, 2}, {"", "b.go", 3, 7}};
	static const struct verdict_position two[] = {{"", "a.go", 5, 2}, {"", "b.go", 4, 7}};
	static const char *const lines[] = {
	    "escapes &T{...} escapes to heap @ a.go:5:2 > b.go:3:7 in f",
	    "escapes &T{...} escapes to heap @ a.go:5:2 > b.go:4:7 in f",
	    "moved moved to heap: v @ a.go:6:2",
	    "escapes only JSON has it @ a.go:8:2",
	    "stays x does not escape @ a.go:5:2 chain?",
	    "escapes y escapes to heap @ lost.go:9:1",
	};
	struct verdict_set *json = verdict_set_new(), *set = verdict_set_new();
	struct verdict verdict = verdict_fixture_at(VERDICT_ESCAPES, "&T{...}", "a.go", 5, 2);
	struct diagnostic_text read;

	(void)state;
	verdict.chain_known = true;
	verdict.message = "&T{...} escapes to heap";
	verdict.nchain = 2;
	verdict.chain = one;
	verdict_set_add(json, &verdict);
	verdict.chain = two;
	verdict_set_add(json, &verdict);
	verdict = verdict_fixture_at(VERDICT_ESCAPES, "v", "a.go", 6, 2);
	verdict.message = "v escapes to heap";
	verdict.chain_known = true;
	verdict_set_add(json, &verdict);
	verdict = verdict_fixture_at(VERDICT_ESCAPES, "only JSON has it", "a.go", 8, 2);
	verdict.chain_known = true;
	verdict_set_add(json, &verdict);
	diagnostic_text_new(&read);
	diagnostic_text_read(&read, text, strlen(text), "p", NULL);
	verdict_merge(set, json, &read);
	verdict_fixture_expect(set, lines, COUNT(lines));
	diagnostic_text_free(&read);
	verdict_set_free(json);
	verdict_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_lines),
	    cmocka_unit_test(test_inlined_places),
	    cmocka_unit_test(test_blocks),
	    cmocka_unit_test(test_leaks_of_functions),
	    cmocka_unit_test(test_blocks_up_to_1_24),
	    cmocka_unit_test(test_placeless),
	    cmocka_unit_test(test_broken_lines),
	    cmocka_unit_test(test_packages_of_a_log),
	    cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
