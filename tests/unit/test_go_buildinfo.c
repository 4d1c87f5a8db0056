/*
 * Build information: of real programs against runtime/debug, which they ask themselves; versions, odd quoting and cut
 * blobs from sections made here.
 */
#include "binary/go_buildinfo.h"

#include "base/buf.h"
#include "tests/unit/binary_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char module_file[] = "module example.com/top\n\ngo 1.22\n\n"
				  "require example.com/below v1.2.3\n\n"
				  "replace example.com/below v1.2.3 => ./below\n";
static const char below_file[] = "module example.com/below\n\ngo 1.22\n";
static const char below_source[] = "package below\n";
static const char import_source[] = "package main\n\nimport _ \"example.com/below\"\n";

/* Every character that has to be quoted somehow: blanks, quotes, controls, unprintable ones, bytes that are no UTF-8.
 */
static const char flags_script[] =
    "cd mod && printf %s \"-X 'main.text=a  \\\"b\\\" \\\\ \\`c = \" > ../flags\n"
    "printf '\\t\\001\\a\\b\\f\\v\\r\\177 \\303\\251 \\342\\200\\213 \\363\\240\\200\\201 \\377' >> ../flags\n"
    "printf \"'\" >> ../flags\n"
    "\"$GO\" build -ldflags=\"$(cat ../flags)\" -tags 'one,two' -o ../quoted .";

static int set_up(void **state)
{
	if (binary_fixture_set_up(state))
		return -1;
	binary_fixture_write("mod/go.mod", module_file, sizeof(module_file) - 1);
	binary_fixture_write("mod/below/go.mod", below_file, sizeof(below_file) - 1);
	binary_fixture_write("mod/below/below.go", below_source, sizeof(below_source) - 1);
	binary_fixture_write("mod/import.go", import_source, sizeof(import_source) - 1);
	binary_fixture_do("cp \"$PROGRAMS/settings.go\" mod/");
	binary_fixture_do("%s", flags_script);
	binary_fixture_do("\"$GO\" build -o plain \"$PROGRAMS/settings.go\"");
	return 0;
}

/* The next part of what the program printed. */
static const char *take(const char **parts)
{
	const char *part = *parts;

	*parts += strlen(part) + 1;
	return part;
}

static void compare_module(const struct go_module *module, const char **parts)
{
	assert_string_equal(module->path, take(parts));
	assert_string_equal(module->version, take(parts));
	assert_string_equal(module->sum, take(parts));
	assert_string_equal(module->replace_path, take(parts));
	assert_string_equal(module->replace_version, take(parts));
}

static void compare_settings(const struct go_buildinfo *info, const char *parts, const char *end)
{
	char setting[4096];
	size_t i;

	for (i = 0; i < info->nsettings; i++) {
		assert_true(parts < end);
		snprintf(setting, sizeof(setting), "%s=%s", info->settings[i].key, info->settings[i].value);
		assert_string_equal(setting, take(&parts));
	}
	assert_ptr_equal(parts, end);
}

/* Compare all that the program NAME prints; returns its settings' number, to be checked. */
static size_t compare_program(const char *name)
{
	size_t size, i, nsettings;
	char *output = binary_fixture_run(&size, "./%s", name);
	struct elf_image *image = binary_fixture_image(name);
	const char *parts = output;
	struct go_buildinfo info;

	assert_int_equal(go_buildinfo_read(&info, image, NULL), STATUS_OK);
	assert_string_equal(info.go_version, take(&parts));
	assert_string_equal(info.path, take(&parts));
	compare_module(&info.main, &parts);
	for (i = 0; i < info.ndeps; i++)
		compare_module(&info.deps[i], &parts);
	assert_string_equal(take(&parts), "");
	compare_settings(&info, parts, output + size);
	nsettings = info.nsettings;
	go_buildinfo_free(&info);
	elf_image_close(image);
	free(output);
	return nsettings;
}

static void test_plain(void **state)
{
	size_t nsettings = compare_program("plain");

	(void)state;
	print_message("%zu settings\n", nsettings);
	assert_true(nsettings > 4);
}

static void test_quoted(void **state)
{
	struct elf_image *image = binary_fixture_image("quoted");
	uint8_t *flags = binary_fixture_read("flags", NULL);
	struct go_buildinfo info;

	(void)state;
	compare_program("quoted");
	assert_int_equal(go_buildinfo_read(&info, image, NULL), STATUS_OK);
	assert_string_equal(go_buildinfo_setting(&info, "-ldflags"), (char *)flags);
	assert_string_equal(go_buildinfo_setting(&info, "-tags"), "one,two");
	assert_null(go_buildinfo_setting(&info, "-nothing"));
	assert_string_equal(info.path, "example.com/top");
	assert_int_equal(info.ndeps, 1);
	assert_string_equal(info.deps[0].replace_path, "./below");
	go_buildinfo_free(&info);
	elf_image_close(image);
	free(flags);
}

/* Append the bytes of .go.buildinfo for VERSION and MODULES, which stand between Go's two marks of 16 bytes. */
static void make_blob(struct buf *blob, const char *version, const char *modules)
{
	static const uint8_t head[32] = "\xff Go buildinf:\x08\x02";

	buf_append(blob, head, sizeof(head));
	buf_append_uleb(blob, strlen(version));
	buf_append_string(blob, version);
	buf_append_uleb(blob, strlen(modules) + 32);
	buf_append_string(blob, "0123456789abcdef");
	buf_append_string(blob, modules);
	buf_append_string(blob, "0123456789abcdef");
}

/* Read SIZE bytes as .go.buildinfo of a file of its own. */
static enum status read_bytes(struct go_buildinfo *info, const uint8_t *bytes, size_t size, struct error *error)
{
	const struct binary_fixture_section section = {
	    .name = ".go.buildinfo", .type = SHT_PROGBITS, .data = bytes, .size = size};
	struct elf_image *image = NULL;
	enum status status;
	size_t file_size;
	uint8_t *file = binary_fixture_elf(&section, 1, EM_X86_64, &file_size);

	assert_int_equal(elf_image_open_memory(&image, file, file_size, "a.out", NULL), STATUS_OK);
	status = go_buildinfo_read(info, image, error);
	elf_image_close(image);
	free(file);
	return status;
}

static enum status read_blob(struct go_buildinfo *info, const char *version, const char *modules)
{
	struct buf blob = {0};
	enum status status;

	make_blob(&blob, version, modules);
	status = read_bytes(info, blob.data, blob.size, NULL);
	buf_free(&blob);
	return status;
}

static void test_versions(void **state)
{
	static const struct {
		const char *version;
		unsigned major, minor, patch;
	} cases[] = {
	    {"go1.26.8", 1, 26, 8},
	    {"go1.22", 1, 22, 0},
	    {"go1.27rc1", 1, 27, 0},
	    {"go1.25.3 X:nocoverageredesign,synctest", 1, 25, 3},
	    {"go1.26.1-X:jsonv2", 1, 26, 1},
	    {"go1.26 X:greenteagc", 1, 26, 0},
	    {"devel go1.27-0123abc Mon Jan 1 00:00:00 2026 +0000 X:jsonv2", 1, 27, 0},
	    {"go1.24-devel_0123abc", 1, 24, 0},
	    {"devel +0123abc", 0, 0, 0},
	    {"", 0, 0, 0},
	};
	struct go_buildinfo info;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_blob(&info, cases[i].version, ""), STATUS_OK);
		assert_string_equal(info.go_version, cases[i].version);
		assert_int_equal(info.major, cases[i].major);
		assert_int_equal(info.minor, cases[i].minor);
		assert_int_equal(info.patch, cases[i].patch);
		assert_int_equal(info.nsettings, 0);
		go_buildinfo_free(&info);
	}
}

/* What Go would refuse is kept as it stands; a line without a value is left out. */
static void test_odd_settings(void **state)
{
	static const struct {
		const char *line, *key, *value;
	} cases[] = {
	    {"a=b", "a", "b"},
	    {"a=", "a", ""},
	    {"a=\"\"", "a", ""},
	    {"\"k = \\\"\"=v=w", "k = \"", "v=w"},
	    {"a=\"\\u20ac\\U0001f600\\xe9\\n\"", "a", "\xe2\x82\xac\xf0\x9f\x98\x80\xe9\n"},
	    {"a=\"open", "a", "\"open"},
	    {"a=\"one\" two", "a", "\"one\" two"},
	    {"a=\"\\", "a", "\"\\"},
	    {"a=\"\\q\"", "a", "\"\\q\""},
	    {"a=\"\\x9\"", "a", "\"\\x9\""},
	    {"a=\"\\U00110000\"", "a", "\"\\U00110000\""},
	    {"no value", NULL, NULL},
	    {"\"quoted\"", NULL, NULL},
	};
	struct go_buildinfo info;
	char modules[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(modules, sizeof(modules), "path\tp\nbuild\t%s\nbuild\tlast=1\n", cases[i].line);
		assert_int_equal(read_blob(&info, "go1.26.8", modules), STATUS_OK);
		assert_int_equal(info.nsettings, cases[i].key ? 2 : 1);
		if (cases[i].key)
			assert_string_equal(go_buildinfo_setting(&info, cases[i].key), cases[i].value);
		assert_string_equal(go_buildinfo_setting(&info, "last"), "1");
		go_buildinfo_free(&info);
	}
}

/* Cut anywhere: an error while the version is not whole, then no settings; never half of them. */
static void test_cut(void **state)
{
	const size_t version_end = 32 + 1 + 8;
	struct buf blob = {0};
	struct go_buildinfo info;
	struct error error;
	size_t size;

	(void)state;
	make_blob(&blob, "go1.26.8", "path\tp\nmod\tm\tv1\th1:\ndep\td\tv2\th1:\n=>\tr\tv3\th1:\nbuild\ta=\"b c\"\n");
	for (size = 1; size < blob.size; size++) {
		enum status status = read_bytes(&info, blob.data, size, &error);

		assert_int_equal(status, size < version_end ? STATUS_ERROR : STATUS_OK);
		if (status != STATUS_OK) {
			assert_string_equal(error.text, "damaged build information: a.out");
			continue;
		}
		assert_string_equal(info.go_version, "go1.26.8");
		assert_true(info.nsettings == 0 && info.ndeps == 0 && !*info.path);
		go_buildinfo_free(&info);
	}
	assert_int_equal(read_bytes(&info, blob.data, size, NULL), STATUS_OK);
	assert_string_equal(go_buildinfo_setting(&info, "a"), "b c");
	assert_string_equal(info.deps[0].replace_version, "v3");
	go_buildinfo_free(&info);
	buf_free(&blob);
}

static void test_refused(void **state)
{
	struct elf_image *image;
	struct go_buildinfo info;
	struct buf blob = {0};
	struct error error;

	(void)state;
	make_blob(&blob, "go1.17.1", "");
	blob.data[15] = 0; /* pointers to the strings, as before Go 1.18 */
	assert_int_equal(read_bytes(&info, blob.data, blob.size, &error), STATUS_ERROR);
	assert_string_equal(error.text, "built before Go 1.18: a.out: escprof knows Go 1.18 to 1.27");
	blob.data[3] ^= 1;
	assert_int_equal(read_bytes(&info, blob.data, blob.size, &error), STATUS_ERROR);
	buf_free(&blob);
	binary_fixture_do("gcc -o c \"$PROGRAMS/many_symbols.c\"");
	image = binary_fixture_image("c");
	assert_int_equal(go_buildinfo_read(&info, image, &error), STATUS_NO_ENTRY);
	elf_image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain),        cmocka_unit_test(test_quoted), cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_odd_settings), cmocka_unit_test(test_cut),    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, set_up, binary_fixture_tear_down);
}
