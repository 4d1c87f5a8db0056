/*
 * What cmd/internal/objabi.AbsFile does for the line table, done to a name from a diagnostic: relative names of the
 * compile's own files are made absolute, then the first rewrite that matches is applied. Names from other packages'
 * export data come trimmed, and no rewrite matches them again.
 */
#include "verdicts/source_names.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NAME is PREFIX, or continues it with a slash. */
static bool path_has_prefix(const char *name, const char *prefix, size_t length)
{
	return !strncmp(name, prefix, length) && (name[length] == '/' || !name[length]);
}

/* DIRECTORY joined with the "./" and "../" that FILE starts with. */
static void path_join(struct buf *out, const char *directory, const char *file)
{
	size_t length = strlen(directory);

	for (;;) {
		if (!strncmp(file, "./", 2)) {
			file += 2;
		} else if (!strncmp(file, "../", 3)) {
			file += 3;
			while (length && directory[length - 1] != '/')
				length--;
			length -= length > 0;
		} else {
			break;
		}
	}
	buf_append(out, directory, length);
	buf_append_string(out, "/");
	buf_append_string(out, file);
}

/* One rewrite of LENGTH bytes; true when it applied, then SCRATCH holds the new name. */
static bool path_rewrite(const char *name, const char *rewrite, size_t length, struct buf *scratch)
{
	size_t prefix = length, replacement = length;
	size_t i;

	for (i = 0; i + 1 < length; i++)
		if (rewrite[i] == '=' && rewrite[i + 1] == '>') {
			prefix = i;
			replacement = i + 2;
		}
	if (!prefix || !path_has_prefix(name, rewrite, prefix))
		return false;
	scratch->size = 0;
	name += prefix;
	if (replacement == length && *name == '/')
		name++;
	buf_append(scratch, rewrite + replacement, length - replacement);
	buf_append_string(scratch, name);
	return true;
}

/* Whether FILE is relative to where the compile ran. Trimmed names have no slash in front either. */
static bool source_names_is_relative(const struct source_names *names, const char *file)
{
	char *path;
	bool there;

	if (!names->directory || !*names->directory || *file == '/')
		return false;
	if (!strncmp(file, "./", 2) || !strncmp(file, "../", 3))
		return true;
	if (!names->look)
		return false;
	path = memory_format("%s/%s", names->directory, file);
	there = !access(path, F_OK);
	free(path);
	return there;
}

const char *source_names_resolve(const struct source_names *names, const char *file, struct buf *scratch)
{
	struct buf joined = {0};
	const char *at, *end, *name = file;

	if (!names)
		return file;
	if (names->goroot && *names->goroot && path_has_prefix(file, "$GOROOT", 7)) {
		scratch->size = 0;
		buf_append_string(scratch, names->goroot);
		buf_append_string(scratch, file + 7);
		return buf_string(scratch);
	}
	if (source_names_is_relative(names, file)) {
		path_join(&joined, names->directory, file);
		name = buf_string(&joined);
	}
	for (at = names->rewrites ? names->rewrites : ""; *at; at = end + (*end == ';')) {
		end = strchrnul(at, ';');
		if (path_rewrite(name, at, end - at, scratch)) {
			buf_free(&joined);
			return buf_string(scratch);
		}
	}
	if (joined.data) {
		scratch->size = 0;
		buf_append(scratch, joined.data, joined.size);
		buf_free(&joined);
		return buf_string(scratch);
	}
	return file;
}
