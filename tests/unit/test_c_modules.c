/* Addresses as stacks hold them: of the program, of libraries that were there or came later, and of neither. */
#include "collector/preload/c_modules.h"
#include "tests/unit/c_region_fixture.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <cmocka.h>

#define LATER "libBrokenLocale.so.1" /* a part of the C library that nothing is linked to */
#define ITS   "__ctype_get_mb_cur_max"

static uint64_t place_of(const void *address)
{
	bool fresh = false;

	return c_modules_place((uint64_t)(uintptr_t)address, &fresh);
}

static void test_program(void **state)
{
	const struct c_module *program = &c_modules_of(c_region)[0];

	(void)state;
	assert_string_equal(program->path, "");
	assert_true(place_of(place_of) == (uint64_t)(uintptr_t)place_of - program->bias);
	assert_true(c_modules_identity((uint64_t)(uintptr_t)place_of) == (uint64_t)(uintptr_t)place_of);
}

static void test_library(void **state)
{
	void *function = dlsym(RTLD_DEFAULT, "getenv");
	uint64_t place = place_of(function);
	const struct c_module *module;

	(void)state;
	assert_true(C_IS_PLACE(place) && C_PLACE_MODULE(place) < c_region->nmodules);
	module = &c_modules_of(c_region)[C_PLACE_MODULE(place)];
	assert_non_null(strstr(module->path, "libc.so"));
	assert_int_equal(module->build_id_size, 20);
	assert_true(C_PLACE_OFFSET(place) == (uint64_t)(uintptr_t)function - module->bias);
	assert_true(c_modules_is_loader(getauxval(AT_BASE)));
	assert_false(c_modules_is_loader((uint64_t)(uintptr_t)function));
}

static void test_neither(void **state)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool fresh = false;

	(void)state;
	assert_true(c_modules_place((uint64_t)(uintptr_t)page, &fresh) == (C_ANON | (uint64_t)(uintptr_t)page));
	assert_true(fresh);
	assert_true(c_modules_place(C_MARK_LIBRARY, &fresh) == C_MARK_LIBRARY);
	munmap(page, 4096);
}

static void test_late_library(void **state)
{
	uint32_t before = c_region->nmodules;
	uint64_t unloaded = c_modules_unloaded(), place, again;
	void *library = dlopen(LATER, RTLD_NOW), *function = library ? dlsym(library, ITS) : NULL;

	(void)state;
	assert_non_null(function);
	place = place_of(function);
	assert_int_equal(c_region->nmodules, before + 1);
	assert_int_equal(C_PLACE_MODULE(place), before);
	assert_true(c_modules_identity((uint64_t)(uintptr_t)function) == place);
	dlclose(library);
	assert_int_equal(c_modules_unloaded(), unloaded + 1);
	c_modules_look_again();
	assert_true(place_of(function) == (C_ANON | (uint64_t)(uintptr_t)function));
	library = dlopen(LATER, RTLD_NOW);
	again = place_of(dlsym(library, ITS));
	assert_true(again == place); /* the same file has the same number, wherever it lies */
	assert_int_equal(c_region->nmodules, before + 1);
	dlclose(library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_program),
	    cmocka_unit_test(test_library),
	    cmocka_unit_test(test_neither),
	    cmocka_unit_test(test_late_library),
	};

	return cmocka_run_group_tests(tests, c_region_fixture_begin, c_region_fixture_end);
}
