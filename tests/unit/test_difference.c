/* Why verdict and run differ: which sentence for which operation, and none where they agree. */
#include "analyzer/difference.h"

#include "analyzer/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	enum site_class class_;
	enum entry_operation operation;
	const char *entry;
	size_t nverdicts;
	const char *part; /* of what is said; "": nothing is */
} cases[] = {
    {CLASS_HEAP_NOT_ESCAPING, OPERATION_MAKE_SLICE, "runtime.makeslice", 0, "here 48 bytes"},
    {CLASS_HEAP_NOT_ESCAPING, OPERATION_APPEND, "runtime.growslice", 0, "arrays of 48 bytes"},
    {CLASS_HEAP_NOT_ESCAPING, OPERATION_APPEND, "runtime.moveSliceNoCap", 0, "copied to the heap once"},
    {CLASS_APPEND_GROWTH, OPERATION_APPEND, "runtime.moveSlice", 0, "copied to the heap once"},
    {CLASS_APPEND_GROWTH, OPERATION_APPEND, "runtime.growslice", 0, ""},
    {CLASS_HEAP_NOT_ESCAPING, OPERATION_CONCAT, "runtime.concatstring2", 0, "put together"},
    {CLASS_HEAP_NOT_ESCAPING, OPERATION_TO_STRING, "runtime.slicebytetostring", 0, "A string converted"},
    {CLASS_HEAP_NOT_ESCAPING, OPERATION_FROM_STRING, "runtime.stringtoslicerune", 0, "32 runes"},
    {CLASS_HEAP_NOT_ESCAPING, OPERATION_NEW, "runtime.newobject", 0, ""},
    {CLASS_ESCAPE, OPERATION_RAW, "runtime.mallocgc", 3, "all 3 variables"},
    {CLASS_ESCAPE, OPERATION_NEW, "runtime.newobject", 1, ""},
    {CLASS_ESCAPE, OPERATION_CONCAT, "runtime.concatstring2", 0, ""},
    {CLASS_AMBIGUOUS, OPERATION_NEW, "runtime.newobject", 2, ""},
    {CLASS_UNMATCHED, OPERATION_UNKNOWN, "", 0, ""},
};

static void test_sentences(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct site_facts facts = {.class_ = cases[i].class_,
					   .operation = cases[i].operation,
					   .function = "main.f",
					   .type = "",
					   .object_size = 48};
		const char *said = difference_for(arena, &facts, cases[i].entry, cases[i].nverdicts);

		if (cases[i].part[0] ? !strstr(said, cases[i].part) : said[0] != 0)
			print_error("case %zu: %s\n", i, said);
		assert_true(cases[i].part[0] ? strstr(said, cases[i].part) != NULL : !said[0]);
		assert_true(!said[0] || strstr(said, "Go 1."));
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
