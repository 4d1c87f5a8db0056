/* The go command's notes about a build, as debug/buildinfo reads them. */
#include "binary/go_buildinfo.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/memory.h"
#include "binary/elf_image.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILDINFO_MAGIC    "\xff Go buildinf:"
#define BUILDINFO_INLINE   2 /* flag: the strings follow the header (Go 1.18 and later) */
#define BUILDINFO_SENTINEL 16

/* Cut LINE at its tabs into FIELDS; missing ones are "". */
static void buildinfo_fields(char *line, const char *fields[4])
{
	size_t i;

	for (i = 0; i < 4; i++) {
		fields[i] = line ? strsep(&line, "\t") : NULL;
		if (!fields[i])
			fields[i] = "";
	}
}

static void buildinfo_set_module(struct go_module *module, const char *const fields[4])
{
	free(module->path);
	free(module->version);
	free(module->sum);
	free(module->replace_path);
	free(module->replace_version);
	module->path = memory_copy_string(fields[1]);
	module->version = memory_copy_string(fields[2]);
	module->sum = memory_copy_string(fields[3]);
	module->replace_path = memory_copy_string("");
	module->replace_version = memory_copy_string("");
}

static void buildinfo_set_replacement(struct go_module *module, const char *const fields[4])
{
	free(module->replace_path);
	free(module->replace_version);
	free(module->sum);
	module->replace_path = memory_copy_string(fields[1]);
	module->replace_version = memory_copy_string(fields[2]);
	module->sum = memory_copy_string(fields[3]);
}

/* Append the character CODE, below 0x110000, in UTF-8. */
static void buildinfo_add_character(struct buf *out, uint32_t code)
{
	if (code < 0x80) {
		buf_append_u8(out, (uint8_t)code);
		return;
	}
	if (code < 0x800) {
		buf_append_u8(out, (uint8_t)(0xc0 | code >> 6));
	} else {
		if (code < 0x10000) {
			buf_append_u8(out, (uint8_t)(0xe0 | code >> 12));
		} else {
			buf_append_u8(out, (uint8_t)(0xf0 | code >> 18));
			buf_append_u8(out, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
		}
		buf_append_u8(out, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	}
	buf_append_u8(out, (uint8_t)(0x80 | (code & 0x3f)));
}

/* Append what the escape behind a backslash at *AT stands for, and pass over it; false when Go writes no such one. */
static bool buildinfo_unescape(struct buf *out, const char **at)
{
	static const char letters[] = "abfnrtv\\\"", meant[] = "\a\b\f\n\r\t\v\\\"";
	char letter = **at, digits[9] = "";
	const char *known = letter ? strchr(letters, letter) : NULL;
	size_t count = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
	uint32_t code;

	if (known) {
		buf_append_u8(out, (uint8_t)meant[known - letters]);
		(*at)++;
		return true;
	}
	if (!count || strspn(*at + 1, "0123456789abcdefABCDEF") < count)
		return false;
	memcpy(digits, *at + 1, count);
	code = (uint32_t)strtoul(digits, NULL, 16);
	*at += 1 + count;
	if (letter == 'x')
		buf_append_u8(out, (uint8_t)code);
	else if (code < 0x110000)
		buildinfo_add_character(out, code);
	return letter == 'x' || code < 0x110000;
}

/*
 * The string that *TEXT begins with, quoted as by strconv.Quote: a new one, and *TEXT is moved past it. NULL, and *TEXT
 * stays, when it is not quoted or not well.
 */
static char *buildinfo_unquote(const char **text)
{
	struct buf out = {0};
	const char *at = *text;
	bool good = *at++ == '"';

	while (good && *at && *at != '"') {
		if (*at != '\\') {
			buf_append_u8(&out, (uint8_t)*at++);
			continue;
		}
		at++;
		good = buildinfo_unescape(&out, &at);
	}
	if (!good || *at != '"') {
		buf_free(&out);
		return NULL;
	}
	*text = at + 1;
	buf_string(&out);
	return (char *)out.data;
}

/* KEY=VALUE, of which the go command quotes each that has spaces, quotes or the like (runtime/debug, BuildInfo). */
static void buildinfo_add_setting(struct go_buildinfo *info, const char *text, size_t *capacity)
{
	const char *at = text, *raw;
	char *key = buildinfo_unquote(&at), *value;
	struct go_setting *setting;

	if (!key) {
		at = text + strcspn(text, "=");
		key = memory_copy_bytes(text, (size_t)(at - text));
	}
	if (*at != '=') {
		free(key);
		return;
	}
	raw = ++at;
	value = buildinfo_unquote(&at);
	if (value && *at) {
		free(value);
		value = NULL;
	}
	info->settings = memory_reserve(info->settings, info->nsettings, capacity, sizeof(*setting));
	setting = &info->settings[info->nsettings++];
	setting->key = key;
	setting->value = value ? value : memory_copy_string(raw);
}

static void buildinfo_parse_lines(struct go_buildinfo *info, char *text)
{
	size_t deps_capacity = 0, settings_capacity = 0;
	struct go_module *last = &info->main;
	const char *fields[4];
	char *line;

	while ((line = strsep(&text, "\n"))) {
		buildinfo_fields(line, fields);
		if (!strcmp(fields[0], "path")) {
			free(info->path);
			info->path = memory_copy_string(fields[1]);
		} else if (!strcmp(fields[0], "mod")) {
			buildinfo_set_module(&info->main, fields);
			last = &info->main;
		} else if (!strcmp(fields[0], "dep")) {
			info->deps = memory_reserve(info->deps, info->ndeps, &deps_capacity, sizeof(*info->deps));
			last = &info->deps[info->ndeps++];
			*last = (struct go_module){0};
			buildinfo_set_module(last, fields);
		} else if (!strcmp(fields[0], "=>")) {
			buildinfo_set_replacement(last, fields);
		} else if (!strcmp(fields[0], "build")) {
			buildinfo_add_setting(info, fields[1], &settings_capacity);
		}
	}
}

static void buildinfo_parse_version(struct go_buildinfo *info)
{
	unsigned major = 0, minor = 0, patch = 0;

	if (sscanf(info->go_version, "go%u.%u.%u", &major, &minor, &patch) < 2 &&
	    sscanf(info->go_version, "devel go%u.%u", &major, &minor) < 2)
		return;
	info->major = major;
	info->minor = minor;
	info->patch = patch;
}

void go_buildinfo_parse(struct go_buildinfo *info, const char *go_version, const char *text)
{
	char *lines = memory_copy_string(text);

	*info = (struct go_buildinfo){.text = memory_copy_string(text),
				      .go_version = memory_copy_string(go_version),
				      .path = memory_copy_string("")};
	buildinfo_set_module(&info->main, (const char *[]){"", "", "", ""});
	buildinfo_parse_version(info);
	buildinfo_parse_lines(info, lines);
	free(lines);
}

enum status go_buildinfo_read(struct go_buildinfo *info, struct elf_image *image, struct error *error)
{
	struct elf_section section;
	const uint8_t *version, *modules;
	size_t version_size, modules_size;
	struct cursor cursor;
	enum status status = elf_image_section(image, ".go.buildinfo", &section, error);
	char *name, *text;

	if (status != STATUS_OK)
		return status;
	if (!section.data || section.size < 32 || memcmp(section.data, BUILDINFO_MAGIC, 14) != 0)
		return error_set(error, "damaged build information: %s", elf_image_path(image));
	if (!(section.data[15] & BUILDINFO_INLINE))
		return error_set(error, "built before Go 1.18: %s: escprof knows Go 1.18 to 1.27",
				 elf_image_path(image));
	cursor = cursor_make(section.data + 32, section.size - 32);
	version = cursor_counted(&cursor, &version_size);
	modules = cursor_counted(&cursor, &modules_size);
	if (!version)
		return error_set(error, "damaged build information: %s", elf_image_path(image));
	name = memory_copy_bytes(version, version_size);
	text = modules && modules_size > 2 * BUILDINFO_SENTINEL
		   ? memory_copy_bytes(modules + BUILDINFO_SENTINEL, modules_size - 2 * BUILDINFO_SENTINEL)
		   : memory_copy_string("");
	go_buildinfo_parse(info, name, text);
	free(name);
	free(text);
	return STATUS_OK;
}

static void buildinfo_free_module(struct go_module *module)
{
	free(module->path);
	free(module->version);
	free(module->sum);
	free(module->replace_path);
	free(module->replace_version);
}

void go_buildinfo_free(struct go_buildinfo *info)
{
	size_t i;

	for (i = 0; i < info->ndeps; i++)
		buildinfo_free_module(&info->deps[i]);
	for (i = 0; i < info->nsettings; i++) {
		free(info->settings[i].key);
		free(info->settings[i].value);
	}
	buildinfo_free_module(&info->main);
	free(info->deps);
	free(info->settings);
	free(info->text);
	free(info->go_version);
	free(info->path);
	*info = (struct go_buildinfo){0};
}

const char *go_buildinfo_setting(const struct go_buildinfo *info, const char *key)
{
	size_t i;

	for (i = 0; i < info->nsettings; i++)
		if (!strcmp(info->settings[i].key, key))
			return info->settings[i].value;
	return NULL;
}
