/* Call sites and verdicts: each case is a site and the one verdict (or class) that it must be joined with. */
#include "analyzer/join.h"

#include "analyzer/call_site.h"
#include "analyzer/verdict_words.h"
#include "verdicts/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAIN "/src/main.go"

struct verdict_case {
	enum verdict_kind kind;
	const char *what;
	bool text_only;
	struct verdict_position chain[2]; /* outermost first */
};

static const struct verdict_case verdicts[] = {
    {VERDICT_ESCAPES, "&E{...}", false, {{"main.newE", MAIN, 9, 9}}},
    /* newE inlined into main at line 20, where other things happen too */
    {VERDICT_ESCAPES, "&E{...}", false, {{"main.main", MAIN, 20, 6}, {"main.newE", MAIN, 9, 9}}},
    {VERDICT_ESCAPES, "make([]int, n)", false, {{"main.main", MAIN, 20, 20}}},
    /* m[string(k)] = v: string(k) must not be blamed for the map's growth */
    {VERDICT_ESCAPES, "string(k)", false, {{"main.put", MAIN, 30, 4}}},
    /* two of one entry, told apart by type */
    {VERDICT_ESCAPES, "&A{...}", false, {{"main.two", MAIN, 40, 4}}},
    {VERDICT_ESCAPES, "&pkg.B{...}", false, {{"main.two", MAIN, 40, 14}}},
    /* two that stay open */
    {VERDICT_ESCAPES, "x", false, {{"main.open", MAIN, 50, 4}}},
    {VERDICT_ESCAPES, "y", false, {{"main.open", MAIN, 50, 7}}},
    {VERDICT_NO_ESCAPE, "make([]byte, n)", true, {{"main.buf", MAIN, 60, 4}}},
    {VERDICT_LEAK, "p", false, {{"main.leak", MAIN, 70, 4}}},
    /* known from the text alone */
    {VERDICT_ESCAPES, "new(T)", true, {{"main.lost", MAIN, 80, 4}}},
    /* one mallocgc for several variables */
    {VERDICT_MOVED, "a", false, {{"main.vars", MAIN, 90, 4}}},
    {VERDICT_MOVED, "b", false, {{"main.vars", MAIN, 90, 7}}},
    /* go f(x): closure and argument */
    {VERDICT_ESCAPES, "func literal", false, {{"main.g", MAIN, 100, 4}}},
    {VERDICT_ESCAPES, "... argument", false, {{"main.g", MAIN, 100, 9}}},
    {VERDICT_ESCAPES, "&errorString{...}", false, {{"errors.New", "errors/errors.go", 65, 9}}},
    {VERDICT_ESCAPES, "1", false, {{"main.k", MAIN, 110, 4}}},
    /* the same words twice are one */
    {VERDICT_ESCAPES, "s", false, {{"main.same", MAIN, 120, 4}}},
    {VERDICT_ESCAPES, "s", false, {{"main.same", MAIN, 120, 9}}},
    /* a constant's bytes; a slice literal that an inlined function returns */
    {VERDICT_ESCAPES, "([]byte)(\"note\")", false, {{"main.note", MAIN, 130, 4}}},
    {VERDICT_ESCAPES, "[]T{...}", false, {{"main.list", MAIN, 140, 4}, {"main.defaults", MAIN, 150, 9}}},
    /* a call's parameter that moves, and an expression that might be it */
    {VERDICT_ESCAPES, "any(x)", false, {{"main.call", MAIN, 160, 4}}},
    {VERDICT_MOVED, "v", false, {{"main.call", MAIN, 160, 14}, {"main.Box", MAIN, 170, 9}}},
    /* one of two concatenations escapes; of two conversions the one that stays is the likelier */
    {VERDICT_ESCAPES, "a + b", false, {{"main.sums", MAIN, 180, 4}}},
    {VERDICT_NO_ESCAPE, "c + d", true, {{"main.sums", MAIN, 180, 14}}},
    {VERDICT_ESCAPES, "error(e)", false, {{"main.texts", MAIN, 190, 4}}},
    {VERDICT_NO_ESCAPE, "string(b)", true, {{"main.texts", MAIN, 190, 14}}},
    /* a variable may be of the literal's type */
    {VERDICT_ESCAPES, "&E{...}", false, {{"main.both", MAIN, 250, 4}}},
    {VERDICT_MOVED, "v", false, {{"main.both", MAIN, 250, 14}}},
    /* two bodies inlined at one line: which line of which the text's verdict is of, the functions themselves tell */
    {VERDICT_ESCAPES, "make([]int, 8193)", false, {{"main.add", MAIN, 200, 4}, {"main.large", MAIN, 210, 9}}},
    {VERDICT_NO_ESCAPE, "make([]int, n)", true, {{"main.add", MAIN, 200, 14}}},
    {VERDICT_ESCAPES, "make([]int, 8193)", false, {{"main.large", MAIN, 210, 9}}},
    {VERDICT_NO_ESCAPE, "make([]int, n)", true, {{"main.sized", MAIN, 220, 9}}},
    /* in another package names get that of their own */
    {VERDICT_ESCAPES, "new(http.Request)", true, {{"main.add", MAIN, 260, 4}}},
    {VERDICT_ESCAPES, "new(Request)", false, {{"http.New", "/http/h.go", 270, 9}}},
    {VERDICT_ESCAPES, "append([]http.T{...}, http.r.list...)", true, {{"main.add", MAIN, 280, 4}}},
    {VERDICT_ESCAPES, "append([]T{...}, r.list...)", true, {{"http.Add", "/http/h.go", 290, 4}}},
    /* the same where the call makes a number of the size */
    {VERDICT_ESCAPES, "make([]int, 9000)", false, {{"main.add", MAIN, 230, 4}, {"main.large", MAIN, 240, 9}}},
    {VERDICT_NO_ESCAPE, "make([]int, 64)", true, {{"main.add", MAIN, 230, 14}}},
    {VERDICT_NO_ESCAPE, "make([]int, n)", true, {{"main.large", MAIN, 240, 9}}},
};

static struct verdict_set *make_set(void)
{
	struct verdict_set *set = verdict_set_new();

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		struct verdict verdict = {.kind = verdicts[i].kind,
					  .what = verdicts[i].what,
					  .package = "main",
					  .function = "",
					  .message = "m",
					  .chain = verdicts[i].chain,
					  .chain_known = !verdicts[i].text_only};

		verdict.nchain = verdicts[i].chain[1].file ? 2 : 1;
		verdict_set_add(set, &verdict);
	}
	return set;
}

static void test_sites(void **state)
{
	static const struct {
		struct analysis_frame chain[2]; /* innermost first */
		enum entry_operation operation;
		const char *type;
		enum site_class class_;
		const char *what; /* NULL: none */
		size_t ncandidates;
	} cases[] = {
	    {{{"", MAIN, 9}}, OPERATION_NEW, "main.E", CLASS_ESCAPE, "&E{...}", 0},
	    {{{"", MAIN, 9}, {"", MAIN, 20}}, OPERATION_NEW, "main.E", CLASS_ESCAPE, "&E{...}", 0},
	    {{{"", MAIN, 20}}, OPERATION_MAKE_SLICE, "int", CLASS_ESCAPE, "make([]int, n)", 0},
	    {{{"", MAIN, 30}}, OPERATION_MAP_ASSIGN, "map[string]int", CLASS_MAP_GROWTH, NULL, 0},
	    {{{"", MAIN, 30}}, OPERATION_TO_STRING, "", CLASS_ESCAPE, "string(k)", 0},
	    {{{"", MAIN, 40}}, OPERATION_NEW, "main.A", CLASS_ESCAPE, "&A{...}", 0},
	    {{{"", MAIN, 40}}, OPERATION_NEW, "example.com/pkg.B", CLASS_ESCAPE, "&pkg.B{...}", 0},
	    {{{"", MAIN, 40}}, OPERATION_NEW, "", CLASS_AMBIGUOUS, NULL, 2},
	    /* of a type that no verdict of the line has */
	    {{{"", MAIN, 40}}, OPERATION_NEW, "main.C", CLASS_UNMATCHED, NULL, 0},
	    {{{"", MAIN, 50}}, OPERATION_CONVERT, "", CLASS_AMBIGUOUS, NULL, 2},
	    {{{"", MAIN, 60}}, OPERATION_MAKE_SLICE, "uint8", CLASS_HEAP_NOT_ESCAPING, "make([]byte, n)", 0},
	    /* inlined somewhere deeper: only the outermost place is known of text */
	    {{{"", "/x/y.go", 5}, {"", MAIN, 60}},
	     OPERATION_MAKE_SLICE,
	     "uint8",
	     CLASS_HEAP_NOT_ESCAPING,
	     "make([]byte, n)",
	     0},
	    {{{"", MAIN, 70}}, OPERATION_NEW, "", CLASS_UNMATCHED, NULL, 0},
	    {{{"", MAIN, 80}}, OPERATION_NEW, "main.T", CLASS_ESCAPE, "new(T)", 0},
	    {{{"", MAIN, 90}}, OPERATION_RAW, "", CLASS_ESCAPE, "a", 2},
	    {{{"", MAIN, 100}}, OPERATION_NEW, "struct { F uintptr; X0 int }", CLASS_ESCAPE, "func literal", 0},
	    {{{"", MAIN, 100}}, OPERATION_NEW, "[2]interface {}", CLASS_ESCAPE, "... argument", 0},
	    {{{"", "/usr/local/go/src/errors/errors.go", 65}},
	     OPERATION_NEW,
	     "errors.errorString",
	     CLASS_ESCAPE,
	     "&errorString{...}",
	     0},
	    /* inlined where no verdict is left: the body's own stands in */
	    {{{"", MAIN, 9}, {"", MAIN, 999}}, OPERATION_NEW, "main.E", CLASS_ESCAPE, "&E{...}", 0},
	    {{{"", MAIN, 110}}, OPERATION_CONVERT, "", CLASS_UNMATCHED, NULL, 0},
	    {{{"", MAIN, 120}}, OPERATION_CONVERT, "", CLASS_ESCAPE, "s", 0},
	    {{{"", MAIN, 130}}, OPERATION_NEW, "[4]uint8", CLASS_ESCAPE, "([]byte)(\"note\")", 0},
	    {{{"", MAIN, 140}}, OPERATION_NEW, "[3]main.T", CLASS_ESCAPE, "[]T{...}", 0},
	    {{{"", "/other/main.go", 9}}, OPERATION_NEW, "main.E", CLASS_UNMATCHED, NULL, 0},
	    {{{"", MAIN, 9}}, OPERATION_APPEND, "main.E", CLASS_APPEND_GROWTH, NULL, 0},
	    {{{"", MAIN, 9}}, OPERATION_REFLECT, "main.E", CLASS_REFLECTION, NULL, 0},
	    {{{"", MAIN, 300}}, OPERATION_NEW, "struct { F uintptr; X0 int }", CLASS_GOROUTINE, NULL, 0},
	    {{{"", MAIN, 160}}, OPERATION_NEW, "go.shape.int", CLASS_ESCAPE, "v", 0},
	    {{{"", MAIN, 180}}, OPERATION_CONCAT, "", CLASS_AMBIGUOUS, NULL, 2},
	    {{{"", MAIN, 210}, {"", MAIN, 200}}, OPERATION_MAKE_SLICE, "int", CLASS_ESCAPE, "make([]int, 8193)", 0},
	    {{{"", MAIN, 220}, {"", MAIN, 200}},
	     OPERATION_MAKE_SLICE,
	     "int",
	     CLASS_HEAP_NOT_ESCAPING,
	     "make([]int, n)",
	     0},
	    {{{"", MAIN, 240}, {"", MAIN, 230}}, OPERATION_MAKE_SLICE, "int", CLASS_AMBIGUOUS, NULL, 2},
	    {{{"", MAIN, 190}}, OPERATION_TO_STRING, "", CLASS_HEAP_NOT_ESCAPING, "string(b)", 0},
	    {{{"", "/http/h.go", 270}, {"", MAIN, 260}},
	     OPERATION_NEW,
	     "http.Request",
	     CLASS_ESCAPE,
	     "new(http.Request)",
	     0},
	    {{{"", "/http/h.go", 290}, {"", MAIN, 280}},
	     OPERATION_APPEND,
	     "http.T",
	     CLASS_ESCAPE,
	     "append([]http.T{...}, http.r.list...)",
	     0},
	    {{{"", MAIN, 250}}, OPERATION_NEW, "main.E", CLASS_AMBIGUOUS, NULL, 2},
	    {{{"", MAIN, 250}}, OPERATION_NEW, "main.F", CLASS_ESCAPE, "v", 0},
	    {{{"", "/c/x.c", 9}}, OPERATION_C, "", CLASS_C, NULL, 0},
	};
	struct verdict_set *set = make_set();
	struct join *join = join_new(set);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call_site site = {.chain = cases[i].chain,
					 .nchain = cases[i].chain[1].file ? 2 : 1,
					 .entry = "",
					 .operation = cases[i].operation};
		struct join_object object = {.type = cases[i].type};
		struct join_result result = join_site(join, &site, &object);

		if (result.class_ != cases[i].class_ || result.ncandidates != cases[i].ncandidates)
			print_error("case %zu: class %s, %zu candidates\n", i, site_class_name(result.class_),
				    result.ncandidates);
		assert_int_equal(result.class_, cases[i].class_);
		assert_int_equal(result.ncandidates, cases[i].ncandidates);
		if (cases[i].what)
			assert_string_equal(result.verdict->what, cases[i].what);
		else
			assert_null(result.verdict);
	}
	join_free(join);
	verdict_set_free(set);
}

/* What does not escape has a buffer, and would not have made so small a block. */
static void test_small_texts(void **state)
{
	static const struct analysis_frame frame = {"main.sums", MAIN, 180};
	struct call_site site = {.chain = &frame, .nchain = 1, .entry = "", .operation = OPERATION_CONCAT};
	struct join_object object = {"", 48};
	struct verdict_set *set = make_set();
	struct join *join = join_new(set);
	struct join_result result;

	(void)state;
	assert_int_equal(join_site(join, &site, &object).class_, CLASS_AMBIGUOUS);
	object.small_slot = 32;
	result = join_site(join, &site, &object);
	assert_int_equal(result.class_, CLASS_ESCAPE);
	assert_string_equal(result.verdict->what, "a + b");
	join_free(join);
	verdict_set_free(set);
}

/* A constant is never on the heap; a call in its words would be as likely as a verdict that did not say its chain. */
static void test_constants(void **state)
{
	static const struct analysis_frame frame = {"main.f", MAIN, 9};
	static const struct verdict_position places[] = {{"main.f", MAIN, 9, 4}, {"main.f", MAIN, 9, 20}};
	struct call_site site = {
	    .chain = &frame, .nchain = 1, .entry = "runtime.convT", .operation = OPERATION_CONVERT};
	struct join_object object = {.type = "http.Request"};

	(void)state;
	for (int is_constant = 0; is_constant < 2; is_constant++) {
		struct verdict key = {.kind = VERDICT_ESCAPES,
				      .package = "main",
				      .function = "",
				      .what = "Key(\"user\")",
				      .message = "m",
				      .chain = &places[0],
				      .nchain = 1,
				      .chain_known = true,
				      .is_constant = is_constant};
		struct verdict result = key;
		struct verdict_set *set = verdict_set_new();
		struct join_result joined;
		struct join *join;

		result.what = "~r0";
		result.chain = &places[1];
		result.chain_known = result.is_constant = false;
		verdict_set_add(set, &key);
		verdict_set_add(set, &result);
		join = join_new(set);
		joined = join_site(join, &site, &object);
		assert_int_equal(joined.class_, is_constant ? CLASS_ESCAPE : CLASS_AMBIGUOUS);
		if (is_constant)
			assert_string_equal(joined.verdict->what, "~r0");
		join_free(join);
		verdict_set_free(set);
	}
}

static void test_without_verdicts(void **state)
{
	static const struct analysis_frame frame = {"main.f", MAIN, 9};
	struct call_site site = {.chain = &frame, .nchain = 1, .operation = OPERATION_APPEND};
	struct join *join = join_new(NULL);

	(void)state;
	assert_int_equal(join_site(join, &site, &(struct join_object){.type = ""}).class_, CLASS_APPEND_GROWTH);
	site.operation = OPERATION_NEW;
	assert_int_equal(join_site(join, &site, &(struct join_object){.type = ""}).class_, CLASS_UNMATCHED);
	site.all_runtime = true;
	assert_int_equal(join_site(join, &site, &(struct join_object){.type = ""}).class_, CLASS_RUNTIME);
	join_free(join);
}

static void test_files(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
	    {"/a/b.go", "/a/b.go", true},
	    {"errors/errors.go", "/usr/local/go/src/errors/errors.go", true},
	    {"/usr/local/go/src/errors/errors.go", "errors/errors.go", true},
	    {"rrors/errors.go", "/usr/local/go/src/errors/errors.go", false},
	    {"errors.go", "/usr/local/go/src/errors/errors.go", false},
	    {"./cmd/x.go", "/home/me/cmd/x.go", true},
	    {"/x/main.go", "/y/main.go", false},
	    {"/main.go", "/y/main.go", false},
	    {"", "/y/main.go", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(join_same_file(cases[i].a, cases[i].b), cases[i].same);
}

static void test_types(void **state)
{
	static const struct {
		const char *what, *type;
		int agrees;
	} cases[] = {
	    {"&E{...}", "main.E", 1},
	    {"&E{...}", "main.F", -1},
	    {"&http.Request{...}", "net/http.Request", 1},
	    {"&Node[int]{...}", "main.Node[go.shape.int]", 1},
	    {"new(E)", "example.com/x.E", 1},
	    {"new(*E)", "*main.E", 1},
	    {"make([]int, n)", "int", 1},
	    {"make([]int, 10)", "[10]int", 1},
	    {"make([]map[string]int, n)", "map[string]int", 1},
	    {"make([]any, n)", "interface {}", 1},
	    {"make([]int, n)", "main.E", -1},
	    {"[]*pkg.T{...}", "[3]*pkg.T", 1},
	    {"&[]int{...}", "[2]int", 1},
	    {"&[]int{...}", "[]int", 1},
	    {"... argument", "[1]interface {}", 1},
	    {"... argument", "main.E", -1},
	    {"func literal", "struct { F uintptr; X0 *int }", 1},
	    {"func literal", "main.E", -1},
	    {"make(map[string]int)", "map[string]int", 1},
	    {"x", "main.E", 0},
	    {"&E{...}", "", 0},
	    {"&struct { a any; b []any }{...}", "struct { a interface {}; b []interface {} }", 1},
	    {"make([]byte, n)", "uint8", 1},
	    {"&[]rune{...}", "[3]int32", 1},
	    {"new(func(byte) any)", "func(uint8) interface {}", 1},
	    {"new(int)", "go.shape.int", -1},
	    {"new(go.shape.int)", "go.shape.int", 1},
	    {"&P{...}", "go.shape.struct { main.a int }", -1},
	    {"make([]go.shape.*go/types.Func, len(in))", "*types.Func", 0},
	    {"new(<node DYNAMICTYPE>)", "netip.addrDetail", 0},
	    /* a named slice is made as an array */
	    {"termlist{...}", "[1]*main.term", 0},
	    {"&term{...}", "main.termlist", -1},
	    /* a method value's closure has the receiver, R */
	    {"func literal", "struct { F uintptr; R main.P }", -1},
	    {"p.get", "struct { F uintptr; R main.P }", 1},
	    {"p.get", "struct { F uintptr; X0 *int }", -1},
	    {"any(E{...})", "main.E", 1},
	    {"any(E{...})", "main.F", -1},
	    {"f(x)", "main.F", 0},
	    {"[]byte(\"note\")", "[4]uint8", 1},
	    {"[]byte(\"note\")", "main.E", -1},
	    {"[]byte(s)", "", 0},
	    {"make(map[string]int)", "*main.E", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict verdict = {.kind = VERDICT_ESCAPES, .what = cases[i].what};

		if (verdict_type_agrees(&verdict, cases[i].type) != cases[i].agrees)
			print_error("case %zu: %s, %s\n", i, cases[i].what, cases[i].type);
		assert_int_equal(verdict_type_agrees(&verdict, cases[i].type), cases[i].agrees);
	}
}

static void test_forms(void **state)
{
	static const struct {
		enum verdict_form form;
		const char *entry, *type;
		bool fits;
	} cases[] = {
	    {FORM_APPEND, "runtime.convTslice", "", true},
	    {FORM_EXPRESSION, "runtime.convTslice", "", true},
	    {FORM_CONCAT, "runtime.convTslice", "", false},
	    {FORM_CONCAT, "runtime.convTstring", "", true},
	    {FORM_MAKE_SLICE, "runtime.convTstring", "", false},
	    {FORM_CONCAT, "runtime.convT64", "", false},
	    {FORM_LITERAL, "runtime.convT64", "", true},
	    {FORM_SLICE_LITERAL, "runtime.convTnoptr", "main.E", false},
	    {FORM_MAKE_SLICE, "runtime.newobject", "[3]int", true},
	    {FORM_MAKE_SLICE, "runtime.newobject", "int", false},
	    {FORM_MAKE_SLICE, "runtime.makeslice", "int", true},
	    {FORM_MAKE_MAP, "runtime.newobject", "map[string]int", false},
	    {FORM_MAKE_MAP, "runtime.newobject", "internal/runtime/maps.Map", true},
	    {FORM_MAKE_SLICE, "", "int", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (verdict_form_fits(cases[i].form, cases[i].entry, cases[i].type) != cases[i].fits)
			print_error("case %zu\n", i);
		assert_int_equal(verdict_form_fits(cases[i].form, cases[i].entry, cases[i].type), cases[i].fits);
	}
}

static void test_moved_types(void **state)
{
	struct verdict verdict = {.kind = VERDICT_MOVED, .what = "v"};

	(void)state;
	assert_int_equal(verdict_type_agrees(&verdict, "main.E"), 0);
	assert_int_equal(verdict_type_agrees(&verdict, "struct { F uintptr; X0 *int }"), -1);
	/* what a loop over a function adds is an int */
	verdict.what = "slices.#state1";
	assert_int_equal(verdict_type_agrees(&verdict, "int"), 0);
	assert_int_equal(verdict_type_agrees(&verdict, "main.E"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sites), cmocka_unit_test(test_small_texts), cmocka_unit_test(test_without_verdicts),
	    cmocka_unit_test(test_files), cmocka_unit_test(test_types),       cmocka_unit_test(test_moved_types),
	    cmocka_unit_test(test_forms), cmocka_unit_test(test_constants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
