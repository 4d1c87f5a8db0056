/* Functions of libraries by the tables that the loader has left in memory: the same that dlsym finds. */
#include "collector/preload/late_symbol.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

int main(void);

#define HERE ((uint64_t)(uintptr_t)main) /* this program has none of what is looked for */

static void *find(uint64_t caller, const char *const *usual, const char *name)
{
	struct late_code code;
	void *found = late_symbol_find(caller, usual, name, &code);

	if (caller == HERE)
		assert_int_equal(code.end, 0); /* what is here is never meant */
	else
		assert_true(code.start <= caller && caller < code.end);
	return found;
}

#define ITS "_Unwind_Backtrace"

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
		assert_ptr_equal(find(HERE, cxx, names[i]), dlsym(library, names[i]));
	}
	dlclose(library);
}

static void test_not_there(void **state)
{
	(void)state;
	assert_null(find(HERE, cxx, "no_such_function"));
	assert_null(find(HERE, cxx, "_ZTVN10__cxxabiv117__class_type_infoE")); /* no function */
}

/* Of two that have it: the caller's own, else the usual one, whatever the loader has first; else any. */
static void test_whose(void **state)
{
	static const char *const none[] = {NULL}, *const other[] = {"stdc++", "libstdc++.so.6.9", NULL};
	static const char *const gcc[] = {"libgcc_s.so.", NULL}, *const unwind[] = {"libunwind.so.", NULL};
	void *by_gcc = dlsym(dlopen("libgcc_s.so.1", RTLD_NOW), ITS);
	void *by_unwind = dlsym(dlopen("libunwind.so.8", RTLD_NOW), ITS), *any = find(HERE, none, ITS);

	(void)state;
	assert_true(by_gcc && by_unwind && by_gcc != by_unwind);
	assert_true(any == by_gcc || any == by_unwind);
	assert_ptr_equal(find(HERE, gcc, ITS), by_gcc);
	assert_ptr_equal(find(HERE, unwind, ITS), by_unwind);
	assert_ptr_equal(find(HERE, other, ITS), any);
	assert_ptr_equal(find((uint64_t)(uintptr_t)by_gcc, unwind, ITS), by_gcc);
	assert_ptr_equal(find((uint64_t)(uintptr_t)by_unwind, gcc, ITS), by_unwind);
}

/* What dlerror would have said stays. */
static void test_dlerror(void **state)
{
	(void)state;
	assert_null(dlopen("/no/such/library", RTLD_NOW));
	assert_null(find(HERE, cxx, "no_such_function"));
	assert_non_null(dlerror());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_dlsym),
	    cmocka_unit_test(test_not_there),
	    cmocka_unit_test(test_whose),
	    cmocka_unit_test(test_dlerror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
