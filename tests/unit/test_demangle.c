/* C++ names made readable; all else is left alone. */
#include "symbolizer/demangle.h"

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *name, const char *wanted)
{
	char *plain = demangle(name);

	if (wanted)
		assert_string_equal(plain ? plain : "(none)", wanted);
	else
		assert_null(plain);
	free(plain);
}

static void test_names(void **state)
{
	(void)state;
	check("_Znwm", "operator new(unsigned long)");
	check("_ZN4shop4fillERNS_6BasketE", "shop::fill(shop::Basket&)");
	check("malloc", NULL);
	check("", NULL);
	check("_Z", NULL);
	check("_ZN4shop", NULL);
	check("main.main", NULL);
}

/* What a file may hold: names without end. */
static void test_long_names(void **state)
{
	char *name = memory_alloc(100001, 1);

	(void)state;
	memset(name, 'S', 100000);
	name[0] = '_';
	name[1] = 'Z';
	check(name, NULL);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_long_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
