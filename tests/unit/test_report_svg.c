/* The flame graph: that it is well-formed whatever names hold, that it needs nothing from outside, that its frames fit.
 */
#include "report/flame_tree.h"
#include "tests/unit/sample_analysis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *write_svg(const struct analysis *analysis, enum report_value value)
{
	struct report_options options = report_options_default();

	options.value = value;
	return sample_analysis_write(report_svg, analysis, &options, NULL);
}

/* The tag at AT ("<name …>"), which must be one of ours, pushed on or taken off the stack of open ones. */
static const char *check_tag(const char *at, const char *(*open)[2], size_t *depth)
{
	const char *end = strchr(at, '>'), *name = at + 1 + (at[1] == '/');
	size_t length = strcspn(name, " />");

	assert_non_null(end);
	if (at[1] == '/') {
		assert_true(*depth > 0);
		--*depth;
		assert_int_equal(open[*depth][1] - open[*depth][0], length);
		assert_memory_equal(open[*depth][0], name, length);
	} else if (end[-1] != '/') {
		assert_true(*depth < 16);
		open[*depth][0] = name;
		open[(*depth)++][1] = name + length;
	}
	return end + 1;
}

/* Every tag is closed in its order; the script, in its CDATA, is passed over. */
static void check_well_formed(const char *text)
{
	const char *open[16][2], *at = strstr(text, "<svg");
	size_t depth = 0;

	while ((at = strchr(at, '<'))) {
		if (strncmp(at, "<![CDATA[", 9) == 0)
			at = strstr(at, "]]>") + 3;
		else
			at = check_tag(at, open, &depth);
	}
	assert_int_equal(depth, 0);
}

static void test_well_formed(void **state)
{
	struct analysis empty = sample_analysis_empty();
	const struct analysis *analyses[] = {sample_analysis(), sample_analysis_hostile(), &empty};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int value = REPORT_VALUE_GC; value <= REPORT_VALUE_LIVE; value++) {
			char *text = write_svg(analyses[i], (enum report_value)value);

			check_well_formed(text);
			free(text);
		}
	}
}

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (; (text = strstr(text, part)); text++)
		found++;
	return found;
}

static void test_names_are_no_markup(void **state)
{
	char *text = write_svg(sample_analysis_hostile(), REPORT_VALUE_ALLOC);

	(void)state;
	assert_int_equal(count(text, "<script>"), 1);
	assert_int_equal(count(text, "alert("), count(text, "alert(&quot;1&quot;)"));
	assert_null(strchr(text, '\033'));
	free(text);
}

/* The namespace is a name and fetches nothing; anything else with an address would. */
static void test_needs_nothing(void **state)
{
	char *text = write_svg(sample_analysis(), REPORT_VALUE_GC);

	(void)state;
	assert_int_equal(count(text, "http"), 1 + count(text, "net/http") + count(text, ">http.") +
						  count(text, "\"http.") + count(text, "&gt;http."));
	assert_null(strstr(text, "href"));
	assert_null(strstr(text, "@import"));
	assert_null(strstr(text, "url("));
	free(text);
}

static void test_tree(void **state)
{
	struct flame_tree tree;

	(void)state;
	flame_tree_build(&tree, sample_analysis(), REPORT_VALUE_ALLOC);
	assert_true(tree.nodes[0].value == 5280000000);
	assert_int_equal(tree.depth, 10);
	for (size_t i = 1; i < tree.count; i++) {
		const struct flame_node *node = &tree.nodes[i], *parent = &tree.nodes[node->parent];

		assert_true(node->parent < i);
		assert_int_equal(node->depth, parent->depth + 1);
		assert_true(node->start >= parent->start);
		assert_true(node->start + (double)node->value <= parent->start + (double)parent->value);
	}
	flame_tree_free(&tree);
}

static void test_legend(void **state)
{
	char *text = write_svg(sample_analysis(), REPORT_VALUE_ALLOC);

	(void)state;
	assert_non_null(strstr(text, "escapes, says the compiler, 66.7 %"));
	assert_non_null(strstr(text, "maps, as they were filled, 5.9 %"));
	assert_null(strstr(text, "made by reflection"));
	assert_non_null(strstr(text, "Bytes allocated"));
	assert_non_null(strstr(text, "5.3 GB in all"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_well_formed),   cmocka_unit_test(test_names_are_no_markup),
	    cmocka_unit_test(test_needs_nothing), cmocka_unit_test(test_tree),
	    cmocka_unit_test(test_legend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
