/* Plans that are kept: handed out again for the same file, made anew for a changed one; the oldest make room. */
#include "collector/plan_store.h"

#include "base/memory.h"
#include "collector/plan.h"
#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define LIVE_RATE 4096

/* NAME in the folder, without links in the path, as a process's program is named. The caller frees it. */
static char *path_of(const char *name)
{
	char *folder = binary_fixture_run(NULL, "pwd -P | tr -d '\\n'"), *path = memory_format("%s/%s", folder, name);

	free(folder);
	return path;
}

static struct plan *get(struct plan_store *store, const char *path)
{
	struct plan *plan = NULL;
	struct error error = {""};

	if (plan_store_get(store, path, &plan, &error) != STATUS_OK)
		fail_msg("%s", error.text);
	return plan;
}

static void test_again(void **state)
{
	struct plan_store *store = plan_store_new(LIVE_RATE, NULL);
	char *path = path_of("plain"), *stripped = path_of("stripped");
	struct plan *first = get(store, path), *other = get(store, stripped), *second = get(store, path), *third;

	(void)state;
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	assert_string_equal(plan_program(other)->path, stripped);
	binary_fixture_do("chmod u-r plain; chmod u+r plain");
	third = get(store, path);
	assert_ptr_not_equal(third, first); /* who knows what else was changed */
	plan_free(other);
	plan_free(second);
	plan_free(third);
	plan_store_free(store);
	assert_string_equal(plan_program(first)->path, path); /* whoever has a plan keeps it */
	plan_free(first);
	free(stripped);
	free(path);
}

/* What a path in /proc means is another file soon. */
static void test_path_in_proc(void **state)
{
	struct plan_store *store = plan_store_new(LIVE_RATE, NULL);
	char *path = path_of("plain"), *in_proc = memory_format("/proc/self/root%s", path);
	struct plan *first = get(store, in_proc), *second = get(store, in_proc);

	(void)state;
	assert_ptr_not_equal(first, second);
	plan_free(first);
	plan_free(second);
	plan_store_free(store);
	free(in_proc);
	free(path);
}

static void test_oldest_goes(void **state)
{
	struct plan_store *store = plan_store_new(LIVE_RATE, NULL);
	struct plan *plans[PLAN_STORE_MAX + 1], *again;
	char *path = path_of("plain"), *last = NULL;
	size_t i;

	(void)state;
	binary_fixture_do("for i in $(seq %d); do ln -f plain plain$i; done", PLAN_STORE_MAX);
	plans[0] = get(store, path);
	for (i = 1; i <= PLAN_STORE_MAX; i++) {
		char *name = memory_format("plain%zu", i);

		free(last);
		last = path_of(name);
		plans[i] = get(store, last);
		free(name);
	}
	again = get(store, last);
	assert_ptr_equal(again, plans[PLAN_STORE_MAX]);
	plan_free(again);
	again = get(store, path);
	assert_ptr_not_equal(again, plans[0]);
	plan_free(again);
	for (i = 0; i <= PLAN_STORE_MAX; i++)
		plan_free(plans[i]);
	plan_store_free(store);
	free(last);
	free(path);
}

static void test_follower(void **state)
{
	struct plan_store *stores[] = {plan_store_new(LIVE_RATE, NULL), plan_store_new(LIVE_RATE, "escprof-1")};
	const char *followers[] = {"", "escprof-1"};
	char *path = path_of("plain");
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct agent_plan *agent = memory_alloc(1, sizeof(*agent));
		struct plan *plan = get(stores[i], path);

		plan_fill(plan, 0, agent);
		assert_int_equal(agent->follower_size, strlen(followers[i]));
		assert_memory_equal(agent->follower, followers[i], strlen(followers[i]) + 1);
		assert_int_equal(plan_live_rate(plan), LIVE_RATE);
		plan_free(plan);
		plan_store_free(stores[i]);
		free(agent);
	}
	free(path);
}

static void test_no_program(void **state)
{
	struct plan_store *store = plan_store_new(LIVE_RATE, NULL);
	struct error error = {""};
	struct plan *plan = NULL;

	(void)state;
	assert_int_equal(plan_store_get(store, "/bin/sh", &plan, &error), STATUS_NO_ENTRY);
	assert_int_equal(plan_store_get(store, "/no/such/program", &plan, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "/no/such/program"));
	assert_null(plan);
	plan_store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_again),    cmocka_unit_test(test_path_in_proc), cmocka_unit_test(test_oldest_goes),
	    cmocka_unit_test(test_follower), cmocka_unit_test(test_no_program),
	};

	return cmocka_run_group_tests(tests, binary_fixture_set_up_frames, binary_fixture_tear_down);
}
