/* Functions of libraries by the tables that the loader has left in memory: the same that dlsym finds. */
#include "collector/preload/late_symbol.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const cxx[] = {"libnothing.so.", "libstdc++.so.", NULL};

static void test_as_dlsym(void **state)
{
	static const char *const names[] = {"_Znwm", "_Znam", "_ZdlPv", "_ZdaPvSt11align_val_tRKSt9nothrow_t",
					    "__cxa_demangle"};
	void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_NOLOAD);

	(void)state;
	assert_non_null(library);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_non_null(dlsym(library, names[i]));
		assert_ptr_equal(late_symbol_find(cxx, names[i]), dlsym(library, names[i]));
	}
	dlclose(library);
}

static void test_not_there(void **state)
{
	static const char *const none[] = {NULL}, *const other[] = {"stdc++", "libstdc++.so.6.9", NULL};

	(void)state;
	assert_null(late_symbol_find(cxx, "no_such_function"));
	assert_null(late_symbol_find(cxx, "malloc"));                                /* it is only asked for there */
	assert_null(late_symbol_find(cxx, "_ZTVN10__cxxabiv117__class_type_infoE")); /* no function */
	assert_null(late_symbol_find(none, "_Znwm"));
	assert_null(late_symbol_find(other, "_Znwm"));
}

/* What dlerror would have said stays. */
static void test_dlerror(void **state)
{
	(void)state;
	assert_null(dlopen("/no/such/library", RTLD_NOW));
	assert_null(late_symbol_find(cxx, "no_such_function"));
	assert_non_null(dlerror());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_dlsym),
	    cmocka_unit_test(test_not_there),
	    cmocka_unit_test(test_dlerror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
