/* The store and the sidecar: what is written is read again, and what is damaged is not believed. */
#include "tests/unit/verdict_fixture.h"
#include "verdicts/store.h"
#include "verdicts/store_prune.h"
#include "verdicts/verdict_codec.h"
#include "verdicts/verdict_find.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ACTION_A "AAAAAAAAAAAAAAAAAAAA"
#define ACTION_B "BB-_BBBBBBBBBBBBBBBB"
#define BUILD_ID "LLLLLLLLLLLLLLLLLLLL/MMMM/NNNN/OOOO"

static char directory[] = "/tmp/test_verdict_store-XXXXXX";

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) ? setenv("ESCPROF_CACHE", directory, 1) : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* One of each kind, with all that a verdict can hold. */
static struct verdict_set *make_set(const char *what)
{
	static const struct verdict_position chain[] = {{"f", "a.go", 5, 2}, {"g", "b.go", UINT32_MAX, 0}};
	static const struct verdict_step steps[] = {
	    {"from x (return)", "return", "~r0", "a.go", 5, 2},
	    {"from y (too large for stack)", "too large for stack", "{heap}", "", 0, 0},
	};
	struct verdict verdict = {VERDICT_ESCAPES, "p", "F", what, "m", chain, 2, true, true, false, true, steps, 2};
	struct verdict_set *set = verdict_set_new();

	verdict_set_add(set, &verdict);
	verdict = verdict_fixture_at(VERDICT_MOVED, what, "a.go", 9, 9);
	verdict.non_constant = true;
	verdict_set_add(set, &verdict);
	verdict = verdict_fixture_at(VERDICT_NO_ESCAPE, "", "", 0, 0);
	verdict_set_add(set, &verdict);
	verdict = verdict_fixture_at(VERDICT_LEAK, what, "c.go", 1, 1);
	verdict_set_add(set, &verdict);
	return set;
}

static void assert_equal_sets(const struct verdict_set *a, const struct verdict_set *b)
{
	char line[4096];
	size_t i;

	assert_int_equal(verdict_set_count(a), verdict_set_count(b));
	for (i = 0; i < verdict_set_count(a); i++) {
		snprintf(line, sizeof(line), "%s", verdict_fixture_line(verdict_set_at(a, i)));
		assert_string_equal(verdict_fixture_line(verdict_set_at(b, i)), line);
		assert_string_equal(verdict_set_at(a, i)->package, verdict_set_at(b, i)->package);
		assert_string_equal(verdict_set_at(a, i)->chain->function, verdict_set_at(b, i)->chain->function);
	}
}

static void put(const char *action, const char *what)
{
	struct verdict_set *set = make_set(what);
	struct error error = {""};

	assert_int_equal(store_put_package(action, set, NULL, &error), STATUS_OK);
	verdict_set_free(set);
}

static void test_package(void **state)
{
	struct verdict_set *set = make_set("x"), *read = verdict_set_new();
	struct error error = {""};
	size_t size = 0;

	(void)state;
	assert_int_equal(store_get_package(ACTION_A, read, &error), STATUS_NO_ENTRY);
	assert_int_equal(store_put_package(ACTION_A, set, &size, &error), STATUS_OK);
	assert_true(size > 16);
	assert_int_equal(store_get_package(ACTION_A, read, &error), STATUS_OK);
	assert_equal_sets(set, read);
	verdict_set_free(set);
	verdict_set_free(read);
}

/* Action IDs become file names. */
static void test_bad_actions(void **state)
{
	static const char *const actions[] = {"", "short", "../../../../etc/passwd", "AAAAAAAA/BBBBBBBB", "AAAA AAAA"};
	struct verdict_set *set = verdict_set_new();
	struct error error = {""};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		assert_int_equal(store_put_package(actions[i], set, NULL, &error), STATUS_ERROR);
		assert_int_equal(store_get_package(actions[i], set, &error), STATUS_NO_ENTRY);
	}
	verdict_set_free(set);
}

static void put_binary(void)
{
	static char a_path[] = "p/a", b_path[] = "p/b", a[] = ACTION_A, b[] = ACTION_B;
	struct store_package packages[] = {{a_path, a}, {b_path, b}};
	struct error error = {""};

	assert_int_equal(store_put_binary("LLLLLLLLLLLLLLLLLLLL", packages, 2, &error), STATUS_OK);
}

/* Overwrite one byte of a stored package. */
static void damage(const char *action)
{
	char *path, *store = store_directory();
	FILE *file;

	assert_true(asprintf(&path, "%s/packages/%.2s/%s", store, action, action) > 0);
	file = fopen(path, "r+b");
	assert_non_null(file);
	fseek(file, 20, SEEK_SET);
	fputc('!', file);
	fputc('!', file);
	fclose(file);
	free(path);
	free(store);
}

static void test_binary(void **state)
{
	struct verdict_set *set = NULL;
	struct store_usage usage;
	struct error error = {""};
	size_t missing = 9;

	(void)state;
	assert_int_equal(store_check_binary(BUILD_ID, &usage, &error), STATUS_NO_ENTRY);
	assert_int_equal(verdict_find(&set, NULL, BUILD_ID, &missing, &error), STATUS_NO_ENTRY);
	assert_int_equal(verdict_find(&set, NULL, "", &missing, &error), STATUS_NO_ENTRY);
	put_binary();
	put(ACTION_A, "x");
	assert_int_equal(verdict_find(&set, NULL, BUILD_ID, &missing, &error), STATUS_OK);
	assert_int_equal(missing, 1);
	assert_int_equal(verdict_set_count(set), 4);
	verdict_set_free(set);
	put(ACTION_B, "y");
	/* The go command changes only the last part of the ID after linking. */
	assert_int_equal(verdict_find(&set, NULL, "LLLLLLLLLLLLLLLLLLLL/MMMM/NNNN/PPPP", &missing, &error), STATUS_OK);
	assert_int_equal(missing, 0);
	assert_int_equal(verdict_set_count(set), 7);
	verdict_set_free(set);
	assert_int_equal(store_check_binary(BUILD_ID, &usage, &error), STATUS_OK);
	assert_int_equal(usage.kept, 2);
	assert_int_equal(usage.missing, 0);
}

static void test_damaged_package_is_missing(void **state)
{
	struct verdict_set *set = verdict_set_new();
	struct store_usage usage;
	struct error error = {""};
	size_t missing;

	(void)state;
	put_binary();
	put(ACTION_A, "x");
	put(ACTION_B, "y");
	damage(ACTION_B);
	assert_int_equal(store_get_package(ACTION_B, set, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "build again"));
	assert_int_equal(verdict_set_count(set), 0);
	assert_int_equal(store_get_binary(BUILD_ID, set, &missing, &error), STATUS_OK);
	assert_int_equal(missing, 1);
	assert_int_equal(verdict_set_count(set), 4);
	assert_int_equal(store_check_binary(BUILD_ID, &usage, &error), STATUS_OK);
	assert_int_equal(usage.kept, 1);
	assert_int_equal(usage.missing, 1);
	verdict_set_free(set);
}

static void test_sidecar(void **state)
{
	char *binary, *path;
	struct verdict_set *set = make_set("x"), *read = NULL;
	struct error error = {""};
	size_t missing;

	(void)state;
	assert_true(asprintf(&binary, "%s/bin", directory) > 0);
	assert_true(asprintf(&path, "%s.escv", binary) > 0);
	assert_int_equal(store_write_sidecar(path, "side/car", set, &error), STATUS_OK);
	assert_int_equal(verdict_find(&read, binary, "side/car", &missing, &error), STATUS_OK);
	assert_equal_sets(set, read);
	verdict_set_free(read);
	/* Of another build: refused, and both are named. */
	assert_int_equal(verdict_find(&read, binary, "other/id", &missing, &error), STATUS_ERROR);
	assert_non_null(strstr(error.text, "side/car"));
	assert_non_null(strstr(error.text, "other/id"));
	assert_int_equal(truncate(path, 30), 0);
	assert_int_equal(verdict_find(&read, binary, "side/car", &missing, &error), STATUS_ERROR);
	unlink(path);
	free(path);
	free(binary);
	verdict_set_free(set);
}

/* Each byte changed, each length cut: never read as sound. */
static void test_every_damage(void **state)
{
	struct verdict_set *set = make_set("x"), *read;
	struct error error = {""};
	struct buf bytes = {0};
	size_t i;

	(void)state;
	verdict_codec_write(&bytes, set);
	assert_true(verdict_codec_is_sound(bytes.data, bytes.size));
	for (i = 0; i < bytes.size; i++) {
		read = verdict_set_new();
		bytes.data[i] ^= 0x41;
		assert_int_equal(verdict_codec_read(read, bytes.data, bytes.size, "x", &error), STATUS_ERROR);
		assert_false(verdict_codec_is_sound(bytes.data, bytes.size));
		bytes.data[i] ^= 0x41;
		assert_int_equal(verdict_codec_read(read, bytes.data, i, "x", &error), STATUS_ERROR);
		verdict_set_free(read);
	}
	buf_free(&bytes);
	verdict_set_free(set);
}

static void test_log(void **state)
{
	char *path, *store = store_directory(), *working = getcwd(NULL, 0), expected[4096];
	struct verdict_set *set = NULL;
	struct error error = {""};
	FILE *file;

	(void)state;
	assert_true(asprintf(&path, "%s/log", store) > 0);
	assert_int_equal(verdict_find_in_log(&set, path, &error), STATUS_ERROR);
	file = fopen(path, "w");
	fputs("nothing of the kind\n", file);
	fclose(file);
	assert_int_equal(verdict_find_in_log(&set, path, &error), STATUS_ERROR);
	file = fopen(path, "w");
	fputs("# p\n./a.go:3:4: moved to heap: x\n", file);
	fclose(file);
	assert_int_equal(verdict_find_in_log(&set, path, &error), STATUS_OK);
	snprintf(expected, sizeof(expected), "moved moved to heap: x @ %s/a.go:3:4", working);
	assert_string_equal(verdict_fixture_line(verdict_set_at(set, 0)), expected);
	verdict_set_free(set);
	free(path);
	free(store);
	free(working);
}

/* Let the file NAME in the folder FOLDER of the store look SECONDS old; makes it where it is missing. */
static void make_old(const char *folder, const char *name, int seconds)
{
	struct timespec times[2] = {{.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%.2s/%s", directory, folder, name, name);
	file = fopen(path, "a");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_kept(const char *action)
{
	struct verdict_set *set = verdict_set_new();
	struct error error;
	bool kept = store_get_package(action, set, &error) == STATUS_OK;

	verdict_set_free(set);
	return kept;
}

/* What was used least lately goes first; using is reading. */
static void test_prune(void **state)
{
	static const char *const actions[] = {"PPPPPPPP1", "PPPPPPPP2", "PPPPPPPP3"};
	struct verdict_set *set = make_set("pruned");
	struct store_totals totals, removed;
	struct error error;
	size_t size, i;

	(void)state;
	assert_int_equal(store_prune(0, &removed, &error), STATUS_OK);
	for (i = 0; i < 3; i++) {
		assert_int_equal(store_put_package(actions[i], set, &size, &error), STATUS_OK);
		make_old("packages", actions[i], 1000 * (int)(i + 1));
	}
	make_old("packages", "PPPPPPPP4.123", 7200); /* of a build that was killed */
	make_old("packages", "PPPPPPPP5.123", 10);   /* of one that is at work */
	assert_int_equal(store_measure(&totals, &error), STATUS_OK);
	assert_int_equal(totals.packages, 3);
	assert_int_equal(totals.bytes, 3 * size);
	assert_true(is_kept(actions[2])); /* now it was used last */
	assert_int_equal(store_prune(2 * size, &removed, &error), STATUS_OK);
	assert_int_equal(removed.packages, 1);
	assert_false(is_kept(actions[1]));
	assert_true(is_kept(actions[0]) && is_kept(actions[2]));
	assert_int_equal(store_prune(0, &removed, &error), STATUS_OK);
	assert_int_equal(removed.packages, 2);
	assert_int_equal(store_measure(&totals, &error), STATUS_OK);
	assert_int_equal(totals.packages + totals.bytes, 0);
	verdict_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_prune),
	    cmocka_unit_test(test_package),
	    cmocka_unit_test(test_bad_actions),
	    cmocka_unit_test(test_binary),
	    cmocka_unit_test(test_damaged_package_is_missing),
	    cmocka_unit_test(test_sidecar),
	    cmocka_unit_test(test_every_damage),
	    cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
